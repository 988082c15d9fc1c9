"""One running supervisord, the reference's or ours, in a folder of its own.

The daemon runs in the foreground (``-n``) unless a test asks for the background, and never outlives its test: on `stop` it and everything it started are ended,
by pid. What belongs to it is known by a variable in its environment, which children inherit wherever they end up.
"""

import itertools
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path

from . import http, preloaded, rpc, where
from .waiting import wait_for

MARK = "COMPAT_TEST_DAEMON"

_ports = itertools.count()
_client = preloaded.Client()


@dataclass
class Output:
    """What a client printed, and how it ended."""

    stdout: str
    stderr: str
    code: int

    def unordered(self):
        """The same with its lines sorted: for several processes stopped at once, whose order of death is chance."""
        return Output("".join(sorted(self.stdout.splitlines(keepends=True))), self.stderr, self.code)


def free_port() -> int:
    """A port below the range from which the kernel picks for clients, and apart for each pytest worker."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    base = 12000 + (os.getpid() % 7) * 2500 + worker * 300
    while True:
        port = base + next(_ports) % 300
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Daemon:
    """A supervisord that is told to run `config`, where ``{dir}``, ``{sock}``, ``{port}``, ``{other_port}`` and ``{python}`` are filled in."""

    def __init__(self, kind: str, config: str, *, args=(), env=None, files=None, wrapper=(), background=False, user_mode=None):
        self.kind = kind
        self.program = where.supervisord(kind)
        self.dir = tempfile.mkdtemp(prefix="sv-ref-" if kind == where.REFERENCE else "sv-our-", dir="/tmp")
        if user_mode is not None:
            os.chmod(self.dir, user_mode)
        self.sock = f"{self.dir}/s.sock"
        self.port = free_port()
        self.other_port = free_port()
        self.args = args
        self.wrapper = wrapper
        self.background = background
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONIOENCODING": "utf-8",
            MARK: self.dir,
            **(env or {}),
        }
        self.process = None
        for name, content in (files or {}).items():
            self.write(name, content)
        self.write("supervisord.conf", config)

    # Files

    def path(self, name: str) -> Path:
        return Path(self.dir) / name

    def fill(self, template: str) -> str:
        """The template with this daemon's places filled in; other braces stay as they are."""
        places = {"{dir}": self.dir, "{sock}": self.sock, "{port}": str(self.port), "{other_port}": str(self.other_port), "{python}": sys.executable}
        for place, value in places.items():
            template = template.replace(place, value)
        return template

    def write(self, name: str, content: str, mode: int = None) -> Path:
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.fill(content))
        if mode is not None:
            path.chmod(mode)
        return path

    @property
    def config_path(self) -> str:
        return f"{self.dir}/supervisord.conf"

    def read(self, name: str) -> str:
        """The text of one of its files, empty while there is none."""
        try:
            return self.path(name).read_text(errors="backslashreplace")
        except FileNotFoundError:
            return ""

    def listing(self, *patterns: str) -> list:
        """``mode uid:gid name`` of what is in its folder and matches one of `patterns`, without what the harness put there."""
        found = []
        for pattern in patterns or ("**/*",):
            for path in self.path("").glob(pattern):
                seen = path.lstat()
                found.append(f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid} {path.relative_to(self.dir)}")
        return sorted(line for line in found if line.split()[-1] not in ("out", "err", "supervisord.conf"))

    def log(self) -> str:
        """The activity log so far."""
        return self.read("supervisord.log")

    def log_messages(self, *parts: str) -> list:
        """``LEVL message`` of the activity log lines that contain one of `parts` (all lines when none is given)."""
        messages = [line[24:] if line[23:24] == " " else line for line in self.log().splitlines()]
        return [m for m in messages if not parts or any(p in m for p in parts)]

    # Life

    def launch(self):
        """Starts it without waiting for anything."""
        foreground = [] if self.background else ["-n"]
        command = [*self.wrapper, self.program, *foreground, "-c", self.config_path, *self.args]
        with open(f"{self.dir}/out", "ab") as out, open(f"{self.dir}/err", "ab") as err:
            self.process = subprocess.Popen(
                command, cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
        return self

    def start(self, limit: float = 15.0):
        """Starts it and returns when it answers."""
        self.launch()
        try:
            wait_for(self.answers, limit, what=self.report)
        except BaseException:
            self.stop()
            raise
        return self

    def answers(self) -> bool:
        """Whether it serves HTTP; any response will do, also 401."""
        if self.process.poll() is not None and not (self.background and self.process.returncode == 0):
            raise RuntimeError(f"supervisord ended with {self.process.returncode}\n{self.report()}")
        for transport in ("unix", "inet"):
            try:
                with self.connect(transport, limit=5) as connection:
                    return bool(connection.send(http.get("/ok.html", "Connection: close")).head())
            except (OSError, http.Closed):
                continue
        return False

    @property
    def pid(self) -> int:
        """The daemon's pid: the one we started, or in the background the one in the pidfile."""
        return int(self.read("supervisord.pid") or 0) if self.background else self.process.pid

    def signal(self, number: int):
        self.wait_exec()
        os.kill(self.pid, number)
        return self

    def wait_end(self, limit: float = 15.0) -> int:
        """Waits until the process that was started has ended of itself, and returns its exit status."""
        wait_for(lambda: self.process.poll() is not None, limit, what=self.report)
        return self.process.returncode

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Ends the daemon at once, then all it started, then removes its folder."""
        if self.process is not None:
            if self.running():
                self.process.kill()
            self.process.wait()
            end = time.monotonic() + 5
            while (left := self.descendants(of=self.process.pid)) and time.monotonic() < end:
                for pid in left:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                time.sleep(0.01)
        shutil.rmtree(self.dir, ignore_errors=True)

    def descendants(self, of: int = None) -> list:
        """Pids of all living processes that this daemon (or the process `of`) started, directly or not."""
        top = of or self.pid
        mark = f"{MARK}={self.dir}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) not in (os.getpid(), top):
                try:
                    if mark in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                        found.append(int(entry))
                except OSError:
                    continue
        return found

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.stop()

    def report(self) -> str:
        """All that is known about it, for a failure message."""
        return f"--- {self.kind}: stdout\n{self.read('out')}--- stderr\n{self.read('err')}--- log\n{self.log()}---"

    # Clients

    def rpc(self, transport: str = "unix", limit: float = 20.0, credentials: str = "") -> xmlrpc.client.ServerProxy:
        if transport == "unix":
            return rpc.unix_proxy(self.sock, limit)
        return rpc.inet_proxy(self.port, limit, credentials)

    def call(self, method: str, *params):
        """The result of one call, or the fault as ``("fault", code, text)``, or the HTTP error as ``("http", code)``."""
        self.wait_exec()
        try:
            target = self.rpc()
            for part in method.split("."):
                target = getattr(target, part)
            return target(*params)
        except xmlrpc.client.Fault as fault:
            return ("fault", fault.faultCode, fault.faultString)
        except xmlrpc.client.ProtocolError as error:
            return ("http", error.errcode)

    def connect(self, transport: str = "unix", limit: float = 30.0) -> http.Connection:
        return http.Connection(self.sock if transport == "unix" else ("127.0.0.1", self.port), limit)

    def ask(self, request: bytes, transport: str = "unix", body: bool = True) -> http.Reply:
        """One request on a connection of its own."""
        with self.connect(transport) as connection:
            return connection.send(request).reply(body)

    def raw_call(self, method: str, *params) -> http.Reply:
        """One XML-RPC call as bytes, and the reply as bytes."""
        return self.ask(http.post(xmlrpc.client.dumps(params, method).encode("utf-8", "xmlcharrefreplace")))

    def ctl_command(self, *words: str, options=(), config=True) -> list:
        chosen = ["-c", self.config_path] if config else []
        return [where.supervisorctl(self.kind), *chosen, *[self.fill(o) for o in options], *[self.fill(w) for w in words]]

    def ctl(self, *words: str, options=(), stdin: str = "", timeout: float = 30.0, env=None, config=True) -> Output:
        """The real supervisorctl, with this daemon's configuration file."""
        self.wait_exec()
        command = self.ctl_command(*words, options=options, config=config)
        if env is None and where.preloading(self.kind):
            out, err, code = _client.run(command, stdin=stdin.encode(), cwd=self.dir, env=self.env, timeout=timeout)
        else:
            done = subprocess.run(
                command, input=stdin.encode(), capture_output=True, timeout=timeout, cwd=self.dir, env={**self.env, **(env or {})}
            )
            out, err, code = done.stdout, done.stderr, done.returncode
        return Output(out.decode("utf-8", "backslashreplace"), err.decode("utf-8", "backslashreplace"), code)

    # Conditions

    def wait_exec(self):
        """Waits until each child can be sent a signal that counts.

        One to a child of the reference that is still Python is lost, and one to a shell that has yet to set its trap for TERM ends it.
        """
        try:
            own = Path(f"/proc/{self.pid}/cmdline").read_bytes()
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return

        def prepared(child):
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                status = Path(f"/proc/{child}/status").read_text()
            except OSError:
                return True
            if b"trap" in command and b"TERM" in command and "State:\tZ" not in status:
                masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigIgn", "SigCgt"))]
                return any(mask >> (signal.SIGTERM - 1) & 1 for mask in masks)
            return command != own

        wait_for(lambda: all(map(prepared, children)), 5, what="the children's readiness", pause=0.005)

    def states(self) -> dict:
        """State name by full process name."""
        rows = self.rpc().supervisor.getAllProcessInfo()
        return {r["name"] if r["name"] == r["group"] else f"{r['group']}:{r['name']}": r["statename"] for r in rows}

    def wait_states(self, limit: float = 15.0, **wanted: str):
        """Waits until the named processes are in the named states; ``__`` in a name stands for the colon."""
        wanted = {name.replace("__", ":"): state for name, state in wanted.items()}

        def reached():
            states = self.states()
            return all(states.get(name) == state for name, state in wanted.items())

        wait_for(reached, limit, what=lambda: f"{wanted}, but {self.states()}\n{self.report()}")
        return self

    def wait_settled(self, limit: float = 15.0):
        """Waits until no process is on its way anywhere."""
        restless = {"STARTING", "BACKOFF", "STOPPING"}
        wait_for(lambda: not restless & set(self.states().values()), limit, what=lambda: f"{self.states()}\n{self.report()}")
        return self

    def wait_log(self, text: str, limit: float = 10.0, name: str = "supervisord.log"):
        """Waits until a file (the activity log unless named) contains `text`."""
        wait_for(lambda: self.fill(text) in self.read(name), limit, what=lambda: f"{text!r} in {name}\n{self.report()}")
        return self

    def pid_of(self, name: str) -> int:
        return self.rpc().supervisor.getProcessInfo(name)["pid"]
