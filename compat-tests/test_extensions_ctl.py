"""`supervisord ctl`: the client under the Go rewrite's name, with its options and verbs. Ours only.

That its other commands say what supervisorctl says follows from its being the same client; a few are compared all the same.
"""

import os
import re
import signal
import subprocess

import pytest

from harness import Daemon, Output, wait_for, where
from harness.pair import BASE, SUPERVISORD

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.log
stderr_logfile={dir}/cat.err
[program:off]
command=/bin/cat
autostart=false
startsecs=0
stdout_logfile=NONE
[program:bad]
command=/no/such/file
autostart=false
startretries=0
[program:m1]
command=/bin/cat
startsecs=0
[program:m2]
command=/bin/cat
startsecs=0
[group:m]
programs=m1,m2
[program:one]
command=/bin/cat
process_name=same
autostart=false
[program:two]
command=/bin/cat
process_name=same
autostart=false
"""
CONFIG = BASE + PROGRAMS
UNIX = SUPERVISORD + "[unix_http_server]\nfile={sock}\n"
INET = SUPERVISORD + "[inet_http_server]\nport = :{port}\nusername=\npassword=\n"

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture(scope="module")
def daemon():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING", m__m1="RUNNING", m__m2="RUNNING")
        yield daemon


def ctl(daemon, *words, before=None, options=None, env=None, stdin=""):
    """`supervisord ctl` with this daemon's configuration, unless other words come before it or after."""
    before = ["-c", daemon.config_path] if before is None and options is None else before or []
    command = [daemon.program, *before, "ctl", *map(daemon.fill, options or []), *words]
    done = subprocess.run(
        command, input=stdin.encode(), capture_output=True, timeout=60, cwd=daemon.dir, env={**daemon.env, **(env or {})}
    )
    return Output(done.stdout.decode(), done.stderr.decode(), done.returncode)


def said(output):
    return output.stdout, output.code


# SEED-033, GO-049 to GO-057: as supervisorctl
@pytest.mark.parametrize(
    "words",
    [("status",), ("status", "cat", "m:*"), ("status", "nobody"), ("pid",), ("pid", "cat"), ("pid", "off"), ("avail",), ("start", "nobody"), ("version",)],
)
def test_what_supervisorctl_knows_is_the_same_here(daemon, words):
    theirs = subprocess.run(
        [where.program(where.OURS, "supervisorctl"), "-c", daemon.config_path, *words], capture_output=True, timeout=60, cwd=daemon.dir, env=daemon.env
    )
    ours = ctl(daemon, *words)
    mask = lambda text: re.sub(r"uptime \S+", "uptime", text)
    assert (mask(ours.stdout), ours.stderr, ours.code) == (mask(theirs.stdout.decode()), theirs.stderr.decode(), theirs.returncode)


# GO-004, GO-036, GO-041
def test_options_stand_where_the_go_version_takes_them(daemon):
    assert ctl(daemon, "pid", options=["-c", "{dir}/supervisord.conf"]).stdout == f"{daemon.pid}\n"
    for words in (["-s", "http://localhost:{port}"], ["--serverurl", "unix://{sock}"]):
        assert ctl(daemon, "pid", options=words).stdout == f"{daemon.pid}\n"
    verbose = ctl(daemon, "pid", options=["-v", "-c", "{dir}/supervisord.conf"])
    assert verbose.stdout == f"{daemon.pid}\n" and verbose.stderr.startswith(f"server: unix://{daemon.sock}")
    locked = INET.replace("username=\npassword=", "username=u\npassword=p")
    with Daemon(where.OURS, locked + PROGRAMS) as other:
        url = ["-s", "http://localhost:{port}"]
        for words in (["-u", "u", "-P", "p"], ["--user", "u", "--password", "p"], ["--username=u", "-p", "p"]):
            assert ctl(other, "pid", options=[*url, *words]).stdout == f"{other.pid}\n", words
        refused = ctl(other, "pid", options=[*url, "-u", "u", "-P", "no"])
        assert "Server requires authentication" in refused.stdout and refused.code != 0  # GO-045
        # The section of the server tells what to tell it.
        assert ctl(other, "pid").stdout == f"{other.pid}\n"


# GO-037, GO-040, GO-112, SEED-016: no [supervisorctl] and no [rpcinterface:supervisor]
@pytest.mark.parametrize("server", [UNIX, INET], ids=["unix", "inet"])
def test_without_a_section_of_its_own_it_finds_the_server(server):
    with Daemon(where.OURS, server + PROGRAMS) as daemon:
        daemon.wait_exec()
        wait_for(lambda: "cat                              RUNNING" in ctl(daemon, "status").stdout, 15, what=daemon.report)


# GO-025, GO-039, GO-044
def test_what_cannot_be_reached_or_read_is_a_failure(daemon):
    missing = ctl(daemon, "status", options=["-c", "{dir}/none.conf"])
    assert missing.code == 2 and "could not find config file" in missing.stderr
    scheme = ctl(daemon, "status", options=["-s", "ftp://x"])
    assert scheme.code != 0
    for words in (["status"], ["shutdown"], ["reload"], ["start", "cat"], ["start-group", "m"], ["logtail", "cat"]):
        assert ctl(daemon, *words, options=["-s", "unix://{dir}/none"]).code != 0, words


