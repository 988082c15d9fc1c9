"""Clients that mean no good, or are simply broken: an HTTP error or a fault for them, and nothing at all for everybody else."""

import os
import re
import socket
import time
import xmlrpc.client
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import where
from harness.daemon import Daemon
from harness.http import post
from harness.pair import BASE
from harness.waiting import wait_for

CONFIG = BASE + """
[program:cat]
command=/bin/cat
startsecs=0
[program:restless]
command=/bin/sh -c "exec sleep 1.1"
autorestart=true
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
"""

pytestmark = pytest.mark.usefixtures("ours_only")

VERSION = xmlrpc.client.dumps((), "supervisor.getVersion").encode()
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def daemon():
    with Daemon(where.OURS, CONFIG) as running:
        running.wait_states(cat="RUNNING")
        yield running


def memory(daemon) -> int:
    """Resident memory in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text())[1])


def restarts(daemon) -> int:
    return len(daemon.log_messages("spawned: 'restless'"))


def code(daemon, body: bytes) -> int:
    return daemon.ask(post(body)).code


@pytest.mark.parametrize("body", [
    b"", b"\0", b"<", b"<methodCall>", b"not xml at all", b"\xff\xfe", b"<methodCall/>", b"<a/>" * 1000,
    b"<methodCall><methodName>supervisor.getVersion</methodName>" + b"<value>" * 100_000,
    b"<?xml version='1.0'?><!DOCTYPE m [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (n, b"&a%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10) for n in range(1, 10))
    + b"]><methodCall><methodName>&a9;</methodName></methodCall>",
    b"<?xml version='1.0'?><!DOCTYPE m [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><methodCall><methodName>&a;</methodName></methodCall>",
    b"<methodCall><methodName>" + b"x" * MIB,
], ids=lambda body: repr(body[:24]))
def test_what_is_no_call_is_refused(daemon, body):
    """XML-020, XML-022, XML-023, XML-026, HTTP-030, RQK-002."""
    assert code(daemon, body) == 400
    assert daemon.call("supervisor.getVersion") == "3.0"


def test_deep_nesting_is_refused_and_costs_nothing(daemon):
    """XML-034: as deep as a body allows."""
    before = memory(daemon)
    deep = b"<value><array><data>" * 200_000
    assert code(daemon, b"<methodCall><methodName>system.multicall</methodName><params><param>" + deep) == 400
    assert memory(daemon) < before + 20 * 1024


def test_a_body_over_the_limit_is_refused(daemon):
    """HTTP-026, with a limit of 16 MiB; the announcement alone is enough."""
    head = b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (16 * MIB + 1)
    assert daemon.ask(head).code == 413


def test_announcing_a_large_body_reserves_nothing(daemon):
    """HTTP-031: memory is for what has come, not for what was announced."""
    before = memory(daemon)
    with ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(daemon.connect())
            connection.send(b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n<methodCall>" % (16 * MIB))
        assert daemon.call("supervisor.getVersion") == "3.0"
        assert memory(daemon) < before + 20 * 1024


def test_thousands_of_connections_that_say_nothing_disturb_nobody(daemon):
    """HTTP-042: half of them have sent part of a head; programs go on being restarted and clients being answered."""
    before, count = memory(daemon), restarts(daemon)
    with ExitStack() as stack:
        for number in range(3000):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(daemon.sock)
            if number % 2:
                try:
                    connection.send(b"POST /RPC2 HTTP/1.1\r\nContent-")
                except BrokenPipeError:
                    pass  # it was among those that had to make room
        began = time.monotonic()
        for _ in range(20):
            assert daemon.call("supervisor.getVersion") == "3.0"
        assert time.monotonic() - began < 10
        wait_for(lambda: restarts(daemon) >= count + 2, 10, what=daemon.report)
        assert memory(daemon) < before + 60 * 1024


def test_a_client_that_does_not_read_its_answers_delays_nobody(daemon):
    """RPC-213: pipelined calls whose answers pile up."""
    before, count = memory(daemon), restarts(daemon)
    request = post(xmlrpc.client.dumps((), "system.listMethods").encode())
    with daemon.connect() as silent:
        silent.socket.setblocking(False)
        sent = 0
        try:
            while sent < 64 * MIB:
                sent += silent.socket.send(request * 20)
        except BlockingIOError:
            pass
        assert sent < 64 * MIB
        assert daemon.call("supervisor.getVersion") == "3.0"
        wait_for(lambda: restarts(daemon) >= count + 1, 10, what=daemon.report)
        assert memory(daemon) < before + 20 * 1024


def test_a_child_that_does_not_read_its_stdin_takes_bounded_memory(daemon):
    """RPC-147, QRK-035: what a full pipe cannot take waits, up to a limit; sending goes on being answered."""
    os.kill(daemon.pid_of("cat"), 19)  # SIGSTOP: it lives, and reads nothing
    before = memory(daemon)
    answers = {str(daemon.call("supervisor.sendProcessStdin", "cat", "x" * MIB)) for _ in range(40)}
    assert "True" in answers
    assert memory(daemon) < before + 40 * 1024
    os.kill(daemon.pid_of("cat"), 18)
    assert daemon.call("supervisor.stopProcess", "cat") is True


def test_a_log_that_cannot_be_written_ends_nothing(daemon, tmp_path):
    """MLF-009: a full disk. The line that says so goes to the activity log, once."""
    config = CONFIG + """
[program:full]
command=/bin/sh -c "while :; do echo some words; sleep 0.05; done"
stdout_logfile=/dev/full
stdout_logfile_maxbytes=0
"""
    with Daemon(where.OURS, config) as other:
        other.wait_states(full="RUNNING", cat="RUNNING")
        other.wait_log("'full'")
        complaints = [line for line in other.log_messages("full") if "No space left" in line]
        assert len(complaints) <= 1
        assert other.call("supervisor.stopProcess", "full") is True
