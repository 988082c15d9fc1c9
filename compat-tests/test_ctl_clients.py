"""Both clients against the same daemon, with the daemon of either make: what ``test_our_ctl`` does not ask.

There the daemon is always the reference's. Here it is ours as well, and the clients also sit at a terminal, where pictures are compared,
80 columns wide and 40. Every story is told twice from the same state, once by each client.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import Daemon, Screen, normalise, wait_for, where
from harness.pair import BASE
from test_our_ctl import REAL, command, ours, run, same

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
        yield running


@pytest.fixture(scope="module")
def mine():
    """A daemon for what only our client can do."""
    with Daemon(where.OURS, BASE + PROGRAMS).start() as running:
        running.wait_states(cat="RUNNING", m__m1="RUNNING")
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


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("typed", [
    ["version\r", "help start\r", "bogus words\r", "pid nope\r"],
    ["help\r", "?\r", "?nope\r"],
    ["start off\r", "stop off\r", "start nope nofile\r", "avail\r"],
    ["stat\t", "c\t", "\r"],
    ["s\t\t", "\x15", "start m\t", "\t\t", "1\t", "\x15", "\r"],
    ["version\r", "\x10", "\x01", "x", "\r", "\x12ver", "\r"],
    ["el st\t\t", "\x15", "update \t\t", "\x15", "tail -f of\t", "\x15\r"],
    ["a line that is much longer than a terminal of eighty columns is wide, and than one of forty is anyway\r"],
], ids=lambda typed: repr(typed)[:40])
def test_a_terminal(daemon, typed, columns):
    """CTL-060..074: the picture at the end is the same."""
    real, our = (normalise.structure(told_on_a_screen(daemon, client, typed, columns), daemon) for client in (REAL, ours()))
    widths = re.compile(r" +")
    assert [widths.sub(" ", line) for line in our] == [widths.sub(" ", line) for line in real]


def has_asked(pid) -> bool:
    """Whether the process waits for an answer on a connection: asleep, with a socket open."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    fds = Path(f"/proc/{pid}/fd")
    return state == "S" and any(os.readlink(fd).startswith("socket:") for fd in fds.iterdir())


@pytest.mark.parametrize("line", ["status", "pid", "start off", "stop all", "restart cat", "tail cat", "tail -f cat", "maintail", "avail", "reread", "update", "add x",
                                  "remove x", "signal HUP cat", "clear all", "shutdown", "reload", "fg cat"])
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


@pytest.mark.parametrize("after", [["version\r"], ["typed\r", "\x04"], ["\x03"]])
def test_the_foreground_in_the_shell(mine, after):
    """CTL-121..123: it ends at once, and the shell goes on."""
    with Screen(command(mine, ours(), []), env=mine.env, cwd=mine.dir) as screen:
        screen.wait_prompts(1)
        screen.type("fg cat\r").wait_text("==> Press Ctrl-C to exit <==")
        for keys in ["one line\r", *after]:
            screen.type(keys)
            if keys.endswith("\r"):
                screen.wait(lambda text: text.count(keys.strip()) == 2)
        if after[-1].endswith("\r"):
            screen.type("\x03")
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


# Beyond the reference


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
    assert "\x1b[32mRUNNING" in our(mine, "status", options=["--color=always"]).stdout

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
        assert f"the configuration is {daemon.config_path}" in shown and f"names process {daemon.process.pid}, which is gone" in shown


@pytest.mark.parametrize("words, offered", [
    (["supervisorctl", "sta"], {"start", "status"}), (["supervisorctl", "-c", "x", "help", "ver"], {"version"}), (["supervisorctl", "signal", "TE"], {"TERM"}),
    (["supervisorctl", "-c", "{dir}/supervisord.conf", "tail", "c"], {"cat"}), (["supervisorctl", "-c", "{dir}/supervisord.conf", "update", ""], {"cat", "m", "nofile", "off"}),
])
def test_completion_in_bash(mine, words, offered):
    file = where.REPOSITORY / "packaging/completions/supervisorctl.bash"
    words = " ".join(f"'{mine.fill(word)}'" for word in words)
    script = f"supervisorctl() {{ {ours()} \"$@\"; }}; . {file}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _supervisorctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=mine.env)
    assert (set(done.stdout.split()), done.stderr) == (offered, "")
