"""What the page's script uses: news as they happen, deeds and their outcomes, logs. Ours only; the reference has none of it."""

import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from harness import fresh_pair, http, wait_for
from harness.http import get

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
[program:dies]
command=/bin/sh -c "read line; kill -9 $$"
startsecs=0
autorestart=false
[program:missing]
command=/no/such/file
autostart=false
[program:slow]
command={python} -c "import signal; signal.signal(15, lambda *_: None); print('set', flush=True); [signal.pause() for _ in range(9)]"
startsecs=0
stopwaitsecs=7
stdout_logfile={dir}/slow.out
[program:w]
command=/bin/cat
process_name=w%(process_num)d
numprocs=2
startsecs=0
stdout_logfile={dir}/w%(process_num)d.out
environment=SECRET="topsecret"
"""


@pytest.fixture(scope="module")
def daemon():
    with fresh_pair(CONFIG) as pair:
        pair.ours.wait_states(**{"cat": "RUNNING", "dies": "RUNNING", "w:w0": "RUNNING", "w:w1": "RUNNING"})
        pair.ours.wait_log("set", name="slow.out")
        yield pair.ours


pytestmark = pytest.mark.usefixtures("ours_only")


class Page:
    """An open page: the stream of events, as its script sees it."""

    def __init__(self, daemon):
        self.connection = daemon.connect("inet")
        self.connection.send(get("/web/events"))
        head = self.connection.head()
        assert head.code == 200 and head.header("Content-Type") == "text/event-stream"
        self.rows, self.events, self.text = {}, [], ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.socket.close()

    def more(self):
        while "\n\n" not in self.text:
            self.text += self.connection.chunk().decode()
        message, self.text = self.text.split("\n\n", 1)
        kind, data = message.split("\n")
        news = json.loads(data.removeprefix("data: "))
        self.rows.update({row["name"]: row for row in news.get("rows", [])})
        self.events += news.get("events", [])
        return kind.removeprefix("event: "), news

    def until(self, condition):
        while not condition():
            self.more()


def ask(daemon, path, **form):
    if not form:
        return daemon.ask(get(path), "inet")
    body = urlencode(form, doseq=True).encode()
    return daemon.ask(http.post(body, path=path), "inet")


def act(daemon, **form):
    reply = ask(daemon, "/web/act", **form)
    assert reply.code == 200 and reply.header("Content-Type") == "application/json"
    return json.loads(reply.body)


def test_a_page_is_told_how_things_stand_and_then_what_changes(daemon):
    with Page(daemon) as page:
        kind, everything = page.more()
        assert kind == "all" and everything["head"]["state"] == "RUNNING"
        assert set(page.rows) == {"cat", "dies", "missing", "slow", "w:w0", "w:w1"} and page.rows["cat"]["state"] == "RUNNING"
        page.until(lambda: "memory" in page.rows["cat"] and page.rows["cat"].get("cpu") == "0.0")
        begun = time.monotonic()
        assert daemon.call("supervisor.stopProcess", "cat")
        page.until(lambda: page.rows["cat"]["state"] == "STOPPED")
        assert time.monotonic() - begun < 2
        assert "PROCESS_STATE_STOPPED" in [event["name"] for event in page.events]
        assert daemon.call("supervisor.startProcess", "cat")
        page.until(lambda: page.rows["cat"]["state"] == "RUNNING" and page.rows["cat"]["starts"] == 2)


def test_the_last_end_is_explained(daemon):
    with Page(daemon) as page:
        page.more()
        assert "ends" not in page.rows["dies"]
        daemon.call("supervisor.sendProcessStdin", "dies", "go\n")
        page.until(lambda: page.rows["dies"]["state"] == "EXITED")
        row = page.rows["dies"]
        assert row["ends"] == [[row["stop"], "terminated by SIGKILL", False]] and row["exits"] == 1 and row["stop"] > 0


def test_deeds_tell_how_each_fared(daemon):
    assert act(daemon, do="start", name="missing") == [{"name": "missing", "ok": False, "text": "no such file"}]
    told = act(daemon, do="restart", name=["w:*", "nope", "cat"])
    assert sorted((one["name"], one["ok"]) for one in told) == [("cat", True), ("nope", False), ("w:w0", True), ("w:w1", True)]
    assert act(daemon, do="signal", name="cat", signal="CONT") == [{"name": "cat", "ok": True, "text": "CONT sent"}]
    assert act(daemon, do="signal", name="cat", signal="NOPE")[0]["text"] == "no such signal"
    assert act(daemon, do="start", name="cat")[0] == {"name": "cat", "ok": False, "text": "already started"}
    assert {one["text"] for one in act(daemon, do="start", name=["cat", "w:w0", "w:w0"])} == {"was running"}
    assert len(act(daemon, do="clear", name="*")) == 6
    assert not act(daemon, do="dance", name="cat")[0]["ok"]
    assert daemon.ask(get("/web/act"), "inet").code == 400


def test_what_takes_long_is_carried_through_whoever_waits(daemon):
    def pid():
        return daemon.call("supervisor.getProcessInfo", "slow")["pid"]

    def replaced(old):
        wait_for(lambda: pid() not in (0, old), 30, "a new child")
    act(daemon, do="clear", name="slow")
    first = pid()
    with daemon.connect("inet") as closed:
        closed.send(http.post(b"do=restart&name=slow", path="/web/act"))
        daemon.wait_states(slow="STOPPING")
    replaced(first)
    daemon.wait_log("set", name="slow.out")
    second, began = pid(), time.monotonic()
    told = act(daemon, do="restart", name=["slow", "nope"])
    assert told == [{"name": "nope", "ok": False, "text": "no such process"}, {"name": "slow", "ok": True, "text": "under way"}]
    assert time.monotonic() - began > 4
    replaced(second)


def test_logs_can_be_followed_and_kept(daemon):
    daemon.call("supervisor.sendProcessStdin", "w:w0", "<one>\n")
    daemon.wait_log("<one>", name="w0.out")
    daemon.path("w0.out.1").write_text("older\n")
    names = [(file["channel"], file["old"]) for file in json.loads(ask(daemon, "/web/logs?name=w:w0").body)]
    assert names == [("stdout", 0), ("stdout", 1), ("stderr", 0)]
    assert ask(daemon, "/web/file?name=w:w0").body == b"<one>\n"
    end = ask(daemon, "/web/file?name=w:w0&last=3")
    assert end.body == b"e>\n" and end.header("Content-Disposition") is None
    with daemon.connect("inet") as follower:
        follower.send(get("/web/log?name=w:w0&head=2"))
        follower.until(lambda seen: seen.endswith(b">\n\r\n") and b"one" not in seen)
    old = ask(daemon, "/web/file?name=w%3Aw0&channel=stdout&old=1")
    assert old.body == b"older\n" and old.header("Content-Disposition") == 'attachment; filename="w0.out.1"'
    for query in ("", "name=nope", "name=cat&channel=main", "channel=../x", "name=w:w0&old=2", "name=w:w0&old=/../x"):
        assert ask(daemon, "/web/file?" + query).code == 404, query
    assert b"spawned" in ask(daemon, "/web/file?channel=main").body
    with daemon.connect("inet") as follower:
        follower.send(get("/web/log?name=w:w0"))
        assert follower.head().code == 200
        follower.until(lambda seen: b"<one>" in seen)
        daemon.call("supervisor.sendProcessStdin", "w:w0", "two\n")
        follower.until(lambda seen: b"two" in seen)


def configuration(daemon):
    reply = ask(daemon, "/web/config")
    assert b"secret" not in reply.body
    groups = json.loads(reply.body)
    return {group["name"]: group["status"] for group in groups}, {one["name"]: one for group in groups for one in group["processes"]}


def test_the_configuration_is_shown_without_secrets_and_applied(daemon):
    groups, shown = configuration(daemon)
    assert set(groups.values()) == {"same"} and shown["w:w0"]["file"]["command"] == "/bin/cat"
    assert shown["w:w0"]["file"]["environment"] == "SECRET" and "running" not in shown["w:w0"]
    assert act(daemon, do="reread") == {"added": [], "changed": [], "removed": []}
    config = Path(daemon.config_path)
    before = config.read_text()
    try:
        changed = before.replace("numprocs=2", "numprocs=1").replace("topsecret", "new secret").replace("[program:cat]", "[program:tac]")
        config.write_text(changed + "\n[program:new]\ncommand=/bin/cat\nstartsecs=0\n")
        assert act(daemon, do="reread") == {"added": ["new", "tac"], "changed": ["w"], "removed": ["cat"]}
        groups, shown = configuration(daemon)
        assert groups == {"cat": "removed", "dies": "same", "missing": "same", "slow": "same", "new": "added", "tac": "added", "w": "changed"}
        assert shown["w:w0"]["running"]["environment"] == "SECRET" and shown["w:w0"]["file"]["environment"] == "SECRET (another value)"
        assert "file" not in shown["w:w1"] and "file" not in shown["cat"] and "running" not in shown["new"]
        assert [(one["name"], one["text"]) for one in act(daemon, do="apply", name="cat")] == [("cat", "removed")]
        with Page(daemon) as page:
            page.more()
            told = act(daemon, do="apply")
            assert [(one["name"], one["text"]) for one in told] == [("w", "updated"), ("new", "added"), ("tac", "added")]
            kind, gone = "", []
            while gone != ["w:w1"]:
                gone = page.more()[1].get("gone", gone)
            page.until(lambda: page.rows.get("new", {}).get("state") == "RUNNING")
        config.write_text("[program:")
        assert "error" in act(daemon, do="reread")
    finally:
        config.write_text(before)
        act(daemon, do="apply")
        daemon.wait_states(**{"cat": "RUNNING", "w:w0": "RUNNING", "w:w1": "RUNNING"})
    assert set(configuration(daemon)[0].values()) == {"same"}


def test_nobody_looking_costs_nothing(daemon):
    with Page(daemon) as page:
        page.more()
        page.more()

    def switches():
        status = open(f"/proc/{daemon.pid}/status").read()
        return [line for line in status.splitlines() if line.startswith("voluntary")]

    def is_asleep():
        before = switches()
        time.sleep(2.5)
        return switches() == before
    wait_for(is_asleep, 30, "a daemon that sleeps")
