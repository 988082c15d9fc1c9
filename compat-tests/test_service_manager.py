"""What a service manager is told over NOTIFY_SOCKET, for a unit of Type=notify; the reference tells nothing."""

import os
import signal
import socket

import pytest

from harness import Daemon, wait_for, where
from harness.pair import BASE

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
[program:broken]
command=/no/such/program
startretries=0
[program:env]
command=/bin/sh -c 'echo socket=$NOTIFY_SOCKET'
startsecs=0
autorestart=false
stdout_logfile={dir}/env.out
"""


class Manager:
    """Listens where it tells the daemon to speak."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))
        self.socket.settimeout(15)
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def hear(self, first):
        """The rest of the next message that begins with that line."""
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            self.heard.append(lines[0])
            if lines[0] == first:
                return lines[1:]


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    with Manager(str(tmp_path / "notify") if request.param == "path" else f"@notify-{os.getpid()}") as manager:
        yield manager


def test_the_manager_hears_of_the_whole_life(manager, ours_only):
    with Daemon(where.OURS, BASE + PROGRAMS, env={"NOTIFY_SOCKET": manager.name}).start() as d:
        assert manager.hear("READY=1") == ["STATUS=0 of 3 processes running"]
        manager.hear("STATUS=1 of 3 processes running, 1 FATAL")
        d.signal(signal.SIGHUP)
        time, status = manager.hear("RELOADING=1")
        assert time.startswith("MONOTONIC_USEC=") and int(time.split("=")[1]) > 0 and status.startswith("STATUS=stopping: ")
        assert manager.hear("READY=1") == ["STATUS=0 of 3 processes running"]
        manager.hear("STATUS=1 of 3 processes running, 1 FATAL")
        d.signal(signal.SIGTERM)
        assert manager.hear("STOPPING=1") == ["STATUS=stopping: 1 left"]
        assert d.wait_end() == 0
        # As with the reference, a program may speak to the manager itself.
        assert d.read("env.out") == f"socket={manager.name}\n" * 2


def test_in_the_background_it_says_who_it_is(tmp_path, ours_only):
    with Manager(str(tmp_path / "notify")) as manager:
        with Daemon(where.OURS, BASE, env={"NOTIFY_SOCKET": manager.name}, background=True).start() as d:
            assert manager.hear("READY=1") == ["STATUS=0 of 0 processes running", f"MAINPID={d.pid}"]
            d.signal(signal.SIGTERM)
            wait_for(lambda: not d.read("supervisord.pid"), what=d.report)


@pytest.mark.parametrize("name", ["/no/such/socket", "nonsense", "vsock:2:1"])
def test_a_manager_that_is_not_there_does_no_harm(name, ours_only):
    with Daemon(where.OURS, BASE + PROGRAMS, env={"NOTIFY_SOCKET": name}).start() as d:
        d.wait_states(cat="RUNNING").signal(signal.SIGTERM)
        assert d.wait_end() == 0 and d.read("err") == ""
