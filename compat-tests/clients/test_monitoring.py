"""What watches supervisord from outside: Nagios' check, Testinfra, and the calls of Datadog's check and of a Prometheus exporter."""

import json

import pytest
import support

FATAL = "[program:broken]\ncommand={dir}/missing\nstartretries=0\n"


def ready(daemon):
    support.ready(daemon)
    daemon.wait_states(broken="FATAL")


pair = support.programs(support.PROGRAMS + FATAL, ready=ready)
healthy = support.programs()


def nagios(pair, *words):
    return pair.same(lambda d: support.run(d, support.tool("python", "check_supervisord.py"), *words))["Output"]


ACCESS = ("-s", "127.0.0.1", "-p", "{port}", "-u", "operator", "-S", "s3cret")


@pytest.mark.client("nagios")
def test_nagios_when_all_is_well(healthy):
    """programs that are well, one that is stopped, one that is not there; by TCP with a password; a wrong password; no server"""
    assert nagios(healthy, *ACCESS, "-P", "alpha,talk")["code"] == 0
    assert nagios(healthy, *ACCESS, "--stopped-state-exit-code", "critical")["code"] == 2
    assert "not found" in nagios(healthy, *ACCESS, "-P", "nobody")["stdout"]
    assert nagios(healthy, *ACCESS[:-1], "wrong", "-P", "alpha")["code"] != 0
    assert nagios(healthy, "-s", "127.0.0.1", "-p", "1", "--network-errors-exit-code", "critical")["code"] == 2


@pytest.mark.client("nagios")
def test_nagios_when_a_program_has_failed(pair):
    """a program that could not start"""
    said = nagios(pair, *ACCESS)
    assert said["code"] == 2 and "problem with 'broken'" in said["stdout"]


# What Testinfra says of each program named, or of all.
TESTINFRA = """
import json, sys, testinfra
host = testinfra.get_host("local://")
ctl, conf, *names = sys.argv[1:]
if not names:
    print(json.dumps([(each.name, each.status) for each in host.supervisor.get_services(ctl, conf)]))
for name in names:
    each = host.supervisor(name, ctl, conf)
    print(json.dumps([each.status, each.is_running, each.pid and host.process.get(pid=each.pid).comm]))
"""


def ask_testinfra(daemon, *names):
    python = support.tool("python", "python")
    daemon.wait_exec()
    return support.run(daemon, python, "-c", TESTINFRA, support.ctl(daemon), daemon.config_path, *names)


@pytest.mark.client("testinfra")
def test_testinfra(pair, healthy):
    """`status`, `is_running`, `pid` of a running, a stopped and a fatal program, and `get_services`"""
    said = pair.same(lambda d: ask_testinfra(d, "alpha", "beta", "broken"))["Output"]
    assert [json.loads(line) for line in said["stdout"].splitlines()] == [
        ["RUNNING", True, "cat"], ["STOPPED", False, None], ["FATAL", False, None]]
    assert pair.same(lambda d: ask_testinfra(d).code) == 1  # Testinfra takes an exit status of 3 for an error here
    healthy.each(lambda d: d.call("supervisor.startProcess", "beta"))
    services = dict(json.loads(healthy.same(lambda d: ask_testinfra(d))["Output"]["stdout"]))
    healthy.each(lambda d: d.call("supervisor.stopProcess", "beta"))
    assert services == {name: "RUNNING" for name in ("alpha", "beta", "talk", "web:one", "web:two")}


# As the check does it: its own words for each state, the uptime of active states from `now` and `start`, the count of each status,
# a message with every member of the answer, and the version, matched. It asks over supervisor's own transport.
DATADOG = """
import collections, json, re, sys, xmlrpc.client
import supervisor.xmlrpc
word = {"RUNNING": "ok", "STARTING": "unknown", "UNKNOWN": "unknown"}
address, user, password = sys.argv[1:]
transport = supervisor.xmlrpc.SupervisorTransport(user, password, address)
server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
try:
    processes = server.getAllProcessInfo()
except xmlrpc.client.ProtocolError as error:
    print(json.dumps(["cannot connect", error.errcode]))
    sys.exit()
seen = []
for each in processes:
    start, stop, now = int(each["start"]), int(each["stop"]), int(each["now"])
    uptime = now - start if each["statename"] in ("BACKOFF", "RUNNING", "STOPPING") else 0
    message = "%(name)s %(group)s %(stderr_logfile)s %(stdout_logfile)s %(logfile)s %(statename)s %(exitstatus)s %(description)s" % each
    seen.append([each["name"], word.get(each["statename"], "critical"), 0 <= uptime < 3600, bool(message)])
counts = collections.Counter(status for _, status, _, _ in seen)
version = re.match(r"(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([.](0|[1-9][0-9]*))?([a-zA-Z][0-9]*)?$", server.getSupervisorVersion())
print(json.dumps([seen, counts, bool(version)]))
"""


@pytest.mark.client("datadog")
def test_datadog(pair):
    """the state, uptime and message of every process, and the version; over the unix socket and TCP; a wrong password"""
    def ask(daemon):
        python = support.tool("python", "python")
        said = [support.run(daemon, python, "-c", DATADOG, address, "operator", password) for address, password in
                [("unix://{sock}", "any"), ("http://127.0.0.1:{port}", "s3cret"), ("http://127.0.0.1:{port}", "wrong")]]
        assert all(each.code == 0 for each in said), said
        return [json.loads(each.stdout) for each in said]
    unix, inet, refused = pair.same(ask)
    assert unix == inet and unix[1] == {"ok": 4, "critical": 2} and unix[2] is True
    assert refused == ["cannot connect", 401]


PROMETHEUS = """
import sys, time, xmlrpc.client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

class Supervisord:
    def collect(self):
        up = GaugeMetricFamily("supervisord_up", "Whether supervisord answers")
        info = GaugeMetricFamily("supervisor_process_info", "Whether it runs", labels=["name", "group", "state", "exit_status"])
        uptime = GaugeMetricFamily("supervisor_process_uptime", "Whether its start makes sense", labels=["name", "group"])
        try:
            processes = xmlrpc.client.ServerProxy(sys.argv[1]).supervisor.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error):
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
            for each in processes:
                running = each["statename"] == "RUNNING"
                info.add_metric([each["name"], each["group"], each["statename"], str(each["exitstatus"])], running)
                if running:
                    uptime.add_metric([each["name"], each["group"]], 0 <= time.time() - each["start"] < 3600)
        yield from (up, info, uptime)

registry = CollectorRegistry()
registry.register(Supervisord())
print(generate_latest(registry).decode(), end="")
"""


@pytest.mark.client("prometheus")
def test_prometheus(pair):
    """the page of metrics: up, the state and exit status of every process, uptime; a wrong password, no server"""
    def scrape(daemon, url):
        return support.run(daemon, support.tool("python", "python"), "-c", PROMETHEUS, url)
    page = pair.same(lambda d: scrape(d, "http://operator:s3cret@127.0.0.1:{port}/RPC2"))["Output"]["stdout"]
    assert 'supervisor_process_info{exit_status="0",group="web",name="one",state="RUNNING"} 1.0' in page
    assert 'state="FATAL"} 0.0' in page and 'supervisor_process_uptime{group="alpha",name="alpha"} 1.0' in page
    for url in ("http://operator:wrong@127.0.0.1:{port}/RPC2", "http://127.0.0.1:1/RPC2"):
        assert "supervisord_up 0.0" in pair.same(lambda d: scrape(d, url))["Output"]["stdout"]
