"""Hooks around a program's life, run for real: what they see, what hangs, what is killed with them.

When the machine orders a hook and what it makes of the outcome is told by scenarios; here it is about the processes.
"""

import os
import pwd
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")

PROGRAM = """
[program:web]
command=/bin/sleep 1000
startsecs=0
directory={dir}
"""

# A hook that leaves word of a grandchild and then hangs with it, both deaf to SIGTERM.
HANGS = "/bin/sh -c \"trap '' TERM; sleep 1000 & echo $! > {dir}/grandchild; wait\""


def started(config: str, **options) -> Daemon:
    return Daemon(where.OURS, BASE + config, **options)


def alive(pid: int) -> bool:
    try:
        return "Z" != Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def grandchild(daemon) -> int:
    return int(wait_for(lambda: daemon.read("grandchild").strip(), what=daemon.report))


def test_hooks_run_around_the_life_of_a_program(tmp_path):
    """GO-183, GO-192, GO-195, GO-196, GO-406: in the program's directory, with its environment; in this order."""
    note = '/bin/sh -c "echo $SUPERVISOR_HOOK $SUPERVISOR_PROCESS_NAME $MINE $(pwd) ${SUPERVISOR_PROCESS_PID:-none} $SUPERVISOR_EXIT >> {dir}/notes"'
    config = PROGRAM + "environment=MINE=yes\n" + "".join(
        f"{name}={note}\n" for name in ("pre_start_hook", "post_start_hook", "pre_stop_hook", "post_stop_hook"))
    with started(config) as daemon:
        daemon.wait_states(web="RUNNING")
        wait_for(lambda: "post_start_hook" in daemon.read("notes"), what=daemon.report)
        pid = daemon.call("supervisor.getProcessInfo", "web")["pid"]
        daemon.call("supervisor.stopProcess", "web")
        wait_for(lambda: "post_stop_hook" in daemon.read("notes"), what=daemon.report)
        assert daemon.read("notes").splitlines() == [
            f"pre_start_hook web yes {daemon.dir} none",
            f"post_start_hook web yes {daemon.dir} {pid}",
            f"pre_stop_hook web yes {daemon.dir} {pid}",
            f"post_stop_hook web yes {daemon.dir} {pid} terminated by SIGTERM",
        ]
        assert not daemon.log_messages("reaped unknown pid", "_hook of")


def test_a_program_that_ends_by_itself_has_no_stop_hook_before_it(tmp_path):
    """GO-196, GO-406."""
    config = """
[program:job]
command=/bin/sh -c "exit 3"
startsecs=0
autorestart=false
pre_stop_hook=/bin/touch {dir}/pre
post_stop_hook=/bin/sh -c "echo $SUPERVISOR_EXIT > {dir}/post"
"""
    with started(config) as daemon:
        wait_for(lambda: daemon.read("post") == "exit status 3\n", what=daemon.report)
        assert not daemon.path("pre").exists()


def test_a_start_hook_that_hangs_is_killed_with_all_it_started():
    """GO-193, GO-194: at its time limit, and meanwhile everybody is answered."""
    with started(PROGRAM + f"hook_timeout=2\npre_start_hook={HANGS}\n") as daemon:
        lost = grandchild(daemon)
        before = time.monotonic()
        info = daemon.call("supervisor.getProcessInfo", "web")
        assert (info["statename"], info["pid"]) == ("STARTING", 0)
        assert time.monotonic() - before < 1
        daemon.wait_states(web="RUNNING")
        wait_for(lambda: not alive(lost), what=daemon.report)
        assert daemon.log_messages("pre_start_hook of") == ["WARN pre_start_hook of 'web' did not end in time"]
        assert not daemon.log_messages("reaped unknown pid")


def test_a_stop_ends_a_start_hook_and_all_it_started():
    """GO-192."""
    with started(PROGRAM + f"pre_start_hook={HANGS}\n") as daemon:
        lost = grandchild(daemon)
        assert daemon.call("supervisor.stopProcess", "web") is True
        daemon.wait_states(web="STOPPED")
        wait_for(lambda: not alive(lost), what=daemon.report)


def test_a_stop_hook_that_hangs_holds_the_stop_up_no_longer_than_its_limit():
    """GO-195, GO-193."""
    with started(PROGRAM + f"hook_timeout=1\npre_stop_hook={HANGS}\n") as daemon:
        daemon.wait_states(web="RUNNING")
        assert daemon.call("supervisor.stopProcess", "web") is True
        daemon.wait_states(web="STOPPED")
        wait_for(lambda: not alive(grandchild(daemon)), what=daemon.report)
        assert daemon.log_messages("pre_stop_hook of") == ["WARN pre_stop_hook of 'web' did not end in time"]


