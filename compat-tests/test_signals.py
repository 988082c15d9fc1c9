"""Signals to supervisord, the order in which it stops things, its pidfile and sockets, and its life as process 1."""

import os
import shutil
import signal
import subprocess

import pytest

from harness import Pair, fresh_pair, wait_for
from harness.pair import BASE

CAT = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
MULE = "[program:mule]\ncommand=/bin/sh -c \"trap '' TERM; while :; do sleep 0.2; done\"\nstartsecs=0\nstopwaitsecs=%s\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda s: s.name)
def test_signals_that_end_it(number):
    """SIG-001, SIG-009, SHD-013, LIF-033, LIF-035, CLI-016; MSG-007, MSG-009; CLT-012."""
    with fresh_pair(CAT) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            pidfile = d.read("supervisord.pid") == f"{d.pid}\n"
            d.signal(number)
            code = d.wait_end()
            return pidfile, code, d.path("s.sock").exists(), d.path("supervisord.pid").exists(), d.descendants(), d.log_messages("WARN", "waiting", "stopped")
        said = pair.same(scenario)
        assert said == [True, 0, False, False, [], [
            f"WARN received {number.name} indicating exit request", "INFO waiting for cat to die", "WARN stopped: cat (terminated by SIGTERM)"]]


def test_hup_starts_all_anew():
    """SIG-002, LIF-003, LIF-035, SHD-015; MSG-007, MSG-012: same pid, new file read, new children, new AUTO logs, sockets back."""
    with fresh_pair(CAT + "[program:gone]\ncommand=/bin/cat\nstartsecs=0\n") as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING", gone="RUNNING")
            before = d.call("supervisor.getProcessInfo", "cat")
            d.write("supervisord.conf", BASE + CAT + "[program:new]\ncommand=/bin/cat\nstartsecs=0\n[supervisord]\nidentifier=again\n")
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("supervisord started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(cat="RUNNING", new="RUNNING")
            after = d.call("supervisor.getProcessInfo", "cat")
            return (d.running(), d.call("supervisor.getPID") == d.pid, before["pid"] != after["pid"], before["stderr_logfile"] != after["stderr_logfile"],
                    os.path.exists(before["stderr_logfile"]), sorted(d.states()), d.call("supervisor.getIdentification"), d.read("supervisord.pid") == f"{d.pid}\n",
                    d.log_messages("received", "started with"))
        said = pair.same(scenario)
        # The old AUTO logs carry the old identifier, so they are not cleaned.
        assert said[:4] == [True] * 4 and said[5:8] == [["cat", "new"], "again", True]


def test_hup_cleans_old_auto_logs():
    """LOG-006, LOG-007, SHD-015."""
    with fresh_pair(CAT) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            before = d.call("supervisor.getProcessInfo", "cat")["stderr_logfile"]
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("supervisord started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(cat="RUNNING")
            return os.path.exists(before), len([p for p in d.path("").iterdir() if "---supervisor-" in p.name])
        assert pair.same(scenario) == [False, 2]


def test_signals_during_the_shutdown():
    """SIG-002, SIG-004; MSG-007: a second one changes nothing, and HUP is refused."""
    with fresh_pair(CAT + MULE % 3) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING", mule="RUNNING")
            d.signal(signal.SIGTERM).wait_log("waiting for")
            d.signal(signal.SIGHUP)
            d.wait_log("ignored SIGHUP")
            d.signal(signal.SIGINT)
            d.wait_log("SIGINT")
            d.signal(signal.SIGTERM)
            wait_for(lambda: d.log().count("SIGTERM indicating") == 2, what=d.report)
            return d.wait_end(), d.log_messages("received", "ignored"), d.log().count("supervisord started")
        said = pair.same(scenario)
        assert said[0] == 0 and said[2] == 1
        assert "WARN ignored SIGHUP indicating restart request (shutdown in progress)" in said[1]


def test_usr2_reopens_the_logs():
    """SIG-006, MLF-007, LOG-038; MSG-016."""
    with fresh_pair(CAT) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            d.path("supervisord.log").rename(d.path("old.log"))
            d.signal(signal.SIGUSR2)
            d.call("supervisor.getState")
            wait_for(lambda: d.answers() and d.path("supervisord.log").exists())
            return d.states(), [line[24:] for line in d.read("old.log").splitlines()][-2:]
        assert pair.same(scenario)[1] == ["INFO received SIGUSR2 indicating log reopen request", "INFO supervisord logreopen"]


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGKILL, signal.SIGALRM], ids=lambda s: s.name)
def test_other_signals_keep_their_meaning(number):
    """SIG-007."""
    with fresh_pair() as pair:
        assert pair.same(lambda d: d.signal(number).wait_end()) == -number


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH, signal.SIGCHLD], ids=lambda s: s.name)
def test_signals_that_mean_nothing(number):
    """SIG-005, SIG-008."""
    with fresh_pair() as pair:
        assert pair.same(lambda d: d.signal(number).call("supervisor.getState")["statename"]) == "RUNNING"


SAY = """
[program:%s]
command=/bin/sh -c "trap 'echo %s >> {dir}/order; exit 0' TERM; while :; do sleep 0.02; done"
startsecs=0
priority=%d
autorestart=true
"""


