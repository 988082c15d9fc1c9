"""Where output goes beyond the reference: several targets, shared files, our own streams, memory, syslogs, formats. Ours only."""

import base64
import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import Daemon, wait_for, where
from harness.pair import BASE

pytestmark = pytest.mark.usefixtures("ours_only")

# Writes as many lines as it is told to both streams, in blocks that end anywhere, and then waits.
FLOOD = """
import os, sys
count = int(sys.argv[1])
out = b"".join(b"out %d %s\\n" % (n, b"x" * (n % 90)) for n in range(count))
err = out.replace(b"out", b"err")
while out or err:
    out = out[os.write(1, out[:4999]):] if out else out
    err = err[os.write(2, err[:3333]):] if err else err
os.close(1); os.close(2)
sys.stdin.read()
"""


def run(config, **more):
    return Daemon(where.OURS, BASE + config, files={"flood.py": FLOOD}, **more)


def run_piped(config):
    """Starts it with its stdout and stderr on pipes that nobody reads until the test does."""
    daemon = run(config)
    command = [daemon.program, "-n", "-c", daemon.config_path]
    daemon.process = subprocess.Popen(command, cwd=daemon.dir, env=daemon.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, start_new_session=True)
    try:
        wait_for(daemon.answers, 30, what="an answer")
    except BaseException:
        daemon.stop()
        raise
    return daemon


def collect(stream):
    """Reads a pipe to its end on a thread; the bytes so far are in the first element."""
    seen = [b""]

    def read():
        while block := stream.read1(65536):
            seen[0] += block
    threading.Thread(target=read, daemon=True).start()
    return seen


def lines_of(daemon, name):
    """The lines of a log and its backups, oldest first."""
    files = sorted(daemon.path("").glob(f"{name}.*"), key=lambda path: -int(path.suffix[1:]))
    return b"".join(path.read_bytes() for path in [*files, daemon.path(name)]).decode().splitlines()


def expected(word, count):
    return [f"{word} {n} {'x' * (n % 90)}" for n in range(count)]


def counted(lines, word):
    return [line for line in lines if line.startswith(word + " ")]


def test_the_article():
    """SEED-023, SEED-024; GO-230 to GO-233."""
    config = """
[program:test]
command = /bin/sh -c "echo to stdout; echo to stderr >&2; exec cat"
startsecs = 0
stdout_logfile = test.log, /dev/stdout
stderr_logfile = test.log, /dev/stderr
"""
    with run(config).start() as daemon:
        wait_for(lambda: sorted(daemon.read("test.log").splitlines()) == ["to stderr", "to stdout"], what=daemon.report)
        wait_for(lambda: "to stdout\n" in daemon.read("out"), what=daemon.report)
        wait_for(lambda: "to stderr\n" in daemon.read("err"), what=daemon.report)
        assert "to stderr" not in daemon.read("out") and "to stdout" not in daemon.read("err")
        row = daemon.call("supervisor.getProcessInfo", "test")
        assert row["stdout_logfile"] == row["stderr_logfile"] == "test.log"
        assert sorted(daemon.call("supervisor.readProcessStdoutLog", "test", 0, 0).splitlines()) == ["to stderr", "to stdout"]


def test_two_streams_in_one_file_lose_and_tear_nothing_in_many_rotations():
    """SEED-024, GO-232: also between two processes, and while the whole goes to our own stdout too."""
    count = 20000
    config = f"""
[program:flood]
command = {{python}} {{dir}}/flood.py {count}
process_name = %(program_name)s%(process_num)d
numprocs = 2
startsecs = 0
stdout_logfile = {{dir}}/both.log, /dev/stdout
stderr_logfile = {{dir}}/both.log
stdout_logfile_maxbytes = 50KB
stdout_logfile_backups = 2000
stderr_logfile_maxbytes = 50KB
stderr_logfile_backups = 2000
"""
    with run_piped(config) as daemon:
        out = collect(daemon.process.stdout)
        wait_for(lambda: len(lines_of(daemon, "both.log")) == 4 * count, 60, what=lambda: len(lines_of(daemon, "both.log")), pause=0.5)
        lines = lines_of(daemon, "both.log")
        for word in ("out", "err"):
            # Each of the two processes in its own order, so every line twice.
            assert sorted(counted(lines, word)) == sorted(2 * expected(word, count))
        assert len(list(daemon.path("").glob("both.log.*"))) > 20
        shown = lambda: counted(out[0].decode().splitlines(), "out")  # noqa: E731
        wait_for(lambda: len(shown()) == 2 * count, 60, what=lambda: len(shown()), pause=0.5)
        assert sorted(shown()) == sorted(2 * expected("out", count))


