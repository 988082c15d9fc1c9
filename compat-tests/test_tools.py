"""The small programs: echo_supervisord_conf, pidproxy, and what `supervisord check` and `supervisord config` say."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import where
from harness.waiting import wait_for

KINDS = [where.REFERENCE, where.OURS]

# What the reference makes of a file: its settings as JSON, or its two lines on stderr and status 2.
READ = """
import json, sys
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(["-c", sys.argv[1]], doc="")
options.process_group_configs
shown = {name: repr(getattr(options, name)) for name in
         ("logfile", "logfile_maxbytes", "logfile_backups", "loglevel", "pidfile", "nodaemon", "silent", "minfds", "minprocs",
          "umask", "identifier", "nocleanup", "childlogdir", "strip_ansi", "directory", "user")}
shown["interfaces"] = [name for name, _, _ in options.rpcinterface_factories]
shown["servers"] = [{k: repr(v) for k, v in server.items() if k != "section"} for server in options.server_configs]
shown["groups"] = sorted(group.name for group in options.process_group_configs)
print(json.dumps(shown))
"""


def run(*command, cwd="/", timeout=20, **env):
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", **env}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=cwd, env=environment, timeout=timeout)
    return done.stdout, done.stderr, done.returncode


def reference_reads(file):
    """The reference's settings, or the text of its complaint."""
    out, err, code = run(sys.executable, "-c", READ, file)
    if code == 2:
        return re.fullmatch(r"Error: (.*)\nFor help, use .*\n", err, re.DOTALL)[1]
    assert code == 0, err
    return json.loads(out)


def check(file, *switches, **env):
    out, err, code = run(where.supervisord(where.OURS), "check", "-c", file, *switches, **env)
    assert err == ""
    return out, code


def findings(file, *switches):
    out, code = check(file, "--json", *switches)
    return json.loads(out), code


# echo_supervisord_conf


def sample(kind, *words):
    out, err, code = run(where.program(kind, "echo_supervisord_conf"), *words)
    assert (err, code) == ("", 0)
    return out


def options_of(text):
    """Section and name of every option, commented out or not."""
    section, found = None, []
    for line in text.splitlines():
        if match := re.match(r";?\[(\S+)\]", line):
            section = match[1]
        elif match := re.match(r";?([a-z_.]+) ?=", line):
            found.append((section, match[1]))
    return found


def test_the_sample_has_the_options_of_the_reference():
    """EXE-001, EXE-002: the same in the same order, also commented out."""
    ours = sample(where.OURS)
    assert options_of(ours) == options_of(sample(where.REFERENCE))
    assert "Sample supervisor config file" in ours


def test_words_after_it_are_ignored():
    """EXE-001"""
    for kind in KINDS:
        assert sample(kind, "-n", "foo") == sample(kind)


def test_the_reference_reads_our_sample_like_its_own(tmp_path):
    """EXE-002"""
    settings = []
    for kind in KINDS:
        (tmp_path / "s.conf").write_text(sample(kind))
        settings.append(reference_reads(tmp_path / "s.conf"))
    assert settings[0] == settings[1]
    assert settings[1]["servers"] and settings[1]["groups"] == []


def test_every_line_of_our_sample_is_good_for_the_reference(tmp_path, ours_only):
    """EXE-002, with all that is commented out taken in."""
    text = re.sub(r"^;(?! )(?=.)", "", sample(where.OURS), flags=re.MULTILINE)
    for name, here in [("user=supervisord", "user=root"), ("nobody:nogroup", "root:root"), ("progname1,progname2", "theprogramname")]:
        text = text.replace(name, here)
    (tmp_path / "s.conf").write_text(text)
    settings = reference_reads(tmp_path / "s.conf")
    assert settings["groups"] == ["theeventlistenername", "thegroupname"]


def under_the_name(folder, name):
    link = folder / name
    link.symlink_to(where.supervisord(where.OURS))
    return link


