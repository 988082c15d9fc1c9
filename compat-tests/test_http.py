"""HTTP itself: routes, status lines, headers and their order, connections kept and closed."""

import socket
import xmlrpc.client

import pytest

from harness import fresh_pair, http, shared_pair
from harness.http import get, post
from harness.pair import SUPERVISORD

CONFIG = """
[program:cat]
command=/bin/sh -c "echo hello; exec cat"
startsecs=0
stdout_logfile={dir}/cat.out
[program:slow]
command=/bin/cat
autostart=false
[program:none]
command=/bin/cat
autostart=false
stdout_logfile=NONE
"""

pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING").wait_log("hello", name="cat.out"))

VERSION = xmlrpc.client.dumps((), "supervisor.getVersion").encode()


def without_close(headers):
    """HTTP-054: the reference closes without a word. Ours announces it, which every client understands and hyper does of itself."""
    return [(name, value) for name, value in headers if (name, value) != ("Connection", "close")]


def ask(pair, request, transport="unix"):
    def scenario(d):
        reply = d.ask(request, transport, body=not request.startswith(b"HEAD"))
        headers = [(n, v if n != "Content-Length" else "checked") for n, v in (reply.headers if reply.code == 401 else without_close(reply.headers))]
        if reply.header("Content-Length") is not None and reply.code != 304 and not request.startswith(b"HEAD"):
            assert reply.header("Content-Length") == str(len(reply.body))
        return reply.status, headers, reply.body
    return pair.same(scenario)


@pytest.mark.parametrize("transport", ["unix", "inet"])
def test_an_rpc_reply(pair, transport):
    """HTTP-015, HTTP-023, HTTP-036, HTTP-063; XML-013."""
    status, headers, _ = ask(pair, post(VERSION), transport)
    assert status == "HTTP/1.1 200 OK" and headers == [
        ["Server", "Medusa/1.12"], ["Date", "HTTPDATE"], ["Content-Type", "text/xml"], ["Content-Length", "checked"]]


@pytest.mark.parametrize("path", ["/RPC2", "/RPC2/", "/RPC2foo?x=1", "/RPC2#x", "/%52PC2", "/RPC2/any/where"])
def test_paths_of_the_rpc_handler(pair, path):
    """HTTP-033, HTTP-061."""
    assert ask(pair, post(VERSION, path=path))[0] == "HTTP/1.1 200 OK"


@pytest.mark.parametrize("path", ["/rpc2", "//RPC2", "/nothing", "/RPC", "/stylesheets/supervisor.css"])
def test_a_post_elsewhere(pair, path):
    """HTTP-061, HTTP-064."""
    assert ask(pair, post(VERSION, path=path))[0] == "HTTP/1.1 400 Bad Request"


@pytest.mark.parametrize("method, path, code", [
    ("GET", "/RPC2", 400), ("HEAD", "/RPC2", 400), ("PUT", "/RPC2", 400), ("DELETE", "/x", 400), ("OPTIONS", "/nothing", 400),
    ("get", "/nothing", 400), ("GET", "/nothing", 404), ("HEAD", "/nothing", 404), ("GET", "/no/such/path", 404), ("GET", "/../../etc/passwd", 404),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404), ("GET", "/ok.html", 200), ("HEAD", "/logtail/cat", 400), ("PUT", "/logtail/cat", 400),
    ("HEAD", "/mainlogtail", 400), ("GET", "/logtail/", 404), ("GET", "/logtail/nope", 404), ("GET", "/logtail/cat/stdin", 404),
    ("GET", "/logtail/cat/stdout/x", 404), ("GET", "/logtail/cat:*", 404), ("GET", "/logtail/none", 404),
])
def test_status_and_headers(pair, method, path, code):
    """HTTP-024, HTTP-036..038, HTTP-062, HTTP-065, HTTP-092..094, HTTP-115; WEB-002."""
    status, headers, body = ask(pair, get(path, method=method))
    assert status.split()[1] == str(code) and [n for n, _ in headers[:2]] == ["Server", "Date"]


def test_the_error_body(pair):
    """HTTP-037."""
    _, headers, body = ask(pair, get("/nothing"))
    assert [n for n, _ in headers] == ["Server", "Date", "Content-Length", "Content-Type"] and len(body) == 134
    assert body.startswith("<head>\r\n<title>Error response</title>\r\n</head>\r\n") and body.endswith("<p>Message: Not Found.\r\n</body>\r\n")


