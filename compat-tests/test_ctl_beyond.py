"""What our ``supervisorctl`` does on purpose beyond the reference's, or instead of it; nothing is compared here."""

import json
import subprocess

import pytest

from harness import Daemon, Screen, where
from harness.pair import BASE
from test_ctl_clients import PROGRAMS
from test_our_ctl import command, ours


@pytest.fixture(scope="module")
def mine():
    """A daemon for what only our client can do."""
    with Daemon(where.OURS, BASE + PROGRAMS).start() as running:
        running.wait_states(cat="RUNNING", m__m1="RUNNING")
        yield running


@pytest.mark.parametrize("after", [["another\r", "\x03"], ["another\r", "\x04"], ["\x03"]])
def test_the_foreground_in_the_shell(mine, after):
    """CTL-121..123: it ends at once, and the shell goes on."""
    mine.call("supervisor.clearProcessLogs", "cat")
    with Screen(command(mine, ours(), []), env=mine.env, cwd=mine.dir) as screen:
        screen.wait_prompts(1)
        screen.type("fg cat\r").wait_text("==> Press Ctrl-C to exit <==")
        for keys in ["one line\r", *after]:
            screen.type(keys)
            if keys.endswith("\r"):
                screen.wait(lambda text: text.count(keys.strip()) == 2)
        screen.wait_prompts(2)
        assert "Exiting foreground" in screen.lines()
        screen.type("pid\r").wait_prompts(3)
        screen.type("quit\r")
        assert screen.wait_end() == 0


def test_ctrl_c_ends_a_command_and_not_the_shell():
    """Ours alone: the reference leaves."""
    slow = "[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=1000\n"
    with Daemon(where.REFERENCE, BASE + slow).start() as daemon:
        with Screen(command(daemon, ours(), []), env=daemon.env, cwd=daemon.dir) as screen:
            screen.wait_prompts(1)
            screen.type("start slow\r")
            daemon.wait_states(slow="STARTING")
            screen.type("\x03").wait_prompts(2)
            screen.type("version\r").wait_prompts(3)
            assert "4.3.0" in screen.lines()


def our(daemon, *words, options=(), env=None, **more):
    return subprocess.run(command(daemon, ours(), words, options), capture_output=True, text=True, cwd=daemon.dir, env={**daemon.env, **(env or {})}, timeout=30, **more)


def test_json(mine):
    mine.call("supervisor.stopProcess", "off")
    done = our(mine, "status", "--json")
    rows = mine.rpc().supervisor.getAllProcessInfo()
    assert [row["name"] for row in json.loads(done.stdout)] == [row["name"] for row in rows]
    assert json.loads(done.stdout)[0].keys() == rows[0].keys() and done.returncode == 3
    done = our(mine, "start", "off", "nope:*", "--json")
    told = [(row["action"], row["name"], row["group"], row["status"]) for row in json.loads(done.stdout)]
    assert told == [("start", "off", "off", 80), ("start", None, "nope", 10)] and done.returncode == 2
    assert [row["action"] for row in json.loads(our(mine, "restart", "--json", "off").stdout)] == ["stop", "start"]
    assert json.loads(our(mine, "stop", "o*", "--json").stdout)[0]["description"] == "OK"
    done = our(mine, "status", "--json", options=["-s", "unix:///nope"])
    assert (done.stdout, done.stderr, done.returncode) == ("", "unix:///nope no such file\n", 4)


def test_wildcards(mine):
    assert [line.split()[0] for line in our(mine, "status", "m*:*", "c?t").stdout.splitlines()] == ["m:m1", "m:m2", "cat"]
    assert our(mine, "status", "x*:*").stdout == "x*: ERROR (no such group)\n"
    assert our(mine, "signal", "CONT", "[c]at").stdout == "cat: signalled\n"


