"""Which clients of other people are tried, where they come from, and what could not be had.

This is the one place that names them: `install.py` installs from it, the tests are marked with its keys, and `scripts/compatibility`
makes docs/compatibility.md from it and from the results of the tests.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """A client: what it is called, the package that carries it, and where that is installed.

    `place` is a file of `requirements/` without its ending, ``harness`` for the suite's own environment, ``npm``, or ``debian``.
    A `light` client is tried in every run.
    """

    name: str
    kind: str
    package: str
    place: str
    light: bool = False
    also: tuple = ()


CLIENTS = {
    "e2e": Client("The reference's own end-to-end suite", "test suite", "supervisor", "harness", light=True),
    "ansible": Client("Ansible, module `community.general.supervisorctl`", "configuration management", "ansible", "ansible"),
    "salt": Client("Salt without a master, `supervisord` module and state", "configuration management", "salt", "salt"),
    "testinfra": Client("Testinfra, module `supervisor`", "test of machines", "pytest-testinfra", "python", light=True),
    "superlance": Client("superlance: httpok, memmon, crashmail, fatalmailbatch", "event listeners", "superlance", "harness", light=True),
    "dependent-startup": Client("supervisord-dependent-startup", "event listener", "supervisord-dependent-startup", "harness", light=True),
    "stdlog": Client("supervisor-stdlog", "event listener with a result handler", "supervisor-stdlog", "harness", light=True),
    "supervisor-checks": Client("supervisor_checks", "event listeners", "supervisor_checks", "python", light=True),
    "superhooks": Client("superhooks", "event listener", "superhooks", "python"),
    "supervisor-logging": Client("supervisor-logging", "event listener", "supervisor-logging", "python", light=True),
    "wildcards": Client("supervisor-wildcards", "plug-in of supervisorctl", "supervisor-wildcards", "python", light=True),
    "serialrestart": Client("supervisor-serialrestart", "plug-in of supervisorctl", "supervisor-serialrestart", "python", light=True),
    "nagios": Client("nagios-check-supervisord", "monitoring", "nagios-check-supervisord", "python", light=True),
    "datadog": Client("The calls of the Datadog agent's `supervisord` check, on supervisor's own transport", "monitoring",
                      "supervisor", "python", light=True),
    "prometheus": Client("The calls of a Prometheus exporter, on Prometheus' own client library", "monitoring", "prometheus-client",
                         "python", light=True),
    "node": Client("Node: `supervisord` on `xmlrpc`", "client library", "supervisord", "npm", also=("xmlrpc",)),
    "php": Client("PHP: `php-xmlrpc`", "client library", "php-xmlrpc", "debian", also=("php-cli", "php-curl")),
    "ruby": Client("Ruby: `ruby-xmlrpc`", "client library", "ruby-xmlrpc", "debian", also=("ruby",)),
    "perl": Client("Perl: `RPC::XML`", "client library", "librpc-xml-perl", "debian", also=("perl",)),
    "spvisorctl": Client("spvisorctl, its Python library", "client library", "spvisorctl", "python", light=True),
    "go": Client("Go: `kolo/xmlrpc`, the library of the exporters written in Go", "client library", "golang-github-kolo-xmlrpc-dev",
                 "debian", also=("golang-go",)),
}

# Tests of clients that live elsewhere in the suite.
ELSEWHERE = {
    "test_crashmail": "superlance",
    "test_httpok": "superlance",
    "test_memmon": "superlance",
    "test_fatalmailbatch": "superlance",
    "test_dependent_startup": "dependent-startup",
    "test_stdlog_and_its_result_handler": "stdlog",
}

NOT_TRIED = {
    "The Datadog agent's check itself": "`datadog-supervisord` on PyPI is an empty placeholder, version 0.0.1; the agent and its "
    "integrations come from Datadog's own registry. Its calls are tried instead, see the table.",
    "A Prometheus exporter itself": "The exporters for supervisord are programs in Go, or scripts, published as releases and images "
    "of their repositories; neither PyPI, npm nor Debian has one. Their calls are tried instead, in Python and in Go.",
    "supervisord-nagios 0.1.2": "Installs from PyPI, but is written for Python 2 only: it imports `xmlrpclib`.",
    "ordered-startup-supervisord 1.0.3": "Does not install with a Python of today: its package cannot be built. Its successor "
    "supervisord-dependent-startup is in the table.",
    "Telegraf's supervisor input, Netdata's collector": "Written in Go; Debian has no Telegraf, and its Netdata has only collectors "
    "in Python, none of them for supervisord.",
    "Ansible 13 and later": "Needs a newer Python than Debian 12's; the bundle in the table is the newest for it.",
}

# Plug-ins whose code the reference loads into the daemon itself: package, section, factory, what it does, what to do instead.
IN_DAEMON = [
    ("supervisor-twiddler", "rpcinterface:twiddler", "supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface",
     "adds programs to groups while the daemon runs", "write a file that `[include]` names, then `supervisorctl update`"),
    ("supervisor-cache", "rpcinterface:cache", "supervisor_cache.rpcinterface:make_cache_rpcinterface",
     "keeps values for clients in the daemon's memory", "any key-value store"),
    ("mr.laforge", "rpcinterface:laforge", "mr.laforge.rpcinterface:make_laforge_rpcinterface",
     "starts, stops and waits for several processes in one call", "`system.multicall`, and `supervisorctl` with several names"),
    ("multivisor", "rpcinterface:multivisor", "multivisor.rpc:make_rpc_interface",
     "opens a port for Multivisor's web interface", "nothing: Multivisor knows no other way in"),
    ("supvisors", "rpcinterface:supvisors", "supvisors.plugin:make_supvisors_rpcinterface",
     "makes several daemons one", "nothing: Supvisors is made of code inside the daemon"),
]