def test_a_stalled_reader_of_our_stdout_stops_neither_programs_nor_control():
    """GO-233, GO-238: the loop never writes there itself; what is too much is lost there and nowhere else."""
    count = 120000
    config = f"""
[program:flood]
command = {{python}} {{dir}}/flood.py {count}
startsecs = 0
stdout_logfile = {{dir}}/flood.log, /dev/stdout
stderr_logfile = NONE
[program:other]
command = /bin/cat
startsecs = 0
"""
    with run_piped(config) as daemon:
        wait_for(lambda: len(lines_of(daemon, "flood.log")) == count, 60, what=lambda: len(lines_of(daemon, "flood.log")), pause=0.2)
        assert lines_of(daemon, "flood.log") == expected("out", count)
        # The activity log goes to that stdout as well, and each of these writes a line or two.
        for _ in range(20):
            begin = time.monotonic()
            assert daemon.call("supervisor.stopProcess", "other") is True
            assert daemon.call("supervisor.startProcess", "other") is True
            assert time.monotonic() - begin < 5
        assert "supervisord's stdout takes less than programs write" in daemon.log()
        # Whoever reads at last gets what was kept, in order and whole, and what comes from now on.
        out = collect(daemon.process.stdout)
        wait_for(lambda: out[0].count(b"spawned: 'other'") > 20, 30, what=lambda: out[0][-2000:], pause=0.1)
        lines = out[0].decode().splitlines()
        shown = counted(lines, "out")
        assert 1000 < len(shown) < count
        positions = [int(line.split()[1]) for line in shown]
        assert positions == sorted(set(positions))
        # A block that does not fit is lost as a whole, and blocks end anywhere: few lines can be broken.
        assert len([line for line in shown if line != f"out {line.split()[1]} {'x' * (int(line.split()[1]) % 90)}"]) < 50
        daemon.signal(signal.SIGTERM)
        daemon.wait_end(30)


def test_output_that_is_on_its_way_arrives_before_supervisord_is_gone():
    config = """
[program:last]
command = /bin/sh -c "trap 'echo last words; exit 0' TERM; echo first; while :; do sleep 0.1; done"
startsecs = 0
stdout_logfile = /dev/stdout, {dir}/last.log
"""
    with run_piped(config) as daemon:
        out = collect(daemon.process.stdout)
        wait_for(lambda: b"first\n" in out[0], what=lambda: out[0])
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_end(30) == 0
        wait_for(lambda: b"last words\n" in out[0] and b"stopped: last" in out[0], what=lambda: out[0])