def test_the_order_of_a_shutdown():
    """SHD-002..004, SHD-006..008, SHD-010, GRP-006; MSG-015: highest group first, one at a time; members of a group all at once."""
    config = "".join(SAY % (n, n, p) for n, p in (("a", 10), ("b", 30), ("c", 20), ("d", 20), ("e", 5), ("f", 1))) + "[group:g]\nprograms=e,f\npriority=25\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(a="RUNNING", b="RUNNING", c="RUNNING", d="RUNNING", g__e="RUNNING", g__f="RUNNING")
            d.signal(signal.SIGTERM)
            code = d.wait_end()
            lines = d.read("order").split()
            stopped = [m.split()[2] for m in d.log_messages("stopped:")]
            return code, lines[:1] + sorted(lines[1:3]) + lines[3:], stopped[:1] + sorted(stopped[1:3]) + stopped[3:], d.log_messages("waiting for")[0]
        code, order, stopped, waiting = pair.same(scenario)
        assert order == stopped == ["b", "e", "f", "d", "c", "a"] and code == 0
        assert sorted(waiting.removeprefix("INFO waiting for ").removesuffix(" to die").split(", ")) == ["a", "b", "c", "d", "e", "f"]


def test_what_waits_for_a_retry_is_not_started_any_more():
    """SHD-005, SHD-010."""
    with fresh_pair("[program:x]\ncommand=/nonexistent\nstartretries=1000\npriority=1\n" + MULE % 2 + "priority=5\n") as pair:
        def scenario(d):
            d.wait_states(x="BACKOFF", mule="RUNNING")
            d.signal(signal.SIGTERM).wait_log("waiting for")
            before = d.log().count("spawnerr")
            return d.wait_end(), d.log().count("spawnerr") - before, d.log().count("gave up")
        assert pair.same(scenario) == [0, 0, 0]


def test_a_second_daemon_on_the_same_socket():
    """HTTP-006, HTTP-010; LIF-022, CLT-011: refused with status 2, and the first one is untouched."""
    with fresh_pair(CAT) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            d.write("second.conf", BASE.replace("supervisord.log", "second.log").replace("supervisord.pid", "second.pid").replace("childlogdir={dir}\n", "childlogdir=/tmp\nidentifier=second\n")
                    .replace("[inet_http_server]\nport=127.0.0.1:{port}\n", ""))
            done = subprocess.run([d.program, "-n", "-c", f"{d.dir}/second.conf"], capture_output=True, text=True, env=d.env, cwd=d.dir, timeout=20)
            return done.returncode, done.stderr, d.call("supervisor.getState")["statename"], d.path("s.sock").exists(), d.path("second.pid").exists()
        said = pair.same(scenario)
        assert said[0] == 2 and "Another program is already listening on a port that one of our HTTP servers" in said[1]


def test_a_stale_socket_is_replaced():
    """HTTP-006, LIF-020."""
    with fresh_pair(CAT) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            d.signal(signal.SIGKILL).wait_end()
            there = d.path("s.sock").exists()
            d.start()
            return there, d.wait_states(cat="RUNNING").states(), d.read("err")
        said = pair.same(scenario)
        assert said == [True, {"cat": "RUNNING"}, "Unlinking stale socket {dir}/s.sock\n"]


def test_an_occupied_port():
    """HTTP-010, LIF-022."""
    import socket
    pair = Pair(BASE)
    try:
        def scenario(d):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", d.port))
                taken.listen()
                d.launch()
                return d.wait_end(), d.read("err"), d.path("s.sock").exists()
        said = pair.same(scenario)
        assert said[0] == 2 and said[1].startswith("Error: Another program is already listening")
    finally:
        pair.stop()


@pytest.mark.parametrize("server, words", [
    ("[unix_http_server]\nfile=/nonexistent/folder/s.sock\n", "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)"),
    ("[inet_http_server]\nport=192.0.2.1:9001\n", "Cannot open an HTTP server: socket.error reported errno.EADDRNOTAVAIL (99)"),
    ("[inet_http_server]\nport=\n", None), ("[unix_http_server]\nchmod=0700\n", "section [unix_http_server] has no file value"),
    ("[inet_http_server]\nport=127.0.0.1:x\n", None), ("[unix_http_server]\nfile={sock}\nusername=x\n", "contains incomplete authentication"),
    ("[unix_http_server]\nfile={sock}\nchmod=9\n", "Invalid chmod value 9"), ("[unix_http_server]\nfile={sock}\nchown=nobody_of_that_name\n", "Invalid sockchown value"),
], ids=lambda s: str(s).replace("\n", "|"))
def test_servers_that_cannot_be(server, words):
    """HTTP-002..004, HTTP-011, HTTP-012; LIF-002, LIF-023."""
    pair = Pair("[supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\n" + server)
    try:
        said = pair.same(lambda d: (d.launch().wait_end(), d.read("err")))
        assert said[0] == 2 and (words is None or words in said[1])
    finally:
        pair.stop()


can_unshare = shutil.which("unshare") and subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare, reason="needs unshare with a pid namespace")
def test_as_process_1_it_reaps_orphans():
    """LIF-044; MSG-016; CLT-012: children of children come to it, and TERM ends the container."""
    config = """
[program:parent]
command=/bin/sh -c "(sleep 0.3; exit 7) & exit 0"
startsecs=0
autorestart=false
"""
    with fresh_pair(CAT + config, wrapper=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]) as pair:
        def scenario(d):
            d.wait_states(parent="EXITED")
            wait_for(lambda: d.answers() and "reaped unknown pid" in d.log(), what=d.report)
            inner = d.call("supervisor.getPID")
            line = [m.split(" pid ")[0] + " " + m.split(" ", 4)[4].split(" ", 1)[1] for m in d.log_messages("reaped unknown")]
            said = d.ctl("shutdown")
            return inner, line, said, d.wait_end()
        said = pair.same(scenario)
        assert said[0] == 1 and said[1] == ["INFO reaped unknown (exit status 7)"] and said[3] == 0
