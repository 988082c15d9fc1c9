"""``supervisorctl tail``, ``maintail``, ``clear``: log text, its windows, and following a log."""

import signal
import subprocess

import pytest

from harness import shared_pair, wait_for

CONFIG = """
[program:teller]
command=/bin/sh -c "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); done; echo oops >&2; exec cat"
stdout_logfile={dir}/teller.out
stderr_logfile={dir}/teller.err
startsecs=0
[program:short]
command=/bin/sh -c "printf 'caf\\303\\251 <&> no newline'; exec cat"
stdout_logfile={dir}/short.out
redirect_stderr=true
startsecs=0
[program:none]
command=/bin/cat
stdout_logfile=NONE
stderr_logfile=/dev/null
startsecs=0
[program:gone]
command=/bin/cat
autostart=false
stdout_logfile={dir}/gone.out
[program:binary]
command=/bin/sh -c "printf 'ok \\377 bad'; exec cat"
stdout_logfile={dir}/binary.out
startsecs=0
[program:m1]
command=/bin/sh -c "echo from m1; exec cat"
startsecs=0
[group:m]
programs=m1
[program:fed]
command=/bin/cat
stdout_logfile={dir}/fed.out
startsecs=0
"""


def settle(daemon):
    daemon.wait_states(teller="RUNNING", short="RUNNING", none="RUNNING", binary="RUNNING", m__m1="RUNNING", fed="RUNNING")
    daemon.wait_log("line 399\n", name="teller.out").wait_log("oops\n", name="teller.err").wait_log("newline", name="short.out")
    daemon.wait_log("bad", name="binary.out")
    wait_for(lambda: "from m1" in daemon.call("supervisor.readProcessStdoutLog", "m:m1", 0, 0), what="m1's line")


pair = shared_pair(CONFIG, ready=settle)


@pytest.mark.parametrize("command, code", [
    ("tail teller", 0), ("tail -10 teller", 0), ("tail -1 teller", 0), ("tail -100000 teller", 0), ("tail -0 teller", 0),
    ("tail teller stdout", 0), ("tail teller STDERR", 0), ("tail -3 teller stderr", 0), ("tail short", 0),
    ("tail -21 short", 0), ("tail m:m1", 0), ("tail m:m1 stderr", 0), ("tail -20 m:m1 stdout", 0),
])
def test_the_last_bytes_of_a_log(pair, command, code):
    """CTL-110, CTL-112; RPC-161."""
    said = pair.ctl(*command.split())
    assert said.code == code and said.stdout.endswith("\n")


@pytest.mark.parametrize("command, words", [
    ("tail", "Error: too few arguments"),
    ("tail -f", "Error: tail requires process name"),
    ("tail -5", "Error: tail requires process name"),
    ("tail a b c d", "Error: too many arguments"),
    ("tail 5 teller", "Error: bad channel 'teller'"),
    ("tail teller stdin", "Error: bad channel 'stdin'"),
    ("tail -x teller", "Error: bad argument -x"),
    ("tail nope", "nope: ERROR (no such process name)"),
    ("tail m:*", "m:*: ERROR (no such process name)"),
    ("tail none", "none: ERROR (no log file)"),
    ("tail gone", "gone: ERROR (no log file)"),
    ("tail short stderr", "short: ERROR (no log file)"),
    ("tail binary", "ProtocolError"),
    ("tail -16 short", "ProtocolError"),
    ("maintail -x", "Error: bad argument -x"),
    ("maintail 5", "Error: bad argument 5"),
    ("maintail -5 -5", "Error: too many arguments"),
])
def test_what_cannot_be_shown_is_an_error(pair, command, words):
    """CTL-111, CTL-113, CTL-119; RPC-169, RPC-170, RPC-179; CLT-008: a window that cuts a character is an error, not a guess."""
    said = pair.ctl(*command.split())
    assert said.code == 1 and words in said.stdout


def test_the_daemons_own_log(pair):
    """CTL-119, RPC-160."""
    for words in (["maintail", "-1000000"], ["maintail"]):
        for daemon in pair.both:
            said = daemon.ctl(*words)
            assert said.code == 0 and said.stdout.endswith("\n\n")
            assert "success: " in said.stdout or len(said.stdout) == 1601
    assert pair.ctl("maintail", "-1").stdout == "\n\n"