def test_memory():
    """GO-241: read, tailed and cleared like a file, also after the end of the process; over RPC alone."""
    config = """
[program:cat]
command = /bin/cat
startsecs = 0
stdout_logfile = memory,
stderr_logfile = NONE
"""
    with run(config).start() as daemon:
        daemon.wait_states(cat="RUNNING")
        assert daemon.call("supervisor.readProcessStdoutLog", "cat", 0, 0) == ""
        daemon.call("supervisor.sendProcessStdin", "cat", "0123456789\n")
        read = lambda *window: daemon.call("supervisor.readProcessStdoutLog", "cat", *window)  # noqa: E731
        wait_for(lambda: read(0, 0) == "0123456789\n", what=daemon.report)
        assert (read(2, 3), read(-3, 0), read(99, 1)) == ("234", "89\n", "")
        assert read(-1, 1) == ("fault", 3, "BAD_ARGUMENTS")
        assert daemon.call("supervisor.tailProcessStdoutLog", "cat", 0, 4) == ["789\n", 11, True]
        assert daemon.call("supervisor.tailProcessStdoutLog", "cat", 11, 4) == ["", 11, False]
        assert daemon.call("supervisor.readProcessStderrLog", "cat", 0, 0) == ("fault", 20, "NO_FILE")
        assert daemon.ctl("tail", "cat").stdout == "0123456789\n\n", "and the newline that the client adds"
        daemon.call("supervisor.stopProcess", "cat")
        assert read(0, 4) == "0123"
        daemon.call("supervisor.startProcess", "cat")
        daemon.call("supervisor.sendProcessStdin", "cat", "more\n")
        wait_for(lambda: read(0, 0) == "0123456789\nmore\n", what=daemon.report)
        assert daemon.call("supervisor.clearProcessLogs", "cat") is True
        assert read(0, 0) == ""
        assert not list(daemon.path("").glob("*memory*"))


def test_every_file_is_cleared_and_opened_anew():
    """GO-231, GO-365; the first file is what clients read, wherever it stands in the list."""
    config = """
[program:cat]
command = /bin/cat
startsecs = 0
stdout_logfile = /dev/stdout, {dir}/one.log, {dir}/two.log
"""
    with run(config).start() as daemon:
        daemon.wait_states(cat="RUNNING")
        say = lambda text: daemon.call("supervisor.sendProcessStdin", "cat", text)  # noqa: E731
        both = lambda: [daemon.read(name) for name in ("one.log", "two.log")]  # noqa: E731
        say("old\n")
        wait_for(lambda: both() == ["old\n", "old\n"], what=both)
        assert daemon.call("supervisor.readProcessStdoutLog", "cat", 0, 0) == "old\n"
        daemon.call("supervisor.clearProcessLogs", "cat")
        say("new\n")
        wait_for(lambda: both() == ["new\n", "new\n"], what=both)
        for name in ("one.log", "two.log"):
            daemon.path(name).rename(daemon.path(f"{name}.moved"))
        daemon.signal(signal.SIGUSR2)
        wait_for(lambda: both() == ["", ""] and daemon.path("two.log").exists(), what=both)
        say("newer\n")
        wait_for(lambda: both() == ["newer\n", "newer\n"], what=both)
        wait_for(lambda: daemon.read("out").endswith("newer\n"), what=daemon.report)


def test_formats():
    """Lines with time and name, or objects; what is no text is not lost; the last line needs no end."""
    config = r"""
[program:web]
command = /bin/sh -c "printf 'one\ntw'; sleep 0.2; printf 'o \210\n\"q\"\tend'; echo to stderr >&2; exec sleep 0.1"
startsecs = 0
autorestart = false
stdout_logfile = {dir}/web.json
stdout_log_format = json
stderr_logfile = {dir}/web.txt
stderr_log_format = prefix
[group:g]
programs = web
"""
    with run(config).start() as daemon:
        wait_for(lambda: daemon.states().get("g:web") == "EXITED", what=daemon.report)
        objects = [json.loads(line) for line in daemon.read("web.json").splitlines()]
        assert [entry["line"] for entry in objects] == ["one", "two \ufffd", '"q"\tend']
        assert all((entry["process"], entry["group"], entry["stream"]) == ("web", "g", "stdout") for entry in objects)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"]) for entry in objects), "TZ is UTC in the suite"
        assert base64.b64decode(objects[1]["base64"]) == b"two \x88" and "base64" not in objects[0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} web to stderr\n", daemon.read("web.txt"))


