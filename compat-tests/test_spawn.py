"""The child's own view: what it inherits, where it stands, who it is; and what becomes of one that cannot be started."""

import os
import re
import shutil
import subprocess

import pytest

from harness import Pair, fresh_pair, wait_for, where
from harness.pair import BASE

REPORT = """#!/bin/sh
# What a child sees of itself, one fact a line.
echo "argv: $0 $*"
echo "cwd: $(pwd -P)"
echo "umask: $(umask)"
echo "ids: $(id -u) $(id -g) $(id -G)"
for fd in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/self/fd/$fd || echo "fd $fd is closed"; done
grep -E '^(SigIgn|SigBlk|NoNewPrivs)' /proc/self/status
awk -v pid=$$ '{ print "own group: " ($5 == pid), "own session: " ($6 == pid), "nice: " $19 }' /proc/$$/stat
grep -E 'Max (open files|processes|core)' /proc/$$/limits
echo "done"
"""

CONFIG = """
[supervisord]
environment=FROM_DAEMON="global",BOTH="global"
[program:plain]
command={dir}/report one "two words" 'three $HOME' four\\ five
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile={dir}/plain.out
[program:moved]
command={dir}/report
directory=/usr/share
umask=027
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile={dir}/moved.out
[program:env]
command=/usr/bin/env
startsecs=0
autorestart=false
stdout_logfile={dir}/env.out
environment=A="b c",BOTH="own",SUPERVISOR_GROUP_NAME="mine",PERCENT="%%",HERE="%(here)s",NUM="%(process_num)d"
[program:first]
command=/usr/bin/env
process_name=%(group_name)s_%(program_name)s_%(process_num)03d
numprocs=2
numprocs_start=7
startsecs=0
autorestart=false
stdout_logfile={dir}/%(process_num)d.env.out
serverurl=http://elsewhere:1
[group:heap]
programs=first
[program:reader]
command=/bin/sh -c "if read -t 1 line; then echo got; else echo status $?; fi; echo ended"
startsecs=0
autorestart=false
stdout_logfile={dir}/reader.out
[program:percent]
command=/bin/sh -c "echo 'a -q -a %%h:%%p %%P'"
startsecs=0
autorestart=false
stdout_logfile={dir}/percent.out
[program:lookup]
command=echo found by PATH
startsecs=0
autorestart=false
stdout_logfile={dir}/lookup.out
[program:ownpath]
command=report
environment=PATH="{dir}:/usr/bin:/bin"
startsecs=0
autorestart=false
redirect_stderr=true
stdout_logfile={dir}/ownpath.out
[program:lines]
command=/bin/sh -c
  "echo first;
   echo second"
startsecs=0
autorestart=false
stdout_logfile={dir}/lines.out
"""

ENV = {"INHERITED": "foo_%s_%_%%_%%%_%2_bar", "EMPTY": "", "UNICODE": "caf\u00e9 \u20ac"}


def ready(daemon):
    daemon.wait_states(plain="EXITED", moved="EXITED", env="EXITED", reader="EXITED", percent="EXITED", lookup="EXITED", ownpath="EXITED",
                       lines="EXITED", heap__heap_first_007="EXITED", heap__heap_first_008="EXITED")


@pytest.fixture(scope="module")
def pair():
    pair = Pair(BASE + CONFIG, env=ENV)
    try:
        for daemon in pair.both:
            daemon.write("report", REPORT, mode=0o755)
        pair.start()
        pair.each(ready)
        yield pair
    finally:
        pair.stop()


@pytest.mark.parametrize("name", ["plain", "moved", "ownpath"])
def test_where_a_child_stands(pair, name):
    """SPN-002, SPN-005, SPN-007, SPN-015, SPN-016, SPN-024, SPN-025, LIF-036, LIF-012, SIG-008, QRK-007, QRK-012, PRG rows of directory and umask."""
    lines = pair.same(lambda d: re.sub(r"pipe:\[\d+\]", "pipe", d.read(f"{name}.out")).splitlines())
    assert lines[-1] == "done" and "own group: 1 own session: 0 nice: 0" in lines
    assert lines[4:14] == ["pipe"] * 3 + [f"fd {n} is closed" for n in range(3, 10)]
    assert "SigIgn:\t0000000001001000" in lines


