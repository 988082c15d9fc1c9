"""Both clients against the same daemon, with the daemon of either make: what ``test_our_ctl`` does not ask.

There the daemon is always the reference's. Here it is ours as well, and the clients also sit at a terminal, where pictures are compared,
80 columns wide and 40. Every story is told twice from the same state, once by each client.
"""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import Daemon, Screen, normalise, wait_for, where
from harness.pair import BASE
from test_our_ctl import REAL, command, ours, same

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:nofile]
command=/nonexistent/program
autostart=false
startretries=0
[program:m1]
command=/bin/cat
startsecs=0
[program:m2]
command=/bin/cat
startsecs=0
autostart=false
[group:m]
programs=m1,m2
"""


@pytest.fixture(scope="module", params=[where.REFERENCE, where.OURS])
def daemon(request):
    with Daemon(request.param, BASE + PROGRAMS).start() as running:
        running.wait_states(cat="RUNNING", m__m1="RUNNING")
        for name in ("off", "m:m2"):
            running.call("supervisor.startProcess", name)
            running.call("supervisor.stopProcess", name)
        yield running


GOOD_AND_BAD = ["status", "status cat off nope m:*", "pid cat", "pid off nope", "version", "version x", "avail", "reread", "update nope", "add cat nope", "remove cat",
                "start cat nope nofile m:* nope:*", "stop off nope", "signal CONT cat off nope", "signal BOGUS m:*", "tail cat", "tail off stderr", "tail -x cat",
                "maintail 5", "clear cat nope m:*", "fg off", "fg nope", "open ftp://x", "open unix://{sock}", "open unix:///nope", "help", "help start", "bogus", "shutdown x"]


@pytest.mark.parametrize("line", GOOD_AND_BAD)
def test_a_command_of_its_own(daemon, line):
    """CTL-020, CTL-080..151, against either daemon."""
    def before():
        daemon.call("supervisor.stopProcess", "m:m2")
        daemon.wait_settled()
    same(daemon, lambda ctl: ctl(line), before)


def test_all_of_them_through_a_pipe(daemon):
    """CTL-061, CTL-066."""
    lines = "\n".join(line for line in GOOD_AND_BAD if "m:*" not in line) + "\n"
    same(daemon, lambda ctl: ctl(stdin=lines))


def told_on_a_screen(daemon, client, typed, columns):
    """Types the keys one after the other, each when the screen rests, and returns the screen at the end."""
    with Screen(command(daemon, client, []), env=daemon.env, cwd=daemon.dir, columns=columns) as screen:
        screen.wait_prompts(1)
        prompts = 1
        for keys in typed:
            screen.type(keys)
            if keys.endswith("\r"):
                prompts += 1
                screen.wait_prompts(prompts)
            else:
                while screen.pump(0.3):
                    pass
        return screen.lines()


@pytest.mark.parametrize("typed", [
    ["version\r", "help nope\r", "bogus words\r", "pid nope\r"],
    ["help\r", "?\r", "?nope\r"],
    ["start off\r", "stop off\r", "start nope nofile\r", "avail\r"],
    ["stat\t", "c\t", "\r"],
    ["s\t\t", "\x15", "start m\t", "\t\t", "1\t"],
    ["version\r", "\x10", "\x01", "x", "\r", "\x12ver", "\r"],
    ["el st\t\t", "\x15", "update \t\t", "\x15", "tail -f of\t"],
    ["a line that is much longer than a terminal of eighty columns is wide, and than one of forty is anyway\r"],
], ids=lambda typed: repr(typed)[:40])
def test_a_terminal(daemon, typed):
    """CTL-060..074: the picture at the end is the same, on a wide terminal and on a narrow one."""
    columns = 40 if daemon.kind == where.OURS else 80
    real, our = (normalise.structure(told_on_a_screen(daemon, client, typed, columns), daemon) for client in (REAL, ours()))
    widths = re.compile(r" +")
    assert [widths.sub(" ", line) for line in our] == [widths.sub(" ", line) for line in real]


def has_asked(pid) -> bool:
    """Whether the process waits for an answer on a connection: asleep, with a socket open."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    fds = Path(f"/proc/{pid}/fd")
    return state == "S" and any(os.readlink(fd).startswith("socket:") for fd in fds.iterdir())


@pytest.mark.parametrize("line", ["status", "start off", "restart cat", "tail -f cat", "avail", "update", "remove x", "shutdown", "fg cat"])
def test_a_daemon_that_ends_before_it_answers(line):
    """CTL-047, CTL-053: the connection is made, and then nothing comes."""
    with Daemon(where.REFERENCE, BASE) as idle:
        idle.process.send_signal(signal.SIGSTOP)
        told = []
        for client in (REAL, ours()):
            process = subprocess.Popen(command(idle, client, [line]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=idle.dir, env=idle.env)
            wait_for(lambda: has_asked(process.pid), what="the client's connection")
            told.append(process)
        idle.process.kill()
        idle.process.wait()
        said = [(*process.communicate(timeout=20), process.returncode) for process in told]
    real, our = (normalise.structure(list(one), idle) for one in said)
    assert our == real


def test_history_is_kept_between_sessions_of_both_clients():
    """CTL-068."""
    with Daemon(where.REFERENCE, BASE + "history_file={dir}/history\n").start() as daemon:
        for client, line in ((ours(), "version"), (REAL, "pid x"), (ours(), "help nope")):
            with Screen(command(daemon, client, []), env=daemon.env, cwd=daemon.dir) as screen:
                screen.wait_prompts(1)
                screen.type(line + "\r").wait_prompts(2)
                screen.type("\x04")
                assert screen.wait_end() == 0
        assert daemon.read("history") == "version\npid x\nhelp nope\n"
