"""The page in a real browser: Debian's chromium, driven by playwright.

A test gets `visit`, which opens a page of a daemon and watches over it: an error in the script, a message on the console or a
request to anybody but the daemon fails the test, whatever it was looking at. What tests leave to be looked at is in `target/browser`.
"""

import os
import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect, sync_playwright

from harness import Daemon, where
from harness.pair import BASE

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# Machines are loaded at times; a condition that holds is seen at once however long the limit is.
LIMIT = 30_000
SIZES = {"phone": (360, 780), "desk": (1280, 800)}
THEMES = ("light", "dark")
KEPT = where.REPOSITORY / "target" / "browser"

# Names that are ours by their ending, and one that is anybody's: the browser finds all of them here.
NAMES = "MAP sup.internal 127.0.0.1, MAP evil.example 127.0.0.1, MAP evil.internal 127.0.0.1"

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
priority=1
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:missing]
command=/no/such/file
autostart=false
[program:absent]
command=/no/such/other
startretries=0
[program:broken]
command=/bin/sh -c "echo 'config.yaml: line 7: no such key' >&2; exit 78"
startretries=0
[program:dies]
command=/bin/sh -c "read line; echo last words >&2; kill -9 $$"
startsecs=0
autorestart=false
[program:w]
command=/bin/cat
process_name=w%(process_num)d
numprocs=2
startsecs=0
environment=SECRET="topsecret"
[program:hears]
command=/bin/sh -c "trap 'echo heard it' HUP; echo ready; while :; do read line; done"
startsecs=0
[program:odd"'<b>&amp;x]
command=/bin/sh -c "echo '<img src=x onerror=alert(1)>&lt;'; exec cat"
startsecs=0
[program:talks]
command={python} {dir}/talks.py
startsecs=0
stdout_logfile={dir}/talks.log
stdout_logfile_maxbytes=4KB
stdout_logfile_backups=2
"""

# Says what it is told to say, and how often: `3 words` writes `words 1` to `words 3`; with a `!` before it to stderr.
TALKS = r"""
import sys
print("\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[0m", flush=True)
for line in sys.stdin:
    out = sys.stderr if line.startswith("!") else sys.stdout
    times, words = line.lstrip("!").split(" ", 1)
    for at in range(1, int(times) + 1):
        print(words.strip(), at, file=out, flush=True)
"""


@contextmanager
def running(programs=PROGRAMS):
    with Daemon(where.OURS, BASE + programs, files={"talks.py": TALKS}) as daemon:
        daemon.url = f"http://127.0.0.1:{daemon.port}/"
        yield daemon


@pytest.fixture(scope="module")
def daemon():
    with running() as daemon:
        daemon.wait_states(cat="RUNNING", broken="FATAL", hears="RUNNING", talks="RUNNING", **{"w:w0": "RUNNING", "w:w1": "RUNNING"})
        yield daemon


@pytest.fixture
def own_daemon():
    """One that a test may break."""
    with running() as daemon:
        daemon.wait_states(cat="RUNNING", broken="FATAL")
        yield daemon


@pytest.fixture(scope="session")
def browser():
    if not os.path.exists(CHROMIUM):
        pytest.fail(f"no chromium at {CHROMIUM}: run scripts/setup, or name one in CHROMIUM", pytrace=False)
    expect.set_options(timeout=LIMIT)
    arguments = [f"--host-resolver-rules={NAMES}", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """`visit(url, …)` gives a page in a context of its own; options are those of a context."""
    contexts, complaints = [], []

    def visit(url, *, size="desk", theme="light", watched=True, **options):
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, **options)
        context.set_default_timeout(LIMIT)
        contexts.append(context)
        page = context.new_page()
        if watched:
            home = "/".join(url.split("/")[:3])
            # A daemon that ends before the page does is no fault of the page.
            page.on("console", lambda message: complaints.append(f"console: {message.text}") if message.type in ("error", "warning") and "net::ERR_" not in message.text else None)
            page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
            page.on("request", lambda request: None if request.url.startswith((home + "/", "blob:")) else complaints.append(f"asks {request.url}"))
        page.goto(url)
        return page

    visit.complaints = complaints
    yield visit
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(visit, daemon):
    """The live page."""
    return live(visit(daemon.url))


def live(page):
    expect(page.locator(".live-sign")).to_have_text("● live")
    return page


def row(page, name):
    return page.locator("tr.one", has=page.get_by_role("button", name=name, exact=True))


def state_of(page, name):
    return row(page, name).locator(".state")


def keep(page, name, **options):
    """A picture to be looked at."""
    KEPT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=KEPT / f"{name}.png", **options)


def say(daemon, line, process="talks"):
    assert daemon.call("supervisor.sendProcessStdin", process, line + "\n") is True