def test_the_daemon_is_the_sample_under_its_name(tmp_path, ours_only):
    """EXE-001"""
    link = under_the_name(tmp_path, "echo_supervisord_conf")
    assert run(link) == (sample(where.OURS), "", 0) == run(where.supervisord(where.OURS), "echo-config")


def test_the_daemon_is_supervisorctl_under_its_name(tmp_path, ours_only):
    """GO-001: the same client, with the same statuses, and it finds its configuration beside itself."""
    (tmp_path / "bin").mkdir()
    link = under_the_name(tmp_path / "bin", "supervisorctl")
    programs = [str(link), where.program(where.OURS, "supervisorctl")]
    helps = [run(program, "--help")[0].replace(program, "X") for program in programs]
    assert helps[0] == helps[1] and helps[0].startswith("supervisorctl -- ")
    (tmp_path / "supervisord.conf").write_text(f"[supervisorctl]\nserverurl=unix://{tmp_path}/none.sock\n")
    assert run(link, "status") == (f"unix://{tmp_path}/none.sock no such file\n", "", 4)


def test_the_daemon_is_pidproxy_under_its_name(tmp_path, ours_only):
    """EXE-003, EXE-008"""
    link = under_the_name(tmp_path, "pidproxy")
    out, err, code = run(link)
    assert out.endswith(f"\nUsage: {link} <pidfile name> <command> [<cmdarg1> ...]\n\n") and (err, code) == ("", 1)
    assert run(link, "pid", "/bin/sh", "-c", "exit 3") == ("", "", 3)


def test_under_any_other_name_it_is_the_daemon(tmp_path, ours_only):
    for name in ("supervisord-next", "supervisorctl.old"):
        assert run(under_the_name(tmp_path, name), "-v") == ("4.3.0\n", "", 0)


# pidproxy

# Writes its pid where the proxy looks, and what it is sent into a file.
TARGET = """#!/bin/sh
for name in HUP INT QUIT TERM USR1 USR2; do trap "echo $name >> got" $name; done
echo $$ > pid
while [ ! -e leave ]; do sleep 0.05; done
exit 7
"""


