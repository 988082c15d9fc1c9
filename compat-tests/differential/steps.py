"""What each step of a scenario does to a daemon, and what it says about it.

A step is a function of the daemon and of the words that its pattern found; it returns what was seen: nothing, text, or a structure.
It never looks at a clock: waits are for conditions. What may differ between two runs is taken out in ``transcript``, not here.
"""

import ast
import fnmatch
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import listeners
from harness import http, wait_for

from .language import Mistake

STEPS = {}
LIMIT = 20.0


def step(pattern: str, block: bool = False):
    """Registers a step under the pattern of its line; `block` says whether a block may stand below it."""

    def add(function):
        function.takes_block = block
        STEPS[re.compile(pattern)] = function
        return function

    return add


def words(text: str) -> list:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Mistake(f"{error}: {text}") from None


def pid_of(daemon, process: str) -> int:
    daemon.wait_exec()
    pid = daemon.pid_of(process)
    if not pid:
        raise RuntimeError(f"{process} has no pid: {daemon.states()}")
    return pid


# Its life


@step(r"start")
def start(daemon, block):
    daemon.start()


@step(r"launch")
def launch(daemon, block):
    """Starts it without waiting for an answer, for daemons that have no server."""
    daemon.launch()


@step(r"refused")
def refused(daemon, block):
    """A start that comes to nothing: the exit status and what was printed."""
    code = daemon.launch().wait_end()
    return [f"exit {code}", daemon.read("out"), daemon.read("err")]


