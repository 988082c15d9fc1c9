"""The static executable alone in an empty root folder, as process 1 of new PID, mount and user namespaces: a container without an engine.

There is no /proc, no /dev, no /tmp, no /etc/passwd and no shell: what is started is the executable itself under another name, or the
static `container_child`. Both must be static, as scripts/build makes them; scripts/test says with COMPAT_STATIC that they are.
"""

import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from harness import wait_for, where

AS_ROOT = ("--map-root-user",)
# Somebody whom no system knows, as OpenShift has it.
AS_NOBODY_KNOWN = ("--map-user=1000620000", "--map-group=0")
LINKS = ("supervisorctl", "pidproxy", "echo_supervisord_conf")
# The mount is read-only for whoever is within.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'

BEGIN = """
[supervisord]
logfile=/dev/null
"""
LOUD = """
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
redirect_stderr=true
"""
STAY = f"[program:stay]\ncommand=/usr/local/bin/child stay\nstartsecs=0\n{LOUD}"
LEAVER = f"[program:leaver]\ncommand=/usr/local/bin/child leave 7\nstartsecs=0\nautorestart=false\n{LOUD}"
SERVER = """
[unix_http_server]
file=/run/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///run/s.sock
"""


def is_static(program):
    """Neither a loader to call for (PT_INTERP) nor anything dynamic (PT_DYNAMIC)."""
    data = Path(program).read_bytes()
    (headers,), (size, count) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<HH", data, 54)
    kinds = {struct.unpack_from("<I", data, headers + size * number)[0] for number in range(count)}
    return not kinds & {2, 3}


def namespaces_can_be_made():
    return subprocess.run(["unshare", *AS_ROOT, "--pid", "--mount", "--fork", "true"], capture_output=True).returncode == 0


@pytest.fixture(autouse=True)
def what_it_takes(ours_only):
    promised = os.environ.get("COMPAT_STATIC")
    if not is_static(where.supervisord(where.OURS)):
        assert not promised, "the executable is not static"
        pytest.skip("needs a static executable: scripts/build")
    if not namespaces_can_be_made():
        pytest.skip("namespaces cannot be made here")


class Container:
    """A root folder with nothing in it but us, and the one process that was started in it."""

    def __init__(self, folder, config, *words, identity=AS_ROOT, read_only=False, entry="supervisord", links=True):
        self.root, self.identity, self.read_only = folder / "root", identity, read_only
        self.command = [f"/usr/local/bin/{entry}", *words]
        self.out = folder / "out"
        programs = self.root / "usr/local/bin"
        for place in (programs, self.root / "etc", self.root / "run"):
            place.mkdir(parents=True)
        shutil.copy(where.supervisord(where.OURS), programs / "supervisord")
        shutil.copy(where.BUILT / "examples/container_child", programs / "child")
        for name in LINKS if links else ():
            (programs / name).symlink_to("supervisord")
        (self.root / "etc/supervisord.conf").write_text(config)

    def __enter__(self):
        inner = ["unshare", *self.identity, "--pid", "--fork", "--kill-child", "--root", str(self.root), "--wd", "/", *self.command]
        outer = ["unshare", *AS_ROOT, "--mount"]
        if self.read_only:
            outer += ["sh", "-c", READ_ONLY, str(self.root)]
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [*outer, *inner], env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(self, *_):
        self.process.kill()  # --kill-child takes process 1 along, and the kernel everything else
        self.process.wait()

    def said(self):
        return self.out.read_text(errors="replace")

    def wait_for(self, *texts):
        wait_for(lambda: all(text in self.said() for text in texts), 20, what=lambda: f"{texts} in {self.said()}")

    def first(self):
        """The pid of process 1, as it is known outside."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())

    def wait_for_one_child(self):
        """Whatever else process 1 had has been reaped."""
        first = self.first()
        children = Path(f"/proc/{first}/task/{first}/children")
        wait_for(lambda: len(children.read_text().split()) == 1, what=lambda: f"{children.read_text()}\n{self.said()}")

    def send(self, number):
        os.kill(self.first(), number)

    def wait(self):
        """The exit status of process 1."""
        return self.process.wait(20)

    def run_inside(self, *command):
        """A further process in the same root folder; not in the same namespaces, which it does not need."""
        words = ["unshare", *AS_ROOT, "--root", str(self.root), "--wd", "/", *command]
        done = subprocess.run(words, env={}, capture_output=True, text=True, timeout=20)
        return done.stdout, done.returncode

    def ask(self):
        """The status of a call's answer, asked from outside through the folder."""
        body = b"<methodCall><methodName>supervisor.getState</methodName></methodCall>"
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.root / "run/s.sock"))
        connection.request("POST", "/RPC2", body)
        return connection.getresponse().status


