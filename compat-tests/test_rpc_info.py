"""XML-RPC methods that only tell: versions, states, process and configuration rows, and the list of methods itself.

Replies are compared as bytes, so the order of members and the writing of every value count.
"""

import pytest

from harness import fresh_pair, shared_pair, wait_for
from harness.pair import BASE

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.log
environment=A="b"
[program:off]
command=/bin/cat
autostart=false
redirect_stderr=true
[program:ended]
command=/bin/sh -c "exit 0"
startsecs=0
autorestart=false
exitcodes=0,2
[program:bad]
command=/bin/sh -c "exit 3"
startsecs=0
autorestart=false
[program:killed]
command=/bin/sh -c "kill -9 $$"
startsecs=0
autorestart=false
[program:nofile]
command=/nonexistent/program
startretries=0
[program:retrying]
command=/nonexistent/program
startretries=1000
[program:failing]
command=/bin/false
startsecs=10
startretries=0
[program:folder]
command={dir}
startretries=0
[program:unclosed]
command=/bin/cat 'unclosed
startretries=0
[program:slow]
command=/bin/cat
startsecs=100000
[program:worker]
command=/bin/cat
numprocs=2
process_name=%(program_name)s_%(process_num)02d
startsecs=0
[program:web]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
stderr_logfile=/dev/null
directory=/
user=root
umask=022
priority=3
stopsignal=QUIT
stopwaitsecs=7
stopasgroup=true
stdout_capture_maxbytes=1MB
stderr_events_enabled=true
stdout_logfile_maxbytes=1KB
stderr_logfile_backups=4
serverurl=http://example.org:1234
[program:caf\u00e9]
command=/bin/echo "<&>"
autostart=false
[group:app]
programs=web,caf\u00e9
priority=17
[program:stubborn]
command=/bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
stopwaitsecs=100000
startsecs=0
"""


def settle(daemon):
    daemon.wait_states(
        cat="RUNNING", ended="EXITED", bad="EXITED", killed="EXITED", nofile="FATAL", retrying="BACKOFF", failing="FATAL", folder="FATAL",
        unclosed="FATAL", slow="STARTING", worker__worker_00="RUNNING", stubborn="RUNNING", app__web="RUNNING",
    )
    daemon.call("supervisor.stopProcess", "stubborn", False)
    wait_for(lambda: daemon.states()["stubborn"] == "STOPPING")


pair = shared_pair(CONFIG, ready=settle)


def raw(daemon, method, *params):
    """The reply as it came; its length, which varies with pids, is checked here instead."""
    reply = daemon.raw_call(method, *params)
    assert reply.header("Content-Length") == str(len(reply.body))
    return reply.status, reply.names(), reply.header("Content-Type"), reply.body


ROWS = ["cat", "off", "ended", "bad", "killed", "nofile", "retrying", "failing", "folder", "unclosed", "slow", "worker:worker_01", "app:web",
        "app:caf\u00e9", "stubborn"]


@pytest.mark.parametrize("name", ROWS)
def test_a_process_row(pair, name):
    """RPC-090..102; DSC-001..007; XML-001, XML-004, XML-006, XML-012, XML-013; CLT-001, CLT-005; HTTP-063."""
    status, names, kind, body = pair.same(lambda d: raw(d, "supervisor.getProcessInfo", name))
    assert status == "HTTP/1.1 200 OK" and names == ["Server", "Date", "Content-Type", "Content-Length"] and kind == "text/xml"
    assert "<name>description</name>" in body


@pytest.mark.parametrize("name, state, spawnerr, exitstatus", [
    ("ended", "EXITED", "", 0), ("bad", "EXITED", "Bad exit code 3", 3), ("killed", "EXITED", "Bad exit code -1", -1),
    ("nofile", "FATAL", "can't find command '/nonexistent/program'", 0), ("failing", "FATAL", "Exited too quickly (process log may have details)", 0),
    ("folder", "FATAL", "command at '{dir}' is a directory", 0), ("unclosed", "FATAL", "can't parse command \"/bin/cat 'unclosed\": No closing quotation", 0),
])
def test_how_a_process_ended(pair, name, state, spawnerr, exitstatus):
    """RPC-094, RPC-095; PST-016, PST-019, PST-020; SPN-003, SPN-008, SPN-031."""
    row = pair.call("supervisor.getProcessInfo", name)
    assert (row["statename"], row["spawnerr"], row["exitstatus"]) == (state, spawnerr, exitstatus)


def test_all_rows_at_once(pair):
    """RPC-104, RPC-091..093; GRP-008."""
    pair.same(lambda d: raw(d, "supervisor.getAllProcessInfo"))
    rows = pair.call("supervisor.getAllProcessInfo")
    names = [(row["group"], row["name"]) for row in rows]
    assert names == sorted(names) and len(rows) == len(ROWS) + 1


def test_the_configuration_rows(pair):
    """RPC-079..083, RPC-086."""
    pair.same(lambda d: raw(d, "supervisor.getAllConfigInfo"))
    rows = {row["name"]: row for row in pair.call("supervisor.getAllConfigInfo")}
    assert rows["web"]["directory"] == "/" and rows["web"]["uid"] == 0 and rows["web"]["stdout_logfile"] == "none" and rows["web"]["stopsignal"] == 3
    assert rows["cat"]["serverurl"] == "none" and rows["web"]["serverurl"] == "http://example.org:1234"


@pytest.mark.parametrize("name", ["nope", "app:*", "app:", "app", "worker", "", ":", "a:b:c", "app:nope", "cat:*", "wor*"])
def test_names_that_are_no_process(pair, name):
    """RPC-030..037, RPC-103; XML-003."""
    body = pair.same(lambda d: raw(d, "supervisor.getProcessInfo", name))[3]
    assert f"<string>BAD_NAME: {name}</string>" in body


@pytest.mark.parametrize("method, answer", [
    ("supervisor.getAPIVersion", "3.0"), ("supervisor.getVersion", "3.0"), ("supervisor.getSupervisorVersion", "4.3.0"),
    ("supervisor.getIdentification", "supervisor"), ("supervisor.getState", {"statecode": 1, "statename": "RUNNING"}),
])
def test_the_daemon_about_itself(pair, method, answer):
    """RPC-040..043; CLT-014."""
    pair.same(lambda d: raw(d, method))
    assert pair.call(method) == answer


def test_its_pid(pair):
    """RPC-044."""
    assert pair.same(lambda d: d.call("supervisor.getPID") == d.pid)


METHODS = [
    "supervisor." + name for name in (
        "addProcessGroup clearAllProcessLogs clearLog clearProcessLog clearProcessLogs getAPIVersion getAllConfigInfo getAllProcessInfo "
        "getIdentification getPID getProcessInfo getState getSupervisorVersion getVersion readLog readMainLog readProcessLog readProcessStderrLog "
        "readProcessStdoutLog reloadConfig removeProcessGroup restart sendProcessStdin sendRemoteCommEvent shutdown signalAllProcesses "
        "signalProcess signalProcessGroup startAllProcesses startProcess startProcessGroup stopAllProcesses stopProcess stopProcessGroup "
        "tailProcessLog tailProcessStderrLog tailProcessStdoutLog").split()
] + ["system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"]


def test_the_methods(pair):
    """RPC-190, RPC-191, RPC-204. Ours may have more, after its own namespace."""
    assert pair.reference.call("system.listMethods") == METHODS
    ours = pair.ours.call("system.listMethods")
    assert [m for m in ours if m in METHODS] == METHODS
    assert all(m.split(".")[0] not in ("supervisor", "system") for m in ours if m not in METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_signatures(pair, method):
    """RPC-193, RPC-194."""
    assert isinstance(pair.call("system.methodSignature", method), list)


def test_help_of_methods(pair):
    """RPC-192: there is a text for every method (in words of our own), and a fault for what is none."""
    for daemon in pair.both:
        assert all(isinstance(daemon.call("system.methodHelp", m), str) for m in METHODS)
    for method in ("system.methodHelp", "system.methodSignature"):
        for name in ("supervisor.nope", "nope", "", "supervisor"):
            assert pair.call(method, name) == ["fault", 4, "SIGNATURE_UNSUPPORTED"]


@pytest.mark.parametrize("method", [
    "nope", "supervisor", "supervisor.nope", "nope.getState", "supervisor.getState.x", "supervisor._update", "supervisor._readProcessLog",
    "supervisor.supervisord", " supervisor.getPID ", "system._x", "system.getCapabilities", "a.b.c.d", "supervisor.", ".getState", ".",
    "SUPERVISOR.getState", "supervisor.getstate", "supervisor.__init__",
])
def test_methods_that_do_not_exist(pair, method):
    """RPC-001..004, RPC-010, RPC-204; RQK-008."""
    body = pair.same(lambda d: raw(d, method))[3]
    assert "<int>1</int>" in body and "<string>UNKNOWN_METHOD</string>" in body


@pytest.mark.parametrize("method, params", [
    ("supervisor.getState", (1,)), ("supervisor.getProcessInfo", ()), ("supervisor.getProcessInfo", ("cat", "x")), ("supervisor.startProcess", ()),
    ("supervisor.startProcess", ("cat", True, 1)), ("supervisor.readLog", (0,)), ("supervisor.signalProcess", ("cat",)), ("system.listMethods", (1,)),
    ("system.multicall", ()), ("supervisor.tailProcessStdoutLog", ("cat", 0)), ("supervisor.sendProcessStdin", ("cat",)),
    ("supervisor.addProcessGroup", ()), ("supervisor.reloadConfig", (1,)), ("supervisor.shutdown", (1,)), ("supervisor.restart", ("x",)),
    ("supervisor.stopAllProcesses", (True, 1)), ("system.methodHelp", ()),
])
def test_wrong_numbers_of_arguments(pair, method, params):
    """RPC-005, RPC-010."""
    assert pair.call(method, *params) == ["fault", 2, "INCORRECT_PARAMETERS"]


@pytest.mark.parametrize("value", [5, [1], {"a": 1}, 1.5, True])
def test_a_name_of_another_type_is_an_error(pair, value):
    """RPC-007: the reference answers HTTP 500; a fault is as good, a success is not."""
    for daemon in pair.both:
        answer = daemon.call("supervisor.getProcessInfo", value)
        assert isinstance(answer, tuple) and answer[0] in ("fault", "http"), answer


def test_a_size_beyond_31_bits():
    """RPC-085, XML-011: the reference cannot write it and fails; ours must not die of it."""
    with fresh_pair("[program:big]\ncommand=/bin/cat\nstdout_logfile_maxbytes=3GB\nautostart=false\n") as pair:
        assert pair.reference.call("supervisor.getAllConfigInfo") == ("http", 500)
        pair.ours.call("supervisor.getAllConfigInfo")
        assert pair.call("supervisor.getState")["statename"] == "RUNNING"


def test_other_namespaces_for_the_same_methods():
    """RPC-008, RPC-009; PLG-004, HTTP-014. The decision to serve `supervisor.*` always is ours."""
    base = BASE.replace("[rpcinterface:supervisor]", "[rpcinterface:alt]")
    with fresh_pair("[program:x]\ncommand=/bin/cat\nautostart=false\n", base=base) as pair:
        assert pair.call("alt.getState") == {"statecode": 1, "statename": "RUNNING"}
        assert pair.call("alt.getProcessInfo", "nope") == ["fault", 10, "BAD_NAME: nope"]
        assert pair.reference.call("supervisor.getState") == ("fault", 1, "UNKNOWN_METHOD")