def test_arguments_are_split_as_a_shell_would_without_its_expansions(pair):
    """SPN-002."""
    assert pair.same(lambda d: d.read("plain.out").splitlines()[0]) == "argv: {dir}/report one two words three $HOME four five"


@pytest.mark.parametrize("file", ["env.out", "7.env.out", "8.env.out"])
def test_the_environment(pair, file):
    """ENV-001..005, ENV-007; E2E-001, E2E-002, E2E-009; EXP-004, EXP-014, EXP-026; QRK-006, CLT-009; HTTP-016."""
    lines = pair.same(lambda d: sorted(d.read(file).splitlines()))
    assert "INHERITED=foo_%s_%_%%_%%%_%2_bar" in lines and "SUPERVISOR_ENABLED=1" in lines and "FROM_DAEMON=global" in lines
    if file == "env.out":
        assert "SUPERVISOR_GROUP_NAME=mine" in lines and "BOTH=own" in lines and "SUPERVISOR_SERVER_URL=unix://{dir}/s.sock" in lines
    else:
        assert f"SUPERVISOR_PROCESS_NAME=heap_first_00{file[0]}" in lines and "SUPERVISOR_SERVER_URL=http://elsewhere:1" in lines


@pytest.mark.parametrize("file, text", [
    ("percent.out", "a -q -a %h:%p %P\n"), ("lookup.out", "found by PATH\n"), ("lines.out", "first\nsecond\n"),
])
def test_commands(pair, file, text):
    """SPN-002, SPN-005, EXP-004, INI-026, INI-027; E2E-008."""
    assert pair.same(lambda d: d.read(file)) == text


def test_stdin_never_ends(pair):
    """SPN-026."""
    assert "got" not in pair.same(lambda d: d.read("reader.out"))


FAILURES = """
[program:script]
command={dir}/script
startsecs=0
autorestart=false
stdout_logfile={dir}/script.out
stderr_logfile={dir}/script.err
[program:empty]
command={dir}/empty
startretries=0
startsecs=10
redirect_stderr=true
stdout_logfile={dir}/empty.out
[program:lost]
command=/bin/cat
directory=/nonexistent
startretries=0
startsecs=10
stderr_logfile={dir}/lost.err
[program:relative]
command=./tool
directory=/usr
startretries=0
startsecs=10
redirect_stderr=true
stdout_logfile={dir}/relative.out
[program:interpreter]
command={dir}/interpreter
startretries=0
startsecs=10
redirect_stderr=true
stdout_logfile={dir}/interpreter.out
"""


def test_a_child_that_cannot_become_its_program():
    """SPN-004, SPN-010, SPN-016..023; PST-016, PST-018; QRK-008."""
    pair = Pair(BASE + FAILURES)
    try:
        for daemon in pair.both:
            daemon.write("script", "echo no interpreter named\n", mode=0o755)
            daemon.write("empty", "", mode=0o755)
            daemon.write("tool", "#!/bin/sh\nexit\n", mode=0o755)
            daemon.write("interpreter", "#!/nonexistent/sh\n", mode=0o755)
        pair.start()

        def scenario(d):
            d.wait_states(script="EXITED", empty="FATAL", lost="FATAL", relative="FATAL", interpreter="FATAL")
            texts = {name: d.read(name) for name in ("script.out", "script.err", "empty.out", "lost.err", "relative.out", "interpreter.out")}
            rows = {name: d.call("supervisor.getProcessInfo", name) for name in ("script", "empty", "lost", "relative", "interpreter")}
            return texts, rows, sorted(d.log_messages("exited:", "spawnerr:", "gave up:"))
        texts, rows, lines = pair.same(scenario)
        assert texts["script.err"] == "supervisor: couldn't exec {dir}/script: ENOEXEC\nsupervisor: child process was not spawned\n"
        assert texts["lost.err"] == "supervisor: couldn't chdir to /nonexistent: ENOENT\nsupervisor: child process was not spawned\n"
        assert rows["script"]["exitstatus"] == 127 and "WARN exited: script (exit status 127; not expected)" in lines
    finally:
        pair.stop()


