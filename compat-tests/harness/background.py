"""A supervisord in the background: started without ``-n``, left by the command that started it, and adopted by this process.

Whoever becomes nobody's child comes to us (a "child subreaper"), so that the exit status of a daemon can be asked for as that of
any child.
"""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

from .daemon import Daemon
from .pair import Pair
from .waiting import wait_for

PR_SET_CHILD_SUBREAPER = 36


class Adopted:
    """The part of `subprocess.Popen` that the harness needs, for a process that somebody else started."""

    def __init__(self, pid: int):
        self.pid = pid
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self):
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        while self.poll() is None:
            time.sleep(0.01)


class Background(Daemon):
    """`code` is the exit status of the command that started it; what that printed is in ``out`` and ``err``."""

    #: What follows ``-c``; None for the whole path.
    given_config = None

    def launch(self):
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        command = [*self.wrapper, self.program, "-c", self.given_config or self.config_path, *self.args]
        with open(f"{self.dir}/out", "ab") as out, open(f"{self.dir}/err", "ab") as err:
            done = subprocess.run(command, cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=30)
        self.code = done.returncode
        if self.code:
            raise RuntimeError(f"supervisord did not start: {self.code}\n{self.report()}")
        self.process = Adopted(wait_for(self._adopted, 5, what=self.report))
        return self

    def descendants(self, of: int = None) -> list:
        return super().descendants(of) if self.process else []

    def _adopted(self):
        mark = f"{os.getpid()}\n"
        own = f"COMPAT_TEST_DAEMON={self.dir}".encode()
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and f"\nPPid:\t{mark}" in Path(f"/proc/{entry}/status").read_text():
                    if own in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                        return int(entry)
            except OSError:
                continue
        return None

    # What the system knows about it

    def about(self) -> dict:
        """What can be seen of a daemon from outside."""
        def link(name):
            return os.readlink(f"/proc/{self.pid}/{name}")

        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        own = [os.getpgid(self.pid), os.getsid(self.pid)]
        return {
            "leads its group and session": own == [self.pid, self.pid],
            "terminal": [link(f"fd/{fd}") for fd in range(3)],
            "directory": link("cwd"),
            **{name: status[name].split() for name in ("Umask", "Uid", "Gid", "Groups", "SigIgn", "SigBlk")},
        }


class BackgroundPair(Pair):
    """Both daemons in the background."""

    def __init__(self, config: str, given_config=None, **options):
        super().__init__(config, kind_of_daemon=Background, **options)
        for daemon in self.both:
            daemon.given_config = given_config