class Proxy:
    def __init__(self, kind, folder, *words):
        self.kind, self.folder = kind, folder
        environment = {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            self.process = subprocess.Popen([where.program(kind, "pidproxy"), *words], cwd=folder, env=environment, stdout=out, stderr=err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        (self.folder / "leave").touch()
        self.process.kill()
        self.process.wait()

    def read(self, name):
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def send(self, number):
        self.process.send_signal(number)
        return self

    def wait_for(self, text, name):
        wait_for(lambda: text in self.read(name), what=lambda: f"{text!r} in {name}: {self.read(name)!r}, {self.read('err')}")

    def children(self):
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()


@pytest.fixture
def target(tmp_path):
    script = tmp_path / "target"
    script.write_text(TARGET)
    script.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("words", [[], ["pidfile"]], ids=len)
def test_words_that_are_missing(words):
    """EXE-003"""
    for kind in KINDS:
        program = where.program(kind, "pidproxy")
        out, err, code = run(program, *words)
        assert (err, code) == ("", 1)
        assert out.startswith("pidproxy -- run command and proxy signals to it via its pidfile.\n")
        assert out.endswith(f"\nUsage: {program} <pidfile name> <command> [<cmdarg1> ...]\n\n")


@pytest.mark.parametrize("last", ["TERM", "INT", "QUIT"])
@pytest.mark.parametrize("kind", KINDS)
def test_signals_are_passed_on(kind, last, target):
    """EXE-004, EXE-005, EXE-007: a path without a folder is one in the current directory; the last signal ends the proxy alone."""
    with Proxy(kind, target, "pid", "target") as proxy:
        proxy.wait_for("\n", "pid")
        for name in ("HUP", "USR1", "USR2"):
            proxy.send(getattr(signal, f"SIG{name}")).wait_for(name, "got")
            assert proxy.process.poll() is None
        proxy.send(getattr(signal, f"SIG{last}"))
        assert proxy.process.wait(10) == 0
        proxy.wait_for(last, "got")
        assert proxy.read("got").split() == ["HUP", "USR1", "USR2", last]
        assert proxy.read("out") == proxy.read("err") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_sees_its_name_as_typed(kind, tmp_path):
    """EXE-004; and no signal is blocked for it."""
    (tmp_path / "sleep").symlink_to("/bin/sleep")
    with Proxy(kind, tmp_path, "pid", "sleep", "100", "200") as proxy:
        def command():
            for child in proxy.children():
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[:-1]
                if words[:1] == [b"sleep"]:
                    return int(child), words
        child, words = wait_for(command, what="the command")
        blocked = re.search(r"^SigBlk:\t(.*)$", Path(f"/proc/{child}/status").read_text(), re.MULTILINE)[1]
        os.kill(child, signal.SIGKILL)
        assert words == [b"sleep", b"100", b"200"] and int(blocked, 16) == 0


@pytest.mark.parametrize("content", [None, "", "none\n"], ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_a_pidfile_that_says_nothing(kind, content, target):
    """EXE-006: said each time, and the signal is gone."""
    with Proxy(kind, target, "no/../pidfile", "target") as proxy:
        proxy.wait_for("\n", "pid")
        (target / "no").mkdir()
        if content is not None:
            (target / "pidfile").write_text(content)
        for count in (1, 2):
            proxy.send(signal.SIGTERM)
            wait_for(lambda: proxy.read("out") == "Can't read child pidfile no/../pidfile!\n" * count, what=lambda: proxy.read("out"))
        assert proxy.process.poll() is None and proxy.read("got") == ""


def gone_pid():
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_is_gone(kind, target):
    """EXE-009: status 1, where the reference has a traceback; other signals do not end ours."""
    pid = gone_pid()
    (target / "gone").write_text(f"{pid}\n")
    with Proxy(kind, target, "gone", "target") as proxy:
        proxy.wait_for("\n", "pid")
        if kind == where.OURS and not where.ours_is_the_reference():
            proxy.send(signal.SIGHUP).wait_for(f"Can't send SIGHUP to child {pid}: No such process\n", "out")
            assert proxy.process.poll() is None
        proxy.send(signal.SIGTERM)
        assert proxy.process.wait(10) == 1


def test_the_status_of_the_command_is_passed_on_at_once(target, ours_only):
    """QRK-036; EXE-008: the reference looks every five seconds and says 0."""
    with Proxy(where.OURS, target, "pid", "./target") as proxy:
        proxy.wait_for("\n", "pid")
        started = time.monotonic()
        (target / "leave").touch()
        assert proxy.process.wait(10) == 7
        assert time.monotonic() - started < 3
    with Proxy(where.OURS, target, "pid", "/bin/sh", "-c", "kill -KILL $$") as proxy:
        assert proxy.process.wait(10) == 128 + 9


# Leaves the target behind, as a daemon does, and ends once it is there.
DETACH = "setsid ./target > /dev/null 2>&1 & while [ ! -s pid ]; do sleep 0.05; done"


def test_the_proxy_outlives_a_command_that_went_into_the_background(target, ours_only):
    """GO-092, GO-093, GO-095: and ends with status 1 when the process in the file is gone."""
    with Proxy(where.OURS, target, "-exit-daemon-stop", "pid", "/bin/sh", "-c", DETACH) as proxy:
        wait_for(lambda: proxy.read("pid") and not proxy.children(), what="the end of the command")
        proxy.send(signal.SIGHUP).wait_for("HUP", "got")
        assert proxy.process.poll() is None
        pid = int(proxy.read("pid"))
        (target / "leave").touch()
        assert proxy.process.wait(10) == 1
        assert proxy.read("out") == f"Process {pid} is not alive\n"


def test_a_command_that_fails_to_go_into_the_background_ends_the_proxy(target, ours_only):
    """GO-094: with the command's own status. A process that has yet to write its file is waited for."""
    with Proxy(where.OURS, target, "-exit-daemon-stop", "pid", "/bin/sh", "-c", "exit 5") as proxy:
        assert proxy.process.wait(10) == 5
    with Proxy(where.OURS, target, "-exit-daemon-stop", "pid", "/bin/true") as proxy:
        wait_for(lambda: not proxy.children(), what="the end of the command")
        (target / "pid").write_text(f"{gone_pid()}\n")
        assert proxy.process.wait(10) == 1
    for words in (["-exit-daemon-stop"], ["-exit-daemon-stop", "pid"]):
        assert run(where.program(where.OURS, "pidproxy"), *words)[2] == 1


@pytest.mark.parametrize("command, code", [("nothing", 127), (".", 126), ("/bin/sh/x", 126)])
def test_a_command_that_cannot_be_run(command, code, tmp_path, ours_only):
    """EXE-009, QRK-036: the reference says 0."""
    out, err, found = run(where.program(where.OURS, "pidproxy"), "pid", command, cwd=tmp_path)
    assert (out, found) == ("", code) and err.startswith(f"Can't run {command}: ")


# supervisord check

FAULTY = """\
[supervisord]
minfds=lots
logfile={dir}/supervisord.log
loglevel=wran
environment=A=

[unix_http_server]
file={dir}/s.sock
chmod=rwx

[group:g]
programs=a,c
priority=first

[program:a]
command=/bin/cat %(ENV_NOTHING)s
autorestart=yess
startsecs=1.5
stopsignal=TREM

[program:b]
directory=%
stdout_logfile=/tmp/%%
command=b
user=nobody_of_that_name
numprocs=2
process_name=b%(process_num)d

[eventlistener:l]
command=x
events=TICK_5
buffer_size=-1
redirect_stderr=yes

[fcgi-program:f]
command=x
socket=tcp://localhost:99999
"""


def test_every_error_is_found_as_the_reference_finds_them_one_by_one(tmp_path, ours_only):
    """ERR rows: each error is the one that the reference reports when the lines of those before it are mended."""
    file = tmp_path / "s.conf"
    lines = FAULTY.replace("{dir}", str(tmp_path)).splitlines()
    file.write_text("\n".join(lines) + "\n")
    found, code = findings(file)
    errors = [finding for finding in found["findings"] if finding["severity"] == "error"]
    assert code == 2 and found["errors"] == len(errors) == 16
    mended = {
        "programs=a,c": "programs=a", "command=/bin/cat %(ENV_NOTHING)s": "command=/bin/cat",
        "socket=tcp://localhost:99999": "socket=tcp://localhost:999",
    }
    for error in errors:
        told = reference_reads(file)
        # The names that the reference lists depend on the environment.
        assert told.split("Available names:")[0] == error["message"].split("Available names:")[0]
        line = error["line"] - 1
        assert error["file"] == str(file) and error["text"] == lines[line]
        under = lines[line][error["column"] - 1:][:error["length"]]
        assert under and under in lines[line].split("=", 1)[1]
        lines[line] = mended.get(lines[line], "")
        file.write_text("\n".join(lines) + "\n")
    assert isinstance(reference_reads(file), dict)
    assert findings(file)[0]["errors"] == 0


@pytest.mark.parametrize("content", [
    b"", b"[group:x]\nprograms=\n", b"[supervisord]\n[program:x]\n", b"no section\n", b"[supervisord]\nbad line\n",
    b"[supervisord]\nuser=nobody_of_that_name\n", b"[supervisord]\n[rpcinterface:x]\n", b"\xef\xbb\xbf[supervisord]\n",
    b"[supervisord]\n[rpcinterface:x]\nsupervisor.rpcinterface_factory=nope:nope\n", b"[supervisord]\n[eventlistener:e]\ncommand=x\n",
    b"[supervisord]\n[include]\n", b"[supervisord]\n\xff\n", b"[supervisord]\n[inet_http_server]\nusername=x\n", b"[supervisord]\n[program:a b]\n",
], ids=lambda content: repr(content)[2:-1])
def test_the_first_error_is_the_one_of_the_daemon(content, tmp_path, ours_only):
    """ERR-001, INI-003, INI-004, INI-014, INI-029, INI-030, INI-033"""
    file = tmp_path / "s.conf"
    file.write_bytes(content)
    found, code = findings(file)
    assert code == 2
    assert found["findings"][0]["message"] == reference_reads(file)


def test_what_the_reference_accepts_is_at_most_warned_of(tmp_path, ours_only):
    """INI-010, INI-032, QRK-038: the status is 1 only when warnings are to count."""
    file = tmp_path / "s.conf"
    file.write_text("[supervisord]\nautorestrat=1\n[program:x]\ncommand=sh -c 'a ; b'\nautorestrat=true\n[program:y\n[nonsense]\n")
    assert isinstance(reference_reads(file), dict)
    found, code = findings(file)
    assert code == 0 and found["errors"] == 0
    codes = [finding["code"] for finding in found["findings"]]
    assert codes == ["unknown-key", "comment-in-command", "unknown-key", "missing-bracket", "unknown-section"]
    assert found["findings"][2]["suggestion"] == "autorestart"
    assert findings(file, "--strict")[1] == 1
    file.write_text("[supervisord]\n")
    assert check(file, "--strict") == ("nothing to complain about\n", 0)


def test_the_report_shows_the_line_and_a_mark_below_it(tmp_path, ours_only):
    file = tmp_path / "s.conf"
    file.write_text("[supervisord]\nloglevel = wran  ; typo\n")
    out, code = check(file)
    assert code == 2
    assert out == (
        "error[value]: bad logging level name 'wran'\n"
        f" --> {file}:2:12\n"
        "  |\n"
        "2 | loglevel = wran  ; typo\n"
        "  |            ^^^^\n"
        "  = help: did you mean `warn`?\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)], ids=str)
def test_colours_are_for_terminals(env, coloured, tmp_path, ours_only):
    file = tmp_path / "s.conf"
    file.write_text("")
    assert "\x1b" not in check(file)[0]
    mine, its = pty.openpty()
    try:
        command = [where.supervisord(where.OURS), "check", "-c", str(file)]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=its, env=env, timeout=20)
        assert (b"\x1b[" in os.read(mine, 65536)) == coloured
    finally:
        os.close(mine)
        os.close(its)


@pytest.mark.parametrize("tool", ["check", "config"])
def test_help_and_mistakes_of_the_tools(tool, ours_only):
    daemon = where.supervisord(where.OURS)
    out, err, code = run(daemon, tool, "--help")
    assert (err, code) == ("", 0) and f"Usage: supervisord {tool} " in out and "Exit status" in out
    out, err, code = run(daemon, tool, "--bogus")
    assert (out, code) == ("", 2) and "--bogus" in err


# supervisord config


def test_the_effective_configuration_is_json(tmp_path, ours_only):
    file = tmp_path / "s.conf"
    file.write_text("[supervisord]\n[program:x]\ncommand=%(here)s/run\n")
    daemon = where.supervisord(where.OURS)
    out, err, code = run(daemon, "config", "--dump-json", "-c", file)
    assert (err, code) == ("", 0)
    (group,) = json.loads(out)["groups"]
    assert group["processes"][0]["command"] == f"{tmp_path}/run"
    file.write_text("[supervisord]\nminfds=x\n")
    out, err, code = run(daemon, "config", "--dump-json", "-c", file)
    assert (out, code) == ("", 2) and err.startswith(f"Error: {reference_reads(file)}\n")
