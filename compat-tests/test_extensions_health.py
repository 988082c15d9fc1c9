"""`/healthz` and `/readyz`: one word for orchestrators. Ours only."""

from base64 import b64encode

import pytest

from harness import Daemon, wait_for, where
from harness.http import get
from harness.pair import BASE, SUPERVISORD

CONFIG = BASE + """
[program:cat]
command=/bin/cat
startsecs=0
[program:mail]
command=/bin/cat
startsecs=0
[program:byhand]
command=/bin/cat
autostart=false
"""

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture(scope="module")
def daemon():
    with Daemon(where.OURS, CONFIG) as daemon:
        daemon.wait_states(cat="RUNNING", mail="RUNNING")
        yield daemon


def ask(daemon, path, *headers, method="GET", transport="unix"):
    reply = daemon.ask(get(path, *headers, method=method), transport, body=method != "HEAD")
    return reply.code, reply.body.decode()


def test_ready_is_whoever_has_all_that_starts_by_itself(daemon):
    assert ask(daemon, "/readyz") == (200, "ready")
    daemon.call("supervisor.stopProcess", "mail")
    assert ask(daemon, "/readyz") == (503, "unready")
    assert ask(daemon, "/readyz", method="HEAD") == (503, "")
    assert ask(daemon, "/healthz") == (200, "ok")
    daemon.call("supervisor.startProcess", "mail")
    assert ask(daemon, "/readyz", method="HEAD") == (200, "")


def test_a_program_on_its_way_is_not_there_yet():
    config = BASE + "[program:slow]\ncommand=/bin/cat\nstartsecs=2\n"
    with Daemon(where.OURS, config) as daemon:
        assert ask(daemon, "/readyz")[0] == 503
        wait_for(lambda: ask(daemon, "/readyz")[0] == 200, 15, what=daemon.report)
        assert daemon.states() == {"slow": "RUNNING"}


def test_nobody_is_ready_on_the_way_out():
    slow = '[program:slow]\ncommand=/bin/sh -c "trap \'sleep 2; exit\' TERM; while :; do sleep 0.1; done"\nstartsecs=0\n'
    with Daemon(where.OURS, BASE + slow) as daemon:
        daemon.wait_states(slow="RUNNING")
        daemon.wait_exec()
        assert ask(daemon, "/readyz") == (200, "ready")
        assert daemon.call("supervisor.shutdown") is True
        assert ask(daemon, "/readyz") == (503, "unready")
        assert ask(daemon, "/healthz") == (200, "ok")
        assert daemon.wait_end() == 0


def test_only_get_and_head_are_known(daemon):
    for path in ("/healthz", "/readyz"):
        for method in ("POST", "DELETE"):
            assert ask(daemon, path, "Content-Length: 0", method=method)[0] == 405
        assert ask(daemon, path, transport="inet")[0] == 200


# Behind the password when one is set, unless the configuration says otherwise.
def test_health_wants_the_password_unless_told_otherwise():
    config = SUPERVISORD + """
[unix_http_server]
file={sock}
username=u
password=p
health_auth=false
[inet_http_server]
port=127.0.0.1:{port}
username=u
password=p
"""
    with Daemon(where.OURS, config) as daemon:
        assert ask(daemon, "/healthz") == (200, "ok")
        assert ask(daemon, "/readyz") == (200, "ready")
        assert ask(daemon, "/metrics")[0] == ask(daemon, "/")[0] == 401
        credentials = "Authorization: Basic " + b64encode(b"u:p").decode()
        for path in ("/healthz", "/readyz"):
            assert ask(daemon, path, transport="inet")[0] == 401
            assert ask(daemon, path, credentials, transport="inet")[0] == 200