def test_lines(mine):
    mine.path("cat.out").write_text("".join(f"line {number}\n" for number in range(5000)))
    assert our(mine, "tail", "--lines", "2", "cat").stdout == "line 4998\nline 4999\n"
    assert our(mine, "tail", "cat", "--lines=1000").stdout.startswith("line 4000\n")
    assert our(mine, "tail", "--lines", "9999", "cat").stdout.count("\n") == 5000
    assert our(mine, "maintail", "--lines", "1").stdout.count("\n") == 1


def test_waiting(mine):
    done = our(mine, "wait", "cat", "--for", "RUNNING")
    assert (done.stdout, done.returncode) == ("cat: RUNNING\n", 0)
    done = our(mine, "wait", "cat", "--for", "EXITED", "--timeout", "0.2")
    assert (done.stdout, done.returncode) == ("cat: ERROR (RUNNING)\n", 1)
    mine.call("supervisor.startProcess", "off")
    waiting = subprocess.Popen(command(mine, ours(), ["wait", "off", "--for=stopped"]), stdout=subprocess.PIPE, text=True, cwd=mine.dir, env=mine.env)
    mine.call("supervisor.stopProcess", "off")
    assert waiting.communicate(timeout=20)[0] == "off: STOPPED\n" and waiting.returncode == 0


def test_commands_of_ones_own(mine):
    folder = mine.path("bin")
    mine.write("bin/supervisorctl-hello", "#!/bin/sh\necho $SUPERVISOR_SERVER_URL $#: \"$@\"\nexit 9\n", 0o755)
    path = {"PATH": f"{folder}:{mine.env['PATH']}"}
    done = our(mine, "hello", "a b", "c", env=path)
    assert (done.stdout, done.returncode) == (f"unix://{mine.sock} 3: a b c\n", 9)
    assert our(mine, "hello").stdout == "*** Unknown syntax: hello\n"
    assert our(mine, "status", "cat", env=path).stdout.startswith("cat ")


def test_colours_are_for_terminals(mine):
    """And bytes for pipes are the reference's."""
    assert "\x1b" not in our(mine, "status").stdout
    assert "\x1b[32mcat " in our(mine, "status", options=["--color=always"]).stdout

    def painted(options=(), **env):
        with Screen(command(mine, ours(), ["status", "cat"], options), env={**mine.env, **env}, cwd=mine.dir) as screen:
            assert screen.wait_end() == 0
            return {screen.screen.buffer[0][column].fg for column in range(33, 40)}
    assert painted() == {"green"}
    assert painted(NO_COLOR="1") == painted(options=["--color", "never"]) == {"default"}


def test_hints_come_from_the_history_and_are_taken_with_the_arrow(mine):
    with Screen(command(mine, ours(), []), env=mine.env, cwd=mine.dir) as screen:
        screen.wait_prompts(1)
        screen.type("pid cat\r").wait_prompts(2)
        screen.type("pi").wait(lambda text: text.count("pid cat") == 2)
        screen.type("\x1b[C\r").wait_prompts(3)
        screen.type("pi").wait(lambda text: text.count("pid cat") == 3)
        screen.type("\r").wait_prompts(4)
        assert "*** Unknown syntax: pi" in screen.lines()


def test_watching(mine):
    with Screen(command(mine, ours(), ["status", "--watch", "cat", "off"]), env=mine.env, cwd=mine.dir) as screen:
        screen.wait_text("off                              STOPPED")
        mine.call("supervisor.startProcess", "off")
        screen.wait_text("off                              RUNNING")
        mine.call("supervisor.stopProcess", "off")
        screen.wait_text("off                              STOPPED")
        screen.type("\x03")
        assert screen.wait_end() == 0


def test_advice_when_nobody_answers():
    with Daemon(where.OURS, BASE).start() as daemon:
        daemon.process.kill()
        daemon.process.wait()
        assert our(daemon, "status").stdout == f"unix://{daemon.sock} refused connection\n"
        with Screen(command(daemon, ours(), ["version"]), env=daemon.env, cwd=daemon.dir, columns=200) as screen:
            assert screen.wait_end() == 4
            shown = screen.text()
        assert f"the configuration is {daemon.config_path}" in shown and f"names process {daemon.process.pid}, and that is gone" in shown