def test_it_starts_and_reaps_and_ends_within_the_grace_period(tmp_path):
    """GO-029, GO-412, LIF-028, LIF-044, SEED-001, SEED-002, SEED-005, SEED-041: without a word on the command line."""
    with Container(tmp_path, BEGIN + STAY + LEAVER) as container:
        container.wait_for("ready", "reaped unknown pid", "(exit status 7)", "exited: leaver (exit status 0; expected)")
        container.wait_for_one_child()
        container.send(signal.SIGTERM)
        assert container.wait() == 0
        assert "supervisord started with pid 1" in container.said() and "stopped: stay (terminated by SIGTERM)" in container.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_other_signals_that_engines_send(number, tmp_path):
    """GO-412: STOPSIGNAL SIGQUIT, Ctrl-C at docker run."""
    with Container(tmp_path, BEGIN + STAY) as container:
        container.wait_for("ready")
        container.send(number)
        assert container.wait() == 0


@pytest.mark.parametrize("identity", [AS_ROOT, AS_NOBODY_KNOWN], ids=["root", "anybody"])
def test_a_read_only_root_and_a_user_that_no_system_knows(identity, tmp_path):
    """There is no /dev for /dev/stdout and no folder for temporary files; the pidfile cannot be written, which is told and no reason to end."""
    show = f"[program:show]\ncommand=/usr/local/bin/child show\nstartsecs=0\nautorestart=false\n{LOUD}"
    with Container(tmp_path, BEGIN + STAY + LEAVER + show, identity=identity, read_only=True) as container:
        uid = 0 if identity == AS_ROOT else 1000620000
        container.wait_for("ready", f"uid={uid} gid=0 folder=/", "reaped unknown pid", "could not write pidfile /supervisord.pid")
        container.wait_for_one_child()
        container.send(signal.SIGTERM)
        assert container.wait() == 0
    assert sorted(path.name for path in container.root.iterdir()) == ["etc", "run", "usr"]


def test_a_log_that_a_read_only_root_cannot_have_is_told(tmp_path):
    """The default: AUTO logs."""
    config = BEGIN + "[program:stay]\ncommand=/usr/local/bin/child stay\n"
    with Container(tmp_path, config, read_only=True) as container:
        assert container.wait() == 1
        assert "Error: " in container.said() and "Read-only file system" in container.said()


def test_the_exit_status_is_that_of_supervisord(tmp_path):
    with Container(tmp_path, BEGIN + "[program:x]\n") as container:
        assert container.wait() == 2
        assert "Error: program section program:x does not specify a command" in container.said()


@pytest.mark.parametrize("option, role, status", [("on_exit", "end 7", 7), ("on_exit", "leave 3", 0)])
def test_the_program_that_matters_takes_the_container_along(option, role, status, tmp_path):
    """GO-402: everything is stopped first."""
    matters = f"[program:matters]\ncommand=/usr/local/bin/child {role}\nstartsecs=0\nautorestart=false\n{option}=shutdown\n{LOUD}"
    with Container(tmp_path, BEGIN + STAY + matters) as container:
        assert container.wait() == status
        assert "stopped: stay (terminated by SIGTERM)" in container.said()


def test_every_program_is_a_link_to_the_one(tmp_path):
    """GO-001, GO-399: the client talks to the daemon within, and pidproxy leaves an orphan behind that is reaped."""
    proxied = "[program:proxied]\ncommand=/usr/local/bin/pidproxy /run/none.pid /usr/local/bin/child end 5\nstartsecs=0\nautorestart=false\n"
    with Container(tmp_path, BEGIN + SERVER + STAY + proxied + LOUD) as container:
        container.wait_for("ready", "exited: proxied (exit status 5; not expected)")
        out, code = container.run_inside("/usr/local/bin/supervisorctl", "status")
        assert code == 3 and [line.split()[:2] for line in out.splitlines()] == [["proxied", "EXITED"], ["stay", "RUNNING"]]
        assert container.ask() == 200
        assert container.run_inside("/usr/local/bin/echo_supervisord_conf")[0].startswith("; Sample supervisor config file")
        assert container.run_inside("/usr/local/bin/supervisorctl", "shutdown") == ("Shut down\n", 0)
        assert container.wait() == 0
