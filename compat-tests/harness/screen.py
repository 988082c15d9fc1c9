"""A program on a pseudo-terminal, seen as its user sees it: through a terminal emulator."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path

import pyte


class Screen:
    """Runs a command on a terminal of its own. What is compared is the picture, not the bytes that painted it."""

    def __init__(self, command, *, env, cwd, columns: int = 80, rows: int = 40):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(command[0], command, {**env, "TERM": "vt100", "COLUMNS": str(columns), "LINES": str(rows)})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def lines(self) -> list:
        """The picture, without trailing blanks and without the empty lines at its end."""
        rows = [row.rstrip() for row in self.screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def text(self) -> str:
        return "\n".join(self.lines())

    def type(self, keys: str):
        os.write(self.fd, keys.encode())
        return self

    def pump(self, limit: float) -> bool:
        """Takes in what the program painted within the limit; False when there was nothing or the program is gone."""
        if not select.select([self.fd], [], [], limit)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.stream.feed(data)
        return bool(data)

    def wait(self, condition, limit: float = 15.0):
        """Waits until `condition(screen text)`, and returns that text."""
        end = time.monotonic() + limit
        while not condition(self.text()):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the screen never showed it:\n{self.text()}")
            if not self.pump(min(left, 0.2)) and self.ended() and not condition(self.text()):
                raise TimeoutError(f"the program ended first:\n{self.text()}")
        return self.text()

    def wait_text(self, text: str, limit: float = 15.0):
        return self.wait(lambda shown: text in shown, limit)

    def wait_asleep(self, limit: float = 15.0):
        """Waits until the program waits itself: a Ctrl-C in the midst of its work is another story than one at rest."""
        def asleep(_):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"

        return self.wait(asleep, limit)

    def wait_prompts(self, count: int, prompt: str = "supervisor>", limit: float = 15.0):
        """Waits until the last line is the bare prompt and it is the `count`-th one on the screen."""
        def reached(shown):
            return shown.count(prompt) >= count and shown.endswith(prompt)
        return self.wait(reached, limit)

    def ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait_end(self, limit: float = 15.0, insist: str = "") -> int:
        """Waits for the program's end, taking in all it paints, and returns its exit status.

        `insist` is a key to press again each second, for a program that may not have been listening yet.
        """
        end = time.monotonic() + limit
        again = time.monotonic() + 1
        while True:
            if insist and not self.ended() and time.monotonic() > again:
                self.type(insist)
                again += 1
            more = self.pump(0.05)
            if self.ended() and not more:
                return self.status
            if time.monotonic() > end:
                raise TimeoutError(f"still running:\n{self.text()}")
