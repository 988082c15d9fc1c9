"""``supervisorctl shutdown`` and ``reload``, and every command while the daemon is on its way out."""

import signal

import pytest

from harness import fresh_pair, http, shared_pair, wait_for

CAT = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
MULE = """
[program:mule]
command=/bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
startsecs=0
stopwaitsecs=%s
"""


def test_shutdown_ends_the_daemon_and_what_it_ran():
    """CTL-129, CTL-130, CTL-132; RPC-045, CLI-016, HTTP-007, LIF-035."""
    with fresh_pair(CAT) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))

        def scenario(d):
            said = d.ctl("shutdown")
            code = d.wait_end()
            left = [name for name in ("s.sock", "supervisord.pid") if d.path(name).exists()]
            return said, code, left, d.descendants(), d.ctl("shutdown"), d.ctl("status"), d.log_messages("WARN", "stopped", "waiting")
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"] == "Shut down\n" and said[1:4] == [0, [], []]
        assert said[4]["Output"]["stdout"] == "ERROR: unix://{dir}/s.sock no such file (already shut down?)\n"


def test_reload_starts_everything_anew_in_the_same_process():
    """CTL-131, CTL-132; RPC-046, RPC-022, LIF-003, SHD-015, CLT-011."""
    with fresh_pair(CAT) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))

        def scenario(d):
            before = d.pid_of("cat")
            d.write("supervisord.conf", d.path("supervisord.conf").read_text() + "[program:new]\ncommand=/bin/cat\nstartsecs=0\n")
            said = d.ctl("reload")
            d.wait_log("supervisord started with pid")
            wait_for(lambda: d.log().count("supervisord started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(cat="RUNNING", new="RUNNING")
            return said, d.running(), d.pid_of("cat") != before, d.ctl("pid").stdout.strip() == str(d.pid), d.ctl("status"), d.path("supervisord.pid").exists()
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"] == "Restarted supervisord\n" and said[1:4] == [True, True, True]


def dying(daemon):
    daemon.wait_states(cat="RUNNING", mule="RUNNING")
    assert daemon.ctl("shutdown").stdout == "Shut down\n"
    daemon.wait_log("waiting for")


dying_pair = shared_pair(CAT + MULE % 100000, ready=dying)


@pytest.mark.parametrize("command, code, words", [
    ("status", 1, "<Fault 6: 'SHUTDOWN_STATE'>"),
    ("status nope", 1, "<Fault 6: 'SHUTDOWN_STATE'>"),
    ("version", 1, "SHUTDOWN_STATE"),
    ("pid", 1, "SHUTDOWN_STATE"),
    ("start cat", 1, "SHUTDOWN_STATE"),
    ("stop all", 1, "SHUTDOWN_STATE"),
    ("restart cat", 1, "SHUTDOWN_STATE"),
    ("signal HUP cat", 1, "SHUTDOWN_STATE"),
    ("tail cat", 1, "SHUTDOWN_STATE"),
    ("maintail", 1, "SHUTDOWN_STATE"),
    ("clear all", 1, "SHUTDOWN_STATE"),
    ("fg cat", 1, "SHUTDOWN_STATE"),
    ("avail", 1, "ERROR: supervisor shutting down"),
    ("reread", 1, "ERROR: supervisor shutting down"),
    ("update", 1, "ERROR: already shutting down"),
    ("add cat", 1, "ERROR: shutting down"),
    ("remove cat", 1, "SHUTDOWN_STATE"),
    ("shutdown", 0, "ERROR: already shutting down"),
    ("reload", 1, "ERROR: already shutting down"),
])
def test_commands_during_the_shutdown(dying_pair, command, code, words):
    """CTL-049, CTL-130, CTL-131, CTL-141, CTL-144, CTL-145, CTL-150; RPC-020, RPC-022, RPC-023, RPC-028."""
    said = dying_pair.ctl(*command.split())
    assert said.code == code and words in said.stdout


@pytest.mark.parametrize("method, params, answer", [
    ("supervisor.getState", (), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.startProcess", ("nope",), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.startProcess", (), ["fault", 2, "INCORRECT_PARAMETERS"]),
    ("supervisor.signalAllProcesses", ("HUP",), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.readLog", (-1, 5), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.restart", (), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.shutdown", (), ["fault", 6, "SHUTDOWN_STATE"]),
    ("supervisor.sendRemoteCommEvent", ("type", "data"), True),
    ("system.methodSignature", ("supervisor.getPID",), ["int"]),
    ("system.multicall", ([{"methodName": "supervisor.getPID"}, {"methodName": "supervisor.sendRemoteCommEvent", "params": ["a", "b"]}],),
     [{"faultCode": 6, "faultString": "SHUTDOWN_STATE"}, True]),
])
def test_calls_during_the_shutdown(dying_pair, method, params, answer):
    """RPC-020..026."""
    assert dying_pair.call(method, *params) == answer


def test_logs_can_be_followed_during_the_shutdown(dying_pair):
    """HTTP-099, RPC-028."""
    def scenario(d):
        with d.connect() as connection:
            connection.send(http.get("/mainlogtail"))
            reply = connection.head()
            return reply.status, [n for n, _ in reply.headers], bool(connection.chunk())
    assert dying_pair.same(scenario)[0] == "HTTP/1.1 200 OK"


def test_a_stubborn_process_is_killed_after_its_time():
    """SHD-008, SHD-012, PST-026; MSG-008, MSG-015."""
    with fresh_pair(MULE % 1) as pair:
        def scenario(d):
            d.wait_states(mule="RUNNING")
            # The shell's own child is not killed with it (no killasgroup). The reference, which reaps late, may kill twice.
            return d.ctl("shutdown"), d.wait_end(), len(d.descendants()), sorted(set(d.log_messages("WARN", "stopped:", "waiting for")))
        said = pair.same(scenario)
        assert said[1] == 0 and "WARN killing 'mule' (N) with SIGKILL" in said[3]


def test_a_reload_can_become_a_shutdown():
    """SIG-003, CTL-049, CTL-131."""
    with fresh_pair(MULE % 2) as pair:
        def scenario(d):
            d.wait_states(mule="RUNNING")
            said = [d.ctl("reload"), d.wait_log("waiting for").ctl("reload"), d.ctl("status")]
            d.signal(signal.SIGTERM)
            return said, d.wait_end(), d.log().count("supervisord started"), d.log_messages("WARN received", "WARN ignored")
        said = pair.same(scenario)
        assert said[1:3] == [0, 1]
