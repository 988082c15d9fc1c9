"""What users of the Go version type: its words, its switches, its configurations. Ours only."""

import os
import signal
import subprocess

import pytest

from harness import Daemon, wait_for, where
from harness.daemon import free_port
from harness.pair import BASE, SUPERVISORD

pytestmark = pytest.mark.usefixtures("ours_only")


def run(*words, **options):
    return subprocess.run([where.supervisord(where.OURS), *map(str, words)], capture_output=True, text=True, timeout=30, check=False, **options)


def test_init_writes_a_sample_that_works(tmp_path):
    """GO-081 to GO-083"""
    file = tmp_path / "supervisord.conf"
    done = run("init", "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run("check", "--strict", "-c", file).stdout == "nothing to complain about\n"
    assert run("init", "-o", "-").stdout == file.read_text()
    done = run("init", "--output", file)
    assert done.returncode == 1 and "--force" in done.stderr
    assert run("init", "--output", file, "--force").returncode == 0
    assert run("init").returncode != 0
    done = run("init", "-o", "/nonexistent/x")
    assert done.returncode == 1 and done.stderr.startswith("Error: cannot write /nonexistent/x: ")


def test_the_version_and_the_program():
    """GO-084"""
    assert run("version").stdout.splitlines()[0] == "Version: 4.3.0"
    assert run("version").stdout.splitlines()[1].startswith(" Commit: ")
    assert run("-v").stdout == "4.3.0\n"
    assert "Supervisor 4.3.0" in run("about").stdout


def test_a_word_that_is_none_starts_no_server():
    """GO-013"""
    done = run("shutdown")
    assert done.returncode == 2 and "positional arguments are not supported" in done.stderr


@pytest.fixture
def systemctl(tmp_path):
    """A systemctl that writes down what it is asked, and fails if told to."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"$*\" >> {tmp_path}/asked\ntest ! -e {tmp_path}/fail\n")
    program.chmod(0o755)
    (tmp_path / "units").mkdir()

    def service(*words, before=()):
        env = {**os.environ, "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
        done = run(*before, "service", "--unit-directory", tmp_path / "units", *words, cwd=tmp_path, env=env)
        asked = tmp_path / "asked"
        lines = asked.read_text().splitlines() if asked.exists() else []
        asked.unlink(missing_ok=True)
        return done, lines

    return service


def test_a_service_is_installed_and_removed(systemctl, tmp_path):
    """GO-085 to GO-091"""
    unit = tmp_path / "units" / "supervisord.service"
    done, asked = systemctl("install", before=["-c", "x.conf", "--env-file=x.env"])
    assert (done.returncode, asked) == (0, ["daemon-reload", "enable supervisord.service"]), done.stderr
    text = unit.read_text()
    program = os.path.realpath(where.supervisord(where.OURS))
    assert f"\nExecStart={program} -n -c {tmp_path}/x.conf --env-file {tmp_path}/x.env\n" in text
    assert f"\nExecReload={program} ctl -c {tmp_path}/x.conf reload\n" in text
    done, asked = systemctl("install")
    assert done.returncode == 1 and asked == [] and "is there already" in done.stderr
    assert systemctl("start")[1] == ["start supervisord.service"]
    assert systemctl("stop")[1] == ["stop supervisord.service"]
    (tmp_path / "fail").touch()
    done, _ = systemctl("start")
    assert done.returncode == 1 and done.stderr == "Failed to start service supervisord: `systemctl start supervisord.service` has failed\n"
    (tmp_path / "fail").unlink()
    done, asked = systemctl("uninstall")
    assert done.returncode == 0 and asked == ["stop supervisord.service", "disable supervisord.service", "daemon-reload"]
    assert not unit.exists()
    unit.write_text("[Unit]\n")
    done, asked = systemctl("uninstall")
    assert done.returncode == 1 and asked == [] and unit.exists()
    assert systemctl()[0].returncode != 0 and systemctl("explode")[0].returncode != 0


@pytest.mark.parametrize("switch", [["--daemon"], ["-d"], ["-d", "-s"]], ids=" ".join)
def test_a_switch_sends_it_into_the_background(switch, tmp_path):
    """GO-005, GO-032: also when the file says nodaemon, and with the pidfile of the file."""
    file = tmp_path / "x.conf"
    file.write_text(f"[supervisord]\nnodaemon=true\nlogfile={tmp_path}/x.log\npidfile={tmp_path}/x.pid\n[unix_http_server]\nfile={tmp_path}/s\n")
    done = run("-c", file, *switch, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = int(wait_for(lambda: (tmp_path / "x.pid").exists() and (tmp_path / "x.pid").read_text()))
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not (tmp_path / "x.pid").exists())


QUICK_START = """
[inet_http_server]
port = [::1]:{port}
[program:test]
command = /bin/cat
[program-default]
startsecs = 0
stdout_logfile = NONE
stderr_logfile = NONE
"""


def test_a_quick_start_needs_no_other_section(tmp_path):
    """GO-110, GO-111, GO-122, GO-260: neither [supervisord] nor [rpcinterface:supervisor], and an IPv6 address."""
    port = free_port()
    (tmp_path / "supervisord.ini").write_text(QUICK_START.replace("{port}", str(port)))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    # Found by the search, hence not with -c.
    process = subprocess.Popen([where.supervisord(where.OURS), "-n"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        def status():
            words = [where.supervisorctl(where.OURS), "-s", f"http://[::1]:{port}", "status"]
            return subprocess.run(words, capture_output=True, text=True, timeout=10, check=False).stdout
        wait_for(lambda: "RUNNING" in status(), what=status)
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    assert "WARN There is no [supervisord] section, its defaults are used\n" in output
    assert "RPC interface" not in output


def test_a_group_of_the_users_choice(tmp_path):
    """GO-138 to GO-140"""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    config = BASE + """
[program:who]
command=/bin/sh -c "id -u; id -g; id -G; echo $HOME $USER $LOGNAME"
user=nobody:daemon
user_environment=true
environment=LOGNAME="mine"
startsecs=0
autorestart=false
stdout_logfile={dir}/who.out
"""
    with Daemon(where.OURS, config) as daemon:
        lines = wait_for(lambda: (daemon.read("who.out").splitlines() + [None] * 4)[3] and daemon.read("who.out").splitlines())
    assert lines[:2] == ["65534", "1"] and lines[2].split()[0] == "1" and "65534" not in lines[2].split()
    assert lines[3].split()[1:] == ["nobody", "mine"]


def test_servers_of_a_node(tmp_path):
    """GO-226, GO-264: what REST shows is read from the configuration; here that it is accepted and shown."""
    file = tmp_path / "x.conf"
    file.write_text(SUPERVISORD.replace("{dir}", str(tmp_path)) + "[inet_http_server]\nport=127.0.0.1:1\nnodename=me\nmetrics_auth=off\n")
    dumped = run("config", "--dump-json", "-c", file)
    assert dumped.returncode == 0 and '"nodename": "me", "metrics_auth": false' in dumped.stdout