def test_events_and_captures_see_the_bytes_as_they_are():
    """The format is for logs; PROCESS_LOG and PROCESS_COMMUNICATION stay the reference's."""
    listener = """
import sys
with open(sys.argv[1], "w", buffering=1) as told:
    while True:
        print("READY", flush=True)
        head = dict(word.split(":") for word in sys.stdin.readline().split())
        told.write(head["eventname"] + " " + sys.stdin.read(int(head["len"])).split("\\n", 1)[1].strip() + "\\n")
        print("RESULT 2\\nOK", end="", flush=True)
"""
    config = """
[program:talks]
command = /bin/sh -c "echo 'plain<!--XSUPERVISOR:BEGIN-->captured<!--XSUPERVISOR:END-->'; exec cat"
startsecs = 0
stdout_logfile = {dir}/talks.log
stdout_log_format = prefix
stdout_events_enabled = true
stdout_capture_maxbytes = 1KB
[eventlistener:ears]
command = {python} {dir}/ears.py {dir}/told
events = PROCESS_LOG,PROCESS_COMMUNICATION
priority = 1
"""
    with Daemon(where.OURS, BASE + config, files={"ears.py": listener}).start() as daemon:
        wait_for(lambda: "PROCESS_LOG_STDOUT plain\n" in daemon.read("told"), what=daemon.report)
        wait_for(lambda: "PROCESS_COMMUNICATION_STDOUT captured\n" in daemon.read("told"), what=daemon.report)
        wait_for(lambda: daemon.read("talks.log").endswith(" talks plain\n"), what=lambda: daemon.read("talks.log"))


