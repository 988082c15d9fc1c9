"""Supervisord in the background: one fork, its own session, /dev/null, the pidfile, `directory` and `umask`."""

import os
import signal

import pytest

from harness import Pair, wait_for
from harness.pair import BASE

CONFIG = """
[supervisord]
umask=027
[program:cat]
command=/bin/sh -c "umask; pwd; echo ready; exec cat"
startsecs=0
stdout_logfile=relative.out
"""


def background(extra="", **options):
    return Pair(BASE + CONFIG + extra, background=True, **options)


@pytest.fixture
def pair():
    pair = background("[supervisord]\ndirectory={dir}/inside\n")
    for daemon in pair.both:
        daemon.path("inside").mkdir()
    try:
        yield pair.start()
    finally:
        pair.stop()


def session(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return {"group": int(fields[2]) == pid, "session": int(fields[3]) == pid, "terminal": int(fields[4])}


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_the_parent_leaves_when_the_daemon_is_ready_and_the_daemon_stands_alone(pair):
    """LIF-028..034, LIF-001, LIF-009; SUP-006, SUP-014; LOG-009; CLT-011, CLI-016."""
    def scenario(d):
        code = d.wait_end()
        pid = d.pid
        d.wait_states(cat="RUNNING").wait_log("ready", name="inside/relative.out")
        fds = [os.readlink(f"/proc/{pid}/fd/{n}") for n in (0, 1, 2)]
        with open(f"/proc/{pid}/status") as status:
            umask = [line for line in status if line.startswith("Umask")]
        return (code, d.read("supervisord.pid") == f"{pid}\n", oct(d.path("supervisord.pid").stat().st_mode), session(pid), fds, umask,
                os.readlink(f"/proc/{pid}/cwd"), d.read("inside/relative.out"), d.read("out"), d.read("err"), d.log_messages("INFO", "WARN"),
                oct(d.path("supervisord.log").stat().st_mode), d.call("supervisor.getPID") == pid)
    said = pair.same(scenario)
    assert said[0] == 0 and said[1] is True and said[2] == "0o100640" and said[3] == {"group": True, "session": True, "terminal": 0}
    assert said[4] == ["/dev/null"] * 3 and "INFO daemonizing the supervisord process" in said[10]


def test_signals_reach_it_there(pair):
    """SIG-001, SIG-002, LIF-003, LIF-035, SHD-013."""
    def scenario(d):
        d.wait_end()
        pid = d.pid
        d.wait_states(cat="RUNNING")
        os.kill(pid, signal.SIGHUP)
        wait_for(lambda: d.log().count("supervisord started with pid") == 2, what=d.report)
        wait_for(d.answers)
        same = d.pid == pid
        d.wait_states(cat="RUNNING")
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: gone(pid), 15, what=d.report)
        return same, d.path("supervisord.pid").exists(), d.path("s.sock").exists(), d.log().count("daemonizing")
    assert pair.same(scenario) == [True, False, False, 1]


@pytest.mark.parametrize("extra", ["[program:x]\ncommand=/bin/cat\nnumprocs=x\n", "[unix_http_server:2]\nfile=/nonexistent/x.sock\n", "[supervisord]\nloglevel=bogus\n"],
                         ids=lambda e: repr(e))
def test_mistakes_are_told_before_the_fork(extra):
    """LIF-002; ERR-001: the terminal hears of them, and the status is 2."""
    pair = background(extra)
    try:
        code, err, pidfile = pair.same(lambda d: (d.launch().wait_end(), d.read("err"), d.path("supervisord.pid").exists()))
        assert code == 2 and err.startswith("Error: ") and not pidfile
    finally:
        pair.stop()
