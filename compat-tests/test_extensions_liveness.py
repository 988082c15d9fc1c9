"""Liveness checks of real programs: probes that fail, hang and lie, and what becomes of the programs.

When checks are made and what results in a row come to is told in virtual time by the unit tests of ``health``.
"""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import http, where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")

PROGRAM = """
[program:web]
command=/bin/sleep 1000
startsecs=0
directory={dir}
liveness_check_initial_delay=0
liveness_check_period=1
"""


def checked(script: str, rest: str = "", **options) -> Daemon:
    return Daemon(where.OURS, BASE + PROGRAM + f"liveness_check_script={script}\n{rest}", **options)


def pid(daemon) -> int:
    return daemon.call("supervisor.getProcessInfo", "web")["pid"]


def is_restarted(daemon, first: int) -> bool:
    return pid(daemon) not in (0, first)


def test_a_program_that_fails_its_check_so_many_times_in_a_row_is_restarted():
    """GO-198, GO-204, GO-210, GO-212, GO-214."""
    with checked("/bin/sh -c \"cat well; echo not well >&2; test -e well\"", "liveness_check_failure_threshold=2\n",
                 files={"well": ""}) as daemon:
        wait_for(lambda: daemon.log_messages("'web' is healthy"), what=daemon.report)
        first = pid(daemon)
        daemon.path("well").unlink()
        wait_for(lambda: is_restarted(daemon, first), what=daemon.report)
        daemon.write("well", "")
        wait_for(lambda: len(daemon.log_messages("'web' is healthy")) == 2, what=daemon.report)
        story = daemon.log_messages("healthy", "liveness", "stopped:")
        assert story[:5] == [
            "INFO 'web' is healthy",
            "WARN liveness check of 'web' failed (1 of 2): exit status 1: not well",
            "WARN liveness check of 'web' failed (2 of 2): exit status 1: not well",
            "WARN 'web' is unhealthy: restarting it",
            "WARN stopped: web (terminated by SIGTERM)",
        ]


def test_the_first_check_comes_so_long_after_each_start():
    """GO-205, GO-206."""
    note = "/bin/sh -c \"date +%%s.%%N >> {}; exit {}\""
    config = BASE + PROGRAM.replace("initial_delay=0", "initial_delay=2").replace(
        "/bin/sleep 1000", note.format("starts", "0; sleep 1000").replace("exit 0; ", "exec ")) + (
        "liveness_check_script=" + note.format("checks", 1) + "\nliveness_check_failure_threshold=1\n")
    with Daemon(where.OURS, config) as daemon:
        wait_for(lambda: len(daemon.read("checks").split()) == 2, 20, what=daemon.report)
        pairs = list(zip(daemon.read("starts").split(), daemon.read("checks").split()))
        # Both are told by shells, which take their time to come up.
        assert all(1.5 < float(check) - float(start) < 4 for start, check in pairs), pairs


def test_what_is_known_is_told_to_prometheus():
    """GO-216: and nothing of a program that is not checked, or does not run."""
    def told(daemon):
        lines = daemon.ask(http.get("/metrics")).body.decode().splitlines()
        return [line.rsplit(" ", 1)[1] for line in lines if line.startswith("supervisord_process_healthy{")]

    with checked("/bin/test -e well", "liveness_check_failure_threshold=1\nliveness_check_failure_action=/bin/true\n",
                 files={"well": ""}) as daemon:
        wait_for(lambda: told(daemon) == ["1"], what=daemon.report)
        daemon.path("well").unlink()
        wait_for(lambda: told(daemon) == ["0"], what=daemon.report)
        daemon.call("supervisor.stopProcess", "web")
        wait_for(lambda: told(daemon) == [], what=daemon.report)


def test_a_program_may_be_stopped_instead_and_is_not_checked_then():
    """GO-212, GO-215, GO-181."""
    with checked("/bin/sh -c \"echo x >> checks; exit 1\"",
                 "liveness_check_failure_threshold=1\nliveness_check_failure_action=stop\n") as daemon:
        for times in (1, 2):
            wait_for(lambda: len(daemon.log_messages("unhealthy: stopping it")) == times, what=daemon.report)
            daemon.wait_states(web="STOPPED")
            assert daemon.read("checks") == "x\n" * times
            daemon.call("supervisor.startProcess", "web")


