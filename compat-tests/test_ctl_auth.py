"""Passwords: right, wrong and missing, over both transports, plain and as a hash."""

import hashlib

import pytest

from harness import fresh_pair, shared_pair
from harness.pair import SUPERVISORD

PASSWORD = "s:cr\u00e9t"
HASH = "{SHA}" + hashlib.sha1(b"hidden").hexdigest()
LOCKED = SUPERVISORD + f"""
[unix_http_server]
file={{sock}}
username=alice
password={PASSWORD}
[inet_http_server]
port=127.0.0.1:{{port}}
username=bob
password={HASH}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{{sock}}
[program:cat]
command=/bin/sh -c "echo hello; exec cat"
startsecs=0
"""

UNIX = ["-s", "unix://{sock}"]
INET = ["-s", "http://127.0.0.1:{port}"]

pair = shared_pair(LOCKED, base="", ready=lambda d: (d.wait_log("spawned: 'cat'"), d.wait_log("success: cat")))


@pytest.mark.parametrize("options, allowed", [
    ([*UNIX, "-u", "alice", "-p", PASSWORD], True),
    ([*UNIX, "-u", "alice", "-p", "wrong"], False),
    ([*UNIX, "-u", "Alice", "-p", PASSWORD], False),
    ([*UNIX, "-u", "bob", "-p", "hidden"], False),
    ([*UNIX, "-u", "alice"], False),
    ([*UNIX, "-p", PASSWORD], False),
    ([*UNIX], False),
    ([*INET, "-u", "bob", "-p", "hidden"], True),
    ([*INET, "-u", "bob", "-p", HASH], False),
    ([*INET, "-u", "bob", "-p", "HIDDEN"], False),
    ([*INET], False),
], ids=lambda o: " ".join(o[1:]) if isinstance(o, list) else str(o))
def test_who_may_ask(pair, options, allowed):
    """CTL-050; HTTP-070, HTTP-073, HTTP-076, HTTP-077, HTTP-078, CLT-013."""
    said = pair.ctl("status", options=options)
    assert said.code == (0 if allowed else 1)
    assert ("RUNNING" if allowed else "Server requires authentication") in said.stdout


@pytest.mark.parametrize("command", ["version", "start cat", "reread", "update", "shutdown", "reload", "add x", "avail", "tail -f cat", "maintail"])
def test_without_a_password_no_command_works(pair, command):
    """CTL-050, CTL-115."""
    pair.ctl(*command.split(), options=UNIX)


@pytest.mark.parametrize("command", ["tail cat", "tail -10 cat", "pid nope", "start cat", "avail"])
def test_with_the_password_all_is_as_ever(pair, command):
    """CTL-014, CTL-031."""
    said = pair.ctl(*command.split(), options=[*INET, "-u", "bob", "-p", "hidden"])
    assert "authentication" not in said.stdout


def test_credentials_may_stand_in_the_clients_configuration():
    """CTL-013, CTL-014."""
    with fresh_pair(LOCKED.replace("[supervisorctl]", "[supervisorctl]\nusername=alice\npassword=" + PASSWORD), base="") as pair:
        said = pair.same(lambda d: [d.ctl("version"), d.ctl("version", options=["-p", "wrong"]), d.ctl("version", options=["-u", "bob"])])
        assert [s["Output"]["code"] for s in said] == [0, 1, 1]


def test_the_log_warns_of_servers_without_a_password():
    """HTTP-013, HTTP-014, LIF-026, LIF-027."""
    with fresh_pair(LOCKED.replace("username=bob", "").replace(f"password={HASH}", ""), base="") as pair:
        lines = pair.same(lambda d: d.log_messages("RPC interface", "authentication"))
        assert lines == [
            "INFO RPC interface 'supervisor' initialized",
            "CRIT Server 'inet_http_server' running without any HTTP authentication checking",
            "INFO RPC interface 'supervisor' initialized",
        ]