@pytest.mark.parametrize("headers, code", [
    ([], 411), (["Content-Length: "], None), (["Transfer-Encoding: chunked"], 411), ([f"content-length: {len(VERSION)}"], 200),
    ([f"CONTENT-LENGTH: {len(VERSION)}"], 200), (["X-Odd:  spaces "], 411),
], ids=str)
def test_the_length_of_a_request(pair, headers, code):
    """HTTP-027, HTTP-028."""
    request = "\r\n".join(["POST /RPC2 HTTP/1.1", "Host: x", *headers]).encode() + b"\r\n\r\n"
    if headers == ["Content-Length: "]:
        for daemon in pair.both:
            assert daemon.ask(request).code in (400, 411, 500)
    else:
        assert ask(pair, request + (VERSION if code == 200 else b""))[0].split()[1] == str(code)


@pytest.mark.parametrize("version, extra, stays", [
    ("HTTP/1.1", (), True), ("HTTP/1.1", ("Connection: close",), False), ("HTTP/1.1", ("connection: CLOSE",), False),
    ("HTTP/1.1", ("Connection: keep-alive",), True), ("HTTP/1.0", (), False), ("HTTP/1.0", ("Connection: keep-alive",), True),
    ("HTTP/1.0", ("Connection: Keep-Alive",), True), ("HTTP/1.0", ("Connection: close",), False),
], ids=str)
@pytest.mark.parametrize("what", ["rpc", "missing"])
def test_when_a_connection_is_kept(pair, version, extra, stays, what):
    """HTTP-023, HTTP-050, HTTP-051, HTTP-054, HTTP-055; CLT-001."""
    request = post(VERSION, *extra, version=version) if what == "rpc" else get("/nothing", *extra, version=version)

    def scenario(d):
        with d.connect() as connection:
            reply = connection.send(request).reply()
            if stays:
                again = connection.send(post(VERSION)).reply().status
            else:
                again = connection.closed_by_server()
            return reply.status, without_close(reply.headers), again
    assert pair.same(scenario)[2] == ("HTTP/1.1 200 OK" if stays else True)


@pytest.mark.parametrize("extra, stays", [((), True), (("Connection: close",), False)], ids=str)
def test_when_a_connection_is_kept_after_waiting(pair, extra, stays):
    """HTTP-050, HTTP-053, RPC-213."""
    body = xmlrpc.client.dumps(("slow",), "supervisor.startProcess").encode()

    def scenario(d):
        with d.connect() as connection:
            reply = connection.send(post(body, *extra)).reply()
            again = connection.send(post(VERSION)).reply().status if stays else connection.closed_by_server()
            return reply.status, without_close(reply.headers), reply.body, again, d.call("supervisor.stopProcess", "slow")
    assert pair.same(scenario)[0] == "HTTP/1.1 200 OK"


def test_requests_in_one_go_are_answered_in_order(pair):
    """HTTP-035, HTTP-021."""
    def scenario(d):
        with d.connect() as connection:
            connection.send(post(VERSION) + get("/nothing") + b"\r\n" + post(xmlrpc.client.dumps((), "supervisor.getIdentification").encode()))
            return [connection.reply().body for _ in range(3)]
    first, second, third = pair.same(scenario)
    assert "3.0" in first and "Error code 404" in second and "<string>supervisor</string>" in third


def test_a_request_in_small_pieces(pair):
    """HTTP-020, HTTP-031."""
    def scenario(d):
        with d.connect() as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            for byte in post(VERSION):
                connection.send(bytes([byte]))
            return connection.reply().body
    assert "3.0" in pair.same(scenario)


def test_a_client_that_closes_its_half_still_gets_its_answer(pair):
    """CLT-013: a POST by HTTP/1.0, read to the end."""
    def scenario(d):
        with d.connect() as connection:
            connection.send(post(VERSION, version="HTTP/1.0")).finish_sending()
            reply = connection.reply()
            return reply.status, without_close(reply.headers), reply.body, connection.closed_by_server()
    assert pair.same(scenario)[3] is True


def test_no_interim_reply_is_sent(pair):
    """HTTP-032: ours may send 100 Continue, which every client understands; the reply must then follow."""
    for daemon in pair.both:
        with daemon.connect() as connection:
            reply = connection.send(post(VERSION, "Expect: 100-continue")).reply()
            if reply.code == 100:
                reply = connection.reply()
            assert reply.code == 200


def test_large_headers(pair):
    """HTTP-026."""
    assert ask(pair, post(VERSION, "X-Large: " + "x" * 60000))[0] == "HTTP/1.1 200 OK"
    assert ask(pair, post(VERSION, *[f"X-{n}: {n}" for n in range(200)]))[0] == "HTTP/1.1 200 OK"