# GO-054, GO-058
def test_bare_names_are_found_in_their_groups(daemon):
    assert said(ctl(daemon, "stop", "m1")) == ("m:m1: stopped\n", 0)
    status = ctl(daemon, "status", "m1", "m2", "cat")
    assert [line.split()[:2] for line in status.stdout.splitlines()] == [["m:m1", "STOPPED"], ["m:m2", "RUNNING"], ["cat", "RUNNING"]]
    assert status.code == 3
    assert said(ctl(daemon, "restart", "m1")) == ("m:m1: ERROR (not running)\nm:m1: started\n", 0)
    assert ctl(daemon, "pid", "m1").stdout == f"{daemon.pid_of('m:m1')}\n"
    assert said(ctl(daemon, "start", "same")) == ("same: ERROR (no such process)\n", 1)
    # supervisorctl stays strict.
    strict = subprocess.run(
        [where.program(where.OURS, "supervisorctl"), "-c", daemon.config_path, "status", "m1"], capture_output=True, cwd=daemon.dir, env=daemon.env
    )
    assert strict.stdout == b"m1: ERROR (no such process)\n" and strict.returncode == 4


# GO-066 to GO-068
def test_groups_are_started_and_stopped_by_name(daemon):
    stopped = ctl(daemon, "stop-group", "m")
    assert [line.split()[:2] for line in stopped.stdout.splitlines()] == [["m:m1", "STOPPED"], ["m:m2", "STOPPED"]]
    started = ctl(daemon, "start-group", "m", "off")
    assert [line.split()[:2] for line in started.stdout.splitlines()] == [["m:m1", "RUNNING"], ["m:m2", "RUNNING"], ["off", "RUNNING"]]
    assert stopped.code == started.code == 0
    assert ctl(daemon, "stop-group", "off").code == 0
    unknown = ctl(daemon, "start-group", "nobody")
    assert unknown.stdout == "nobody: ERROR (no such group)\n" and unknown.code != 0
    failed = ctl(daemon, "start-group", "bad")
    assert failed.stdout.splitlines()[0] == "bad: ERROR (no such file)" and failed.code != 0
    none = ctl(daemon, "stop-group")
    assert none.stdout == "Error: stop-group requires a group name\n" and none.code != 0


# GO-077 to GO-079
def test_logtail_shows_the_last_bytes(daemon):
    daemon.write("cat.log", "x" * 20000 + "end")
    daemon.write("cat.err", "trouble\n")
    output = ctl(daemon, "logtail", "cat")
    assert output.stdout == "x" * (10240 - 3) + "end" and output.code == 0
    for words in (["-t", "stderr", "cat"], ["--type=stderr", "cat"], ["cat", "--type", "stderr"]):
        assert said(ctl(daemon, "logtail", *words)) == ("trouble\n", 0)
    for name in ("nobody", "off"):
        output = ctl(daemon, "logtail", name)
        assert output.stdout.startswith(f"Fail to tail log of program {name}: ") and output.code == 1
    assert ctl(daemon, "logtail").code != 0


def test_logtail_follows(daemon):
    daemon.write("cat.log", "begin\n")
    command = [daemon.program, "-c", daemon.config_path, "ctl", "logtail", "-f", "cat"]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=daemon.dir, env=daemon.env, start_new_session=True)
    try:
        seen = lambda: os.read(follower.stdout.fileno(), 4096)
        text = seen()
        while b"begin\n" not in text:
            text += seen()
        with open(daemon.path("cat.log"), "a") as log:
            log.write("more\n")
        while b"more\n" not in text:
            text += seen()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 0
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


# GO-018
def test_groups_are_shown_when_the_environment_says_so(daemon):
    for value, name in (("yes", "cat:cat"), ("T", "cat:cat"), ("no", "cat"), ("", "cat")):
        output = ctl(daemon, "status", "cat", env={"SUPERVISOR_GROUP_DISPLAY": value})
        assert output.stdout.split()[0] == name


# GO-072
def test_reload_applies_the_configuration():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING", m__m1="RUNNING")
        cat = daemon.pid_of("cat")
        assert said(ctl(daemon, "reload")) == ("", 0)
        changed = CONFIG.replace("[program:off]\n", "[program:new]\n").replace("[group:m]\n", "[group:m]\npriority=7\n")
        daemon.write("supervisord.conf", changed + "[program:newer]\ncommand=/bin/cat\nstartsecs=0\n")
        assert said(ctl(daemon, "reload")) == ("Added Groups: new,newer\nChanged Groups: m\nRemoved Groups: off\n", 0)
        daemon.wait_states(newer="RUNNING", m__m1="RUNNING", new="STOPPED")
        assert daemon.pid_of("cat") == cat and "off" not in daemon.states()
        daemon.write("supervisord.conf", changed.replace("priority=7", "priority=x"))
        broken = ctl(daemon, "reload", before=[], options=["-s", "unix://{sock}"])
        assert broken.stdout.startswith("ERROR: ") and broken.code == 1
        assert daemon.pid_of("cat") == cat


# GO-071
def test_shutdown_ends_everything():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING")
        assert said(ctl(daemon, "shutdown")) == ("Shut down\n", 0)
        assert daemon.wait_end() == 0


# GO-011, GO-013, GO-046, GO-047, GO-048
def test_help_is_given_and_the_shell_is_there(daemon):
    output = ctl(daemon, "-h")
    assert output.code == 0 and " ctl [options] [action [arguments]]" in output.stdout and "-P/--password" in output.stdout
    for verb in ("status", "logtail", "start-group", "reload"):
        output = ctl(daemon, verb, "-h")
        assert output.code == 0 and output.stdout.startswith(verb)
    shell = ctl(daemon, stdin="pid\nstop-group off\nhelp\n")
    assert f"{daemon.pid}\n" in shell.stdout and "off" in shell.stdout and "start-group" in shell.stdout
    unknown = ctl(daemon, "nonsense")
    assert unknown.stdout == "*** Unknown syntax: nonsense\n" and unknown.code != 0
    # Without the word it is supervisord, which takes no words.
    stray = subprocess.run([daemon.program, "shutdown"], capture_output=True, timeout=30, cwd=daemon.dir, env=daemon.env)
    assert stray.returncode == 2
