"""The JSON endpoints of the Go rewrite, with the shapes that its clients know. Ours only."""

import json
import socket
import time
from base64 import b64encode

import pytest

from harness import Daemon, wait_for, where
from harness.http import get
from harness.pair import BASE, SUPERVISORD

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.log
stderr_logfile=AUTO
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
[program:twice]
command=/bin/cat
process_name=same
autostart=false
[program:again]
command=/bin/cat
process_name=same
autostart=false
"""
CONFIG = BASE.replace("port=127.0.0.1:{port}\n", "port=127.0.0.1:{port}\nnodename=node-1\n") + PROGRAMS

KEYS = (
    "node name group description start stop now state statename spawnerr exitstatus logfile stdout_logfile stderr_logfile pid".split()
)

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture(scope="module")
def daemon():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING", m__m1="RUNNING", m__m2="RUNNING")
        yield daemon


def ask(daemon, method, path, *headers, body=b"", transport="inet"):
    """The status, and the body as JSON where it is that."""
    length = [f"Content-Length: {len(body)}"] if body else []
    reply = daemon.ask(get(path, *length, *headers, method=method) + body, transport)
    if reply.header("Content-Type") != "application/json":
        return reply.code, reply.body.decode()
    assert reply.body.endswith(b"}\n") or reply.body.endswith(b"]\n")  # GO-295
    return reply.code, json.loads(reply.body)


def do(daemon, path, method="POST"):
    code, answer = ask(daemon, method, path)
    return code, answer["success"]


# GO-288 to GO-297, GO-264
def test_everybody_is_listed_by_name(daemon):
    code, rows = ask(daemon, "GET", "/program/list")
    assert code == 200
    assert [row["name"] for row in rows] == ["bad", "cat", "m1", "m2", "off", "same", "same"]
    assert all(list(row) == KEYS and row["node"] == "node-1" for row in rows)
    cat = rows[1]
    info = daemon.call("supervisor.getProcessInfo", "cat")
    assert (cat["state"], cat["statename"], cat["pid"], cat["start"]) == (20, "Running", info["pid"], info["start"])
    assert cat["description"].startswith(f"pid {info['pid']}, uptime 0:")
    assert cat["stop"] == 0 and abs(cat["now"] - time.time()) < 10
    assert cat["logfile"] == cat["stdout_logfile"] == f"{daemon.dir}/cat.log" and cat["stderr_logfile"] == "AUTO"
    off = rows[4]
    assert (off["state"], off["statename"], off["start"], off["pid"], off["spawnerr"]) == (0, "Stopped", 0, 0, "")
    assert off["description"] == "Not started" and off["stdout_logfile"] == "NONE"


# GO-298, GO-303, GO-054
def test_one_is_asked_for_by_name(daemon):
    for path in ("cat", "node-1/cat", "cat:cat", "m1", "node-1/m%3Am1", "m:m1"):
        code, row = ask(daemon, "GET", f"/program/info/{path}")
        assert code == 200 and row["name"] == path[-2:].replace("at", "cat") and row["statename"] == "Running", path
    for path in ("nobody", "node-1/nobody", "same", "m:*", "cat:m1"):
        code, answer = ask(daemon, "GET", f"/program/info/{path}")
        name = path.removeprefix("node-1/")
        assert (code, answer) == (404, {"error": f"BAD_NAME no process named {name}"})
    assert ask(daemon, "GET", "/program/info/other/cat")[0] == 404


# GO-293
def test_why_it_could_not_be_started_is_told(daemon):
    assert do(daemon, "/program/start/bad") == (200, False)
    code, row = ask(daemon, "GET", "/program/info/bad")
    assert row["statename"] in ("Stopped", "Fatal", "Backoff")


# GO-299 to GO-303
def test_start_stop_and_restart_wait_and_tell(daemon):
    assert do(daemon, "/program/start/off") == (200, True)
    assert daemon.states()["off"] == "RUNNING"
    assert do(daemon, "/program/start/node-1/off", "PUT") == (200, True)  # it runs already
    before = daemon.pid_of("off")
    assert do(daemon, "/program/restart/off") == (200, True)
    assert daemon.pid_of("off") not in (0, before)
    assert do(daemon, "/program/stop/node-1/off:off", "PUT") == (200, True)
    assert daemon.states()["off"] == "STOPPED"
    assert do(daemon, "/program/stop/off") == (200, True)  # it is stopped already
    assert do(daemon, "/program/restart/off") == (200, True)  # a stopped one is started
    assert do(daemon, "/program/stop/off") == (200, True)
    assert do(daemon, "/program/start/nobody") == do(daemon, "/program/stop/same") == (200, False)
    assert do(daemon, "/program/restart/bad") == do(daemon, "/program/restart/nobody") == (500, False)
    assert do(daemon, "/program/start/other/off") == do(daemon, "/program/stop/other/off") == (404, False)  # GO-304


def test_a_whole_group_is_named_with_a_star(daemon):
    assert do(daemon, "/program/stop/m:*") == (200, True)
    assert {daemon.states()[name] for name in ("m:m1", "m:m2")} == {"STOPPED"}
    assert do(daemon, "/program/start/m1") == (200, True)
    assert daemon.states()["m:m1"] == "RUNNING"
    assert do(daemon, "/program/start/node-1/m:*") == (200, True)
    assert {daemon.states()[name] for name in ("m:m1", "m:m2")} == {"RUNNING"}
    assert do(daemon, "/program/start/nobody:*") == (200, False)


# GO-306, GO-307
def test_several_are_named_in_a_body(daemon):
    names = b'["m1", "m:m2", "nobody"]'
    assert ask(daemon, "POST", "/program/stopPrograms", body=names) == (200, "Success to stop the programs")
    assert {daemon.states()[name] for name in ("m:m1", "m:m2")} == {"STOPPED"}
    objects = b'[{"node":"node-1","program":"m:m1"},{"program":"m2"},{"node":"other","program":"off"}]'
    code, answer = ask(daemon, "PUT", "/program/startPrograms", "Accept: application/json", body=objects)
    assert (code, answer) == (
        200,
        [{"program": "m:m1", "success": True}, {"program": "m2", "success": True}, {"program": "off", "success": False}],
    )
    assert {daemon.states()[name] for name in ("m:m1", "m:m2", "off")} == {"RUNNING", "STOPPED"}
    for bad in (b"", b"{}", b"[1]", b"no"):
        assert ask(daemon, "POST", "/program/startPrograms", body=bad) == (400, "not a valid request\n")


# GO-305
def test_logs_are_read_as_a_whole_or_in_part(daemon):
    daemon.write("cat.log", "0123456789")
    for path in ("/program/log/cat/stdout", "/program/log/node-1/cat/stdout"):
        assert ask(daemon, "GET", path) == (200, "0123456789")
    window = lambda query: ask(daemon, "GET", f"/program/log/cat/stdout?{query}")
    assert window("offset=3&length=4") == (200, "3456")
    assert window("offset=-3") == (200, "789")
    assert window("offset=-3&length=2") == (200, "78")
    assert window("length=2") == (200, "89")
    assert window("offset=20") == (200, "")
    assert window("offset=x")[0] == 400
    assert ask(daemon, "GET", "/program/log/cat/stderr") == (200, "")
    for path in ("nobody/stdout", "off/stdout", "other/cat/stdout", "cat/stdin"):
        assert ask(daemon, "GET", f"/program/log/{path}")[0] == 404, path


# GO-241
def test_a_log_in_memory_is_read_too():
    config = BASE + "[program:cat]\ncommand=/bin/echo hello\nstartsecs=0\nautorestart=false\nstdout_logfile=memory\n"
    with Daemon(where.OURS, config) as daemon:
        daemon.wait_states(cat="EXITED")
        assert ask(daemon, "GET", "/program/log/cat/stdout") == (200, "hello\n")
        assert ask(daemon, "GET", "/program/log/cat/stdout?offset=-3&length=2") == (200, "lo")
        assert ask(daemon, "GET", "/program/info/cat")[1]["stdout_logfile"] == "memory"


# GO-308
def test_wrong_methods_and_paths_are_told_apart(daemon):
    for method, path in [
        ("GET", "/program/start/cat"),
        ("DELETE", "/program/list"),
        ("POST", "/program/list"),
        ("GET", "/supervisor/shutdown"),
        ("GET", "/supervisor/node-1/reload"),
        ("POST", "/supervisor/listNodes"),
        ("OPTIONS", "/program/start/cat"),
    ]:
        assert ask(daemon, method, path)[0] == 405, (method, path)
    for path in ("/program/", "/program/x", "/program/x/y", "/supervisor/", "/supervisor/x/y", "/program/list/"):
        assert ask(daemon, "GET", path)[0] == ask(daemon, "POST", path)[0] == 404, path


# GO-313, GO-314
def test_the_one_node_is_this_one(daemon):
    assert ask(daemon, "GET", "/supervisor/node-1/ping") == (200, {"success": True})
    assert ask(daemon, "GET", "/supervisor/other/ping") == (200, {"success": False})
    code, nodes = ask(daemon, "GET", "/supervisor/listNodes")
    assert code == 200 and len(nodes) == 1
    node = nodes[0]
    assert list(node) == ["name", "status", "cpu_percent", "mem_total", "mem_used", "mem_used_percent"]
    assert node["name"] == "node-1" and node["status"] == "ONLINE"
    assert 0 < node["mem_used"] < node["mem_total"] and 0 <= node["cpu_percent"] <= 100
    assert abs(100 * node["mem_used"] / node["mem_total"] - node["mem_used_percent"]) < 0.01
    # Without a nodename it is the machine's.
    machine = socket.gethostname()
    assert ask(daemon, "GET", f"/supervisor/{machine}/ping", transport="unix") == (200, {"success": True})


# GO-072, GO-310, GO-311
def test_a_reload_applies_the_configuration_and_lets_the_others_run_on():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING", m__m1="RUNNING")
        cat, m1 = daemon.pid_of("cat"), daemon.pid_of("m:m1")
        changed = CONFIG.replace("[program:off]\ncommand=/bin/cat\nautostart=false", "[program:new]\ncommand=/bin/cat")
        daemon.write("supervisord.conf", changed.replace("[group:m]\n", "[group:m]\npriority=7\n"))
        assert do(daemon, "/supervisor/reload") == (200, True)
        daemon.wait_states(new="RUNNING", m__m1="RUNNING")
        assert "off" not in daemon.states()
        assert daemon.pid_of("cat") == cat and daemon.pid_of("m:m1") not in (0, m1)
        assert do(daemon, "/supervisor/node-1/reload", "PUT") == (200, True)  # nothing to do
        assert do(daemon, "/supervisor/other/reload") == (404, False)
        daemon.write("supervisord.conf", "[supervisord\n")
        code, answer = ask(daemon, "POST", "/supervisor/reload")
        assert code == 200 and answer["success"] is False and "CANT_REREAD" in answer["error"]
        assert daemon.pid_of("cat") == cat


# GO-309, GO-312
def test_a_shutdown_is_answered_when_everything_has_stopped():
    slow = '[program:slow]\ncommand=/bin/sh -c "trap \'sleep 1; exit\' TERM; while :; do sleep 0.1; done"\nstartsecs=0\n'
    for path in ("/supervisor/shutdown", "/supervisor/node-1/shutdown"):
        with Daemon(where.OURS, CONFIG + slow) as daemon:
            daemon.wait_states(slow="RUNNING", cat="RUNNING")
            daemon.wait_exec()
            assert do(daemon, "/supervisor/other/shutdown") == (404, False)
            begun = time.monotonic()
            assert do(daemon, path) == (200, True)
            assert time.monotonic() - begun > 0.9
            assert daemon.wait_end() == 0
            assert daemon.log_messages("stopped: slow")


# GO-321: only the program's own logs, only on a server that is guarded, and never a list
def test_log_files_are_given_by_name_and_never_listed():
    config = SUPERVISORD + """