@pytest.mark.parametrize("request_bytes", [
    b"hello\r\n\r\n", b"GET  /x  HTTP/1.1\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET /RPC2 HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b"POST http://x/RPC2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nxx",
    b"GET /x HTTP/1.1\r\n folded: first\r\n\r\n", b"GET /x HTTP/1.1\r\nno colon\r\n\r\n", b"GET /ok.html\r\n\r\n", b"GET /x%zz HTTP/1.1\r\n\r\n",
])
def test_bad_requests_harm_nobody(pair, request_bytes):
    """HTTP-021..025, HTTP-034, HTTP-052; RQK-002: an error or a closed connection, and the next client is served."""
    for daemon in pair.both:
        with daemon.connect(limit=2) as connection:
            connection.send(request_bytes).finish_sending()
            try:
                assert connection.reply().code in (200, 400, 404, 500, 501, 505)
            except (http.Closed, TimeoutError):
                pass
        assert daemon.call("supervisor.getState")["statename"] == "RUNNING"


LOCKED = SUPERVISORD + """
[unix_http_server]
file={sock}
username=us\u00e9r
password=p:\u00e4ss
[inet_http_server]
port=127.0.0.1:{port}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

locked = shared_pair(LOCKED, base="")


def basic(credentials, scheme="Basic"):
    import base64
    return f"Authorization: {scheme} {base64.b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize("header, code", [
    (basic("us\u00e9r:p:\u00e4ss"), 200), (basic("us\u00e9r:p:\u00e4ss", "basic"), 200), (basic("us\u00e9r:p:\u00e4ss", "BASIC"), 200),
    (basic("us\u00e9r:p"), 401), (basic("us\u00e9r:p:\u00e4ss "), 401), (basic(":"), 401), (basic("us\u00e9r:"), 401), ("Authorization: Digest x", 401), ("X-None: x", 401),
], ids=str)
@pytest.mark.parametrize("path", ["/RPC2", "/ok.html", "/nothing", "/mainlogtail"])
def test_every_path_wants_the_password(locked, header, code, path):
    """HTTP-070, HTTP-071, HTTP-073, HTTP-076, HTTP-079; CLT-013."""
    if code == 200 and path != "/RPC2":
        path = "/RPC2"
    request = post(VERSION, header, path=path) if path == "/RPC2" else get(path, header)
    status, headers, body = ask(locked, request)
    assert status.split()[1] == str(code)
    if code == 401:
        assert headers[2:4] == [["Connection", "close"], ["WWW-Authenticate", 'Basic realm="default"']] and len(body) == 137


@pytest.mark.parametrize("header", ["Authorization: Basic !!!", "Authorization: Basic", "Authorization: Basic /w==", "Authorization: ", "Authorization: Basic bm9jb2xvbg=="])
def test_nonsense_for_a_password_opens_nothing(locked, header):
    """HTTP-074, HTTP-075: 400, 401 or 500, never 200."""
    for daemon in locked.both:
        assert daemon.ask(post(VERSION, header)).code in (400, 401, 500)


def test_a_server_without_a_password_beside_one_with(locked):
    """HTTP-001, HTTP-070."""
    assert ask(locked, post(VERSION), "inet")[0] == "HTTP/1.1 200 OK"


def test_a_connection_is_closed_after_401(locked, ours_only):
    """HTTP-072: the reference announces it and does not do it; ours does."""
    with locked.ours.connect() as connection:
        assert connection.send(post(VERSION)).reply().code == 401
        assert connection.closed_by_server()


def test_the_socket_file():
    """HTTP-004, HTTP-005, HTTP-007."""
    config = "[unix_http_server]\nfile={sock}\nchmod=0765\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            mode = oct(d.path("s.sock").stat().st_mode)
            return mode, sorted(p.name for p in d.path("").iterdir() if "sock" in p.name)
        assert pair.same(scenario) == ["0o140765", ["s.sock"]]
    with fresh_pair() as pair:
        assert pair.same(lambda d: oct(d.path("s.sock").stat().st_mode)) == "0o140700"


def test_several_servers_at_once():
    """HTTP-001, HTTP-015, HTTP-016."""
    config = "[unix_http_server:two]\nfile={dir}/two.sock\n[program:env]\ncommand=/usr/bin/env\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/env.out\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            with http.Connection(f"{d.dir}/two.sock") as connection:
                answer = connection.send(post(VERSION)).reply().body
            d.wait_log("SUPERVISOR_SERVER_URL", name="env.out")
            return answer, [line for line in d.read("env.out").splitlines() if "SERVER_URL" in line]
        assert pair.same(scenario)[1] == ["SUPERVISOR_SERVER_URL=unix://{dir}/s.sock"]
