"""Following logs over HTTP: `/logtail/...` and `/mainlogtail`."""

import pytest

from harness import fresh_pair, shared_pair
from harness.http import get

CONFIG = """
[program:fed]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/fed.out
stderr_logfile={dir}/fed.err
[program:long]
command=/bin/sh -c "i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; echo oops >&2; exec cat"
startsecs=0
stdout_logfile={dir}/long.out
stderr_logfile={dir}/long.err
[program:member]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/member.out
[group:g]
programs=member
"""


def settle(daemon):
    daemon.wait_states(fed="RUNNING", long="RUNNING", g__member="RUNNING").wait_log("line 499", name="long.out").wait_log("oops", name="long.err")


pair = shared_pair(CONFIG, ready=settle)


def first(daemon, path, transport="unix"):
    """Status, headers and the first chunk."""
    with daemon.connect(transport) as connection:
        reply = connection.send(get(path)).head()
        return reply.status, reply.headers, connection.chunk() if reply.code == 200 else None


@pytest.mark.parametrize("path, length", [
    ("/logtail/long", 1024), ("/logtail/long/stdout", 1024), ("/logtail/long/stderr", 5), ("/logtail/long:long", 1024), ("/logtail/long%3Along/stderr", 5),
    ("/logtailfoo/long", 1024),
])
def test_the_first_chunk_is_the_end_of_the_log(pair, path, length):
    """HTTP-090, HTTP-091, HTTP-095, HTTP-097."""
    status, headers, chunk = pair.same(lambda d: first(d, path))
    assert status == "HTTP/1.1 200 OK" and len(chunk) == length
    assert [n for n, _ in headers] == ["Server", "Date", "Last-Modified", "Content-Type", "X-Accel-Buffering", "Transfer-Encoding"]
    assert headers[3:] == [["Content-Type", "text/plain;charset=utf-8"], ["X-Accel-Buffering", "no"], ["Transfer-Encoding", "chunked"]]


@pytest.mark.parametrize("path", ["/mainlogtail", "/mainlogtail/x"])
def test_the_daemons_own_log(pair, path):
    """HTTP-096."""
    status, headers, more = pair.same(lambda d: [*first(d, path)[:2], first(d, path)[2] != b""])
    assert status == "HTTP/1.1 200 OK" and more and [n for n, _ in headers] == ["Server", "Date", "Last-Modified", "Content-Type", "Transfer-Encoding"]


def follow(daemon, name, connection, *lines):
    """Feeds lines to the process and reads the stream until each has come by."""
    for line in lines:
        daemon.call("supervisor.sendProcessStdin", name, line + "\n")
        got = b""
        while line.encode() not in got:
            got += connection.chunk()
    return got


def test_what_is_written_is_streamed(pair):
    """HTTP-097, HTTP-098, HTTP-099; an empty file sends headers only."""
    def scenario(d):
        with d.connect() as connection:
            head = connection.send(get("/logtail/g:member")).head().status
            return head, follow(d, "g:member", connection, "one"), follow(d, "g:member", connection, "tw\u00f6")
    assert pair.same(scenario) == ["HTTP/1.1 200 OK", "one\n", "tw\u00f6\n"]


@pytest.mark.parametrize("how", ["rotated", "removed", "cleared"])
def test_a_new_file_is_followed_from_its_beginning(how):
    """HTTP-100, HTTP-101, HTTP-103."""
    with fresh_pair(CONFIG) as pair:
        def scenario(d):
            settle(d)
            with d.connect() as connection:
                connection.send(get("/logtail/fed")).head()
                said = [follow(d, "fed", connection, "before")]
                if how == "rotated":
                    d.path("fed.out").rename(d.path("fed.out.1"))
                    d.signal(12)
                    d.wait_log("supervisord logreopen")
                elif how == "removed":
                    d.path("fed.out").unlink()
                    d.signal(12)
                    d.wait_log("supervisord logreopen")
                else:
                    d.call("supervisor.clearProcessLogs", "fed")
                return [*said, follow(d, "fed", connection, "after", "and more")]
        assert pair.same(scenario)[0] == "before\n"


def test_a_stream_goes_on_when_its_process_stops_and_starts():
    """HTTP-105."""
    with fresh_pair(CONFIG) as pair:
        def scenario(d):
            settle(d)
            with d.connect() as connection:
                connection.send(get("/logtail/fed")).head()
                said = [follow(d, "fed", connection, "one"), d.call("supervisor.stopProcess", "fed"), d.call("supervisor.startProcess", "fed")]
                return [*said, follow(d, "fed", connection, "two")]
        assert pair.same(scenario) == ["one\n", True, True, "two\n"]


def test_a_truncated_file(ours_only):
    """HTTP-102: the reference means to say so and breaks; ours says so and goes on."""
    with fresh_pair(CONFIG) as pair:
        daemon = pair.ours
        settle(daemon)
        with daemon.connect() as connection:
            connection.send(get("/logtail/fed")).head()
            follow(daemon, "fed", connection, "a line before it")
            with open(daemon.path("fed.out"), "r+") as file:
                file.truncate(0)
            got = b""
            while b"==> File truncated <==" not in got:
                got += connection.chunk()
            follow(daemon, "fed", connection, "after")


@pytest.mark.parametrize("version, extra", [("HTTP/1.0", ()), ("HTTP/1.1", ("Connection: close",))], ids=str)
def test_a_stream_for_a_connection_that_will_close(pair, ours_only, version, extra):
    """HTTP-104: the reference holds everything back until 64 KiB have come together; ours does not."""
    with pair.ours.connect() as connection:
        connection.send(get("/logtail/long", *extra, version=version))
        connection.until(lambda got: b"line 499\n" in got)


def test_many_followers_at_once(pair):
    """HTTP-099; CLT-009."""
    def scenario(d):
        connections = [d.connect() for _ in range(20)]
        for connection in connections:
            connection.send(get("/logtail/long/stderr"))
        got = [(connection.head().status, connection.chunk()) for connection in connections]
        for connection in connections:
            connection.socket.close()
        return len(set(got)), got[0], d.call("supervisor.getState")["statename"]
    assert pair.same(scenario) == [1, ["HTTP/1.1 200 OK", "oops\n"], "RUNNING"]