@step(r"run supervisord(?: (?P<rest>.+))?")
def run(daemon, block, rest):
    """The program with arguments of one's own, to its end."""
    command = [daemon.program, *words(daemon.fill(rest or ""))]
    done = subprocess.run(command, cwd=daemon.dir, env=daemon.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return [f"exit {done.returncode}", done.stdout, done.stderr]


@step(r"signal (?P<name>[A-Z0-9]+)")
def send_signal(daemon, block, name):
    """A signal to supervisord itself."""
    daemon.signal(signal.Signals[f"SIG{name}"])


@step(r"kill (?P<process>\S+) (?P<name>[A-Z0-9]+)")
def kill(daemon, block, process, name):
    """A signal to a child, past supervisord."""
    os.kill(pid_of(daemon, process), signal.Signals[f"SIG{name}"])


# Clients


@step(r"call (?P<method>[\w.]*)\((?P<params>.*)\)")
def call(daemon, block, method, params):
    return daemon.call(method, *ast.literal_eval(f"({daemon.fill(params)},)" if params else "()"))


@step(r"fields (?P<names>[\w,]+) of (?P<method>[\w.]+)\((?P<params>.*)\)")
def fields(daemon, block, names, method, params):
    """A call, and only the named members of the structures that it answers."""
    answer = call(daemon, block, method, params)
    chosen = names.split(",")
    if isinstance(answer, dict):
        return {name: answer[name] for name in chosen}
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return [{name: row[name] for name in chosen} for row in answer]
    return answer


@step(r"(?P<sorted>sorted )?ctl(?: (?P<rest>.+))?", block=True)
def ctl(daemon, block, sorted, rest):
    """One supervisorctl command; a block is what it reads."""
    said = daemon.ctl(*words(rest or ""), stdin=block)
    if sorted:
        said = said.unordered()
    return [f"exit {said.code}", said.stdout, *([f"stderr: {said.stderr}"] if said.stderr else [])]


def request(daemon, method, path, block) -> bytes:
    """Headers, an empty line and a body, as the block has them; the length is added unless it is given."""
    head, _, body = f"\n{daemon.fill(block)}".partition("\n\n")
    body = body.removesuffix("\n").encode()
    headers = [line for line in head.split("\n") if line]
    if method == "POST" and not any(h.lower().startswith("content-length") for h in headers):
        headers.append(f"Content-Length: {len(body)}")
    return http.get(daemon.fill(path), *headers, method=method) + body


@step(r"(?P<what>http|status|page|head) (?P<method>[A-Za-z]+) (?P<path>\S+)(?: on (?P<transport>inet|unix))?", block=True)
def ask(daemon, block, what, method, path, transport):
    """``http`` shows the whole answer, ``page`` its status and body, ``head`` its status and headers, ``status`` only that."""
    daemon.wait_exec()
    reply = daemon.ask(request(daemon, method, path, block), transport or "unix", method != "HEAD")
    said = [reply.status]
    if what in ("http", "head"):
        said += [f"{name}: {value}" for name, value in reply.headers]
    if what in ("http", "page"):
        said.append(reply.body)
    return said


@step(r"raw(?: on (?P<transport>inet|unix))?", block=True)
def raw(daemon, block, transport):
    """The lines of the block, each ended by CRLF, and an empty one; all answers until the server closes, which the last must bring."""
    said = []
    with daemon.connect(transport or "unix", limit=LIMIT) as connection:
        connection.send(b"".join(line.encode() + b"\r\n" for line in daemon.fill(block).split("\n")))
        try:
            while True:
                reply = connection.reply()
                said += [reply.status, *(f"{name}: {value}" for name, value in reply.headers), reply.body]
        except http.Closed as closed:
            return [*said, *([closed.args[0]] if closed.args[0] else []), "closed"]


# Files


@step(r"write (?P<name>\S+)(?: mode (?P<mode>0[0-7]{3}))?", block=True)
def write(daemon, block, name, mode):
    daemon.write(name, block, int(mode, 8) if mode else None)


@step(r"append (?P<name>\S+)", block=True)
def append(daemon, block, name):
    with daemon.path(name).open("a") as file:
        file.write(daemon.fill(block))


@step(r"reconfigure", block=True)
def reconfigure(daemon, block):
    """Everything below the base is what the block says."""
    daemon.write("supervisord.conf", daemon.base + block)


@step(r"remove (?P<name>\S+)")
def remove(daemon, block, name):
    daemon.path(name).unlink()


@step(r"rename (?P<name>\S+) (?P<to>\S+)")
def rename(daemon, block, name, to):
    daemon.path(name).rename(daemon.path(to))


# Waiting


@step(r"until (?P<wanted>\S+=[A-Z]+(?: \S+=[A-Z]+)*)")
def until_states(daemon, block, wanted):
    daemon.wait_states(LIMIT, **dict(one.rsplit("=", 1) for one in wanted.split()))


@step(r"until log has (?P<text>.+?)(?: (?P<times>\d+) times)?")
def until_log(daemon, block, text, times):
    until_file(daemon, block, "supervisord.log", text, times)


@step(r"until file (?P<name>\S+) has (?P<text>.+?)(?: (?P<times>\d+) times)?")
def until_file(daemon, block, name, text, times):
    wait_for(
        lambda: daemon.read(name).count(daemon.fill(text)) >= int(times or 1), LIMIT,
        what=lambda: f"{text!r} in {name}: {daemon.read(name)}\n{daemon.report()}",
    )


@step(r"until file (?P<name>\S+) lacks (?P<text>.+)")
def until_lacks(daemon, block, name, text):
    wait_for(lambda: daemon.fill(text) not in daemon.read(name), LIMIT, what=lambda: daemon.read(name))


@step(r"until file (?P<name>\S+) (?P<what>exists|is gone)")
def until_exists(daemon, block, name, what):
    wait_for(lambda: os.path.lexists(daemon.path(name)) == (what == "exists"), LIMIT, what=daemon.report)


@step(r"until answers")
def until_answers(daemon, block):
    wait_for(daemon.answers, LIMIT, what=daemon.report)


@step(r"until ended")
def until_ended(daemon, block):
    return [f"exit {daemon.wait_end(LIMIT)}"]


# Looking


@step(r"show states")
def show_states(daemon, block):
    return [f"{name} {state}" for name, state in daemon.states().items()]


@step(r"show file (?P<name>\S+)")
def show_file(daemon, block, name):
    return daemon.path(name).read_bytes() if daemon.path(name).exists() else "(no file)"


@step(r"show (?P<sorted>sorted )?log of (?P<texts>.+)")
def show_log(daemon, block, sorted, texts):
    """Level and text of the lines of the activity log that have one of the texts in them."""
    lines = daemon.log_messages(*map(daemon.fill, words(texts)))
    if sorted:
        lines.sort()
    return lines or "(nothing)"


@step(r"show folder(?: (?P<patterns>.+))?")
def show_folder(daemon, block, patterns):
    return [re.sub(r" \d+:\d+ ", " ", line) for line in daemon.listing(*words(patterns or ""))] or "(nothing)"


@step(r"show (?P<what>stdout|stderr)")
def show_output(daemon, block, what):
    return daemon.read(what.removeprefix("std"))


@step(r"show events (?P<name>\w+)(?: of (?P<patterns>.+))?")
def show_events(daemon, block, name, patterns):
    """What a recorder was told of, without the numbers: event and payload."""
    told = [f"{event} {payload}" for event, _, payload in listeners.events(daemon, f"{name}.events")]
    return [line for line in told if not patterns or any(fnmatch.fnmatch(line, f"*{p}*") for p in words(patterns))] or "(nothing)"


@step(r"show headers (?P<name>\w+)")
def show_headers(daemon, block, name):
    """The header of each event; of the length only whether it is right."""
    def told(header, payload):
        head, _, length = header.strip().rpartition("len:")
        return f"{head}len:{'right' if int(length) == len(payload) else 'wrong'}"

    return [told(*one) for one in listeners.recorded(daemon, f"{name}.events")]


@step(r"show environment (?P<process>\S+) (?P<patterns>.+)")
def show_environment(daemon, block, process, patterns):
    pairs = Path(f"/proc/{pid_of(daemon, process)}/environ").read_bytes().decode().split("\0")
    return sorted(p for p in pairs if p and any(fnmatch.fnmatch(p.partition("=")[0], w) for w in words(patterns))) or "(nothing)"


@step(r"show words of (?P<process>\S+)")
def show_words(daemon, block, process):
    return Path(f"/proc/{pid_of(daemon, process)}/cmdline").read_bytes().decode().rstrip("\0").split("\0")


@step(r"show status (?P<process>\S+) (?P<names>\w+(?: \w+)*)")
def show_status(daemon, block, process, names):
    lines = Path(f"/proc/{pid_of(daemon, process)}/status").read_text().splitlines()
    found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {name: found[name] for name in names.split()}


@step(r"show link (?P<process>\S+) (?P<name>\S+)")
def show_link(daemon, block, process, name):
    return re.sub(r"\[\d+\]", "[N]", os.readlink(f"/proc/{pid_of(daemon, process)}/{name}"))


@step(r"show descriptors (?P<process>\S+)")
def show_descriptors(daemon, block, process):
    folder = f"/proc/{pid_of(daemon, process)}/fd"
    return [f"{fd} {re.sub(r'[0-9]+', 'N', os.readlink(f'{folder}/{fd}'))}" for fd in sorted(os.listdir(folder), key=int)]


@step(r"show standing (?P<process>\S+)")
def show_standing(daemon, block, process):
    """Whether a child leads its process group, and whose session it is in."""
    pid = pid_of(daemon, process)
    return {"leads its group": os.getpgid(pid) == pid, "in supervisord's session": os.getsid(pid) == os.getsid(daemon.pid)}
