"""Pages of other sites, and names that are not ours: a second site tries everything a browser lets it try to stop a program."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from conftest import live, row, state_of
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")

STOP = "index.html?action=stop&processname=cat"

ATTACK = """<!DOCTYPE html><title>evil</title>
<img src="OURS/index.html?action=stopall"><script src="OURS/index.html?action=stopall"></script><link rel="stylesheet" href="OURS/STOP">
<iframe name="in" src="OURS/"></iframe><iframe name="post"></iframe>
<form id="form" target="post" method="post" action="OURS/index.html"><input name="action" value="stop"><input name="processname" value="cat"></form>
<form id="plain" target="post" method="post" enctype="text/plain" action="OURS/RPC2"><input name="&lt;methodCall>&lt;methodName>supervisor.shutdown&lt;/methodName>" value="&lt;/methodCall>"></form>
<a id="link" href="OURS/STOP">a prize</a>
<script>
const tried = [];
const attempt = (what, work) => tried.push(work.then((answer) => `${what}: ${answer.type} ${answer.status}`, (error) => `${what}: ${error.name}`));
const call = "<methodCall><methodName>supervisor.stopAllProcesses</methodName></methodCall>";
for (const mode of ["no-cors", "cors"]) {
  for (const credentials of ["omit", "include"]) {
    attempt("get", fetch("OURS/STOP", { mode, credentials }));
    attempt("act", fetch("OURS/web/act", { mode, credentials, method: "POST", body: new URLSearchParams({ do: "stop", name: "cat" }) }));
    attempt("post", fetch("OURS/index.html", { mode, credentials, method: "POST", body: new URLSearchParams({ action: "stop", processname: "cat" }) }));
    attempt("rpc", fetch("OURS/RPC2", { mode, credentials, method: "POST", headers: { "Content-Type": "text/plain" }, body: call }));
    attempt("read", fetch("OURS/web/config", { mode, credentials }));
    attempt("rest", fetch("OURS/supervisor/shutdown", { mode, credentials, method: "POST" }));
  }
}
attempt("beacon", Promise.resolve({ type: String(navigator.sendBeacon("OURS/web/act", new URLSearchParams({ do: "stop", name: "cat" }))), status: 0 }));
attempt("events", new Promise((done, fail) => { const source = new EventSource("OURS/web/events"); source.onopen = () => done({ type: "open", status: 200 }); source.onerror = () => fail(new Error("closed")); }));
</script>"""


@pytest.fixture(scope="module")
def site(daemon):
    """Another site, which serves the attack for a daemon's URL: `site(url)`."""

    class Evil(BaseHTTPRequestHandler):
        url = daemon.url

        def do_GET(self):
            body = ATTACK.replace("OURS/STOP", self.url + STOP).replace("OURS/", self.url).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def attack(host, url=daemon.url):
        Evil.url = url
        return f"http://{host}:{server.server_port}/"
    yield attack
    server.shutdown()


def info(daemon):
    told = daemon.call("supervisor.getProcessInfo", "cat")
    return told["statename"], told["pid"]


# Addresses as another site sees them: this machine's, which browsers trust, and a name on plain HTTP, for which they tell less.
@pytest.mark.parametrize("host, ours", [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("evil.example", "127.0.0.1"), ("evil.internal", "sup.internal")])
def test_another_site_stops_nothing_and_reads_nothing(visit, daemon, site, host, ours):
    before = info(daemon)
    url = f"http://{ours}:{daemon.port}/"
    page = visit(site(host, url), watched=False)
    told = page.evaluate("Promise.all(tried)")
    assert [answer for answer in told if not answer.startswith("beacon") and "opaque" not in answer and "Error" not in answer] == []
    # Frames of ours stay empty.
    frame = page.frame("in")
    assert frame is None or frame.locator("table").count() == 0
    # A form in a frame: whatever comes of it in a few seconds is a refusal. A browser may refuse by itself as well.
    answers = []
    page.on("response", lambda reply: answers.append(reply.status) if reply.request.method == "POST" else None)
    for form in ("form", "plain"):
        before_it = len(answers)
        page.evaluate(f"document.getElementById('{form}').submit()")
        end = time.monotonic() + 5
        while len(answers) == before_it and time.monotonic() < end:
            page.wait_for_timeout(50)
    assert set(answers) <= {403}
    with page.expect_navigation():
        page.click("#link")
    text = page.inner_text("body")
    assert "Another site asks for this" in text or "Run stop on cat?" in text
    assert info(daemon) == before and before[0] == "RUNNING"


def test_on_plain_http_an_action_that_proves_nothing_is_asked_about(visit, daemon):
    url = f"http://sup.internal:{daemon.port}/"
    page = visit(url + STOP)
    expect(page.locator("body")).to_contain_text("Run stop on cat?")
    assert info(daemon)[0] == "RUNNING"
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator(".status_msg")).to_have_text("Process cat stopped")
    live(page)
    row(page, "cat").get_by_role("button", name="Start cat", exact=True).click()
    expect(state_of(page, "cat")).to_contain_text("running")
    # A link on our own page is proof enough.
    plain = visit(url, java_script_enabled=False)
    plain.locator("tr", has=plain.get_by_role("link", name="cat", exact=True)).get_by_role("link", name="Clear Log").click()
    expect(plain.locator(".status_msg")).to_have_text("Log for cat cleared")


def test_a_name_that_anybody_may_own_can_change_nothing(visit, daemon):
    """DNS rebinding: evil.example leads to this machine for a moment."""
    url = f"http://evil.example:{daemon.port}/"
    before = info(daemon)
    page = visit(url, watched=False)
    answers = page.evaluate("""async (stop) => {
        const text = await (await fetch(stop)).text();
        const token = new DOMParser().parseFromString(text, "text/html").querySelector("[name=token]")?.value || "";
        const form = (more) => ({ method: "POST", body: new URLSearchParams(more) });
        const tries = [fetch("web/act", form({ do: "stop", name: "cat" })), fetch("index.html", form({ action: "stop", processname: "cat", token })),
          fetch("RPC2", { method: "POST", body: "<methodCall><methodName>supervisor.stopAllProcesses</methodName></methodCall>" })];
        return [Boolean(token), ...(await Promise.all(tries)).map((reply) => reply.status)];
    }""", STOP)
    assert answers == [True, 403, 403, 403] and info(daemon) == before


def test_what_is_shown_comes_with_its_guards(visit, daemon):
    page = visit("about:blank", watched=False)
    for path in ("", "tail.html?processname=cat", STOP.replace("stop", "nonsense"), "web/config", "web/page.js", "nothing"):
        headers = page.context.request.get(daemon.url + path, headers={"Sec-Fetch-Site": "none"}, max_redirects=0).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_no_name_message_or_log_runs(visit, daemon):
    page = visit(daemon.url + "?message=" + quote("<img src=x onerror=alert(1)>"))
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    live(page)
    expect(page.locator(".status_msg")).to_have_text("<img src=x onerror=alert(1)>")
    expect(row(page, "odd\"'<b>&amp;x")).to_be_visible()
    page.get_by_role("tab", name="Configuration").click()
    expect(page.locator("#view-configuration")).to_contain_text("odd\"'<b>&amp;x")
    assert page.locator("[role=main] img, .live b, details b b").count() == 0
