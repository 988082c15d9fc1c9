"""The real supervisorctl without the 0.1 s that Python needs to load it each time.

A helper process imports the client's modules once. For each command it forks; the child takes over the caller's descriptors,
folder and environment and runs the very script that pip installed. The suite runs thousands of commands.
``COMPAT_EXEC=1`` turns it off, and every command is a program of its own again.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading


class Client:
    """The test process's side: one helper, started on first use."""

    def __init__(self):
        self._lock = threading.Lock()
        self._helper = None
        # An abstract address: nothing to clean up, however the test process ends.
        self._name = f"compat-tests-client-{os.getpid()}"

    def _address(self) -> str:
        with self._lock:
            if self._helper is None or self._helper.poll() is not None:
                self._helper = subprocess.Popen([sys.executable, "-P", __file__, self._name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                self._helper.stdout.readline()
            return "\0" + self._name

    def run(self, command, *, stdin: bytes, cwd: str, env: dict, timeout: float):
        """Standard output, standard error and exit status of ``command``, whose first word is the script."""
        with tempfile.TemporaryFile() as inp, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            inp.write(stdin)
            inp.seek(0)
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(timeout)
                line.connect(self._address())
                request = json.dumps({"command": command, "cwd": cwd, "env": env}).encode()
                socket.send_fds(line, [len(request).to_bytes(4, "big")], [inp.fileno(), out.fileno(), err.fileno()])
                line.sendall(request)
                answer = line.makefile()
                pid = int(answer.readline())
                try:
                    code = answer.readline()
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(command, timeout) from None
            out.seek(0)
            err.seek(0)
            return out.read(), err.read(), int(code) if code else -signal.SIGKILL


def _serve(name: str):
    import getpass, pwd, readline, xmlrpc.client  # noqa: E401,F401 - loaded once for all

    import supervisor.supervisorctl  # noqa: F401

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0" + name)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    def leave_with_the_tests():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=leave_with_the_tests, daemon=True).start()
    print("ready", flush=True)
    while True:
        line, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _run(line)
        line.close()


def _run(line: socket.socket):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, fds, _, _ = socket.recv_fds(line, 4, 3)
    request = b""
    while len(request) < int.from_bytes(size, "big"):
        request += line.recv(65536)
    request = json.loads(request)
    line.sendall(f"{os.getpid()}\n".encode())
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    sys.stdin, sys.stdout, sys.stderr = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8", errors="backslashreplace")
    sys.argv = request["command"]
    try:
        with open(sys.argv[0]) as script:
            code = compile(script.read(), sys.argv[0], "exec")
        exec(code, {"__name__": "__main__", "__file__": sys.argv[0]})
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    line.sendall(f"{status}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