@pytest.mark.parametrize("command, code, words", [
    ("clear", 1, "Error: clear requires a process name"),
    ("clear nope", 1, "nope: ERROR (no such process)"),
    ("clear nope m:m1", 1, "nope: ERROR (no such process)\nm:m1: cleared\n"),
    ("clear m:*", 1, "m:None: ERROR (no such process)"),
    ("clear gone", 0, "gone: cleared"),
    ("clear m:m1 none", 0, "m:m1: cleared\nnone: cleared\n"),
    ("clear m", 1, "m: ERROR (no such process)"),
])
def test_clear(pair, command, code, words):
    """CTL-126, CTL-127; RPC-181, RPC-182."""
    if "none" in command:
        # The reference, run as root, deletes /dev/null here; ours must not be taught that. RPC-050, LOG-026, QRK-025
        command, words = command.replace(" none", ""), "m:m1: cleared\n"
    said = pair.ctl(*command.split())
    assert said.code == code and words in said.stdout


class Follower:
    """A ``tail -f`` that runs until it is interrupted."""

    def __init__(self, daemon, *words):
        self.daemon = daemon
        self.out = daemon.path(f"follow-{'-'.join(words).replace(':', '_')}")
        with open(self.out, "wb") as out, open(str(self.out) + ".err", "wb") as err:
            self.process = subprocess.Popen(
                daemon.ctl_command(*words), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=daemon.dir,
                env={**daemon.env, "PYTHONUNBUFFERED": "1"},
            )

    def wait_text(self, text, limit=15):
        wait_for(lambda: text in self.out.read_text(errors="replace"), limit, what=lambda: f"{text!r} in {self.out.read_text()!r}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=15)
        return self.out.read_text(), code


def test_following_a_log_shows_its_end_and_then_what_is_written(pair):
    """CTL-114; HTTP-097, HTTP-098, HTTP-099."""
    def scenario(d):
        follower = Follower(d, "tail", "-f", "fed")
        follower.wait_text("==> Press Ctrl-C to exit <==")
        for word in ("one", "two", "thr\u00e9e"):
            d.call("supervisor.sendProcessStdin", "fed", word + "\n")
            follower.wait_text(word)
        return follower.interrupt()
    text, code = pair.same(scenario)
    assert text == "==> Press Ctrl-C to exit <==\none\ntwo\nthr\u00e9e\n\n" and code == 0


def test_following_begins_with_the_last_kilobyte(pair):
    """CTL-114; HTTP-097."""
    def scenario(d):
        follower = Follower(d, "tail", "-f", "teller", "stdout")
        follower.wait_text("line 399")
        return follower.interrupt()
    text, code = pair.same(scenario)
    assert len(text) == len("==> Press Ctrl-C to exit <==\n") + 1024 + 1 and code == 0


def test_following_a_standard_error_log(pair):
    """CTL-114; HTTP-090."""
    def scenario(d):
        follower = Follower(d, "tail", "-f", "teller", "stderr")
        follower.wait_text("oops")
        return follower.interrupt()
    assert pair.same(scenario) == ["==> Press Ctrl-C to exit <==\noops\n\n", 0]


@pytest.mark.parametrize("command", ["tail -f nope", "tail -f none", "tail -f m:*", "tail -f gone"])
def test_following_what_is_not_there_says_404_and_ends_well(pair, command):
    """CTL-115; HTTP-092."""
    said = pair.ctl(*command.split())
    assert said.code == 0 and "Cannot read, status code 404" in said.stderr


def test_following_the_daemons_own_log(pair):
    """CTL-119; HTTP-096."""
    def scenario(d):
        follower = Follower(d, "maintail", "-f")
        follower.wait_text("==> Press Ctrl-C to exit <==")
        d.ctl("start", "gone")
        follower.wait_text("spawned: 'gone' with pid")
        d.ctl("stop", "gone")
        follower.wait_text("stopped: gone (terminated by SIGTERM)")
        # Its log file is there now; the tests above want it away.
        d.path("gone.out").unlink()
        return follower.interrupt()[1]
    assert pair.same(scenario) == 0