[unix_http_server]
file={sock}
[inet_http_server]
port=127.0.0.1:{port}
username=u
password=p
[inet_http_server:open]
port=127.0.0.1:{other_port}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
""" + PROGRAMS
    with Daemon(where.OURS, config, files={"cat.log.1": "old", "secret": "no"}) as daemon:
        daemon.wait_states(cat="RUNNING")
        daemon.write("cat.log", "now")
        credentials = "Authorization: Basic " + b64encode(b"u:p").decode()
        for name, text in (("cat.log", "now"), ("cat.log.1", "old")):
            assert ask(daemon, "GET", f"/log/cat/{name}", credentials) == (200, text)
            assert ask(daemon, "GET", f"/log/cat/{name}", transport="unix") == (200, text)
            assert ask(daemon, "GET", f"/log/cat/{name}")[0] == 401
        for path in ("/log/cat/", "/log/cat", "/log/cat/secret", "/log/cat/..%2Fsecret", "/log/cat/cat.log.2", "/log/nobody/cat.log", "/log/off/x"):
            assert ask(daemon, "GET", path, credentials)[0] == 404, path
        daemon.port = daemon.other_port
        assert ask(daemon, "GET", "/log/cat/cat.log")[0] == 404


# GO-320, GO-322, GO-323
def test_the_other_pages_lead_where_they_can(daemon):
    reply = daemon.ask(get("/log?name=cat"), "inet")
    assert reply.code == 301 and reply.header("Location") == "/tail.html?processname=cat"
    assert ask(daemon, "GET", "/log")[0] == ask(daemon, "GET", "/confFile")[0] == 404
    assert ask(daemon, "GET", "/conf/cat")[0] == ask(daemon, "GET", "/conf/nobody")[0] == 404
    with_conf = BASE + "[program:cat]\ncommand=/bin/cat\nstartsecs=0\nconf_file={dir}/cat.conf\n"
    with Daemon(where.OURS, with_conf, files={"cat.conf": "a = 1\n"}) as other:
        assert ask(other, "GET", "/conf/cat") == (200, "a = 1\n")


# GO-286
def test_other_sites_change_nothing(daemon):
    for header in ("Origin: http://evil.example", "Sec-Fetch-Site: cross-site"):
        assert ask(daemon, "POST", "/program/stop/cat", header)[0] == 403
        assert ask(daemon, "PUT", "/supervisor/shutdown", header)[0] == 403
    assert daemon.states()["cat"] == "RUNNING"
    assert ask(daemon, "POST", "/program/stop/cat", f"Origin: http://localhost:{daemon.port}", "Host: localhost")[0] == 403


# A script that is interrupted must not leave a restart half-way.
def test_what_was_begun_is_carried_through():
    slow = '[program:slow]\ncommand=/bin/sh -c "trap \'sleep 1; exit\' TERM; while :; do sleep 0.1; done"\nstartsecs=0\n'
    with Daemon(where.OURS, BASE + slow) as daemon:
        daemon.wait_states(slow="RUNNING")
        daemon.wait_exec()
        before = daemon.pid_of("slow")
        with daemon.connect() as connection:
            connection.send(get("/program/restart/slow", method="POST"))
            daemon.wait_states(slow="STOPPING")
        wait_for(lambda: daemon.pid_of("slow") not in (0, before), 15, what=daemon.report)
        daemon.wait_states(slow="RUNNING")
