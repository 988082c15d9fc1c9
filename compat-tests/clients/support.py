"""What the tests of clients share: where the installed clients are, and a daemon for them to work on."""

import os
import subprocess
from pathlib import Path

from harness import pair, where
from harness.daemon import Output

HERE = Path(__file__).resolve().parent

# An inet server with a password, as the clients' own documents advise, and a unix socket.
SERVERS = pair.SERVERS.replace("port=127.0.0.1:{port}", "port=127.0.0.1:{port}\nusername=operator\npassword=s3cret")
BASE = pair.SUPERVISORD + SERVERS

PROGRAMS = """
[program:alpha]
command=/bin/cat
startsecs=0
stopwaitsecs=5
[program:beta]
command=/bin/cat
autostart=false
startsecs=0
[program:talk]
command=/bin/sh -c 'echo "first line"; echo "Malmö"; exec /bin/cat'
startsecs=0
[program:one]
command=/bin/cat
startsecs=0
[program:two]
command=/bin/cat
startsecs=0
[group:web]
programs=one,two
"""


def ready(daemon):
    """Everything that starts of itself has, and has said what it says."""
    daemon.wait_states(alpha="RUNNING", talk="RUNNING", web__one="RUNNING", web__two="RUNNING", beta="STOPPED")
    daemon.wait_exec()


def programs(config=PROGRAMS, base=BASE, ready=ready, **options):
    """A module's fixture: both daemons with the programs above."""
    return pair.shared_pair(config, base, ready, **options)


def tool(environment: str, name: str) -> str:
    """A program of one of the virtual environments."""
    path = HERE / ".venvs" / environment / "bin" / name
    if not path.exists():
        raise FileNotFoundError(f"no {path}: run scripts/clients")
    return str(path)


def ctl(daemon) -> str:
    """The supervisorctl that belongs to the daemon: ours beside ours, the reference's beside the reference's."""
    return str(Path(where.supervisord(daemon.kind)).parent / "supervisorctl")


def run(daemon, *command, env=None, limit: float = 60.0, stdin: str = "") -> Output:
    """A client's command, in the daemon's folder and with its environment."""
    words = [daemon.fill(str(word)) for word in command]
    done = subprocess.run(words, input=stdin.encode(), capture_output=True, cwd=daemon.dir, env={**daemon.env, **(env or {})}, timeout=limit)
    return Output(done.stdout.decode("utf-8", "backslashreplace"), done.stderr.decode("utf-8", "backslashreplace"), done.returncode)


def path_with_ctl(daemon, *before: str) -> dict:
    """An environment in which ``supervisorctl`` is the daemon's own: for clients that look for it on the path."""
    folder = daemon.path("bin")
    if not folder.exists():
        folder.mkdir()
        (folder / "supervisorctl").symlink_to(ctl(daemon))
    return {"PATH": os.pathsep.join([str(folder), *before, daemon.env["PATH"]])}