def test_actions_are_commands_with_their_capitals():
    """GO-211 to GO-213: the program runs on, and everything starts over."""
    with checked("/bin/sh -c \"test -e well\"",
                 "liveness_check_failure_threshold=1\n"
                 "liveness_check_failure_action=/bin/sh -c \"echo X >> Failed; touch well\"\n"
                 "liveness_check_success_action=/bin/sh -c \"echo X >> Healthy\"\n") as daemon:
        wait_for(lambda: daemon.read("Healthy"), what=daemon.report)
        first = pid(daemon)
        daemon.path("well").unlink()
        wait_for(lambda: len(daemon.read("Healthy")) == 4, what=daemon.report)
        assert daemon.read("Failed") == "X\n" * 2
        assert pid(daemon) == first


def test_an_action_that_restarts_the_program_itself_is_not_cut_short():
    """GO-212: a command that stops the program and then starts it gets to its second half."""
    ctl = f"{where.supervisorctl(where.OURS)} -c {{dir}}/supervisord.conf"
    with checked("/bin/sh -c \"test -e well\"",
                 "liveness_check_failure_threshold=1\n"
                 f"liveness_check_failure_action=/bin/sh -c \"touch well; {ctl} stop web; {ctl} start web\"\n",
                 files={"well": ""}) as daemon:
        wait_for(lambda: daemon.log_messages("'web' is healthy"), what=daemon.report)
        first = pid(daemon)
        daemon.path("well").unlink()
        wait_for(lambda: is_restarted(daemon, first), 30, what=daemon.report)


def test_a_check_that_hangs_is_killed_with_all_it_started_and_counts_as_failed():
    """GO-208."""
    with checked("/bin/sh -c \"trap '' TERM; sleep 1000 & echo $! >> lost; wait\"",
                 "liveness_check_timeout=1\nliveness_check_failure_threshold=2\n") as daemon:
        wait_for(lambda: daemon.log_messages("restarting it"), what=daemon.report)
        assert daemon.log_messages("liveness")[:2] == [
            "WARN liveness check of 'web' failed (1 of 2): not done within 1 seconds",
            "WARN liveness check of 'web' failed (2 of 2): not done within 1 seconds",
        ]
        lost = [int(line) for line in daemon.read("lost").split()]
        assert len(lost) >= 2
        wait_for(lambda: not any(Path(f"/proc/{number}").exists() for number in lost[:2]), what=daemon.report)
        assert not daemon.log_messages("reaped unknown")


def test_a_check_ends_with_the_run_of_its_program():
    """GO-215: nobody is checked who does not run, and no two checks are made at a time."""
    script = "/bin/sh -c \"mkdir lock || echo two >> twice; echo $$ > checker; sleep 3; rmdir lock\""
    with checked(script, "liveness_check_timeout=100\n") as daemon:
        checker = int(wait_for(lambda: daemon.read("checker").strip(), what=daemon.report))
        daemon.call("supervisor.stopProcess", "web")
        wait_for(lambda: not Path(f"/proc/{checker}").exists(), 2, what=daemon.report)
        assert not daemon.log_messages("liveness")
        daemon.path("lock").rmdir()
        daemon.call("supervisor.startProcess", "web")
        wait_for(lambda: daemon.log_messages("'web' is healthy"), what=daemon.report)
        assert daemon.read("twice") == ""


@contextmanager
def server(answer):
    """A server on a free port; `answer` gets each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def never(connection):
    connection.recv(65536)
    time.sleep(60)


def says(*answers):
    """One answer after the other; the last for all that follow."""
    waiting = list(answers)

    def answer(connection):
        with connection:
            connection.recv(65536)
            connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return answer


def drips(connection):
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n")
            time.sleep(0.1)
    except OSError:
        pass


LIES = {
    "a refusal": (says(b"HTTP/1.1 503 Busy\r\n\r\n"), "HTTP status 503"),
    "no HTTP": (says(b"220 mail.example ESMTP\r\n"), "the answer is not HTTP"),
    "nothing": (says(b""), "no answer: connection closed"),
    "silence": (never, "not done within 2 seconds"),
    "a head without end": (drips, "not done within 2 seconds"),
    "a round trip": (says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), "more than 10 redirects"),
    "another scheme": (says(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"), "bad URL 'file:///etc/passwd'"),
    "a flood": (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000), "the answer is not HTTP"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_probe_that_lies_is_a_check_that_fails(lie):
    """GO-199, GO-200, GO-208."""
    answer, reason = LIES[lie]
    with server(answer) as port, checked(f"http://127.0.0.1:{port}/", "liveness_check_timeout=2\n") as daemon:
        wait_for(lambda: daemon.log_messages("liveness"), what=daemon.report)
        assert daemon.log_messages("liveness")[0] == f"WARN liveness check of 'web' failed (1 of 3): {reason}"
        assert daemon.call("supervisor.getState")["statename"] == "RUNNING"


def test_a_question_is_answered_well_even_when_the_body_never_ends():
    """GO-200: the status counts, and a redirect leads on."""
    there = b"HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n"
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server(says(there, endless)) as port, checked(f"http://localhost:{port}/") as daemon:
        wait_for(lambda: daemon.log_messages("'web' is healthy"), what=daemon.report)


def certificates(folder: Path) -> Path:
    """An authority, ``ca.pem``, and a server's certificate with its key, ``server.pem``, that it vouches for."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new, "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *new, "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.crt")
    (folder / "server.pem").write_text((folder / "server.crt").read_text() + (folder / "server.key").read_text())
    return folder