root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@root_only
def test_a_program_of_another_user():
    """SPN-016, SPN-027, ENV-005, LOG-008."""
    config = """
[program:who]
command=/bin/sh -c "id -u; id -g; id -G; echo $HOME; awk '/^Groups/ { print }' /proc/self/status"
user=nobody
startsecs=0
autorestart=false
stdout_logfile={dir}/who.out
[program:number]
command=/usr/bin/id -u
user=1
startsecs=0
autorestart=false
stdout_logfile={dir}/number.out
"""
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(who="EXITED", number="EXITED")
            return d.read("who.out"), d.read("number.out"), d.path("who.out").stat().st_uid, d.call("supervisor.getAllConfigInfo")[1]["uid"]
        said = pair.same(scenario)
        assert said[0].startswith("65534\n65534\n65534\n/root\n") and said[1] == "1\n" and said[2] == 0


AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_daemon_that_is_not_root():
    """SPN-018, SPN-022, SPN-027, LIF-007: no root notice; its own user is fine, another one is a failed child."""
    config = """
[program:mine]
command=/usr/bin/id -u
user=nobody
startsecs=0
autorestart=false
stdout_logfile={dir}/mine.out
[program:theirs]
command=/usr/bin/id -u
user=daemon
startretries=0
startsecs=10
redirect_stderr=true
stdout_logfile={dir}/theirs.out
"""
    for kind in (where.REFERENCE, where.OURS):
        if subprocess.run([*AS_NOBODY, where.supervisord(kind), "--version"], capture_output=True).returncode:
            pytest.skip(f"{where.supervisord(kind)} lies where only root may go")
    pair = Pair(BASE + config, wrapper=AS_NOBODY, env={"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"})
    try:
        for daemon in pair.both:
            os.chown(daemon.dir, 65534, 65534)
        pair.start()

        def scenario(d):
            d.wait_states(mine="EXITED", theirs="FATAL")
            return d.read("mine.out"), d.read("theirs.out"), sorted(d.log_messages("CRIT", "exited:", "Set uid"))
        said = pair.same(scenario)
        assert said[0] == "65534\n"
        assert said[1] == "supervisor: couldn't setuid to 1: Can't drop privilege as nonroot user\nsupervisor: child process was not spawned\n"
    finally:
        pair.stop()


@root_only
def test_a_daemon_that_becomes_another_user():
    """LIF-007, LIF-008, LIF-010, LIF-011."""
    config = "[program:id]\ncommand=/usr/bin/id -u\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/id.out\n[supervisord]\nuser=%s\n"
    with fresh_pair(config % "root") as pair:
        lines = pair.same(lambda d: (d.wait_states(id="EXITED").read("id.out"), d.log_messages("CRIT", "Set uid")))
        assert lines[0] == "0\n" and "INFO Set uid to user 0 succeeded" in lines[1] and not any("running as root" in line for line in lines[1])


@pytest.mark.parametrize("stopasgroup, killasgroup", [("false", "false"), ("true", "true"), ("false", "true")])
def test_who_is_stopped_with_a_child(stopasgroup, killasgroup):
    """PST-028, PST-029, PST-032; RPC-142."""
    config = f"""
[program:family]
command=/bin/sh -c "sleep 1000 & trap '' TERM; echo $! > {{dir}}/grandchild; while :; do sleep 0.1; done"
startsecs=0
stopwaitsecs=1
stopasgroup={stopasgroup}
killasgroup={killasgroup}
"""
    survives = stopasgroup == "false" and killasgroup == "false"
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(family="RUNNING").wait_log("\n", name="grandchild")
            answer = d.call("supervisor.stopProcess", "family")
            pid = d.read("grandchild").strip()
            if survives:
                return answer, alive(pid), d.states()["family"]
            wait_for(lambda: not alive(pid), what="the grandchild's death")
            return answer, False, d.states()["family"]
        assert pair.same(scenario) == [True, survives, "STOPPED"]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split()[2] not in "ZX"
    except FileNotFoundError:
        return False
