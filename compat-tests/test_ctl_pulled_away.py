"""The daemon is killed in the middle of a command: supervisorctl says so and ends, as the reference's does where it has the command."""

import subprocess

import pytest

from harness import Daemon, Screen, normalise, wait_for, where
from harness.pair import BASE
from test_our_ctl import REAL, command, ours

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
[program:deaf]
command=/bin/sh -c 'trap "" TERM; echo ready; while :; do sleep 0.2; done'
startsecs=0
stopwaitsecs=60
stdout_logfile={dir}/deaf.out
[program:slow]
command=/bin/cat
startsecs=60
autostart=false
"""


@pytest.fixture
def daemon():
    with Daemon(where.OURS, BASE + PROGRAMS).start() as running:
        running.wait_states(cat="RUNNING", deaf="RUNNING")
        wait_for(lambda: "ready" in running.read("deaf.out"))
        yield running


def pull(daemon):
    daemon.process.kill()
    daemon.process.wait()


CUT = "error: <class 'http.client.RemoteDisconnected'>, Remote end closed connection without response\n"
COMMANDS = [("start slow", "slow", "STARTING"), ("start all", "slow", "STARTING"), ("stop deaf", "deaf", "STOPPING"), ("stop deaf:*", "deaf", "STOPPING"),
            ("stop all", "deaf", "STOPPING"), ("restart deaf", "deaf", "STOPPING"), ("restart all", "deaf", "STOPPING")]


@pytest.mark.parametrize("client", [REAL, ours()], ids=["real", "ours"])
@pytest.mark.parametrize("line, name, state", COMMANDS, ids=[line for line, *_ in COMMANDS])
def test_a_command_that_waits(daemon, client, line, name, state):
    """CTL-047, CTL-053."""
    running = subprocess.Popen(command(daemon, client, line.split()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=daemon.dir, env=daemon.env)
    daemon.wait_states(**{name: state})
    pull(daemon)
    out, err = running.communicate(timeout=15)
    assert (normalise.text(out.decode(), daemon), err, running.returncode) == (CUT, b"", 1)


@pytest.mark.parametrize("line", ["tail -f deaf", "maintail -f"])
def test_a_log_that_is_followed(daemon, line):
    """CTL-116: its end is no failure."""
    running = subprocess.Popen(command(daemon, ours(), line.split()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=daemon.dir, env=daemon.env)
    seen = running.stdout.readline() + running.stdout.readline()
    assert seen.startswith(b"==> Press Ctrl-C to exit <==\n")
    pull(daemon)
    _, err = running.communicate(timeout=15)
    assert (err, running.returncode) == (b"", 0)


def test_waiting_for_a_state(daemon):
    daemon.call("supervisor.startProcess", "slow", False)
    running = subprocess.Popen(command(daemon, ours(), ["wait", "slow"]), stdout=subprocess.PIPE, cwd=daemon.dir, env=daemon.env)
    daemon.wait_states(slow="STARTING")
    pull(daemon)
    out, _ = running.communicate(timeout=15)
    assert out.startswith(b"error: <class '") and running.returncode == 1


def on_a_terminal(daemon, *words):
    return Screen(command(daemon, ours(), words), env=daemon.env, cwd=daemon.dir, columns=100)


def test_talking_to_a_process(daemon):
    with on_a_terminal(daemon, "fg", "deaf") as screen:
        screen.wait_text("ready")
        pull(daemon)
        assert screen.wait_end() == 1
        # Which of the two depends on whether a question was under way.
        assert "refused" in screen.text() or "reset by peer" in screen.text()
        assert "supervisord has ended" in screen.text()


def test_watching_goes_on_until_the_user_has_had_enough(daemon):
    with on_a_terminal(daemon, "status", "--watch") as screen:
        screen.wait_text("RUNNING")
        pull(daemon)
        screen.wait_text("Connection refused")
        screen.type("\x03")
        assert screen.wait_end() == 0


def test_the_shell_goes_on_and_knows_why(daemon):
    with on_a_terminal(daemon) as screen:
        screen.wait_prompts(1)
        screen.type("stop deaf\r")
        daemon.wait_states(deaf="STOPPING")
        pull(daemon)
        screen.wait_prompts(2)
        assert "RemoteDisconnected" in screen.text() and f"names process {daemon.process.pid}, and that is gone" in screen.text()
        screen.type("version\r").wait_prompts(3)
        screen.type("quit\r")
        assert screen.wait_end() == 0