@pytest.mark.parametrize("hook, reason", [
    ("/bin/sh -c \"echo one; echo went wrong >&2; exit 3\"", "failed: exit status 3: went wrong"),
    ("/bin/sh -c \"kill -9 $$\"", "failed: terminated by SIGKILL"),
    ("/no/such/hook", "failed: can't find command '/no/such/hook'"),
    ("nosuchhook", "failed: can't find command 'nosuchhook'"),
    ("/etc/passwd", "failed: command at '/etc/passwd' is not executable"),
    ("tcp://127.0.0.1:{other_port}", "failed: cannot connect to 127.0.0.1:{other_port}: Connection refused (os error 111)"),
    ("http://127.0.0.1:{other_port}/", "failed: cannot connect to 127.0.0.1:{other_port}: Connection refused (os error 111)"),
    ("tcp://no.such.host.invalid:1", "failed: cannot connect to no.such.host.invalid:1: unknown host"),
])
def test_a_hook_that_fails_says_why_and_stops_nobody(hook, reason):
    """GO-193, GO-197."""
    with started(PROGRAM + f"pre_start_hook={hook}\n") as daemon:
        daemon.wait_states(web="RUNNING")
        assert daemon.log_messages("_hook of") == [f"WARN pre_start_hook of 'web' {daemon.fill(reason)}"]


def test_a_required_start_hook_that_fails_makes_the_start_fail():
    """GO-193."""
    config = PROGRAM + "startretries=1\npre_start_hook_required=true\npre_start_hook=/bin/sh -c \"echo x >> {dir}/tries; exit 1\"\n"
    with started(config) as daemon:
        daemon.wait_states(web="FATAL")
        assert daemon.call("supervisor.getProcessInfo", "web")["spawnerr"] == "pre_start_hook failed: exit status 1"
        assert daemon.read("tries") == "x\n" * 2


def test_a_hook_may_be_a_connection_or_a_question():
    """GO-197, GO-199, GO-203: the connection is closed again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = PROGRAM + f"pre_start_hook=tcp://localhost:{port}\npost_start_hook=http://127.0.0.1:{port}/up -H 'X-A: b' -d 'c'\n"
        with started(config) as daemon:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                assert connection.recv(1) == b""
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                request = b""
                while not request.endswith(b"\r\n\r\nc"):
                    request += connection.recv(4096)
                assert request.startswith(b"POST /up HTTP/1.1\r\nX-A: b\r\n")
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            daemon.wait_states(web="RUNNING")
            assert not daemon.log_messages("_hook of")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_hook_runs_as_the_user_of_its_program():
    """GO-183."""
    nobody = pwd.getpwnam("nobody").pw_uid
    config = PROGRAM.replace("directory={dir}\n", "") + "user=nobody\npre_start_hook=/bin/sh -c \"id -u > {dir}/open/id\"\n"
    with started(config, user_mode=0o755) as daemon:
        daemon.path("open").mkdir()
        daemon.path("open").chmod(0o777)
        daemon.call("supervisor.stopProcess", "web")
        daemon.call("supervisor.startProcess", "web")
        assert daemon.read("open/id") == f"{nobody}\n"


def test_a_hook_is_looked_for_in_the_directory_of_its_program():
    """GO-183."""
    config = PROGRAM.replace("directory={dir}", "directory={dir}/app") + "pre_start_hook=./prepare.sh\nautostart=false\n"
    with started(config, files={"app/prepare.sh": "#!/bin/sh\necho done > prepared\n"}) as daemon:
        daemon.path("app/prepare.sh").chmod(0o755)
        assert daemon.call("supervisor.startProcess", "web") is True
        assert daemon.read("app/prepared") == "done\n"


def test_nothing_that_runs_beside_programs_outlives_supervisord():
    """A hook nobody waits for, at the end of supervisord; the last hook of all is waited for (GO-406)."""
    config = PROGRAM + f"post_start_hook={HANGS}\npost_stop_hook=/bin/sh -c \"sleep 1; touch {{dir}}/tidied\"\n"
    with started(config) as daemon:
        lost = grandchild(daemon)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_end() == 0
        assert daemon.path("tidied").exists()
        wait_for(lambda: not alive(lost), what=daemon.report)


def test_a_hook_that_floods_its_output_is_no_burden():
    """Only the last words are kept, and everybody else is served meanwhile."""
    config = PROGRAM + "pre_start_hook=/bin/sh -c \"yes | head -c 50000000; echo; echo the end; exit 1\"\n"
    with started(config) as daemon:
        slowest = [0.0]

        def ask():
            while "RUNNING" not in daemon.states().values():
                before = time.monotonic()
                daemon.call("supervisor.getState")
                slowest[0] = max(slowest[0], time.monotonic() - before)

        asker = threading.Thread(target=ask)
        asker.start()
        asker.join(30)
        assert daemon.log_messages("_hook of") == ["WARN pre_start_hook of 'web' failed: exit status 1: the end"]
        assert slowest[0] < 2
