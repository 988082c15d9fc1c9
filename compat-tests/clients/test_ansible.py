"""Ansible's module community.general.supervisorctl, run as a play runs it: by the command ansible, on this machine.

Each state is asked for twice where a second time must change nothing. What counts is what the module says it did (changed, failed,
msg, affected) and what the daemon says afterwards.
"""

import json

import pytest
import support

pytestmark = pytest.mark.client("ansible")

pair = support.programs(support.PROGRAMS + "[program:nosuch]\ncommand={dir}/missing\nautostart=false\nstartretries=0\n")

KEEP = ("changed", "msg", "affected", "name", "state", "rc", "stdout", "stderr")


def task(daemon, *, check=False, **arguments):
    """One task with the module; what it reported, and the states of all processes after it."""
    arguments = {"supervisorctl_path": support.ctl(daemon), "config": daemon.config_path, **arguments}
    # An inventory of one machine, without SSH and without looking the machine over first.
    command = [support.tool("ansible", "ansible"), "localhost", "-c", "local", "-i", "localhost,", "--one-line",
               "-e", f"ansible_python_interpreter={support.tool('ansible', 'python')}",
               "-m", "community.general.supervisorctl", "-a", json.dumps({k: v for k, v in arguments.items() if v is not None})]
    env = {"ANSIBLE_HOME": daemon.fill("{dir}/ansible"), "ANSIBLE_LOCALHOST_WARNING": "False", "LC_ALL": "C.UTF-8"}
    said = support.run(daemon, *command, *(["--check"] if check else []), env=env, limit=120)
    assert "=>" in said.stdout, said
    report = json.loads(said.stdout.partition("=>")[2])
    return {"failed": said.code != 0, **{key: report[key] for key in KEEP if key in report}, "states": daemon.states()}


def check(pair, **arguments):
    return pair.same(lambda daemon: task(daemon, **arguments))


def test_started_and_stopped(pair):
    """`started`, `stopped`, each once with and once without a change"""
    assert check(pair, name="beta", state="started")["changed"] is True
    again = check(pair, name="beta", state="started")
    assert again["changed"] is False and again["states"]["beta"] == "RUNNING"
    stopped = check(pair, name="beta", state="stopped")
    assert stopped["changed"] is True and stopped["affected"] == ["beta"] and stopped["states"]["beta"] == "STOPPED"
    assert check(pair, name="beta", state="stopped")["changed"] is False


def test_check_mode(pair):
    """check mode says what would change and changes nothing"""
    would = check(pair, name="beta", state="started", check=True)
    assert would["changed"] is True and would["states"]["beta"] == "STOPPED"
    assert check(pair, name="alpha", state="started", check=True)["changed"] is False


def test_groups(pair):
    """a whole group: `stopped`, `started`, `restarted`, one process of it, and all programs stopped at once"""
    assert check(pair, name="web:", state="stopped")["affected"] == ["web:one", "web:two"]
    assert check(pair, name="web:", state="started")["states"]["web:two"] == "RUNNING"
    assert check(pair, name="web:one", state="restarted")["changed"] is True
    assert check(pair, name="web:", state="restarted")["affected"] == ["web:one", "web:two"]
    assert set(check(pair, name="all", state="stopped")["states"].values()) == {"STOPPED"}
    for name in ("alpha", "talk", "web:"):
        check(pair, name=name, state="started")


def test_signalled(pair):
    """`signalled`, to a process, to a group, and to one that is not running"""
    assert check(pair, name="alpha", state="signalled", signal="CONT")["changed"] is True
    assert check(pair, name="web:", state="signalled", signal="CONT")["affected"] == ["web:one", "web:two"]
    assert check(pair, name="beta", state="signalled", signal="CONT")["changed"] is False
    assert check(pair, name="alpha", state="signalled", signal="NONSENSE")["failed"] is True


def test_present_and_absent(pair):
    """`present` and `absent` as the configuration changes, also with `stop_before_removing`, twice each"""
    assert check(pair, name="later", state="present")["failed"] is True
    pair.each(lambda d: d.write("supervisord.conf", support.BASE + support.PROGRAMS + "[program:later]\ncommand=/bin/cat\nstartsecs=0\n"))
    assert check(pair, name="later", state="present", check=True)["changed"] is True
    added = check(pair, name="later", state="present")
    assert added["changed"] is True and added["states"]["later"] in ("RUNNING", "STARTING")
    assert check(pair, name="later", state="present")["changed"] is False
    assert check(pair, name="later", state="absent")["failed"] is True
    removed = check(pair, name="later", state="absent", stop_before_removing=True)
    assert removed["changed"] is True and "later" not in removed["states"]
    assert check(pair, name="later", state="absent")["changed"] is False


def test_errors(pair):
    """errors: no such process, a program that does not start, no server, a wrong password"""
    assert check(pair, name="nobody", state="started")["msg"] == "ERROR (no such process)"
    assert check(pair, name="nosuch", state="started")["failed"] is True
    assert check(pair, name="alpha", state="started", config=None, server_url="unix:///nowhere.sock")["failed"] is True
    wrong = {"config": None, "username": "operator", "password": "wrong"}
    assert pair.same(lambda d: task(d, name="alpha", state="started", server_url=d.fill("http://127.0.0.1:{port}"), **wrong))["failed"] is True


def test_server_url_and_password(pair):
    """by `server_url`, `username` and `password` instead of a configuration file"""
    access = {"config": None, "username": "operator", "password": "s3cret"}
    done = pair.same(lambda d: task(d, name="alpha", state="restarted", server_url=d.fill("http://127.0.0.1:{port}"), **access))
    assert done["changed"] is True
