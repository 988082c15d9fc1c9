"""Files of variables, `-d` without a directory, `--env-file`: what only ours has, with real processes."""

import subprocess

import pytest

from harness import Daemon, wait_for, where
from harness.pair import BASE

CONFIG = BASE.replace("[supervisord]", '[supervisord]\nenvironment=FROM_DAEMON="daemon"', 1) + """
[program:env]
command=/usr/bin/env
startsecs=0
autorestart=false
envFiles={dir}/a.env,{dir}/b.env,-{dir}/optional.env
environment=THREE="own"
stdout_logfile={dir}/env.out
[program:missing]
command=/bin/cat
autostart=false
startretries=0
envFiles={dir}/no.env
[program:bad]
command=/bin/cat
autostart=false
startretries=0
envFiles={dir}/bad.env
[program:found]
command=tool
autostart=false
startsecs=0
autorestart=false
envFiles={dir}/path.env
"""


FILES = {
    "a.env": "ONE=a\nTWO=a\nTHREE=a\nFROM_DAEMON=file\nQUOTED=\"x\\ty # z\" # comment\nEMPTY=\n",
    "b.env": "export TWO='b'\n",
    "bad.env": "GOOD=1\nno equals sign\n",
    "bin/tool": "#!/bin/sh\necho found\n",
    "path.env": "PATH={dir}/bin:/bin\n",
}

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture
def ours():
    with Daemon(where.OURS, CONFIG, files=FILES) as daemon:
        daemon.path("bin/tool").chmod(0o755)
        yield daemon


def variables(daemon):
    """What the program has printed, once it is all there: `environment` comes last."""
    found = dict(line.split("=", 1) for line in daemon.read("env.out").splitlines() if "=" in line)
    return found if "THREE" in found else None


def test_files_are_read_at_each_start(ours):
    """GO-157, GO-161, GO-163: the server's own, then files in order, then `environment`."""
    found = wait_for(lambda: variables(ours))
    assert (found["ONE"], found["TWO"], found["THREE"]) == ("a", "b", "own")
    assert found["QUOTED"] == "x\ty # z" and found["EMPTY"] == "" and found["FROM_DAEMON"] == "daemon"
    ours.write("a.env", "ONE=new\n")
    ours.write("optional.env", "OPTIONAL=yes\n")
    ours.path("env.out").write_text("")
    ours.call("supervisor.startProcess", "env")
    found = wait_for(lambda: variables(ours))
    assert (found["ONE"], found["OPTIONAL"]) == ("new", "yes") and "QUOTED" not in found


@pytest.mark.parametrize("name, reason", [
    ("missing", "couldn't read environment file {dir}/no.env: No such file or directory (os error 2)"),
    ("bad", "bad environment file {dir}/bad.env, line 2: there is no ="),
])
def test_a_file_that_cannot_be_used_is_a_failed_start(ours, name, reason):
    """GO-159, GO-160"""
    out = ours.ctl("start", name)
    assert "ERROR (spawn error)" in out.stdout
    reason = reason.format(dir=ours.dir)
    info = ours.call("supervisor.getProcessInfo", name)
    assert (info["statename"], info["spawnerr"]) == ("FATAL", reason)
    assert f"INFO spawnerr: {reason}" in ours.log()


def test_path_may_come_from_a_file(ours):
    """GO-157"""
    assert ours.ctl("start", "found").stdout == "found: started\n"


def run(*words, **options):
    return subprocess.run([where.supervisord(where.OURS), *words], capture_output=True, text=True, timeout=20, check=False, **options)


def test_variables_for_the_server_are_read_before_the_configuration(tmp_path):
    """GO-006 to GO-010"""
    (tmp_path / "x.env").write_text("# names\nexport PLACE=\"here\"\nODD\nEMPTY=\nLAST=end")
    (tmp_path / "x.conf").write_text("[supervisord]\nlogfile=/nonexistent/%(ENV_PLACE)s%(ENV_EMPTY)s-%(ENV_LAST)s/x\n")
    done = run("--env-file", "x.env", "-n", "-c", "x.conf", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and "/nonexistent/here-end/x" in done.stderr
    done = run("-n", "-c", "x.conf", cwd=tmp_path)
    assert "ENV_PLACE" in done.stderr
    done = run("--env-file=no.env", "-n", "-c", "x.conf", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: couldn't read environment file no.env: No such file or directory (os error 2)\nFor help")