class Udp:
    """A syslog server on UDP."""

    def __init__(self, port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.messages = []

    def so_far(self):
        try:
            while True:
                self.messages.append(self.socket.recv(65536).decode())
        except BlockingIOError:
            return self.messages


class Tcp:
    """A syslog server on TCP that reads when it is told to."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.connection = None
        self.text = b""

    def accept(self):
        self.listener.settimeout(60)
        self.connection, _ = self.listener.accept()
        self.connection.setblocking(False)
        return self

    def so_far(self):
        try:
            while block := self.connection.recv(65536):
                self.text += block
        except BlockingIOError:
            pass
        return self.text.decode().splitlines()

    def close(self):
        for one in (self.connection, self.listener):
            if one:
                one.close()


def texts(messages):
    return [message.split("]: ", 1)[1] for message in messages]


def test_syslog_over_udp():
    """GO-227 to GO-229, GO-235, GO-236: one message per line, in the form of Go's log/syslog; a server that is gone stops nobody."""
    server = Udp()
    config = f"""
[program:web]
command = /bin/sh -c "printf 'one\\ntw'; sleep 0.1; printf 'o\\n'; echo wrong >&2; exec cat"
startsecs = 0
stdout_logfile = {{dir}}/web.log, syslog @127.0.0.1:{server.port}
stderr_logfile = syslog @udp:localhost:{server.port}
syslog_facility = LOG_DAEMON
syslog_stdout_priority = info
syslog_stderr_priority = err
syslog_tag = my-web
"""
    with run(config).start() as daemon:
        wait_for(lambda: len(server.so_far()) == 3, what=lambda: (server.messages, daemon.report()))
        host = re.escape(socket.gethostname())
        by_text = dict(zip(texts(server.messages), server.messages))
        for text, priority in (("one", 3 * 8 + 6), ("two", 3 * 8 + 6), ("wrong", 3 * 8 + 3)):
            pattern = rf"<{priority}>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {host} my-web\[{daemon.pid}\]: {text}"
            assert re.fullmatch(pattern, by_text[text])
        assert daemon.read("web.log") == "one\ntwo\n"
        # The server goes; nothing waits for it; it comes back.
        server.socket.close()
        for number in range(10):
            daemon.call("supervisor.sendProcessStdin", "web", f"lost {number}\n")
        wait_for(lambda: daemon.read("web.log").endswith("lost 9\n"), what=daemon.report)
        again = Udp(server.port)
        number = iter(range(1000))

        def heard():
            daemon.call("supervisor.sendProcessStdin", "web", f"found {next(number)}\n")
            return any(text.startswith("found") for text in texts(again.so_far()))
        wait_for(heard, 30, what=daemon.report, pause=0.1)


def test_syslog_over_tcp_that_dies_stalls_and_comes_back():
    """GO-236, GO-238: what a short absence leaves waits, what is too much is lost and said so, and control never waits."""
    server = Tcp()
    config = f"""
[program:cat]
command = /bin/cat
startsecs = 0
stdout_logfile = syslog @tcp:127.0.0.1:{server.port}
[program:flood]
command = {{python}} {{dir}}/flood.py 400000
autostart = false
startsecs = 0
stdout_logfile = {{dir}}/flood.log, syslog @tcp:127.0.0.1:{server.port}
stderr_logfile = NONE
"""
    with run(config).start() as daemon:
        daemon.wait_states(cat="RUNNING")
        say = lambda text: daemon.call("supervisor.sendProcessStdin", "cat", text)  # noqa: E731
        say("first\n")
        server.accept()
        wait_for(lambda: texts(server.so_far()) == ["first"], what=daemon.report)
        assert server.text.startswith(b"<133>"), "LOCAL0 and NOTICE"
        # It dies with everything it has, and comes back.
        server.close()
        say("second\n")
        say("third\n")
        again = Tcp(server.port)
        again.accept()
        wait_for(lambda: texts(again.so_far()) == ["second", "third"], 60, what=lambda: (again.text, daemon.report()))
        # It stalls while a program floods.
        assert daemon.call("supervisor.startProcess", "flood") is True
        wait_for(lambda: daemon.read("flood.log").count("\n") == 400000, 90, what=daemon.report, pause=0.5)
        for _ in range(20):
            begin = time.monotonic()
            daemon.call("supervisor.getAllProcessInfo")
            assert time.monotonic() - begin < 5
        daemon.wait_log("takes less than programs write")
        assert f"the syslog at tcp:127.0.0.1:{server.port}" in daemon.log()
        # It reads again: what was kept is whole and in order.
        wait_for(lambda: len(again.so_far()) > 1000, 60, what=daemon.report)
        say("after\n")
        wait_for(lambda: "after" in texts(again.so_far())[-50:] or say("after\n") is None, 60, what=daemon.report, pause=0.2)
        numbers = [int(text.split()[1]) for text in texts(again.so_far()) if text.startswith("out ")]
        assert numbers == sorted(set(numbers)) and len(numbers) < 400000


def test_a_syslog_whose_name_nobody_knows_stops_nobody():
    """GO-238: names are looked up beside the loop."""
    config = """
[program:cat]
command = /bin/cat
startsecs = 0
stdout_logfile = {dir}/cat.log, syslog @no-such-host.invalid
"""
    with run(config).start() as daemon:
        daemon.wait_states(cat="RUNNING")
        for number in range(20):
            begin = time.monotonic()
            daemon.call("supervisor.sendProcessStdin", "cat", f"{number}\n")
            assert time.monotonic() - begin < 2
        wait_for(lambda: daemon.read("cat.log").endswith("19\n"), what=daemon.report)
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait_end(30)
        assert time.monotonic() - begin < 10


@pytest.mark.parametrize("where_said", ["option", "variable"])
def test_our_own_log_as_objects(where_said):
    """GO-015, GO-016, GO-414: every line of every target."""
    config = BASE + "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
    env = {}
    if where_said == "option":
        config = config.replace("[supervisord]\n", "[supervisord]\nlog_format = json\n")
    else:
        env["LOG_FORMAT"] = "json"
    with Daemon(where.OURS, config, env=env).start() as daemon:
        daemon.wait_states(cat="RUNNING")
        daemon.wait_log("entered RUNNING state")
        for text in (daemon.log(), daemon.read("out")):
            entries = [json.loads(line) for line in text.splitlines()]
            assert all(entry.keys() == {"time", "level", "msg"} for entry in entries)
            assert any(entry["msg"].startswith("spawned: 'cat' with pid") and entry["level"] == "info" for entry in entries)
        assert daemon.ctl("status").stdout.startswith("cat ")


def test_a_plain_configuration_starts_no_thread():
    """With no extension nothing is different: no writer, no queue."""
    with run("[program:cat]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/cat.log\n").start() as daemon:
        daemon.wait_states(cat="RUNNING")
        names = {path.read_text().strip() for path in daemon.path("/proc").joinpath(str(daemon.pid), "task").glob("*/comm")}
        assert not names & {"stdout", "stderr", "syslog"}, names
