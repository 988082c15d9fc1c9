"""The pages without JavaScript: what scrapers read, what links lead to, what actions answer."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from harness import fresh_pair, shared_pair
from harness.http import get

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
[program:chatty]
command=/bin/sh -c "seq 1 2000; echo '<b>&amp;&'; exec cat"
startsecs=0
stdout_logfile={dir}/chatty.out
[program:off]
command=/bin/cat
autostart=false
startsecs=0
stdout_logfile=NONE
[program:broken]
command=/bin/false
startsecs=1
priority=1
startretries=0
[program:missing]
command=/no/such/file
autostart=false
[group:grp]
programs=m1,m2
[program:m1]
command=/bin/cat
startsecs=0
autostart=false
[program:m2]
command=/bin/cat
startsecs=0
autostart=false
"""

pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING", chatty="RUNNING", broken="FATAL").wait_log("2000", name="chatty.out"))


@pytest.fixture
def own():
    """A pair that a test may disturb."""
    with fresh_pair(CONFIG) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING", broken="FATAL"))
        yield pair


VOID = {"img", "input", "link", "meta"}
# What a head consists of is ours; a page is what its body and its title say.
HEAD = {"meta", "style", "link", "script"}


class Outline(HTMLParser):
    """A page as a scraper sees it: tags with their attributes, and texts without the blanks around them."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.seen, self.skipping = [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in HEAD:
            self.skipping = None if tag in VOID else tag
            return
        attributes = [(name, value) for name, value in attributes if name != "style"]
        self.seen.append((tag, attributes))

    def handle_endtag(self, tag):
        if tag in HEAD:
            self.skipping = None
        elif tag not in VOID:
            self.seen.append("/" + tag)

    def handle_data(self, data):
        if data.strip() and not self.skipping:
            self.seen.append(re.sub(r"pid \d+, uptime [\d:]+", "pid N, uptime T", data.strip()))


def outline(d, path):
    reply = d.ask(get(path), "inet")
    headers = [(n, v if n != "Content-Length" else "checked") for n, v in reply.headers]
    page = reply.body.decode()
    return reply.status, headers, page.split("\n")[0], Outline(page).seen


@pytest.mark.parametrize("path", [
    "/", "/index.html", "//index.html", "/?message=hello%20you", "/?message=%3Cscript%3Ealert(1)%3C/script%3E", "/?message=%26lt%3B%26x%20%22",
    "/?message=a&message=b", "/?message=", "/?message", "/?message=a+b%252B",
])
def test_the_status_page(pair, path):
    """WEB-001, WEB-003..005, WEB-010..019."""
    status, headers, doctype, seen = pair.same(lambda d: outline(d, path))
    assert status.endswith("200 OK") and doctype.startswith("<!DOCTYPE html PUBLIC")
    assert ("a", [["href", "index.html?processname=grp%3Am1&action=start"], ["name", "Start"]]) in [tuple(e) for e in seen if not isinstance(e, str)]


@pytest.mark.parametrize("query", [
    "", "?processname=", "?processname=cat", "?processname=chatty", "?processname=chatty&limit=5", "?processname=chatty&limit=3000",
    "?processname=chatty&limit=x", "?processname=off", "?processname=nope", "?processname=grp:*", "?processname=a%26%3Cb%22", "?processname=grp:m1",
    "?limit=7",
])
def test_the_tail_page(pair, query):
    """WEB-040..043."""
    status, _, _, seen = pair.same(lambda d: outline(d, "/tail.html" + query))
    assert status.endswith("200 OK")


def message(reply):
    location = reply.header("Location")
    return location and re.sub(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}", "CTIME", unquote(location))


def act(d, query, host="x.example:9001"):
    request = f"GET /index.html?{query} HTTP/1.1\r\n{f'Host: {host}' if host else 'X: y'}\r\n\r\n".encode()
    reply = d.ask(request, "inet")
    return reply.status, [n for n, _ in reply.headers], message(reply), reply.body


@pytest.mark.parametrize("query, text", [
    ("action=refresh", "Page refreshed at CTIME"),
    ("action=start&processname=cat", "ERROR: Process cat: already started"),
    ("action=start&processname=missing", "ERROR: Process missing: no such file"),
    ("action=start&processname=broken", "ERROR: Process broken: spawn error"),
    ("action=stop&processname=off", "unexpected rpc fault [70] NOT_RUNNING: off"),
    ("action=restart&processname=missing", "Process missing restarted"),
    ("action=clearlog&processname=cat", "Log for cat cleared"),
    ("action=start&processname=nope", "No such process named nope"),
    ("action=start&processname=grp:*", "No such process named grp:*"),
    ("action=bogus&processname=nope+%C3%A9", "No such process named nope é"),
    ("action=stop&action=start&processname=off", "unexpected rpc fault [70] NOT_RUNNING: off"),
], ids=str)
def test_an_action(pair, query, text):
    """WEB-020..029."""
    status, headers, told, body = pair.same(lambda d: act(d, query))
    assert status.endswith("301 Moved Permanently") and told == "http://x.example:9001/?message=" + text
    assert headers == ["Server", "Date", "Location", "Content-Type", "Pragma", "Cache-Control", "Expires", "Content-Length"] and len(body) == 142


@pytest.mark.parametrize("host", ["a.b", "a.b:80", "a.b:8080", "127.0.0.1:9001"])
def test_where_a_redirect_leads(pair, host):
    """WEB-021."""
    pair.same(lambda d: act(d, "action=refresh", host))


@pytest.mark.parametrize("query", ["action=bogus", "action=bogus&processname=cat", "action=start"])
def test_an_action_that_is_none(pair, query):
    """WEB-030."""
    def scenario(d):
        answer = act(d, query)
        d.wait_log("ERRO Web interface error:")
        return answer[0], answer[3]
    assert pair.same(scenario)[0].endswith("500 Internal Server Error")


def test_a_process_starts_restarts_and_stops(own):
    """WEB-025..027, WEB-032."""
    def scenario(d):
        return [act(d, f"action={action}&processname=grp%3Am1")[2] for action in ("start", "restart", "stop")]
    assert own.same(scenario) == [f"http://x.example:9001/?message=Process grp:m1 {done}" for done in ("started", "restarted", "stopped")]


def test_everything_restarts_and_stops(own):
    """WEB-024; POST as well as GET."""
    def scenario(d):
        told = [act(d, "action=stopall")[2], act(d, "action=restartall")[2]]
        body = b"action=stop&processname=cat"
        reply = d.ask(b"POST /index.html?action=refresh HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body, "inet")
        return told, message(reply)
    told, posted = own.same(scenario)
    assert [text.partition("=")[2] for text in told] == ["All stopped at CTIME", "All restarted at CTIME"]
    assert posted == "http://x/?message=Process cat stopped"


@pytest.mark.parametrize("method, path, code", [
    ("HEAD", "/", 404), ("HEAD", "/index.html", 404), ("PUT", "/", 400), ("GET", "/images/", 404),
    ("GET", "/stylesheets/", 404), ("GET", "/images/../index.html", 404), ("GET", "/%2e%2e/tail.htm", 404),
    ("GET", "/stylesheets", 301), ("GET", "/images", 301),
])
def test_paths_that_are_no_pages(pair, method, path, code):
    """HTTP-114..116."""
    def scenario(d):
        reply = d.ask(get(path, method=method), "inet", body=method != "HEAD")
        return reply.code, reply.names(), reply.body
    assert pair.same(scenario)[0] == code


@pytest.mark.parametrize("path", [
    "/stylesheets/supervisor.css", "/images/icon.png", "/images/rule.gif", "/images/supervisor.gif", *(f"/images/state{n}.gif" for n in range(4))])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_static_files(pair, path, method):
    """HTTP-110, HTTP-112: the files are our own, their kind is the same."""
    def scenario(d):
        reply = d.ask(get(path, method=method), "inet", body=method == "GET")
        assert reply.header("Content-Length") == str(len(reply.body)) or method == "HEAD"
        return reply.status, reply.names(), reply.header("Content-Type")
    assert pair.same(scenario)[0].endswith("200 OK")


@pytest.mark.parametrize("date, code", [
    ("Thu, 01 Jan 2037 00:00:00 GMT", 304), ("Thu, 01 Jan 1990 00:00:00 GMT", 200), ("yesterday", 200),
])
def test_a_static_file_that_is_known(pair, date, code):
    """HTTP-113."""
    def scenario(d):
        reply = d.ask(get("/images/icon.png", f"If-Modified-Since: {date}"), "inet")
        return reply.code, [n for n in reply.names() if n != "Transfer-Encoding"], bool(reply.body)
    assert pair.same(scenario)[0] == code
