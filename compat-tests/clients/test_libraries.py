"""Client libraries, most of them of other languages, each doing the same job on both daemons: list, stop, start, a fault, a log, several calls.

The programs in `libraries/` say the same lines whatever the language, so there is one expectation for all of them.
"""

import os

import pytest
import support

pair = support.programs()

SAID = """\
list: alpha:alpha=RUNNING beta:beta=STOPPED talk:talk=RUNNING web:one=RUNNING web:two=RUNNING
stop: true
state: STOPPED
start: true
fault: 60 ALREADY_STARTED: alpha
tail: first line|Malmö false
multicall: RUNNING 10 BAD_NAME: nobody
"""


def does_the_job(pair, *command, env=None, limit=60, fault="60 ALREADY_STARTED"):
    said = pair.same(lambda daemon: support.run(daemon, *command, "{port}", env=env, limit=limit))["Output"]
    assert (said["stdout"], said["stderr"], said["code"]) == (SAID.replace("60 ALREADY_STARTED", fault), "", 0)


@pytest.mark.client("node")
def test_node(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    does_the_job(pair, "node", support.HERE / "libraries/library.js")


@pytest.mark.client("php")
def test_php(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    does_the_job(pair, "php", support.HERE / "libraries/library.php")


@pytest.mark.client("ruby")
def test_ruby(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    does_the_job(pair, "ruby", support.HERE / "libraries/library.rb")


@pytest.mark.client("perl")
def test_perl(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    does_the_job(pair, "perl", support.HERE / "libraries/library.pl")


@pytest.mark.client("go")
def test_go(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    go = {"GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": str(support.HERE / ".venvs/go")}
    path = f"/usr/lib/go/bin:{os.environ['PATH']}"
    does_the_job(pair, "go", "run", support.HERE / "libraries/library.go", env={**go, "PATH": path}, limit=300, fault="Fault(60): ALREADY_STARTED")


@pytest.mark.client("spvisorctl")
def test_spvisorctl(pair):
    """list, stop, start, a fault, tail and multicall, over TCP with a password"""
    does_the_job(pair, support.tool("python", "python"), support.HERE / "libraries/library.py")
