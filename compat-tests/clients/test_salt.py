"""Salt without a master: the execution module supervisord by ``salt-call --local``, and the state module by a state file."""

import json

import pytest
import support

pytestmark = pytest.mark.client("salt")

pair = support.programs()


def salt(daemon, *words):
    """What ``salt-call --local`` answered, and how it ended."""
    daemon.write("minion", "file_client: local\nid: here\nroot_dir: {dir}/salt\nfile_roots:\n  base:\n    - {dir}/states\nlog_level: quiet\n")
    said = support.run(daemon, support.tool("salt", "salt-call"), "--local", "--config-dir={dir}", "--out=json", "--retcode-passthrough",
                       *words, limit=180)
    assert said.stdout.strip(), said
    return {"answer": json.loads(said.stdout)["local"], "code": said.code}


def module(pair, function, *arguments):
    def ask(daemon):
        return salt(daemon, f"supervisord.{function}", *arguments, f"conf_file={daemon.config_path}", f"bin_env={support.ctl(daemon)}")
    return pair.same(ask)["answer"]


def test_status(pair):
    """`supervisord.status`, `status_raw` and `status_bool`"""
    pair.each(lambda d: d.call("supervisor.startProcess", "beta"))  # Salt takes the exit status 3 for an error
    status = module(pair, "status")
    assert {name: told["state"] for name, told in status.items()} == {
        "alpha": "RUNNING", "beta": "RUNNING", "talk": "RUNNING", "web:one": "RUNNING", "web:two": "RUNNING"}
    assert "RUNNING" in module(pair, "status_raw", "alpha")
    assert module(pair, "status_bool", "alpha") is True
    pair.each(lambda d: d.call("supervisor.stopProcess", "beta"))
    assert "STOPPED" in module(pair, "status_raw", "beta")


def test_start_stop_restart(pair):
    """`supervisord.start`, `stop`, `restart`, also of a group and of a name that is not there"""
    assert module(pair, "start", "beta") == "beta: started"
    assert module(pair, "start", "beta") == "beta: ERROR (already started)"
    assert module(pair, "stop", "beta") == "beta: stopped"
    module(pair, "restart", "alpha")
    assert "web:one: stopped" in module(pair, "stop", "web:")
    assert "web:two: started" in module(pair, "start", "web:*")
    assert "no such process" in module(pair, "start", "nobody")


def test_reread_add_update_remove(pair):
    """`supervisord.reread`, `add`, `update`, `remove`, `custom` as the configuration changes"""
    assert "No config updates" in module(pair, "reread")
    pair.each(lambda d: d.write("supervisord.conf", support.BASE + support.PROGRAMS + "[program:later]\ncommand=/bin/cat\nstartsecs=0\n"))
    assert module(pair, "reread") == "later: available"
    assert module(pair, "add", "later") == "later: added process group"
    assert "still running" in module(pair, "remove", "later")
    assert module(pair, "custom", "stop later") == "later: stopped"
    assert module(pair, "remove", "later") == "later: removed process group"
    pair.each(lambda d: d.write("supervisord.conf", support.BASE + support.PROGRAMS))
    module(pair, "update")


STATE = """
%s:
  supervisord.%s:
    - conf_file: {dir}/supervisord.conf
    - bin_env: %s
%s
"""


def state(pair, name, function, extra="", test=False):
    """Applies one state; what it said of it."""
    def apply(daemon):
        daemon.path("states").mkdir(exist_ok=True)
        daemon.write("states/job.sls", STATE % (name, function, support.ctl(daemon), extra))
        answer = salt(daemon, "state.apply", "job", *(["test=True"] if test else []))
        (said,) = answer["answer"].values()
        return {"code": answer["code"], "result": said["result"], "comment": said["comment"], "changes": said["changes"],
                "states": daemon.states()}
    return pair.same(apply)


def test_states(pair):
    """states `supervisord.running` (also with `restart`, and as a test) and `supervisord.dead`, each twice"""
    assert state(pair, "beta", "running", test=True)["result"] is None
    assert state(pair, "beta", "running")["states"]["beta"] == "RUNNING"
    assert state(pair, "beta", "running")["changes"] == {}
    assert state(pair, "beta", "running", "    - restart: True")["result"] is True
    assert state(pair, "beta", "dead")["states"]["beta"] == "STOPPED"
    assert state(pair, "beta", "dead")["result"] is True
    assert state(pair, "nobody", "running")["result"] is False