@pytest.mark.skipif(not shutil.which("openssl"), reason="nobody to make certificates")
def test_a_secure_server_is_asked_when_it_is_who_it_says(tmp_path):
    """GO-199, GO-201, GO-202."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates(tmp_path) / "server.pem")

    def answer(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        except OSError:
            pass  # the client did not like us

    def outcome(url, options=""):
        with checked(f"https://{url} {options}") as daemon:
            wait_for(lambda: daemon.log_messages("liveness", "is healthy"), what=daemon.report)
            return daemon.log_messages("liveness", "is healthy")[0]

    failed = "WARN liveness check of 'web' failed (1 of 3): cannot connect to "
    with server(answer) as port:
        assert outcome(f"localhost:{port}/", f"--ca-file {tmp_path}/ca.pem") == "INFO 'web' is healthy"
        assert outcome(f"127.0.0.1:{port}/", f"--ca-file {tmp_path}/ca.pem") == "INFO 'web' is healthy"
        assert outcome(f"127.0.0.2:{port}/", f"--ca-file {tmp_path}/ca.pem").startswith(failed)
        assert outcome(f"localhost:{port}/") == failed + f"localhost:{port}: invalid peer certificate: UnknownIssuer"
        assert outcome(f"localhost:{port}/", "--ca-file /no/such.pem") == (
            failed + f"localhost:{port}: /no/such.pem: No such file or directory (os error 2)")


def test_a_port_that_closes_is_noticed():
    """GO-203."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with checked(f"tcp://127.0.0.1:{port}", "liveness_check_failure_threshold=1\n") as daemon:
            wait_for(lambda: daemon.log_messages("'web' is healthy"), what=daemon.report)
            first = pid(daemon)
            listening.close()
            wait_for(lambda: is_restarted(daemon, first), what=daemon.report)


def test_checks_follow_the_configuration():
    """GO-182's rule for checks, and: without any there is nothing that wakes up."""
    with checked("/bin/sh -c \"echo x >> checks\"") as daemon:
        wait_for(lambda: daemon.read("checks"), what=daemon.report)
        daemon.write("supervisord.conf", BASE + PROGRAM)
        assert daemon.ctl("update").stdout == "web: stopped\nweb: updated process group\n"
        daemon.wait_states(web="RUNNING")
        checks = daemon.read("checks")
        daemon.write("supervisord.conf", BASE + PROGRAM + "liveness_check_script=/bin/sh -c \"echo y >> checks\"\n")
        daemon.ctl("update")
        wait_for(lambda: daemon.read("checks") == checks + "y\n", what=daemon.report)


def test_a_program_that_dies_during_its_check_is_not_acted_upon():
    """GO-214, GO-215: a check is about one run."""
    config = BASE + PROGRAM.replace("/bin/sleep 1000", "/bin/sh -c \"echo $$ > pid; exec sleep 1000\"").replace(
        "initial_delay=0", "initial_delay=1") + (
        "autorestart=false\nliveness_check_failure_threshold=1\n"
        "liveness_check_script=/bin/sh -c \"kill -9 $(cat pid); sleep 1; exit 1\"\n")
    with Daemon(where.OURS, config) as daemon:
        daemon.wait_states(web="EXITED")
        assert not daemon.log_messages("unhealthy", "liveness")
        assert daemon.call("supervisor.getProcessInfo", "web")["exitstatus"] == -1
