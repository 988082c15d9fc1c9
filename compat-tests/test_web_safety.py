"""Whom the page obeys: ours alone, since the reference obeys everybody (WEB-031)."""

import re

import pytest

from harness import shared_pair

pytestmark = pytest.mark.usefixtures("ours_only")

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
"""

pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING"))

STOP = "/index.html?action=stop&processname=cat"
FIREFOX = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def ask(pair, path, *headers, body=None, host="10.1.2.3:9001"):
    method = "GET" if body is None else "POST"
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *length, *headers]
    return pair.ours.ask("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""), "inet")


def state(pair):
    return pair.ours.call("supervisor.getProcessInfo", "cat")["statename"]


@pytest.mark.parametrize("headers", [
    ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site", FIREFOX], [FIREFOX, "Origin: https://evil.example"],
    [FIREFOX, "Origin: null", "Referer: http://10.1.2.3:9001/"],
], ids=str)
def test_another_site_stops_nothing(pair, headers):
    assert ask(pair, STOP, *headers).code == 403
    assert ask(pair, "/", *headers, body=b"action=stop&processname=cat").code == 403
    call = b"<methodCall><methodName>supervisor.stopAllProcesses</methodName></methodCall>"
    assert ask(pair, "/RPC2", *headers, body=call).code == 403
    assert state(pair) == "RUNNING"


@pytest.mark.parametrize("headers", [[FIREFOX], [FIREFOX, "Referer: http://evil.example/10.1.2.3:9001/"]], ids=str)
def test_a_browser_without_proof_is_asked_first(pair, headers):
    reply = ask(pair, STOP, *headers)
    page = reply.body.decode()
    assert reply.code == 200 and "Run <strong>stop</strong> on <strong>cat</strong>?" in page and state(pair) == "RUNNING"
    token = re.search(r'name="token" type="hidden" value="(\w+)"', page)[1]
    form = b"action=stop&processname=cat&token="
    assert ask(pair, "/index.html", FIREFOX, body=form + b"0" * 32).code == 200 and state(pair) == "RUNNING"
    assert ask(pair, "/index.html", FIREFOX, "Origin: http://evil.example", body=form + token.encode()).code == 403
    reply = ask(pair, "/index.html", FIREFOX, body=form + token.encode())
    assert reply.code == 301 and reply.header("Location").endswith("Process%20cat%20stopped")
    assert ask(pair, STOP.replace("stop", "start"), "User-Agent: curl/8").code == 301


@pytest.mark.parametrize("headers", [
    [], ["User-Agent: python-requests/2"], [FIREFOX, "Referer: http://10.1.2.3:9001/?message=x"], [FIREFOX, "Sec-Fetch-Site: none"],
    ["Sec-Fetch-Site: same-origin"], [FIREFOX, "Origin: http://10.1.2.3:9001"],
], ids=str)
def test_our_own_page_and_programs_are_obeyed(pair, headers):
    reply = ask(pair, "/?action=clearlog&processname=cat", *headers)
    assert reply.code == 301 and reply.header("Location") == "http://10.1.2.3:9001/?message=Log%20for%20cat%20cleared"


def test_a_rebound_name_shows_nothing(pair):
    for headers in (["Sec-Fetch-Site: same-origin"], [FIREFOX, "Origin: http://evil.example"]):
        reply = ask(pair, "/", *headers, host="evil.example")
        assert reply.code == 403 and b"allowed_hosts" in reply.body
    assert ask(pair, "/", FIREFOX, host="evil.example").code == 200
    assert ask(pair, STOP, FIREFOX, "Referer: http://evil.example/", host="evil.example").code == 200 and state(pair) == "RUNNING"
