"""How the page looks, kept as pictures in target/browser, and what axe says of it: every view, in both themes, on a phone and on a desk."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import SIZES, THEMES, keep, live, row, say
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture(scope="module")
def daemon(daemon):
    """With something to see: an end, a log with colours and trouble in it, a file that differs."""
    say(daemon, "go", process="dies")
    say(daemon, "30 a line of the log")
    say(daemon, "!3 trouble")
    config = daemon.path("supervisord.conf")
    config.write_text(config.read_text().replace("topsecret", "new secret").replace("[program:off]", "[program:new]"))
    return daemon


def check(page, name, size, whole=False):
    """Keeps a picture and asks axe; nothing may stand out of the page at the side."""
    keep(page, name, full_page=whole)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size][0], f"{name} is {width} pixels wide"
    found = Axe().run(page).response["violations"]
    told = [f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}" for one in found]
    assert not told, f"{name}: " + "\n".join(told)


@pytest.fixture(params=THEMES)
def theme(request):
    return request.param


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


def test_processes(visit, daemon, size, theme):
    page = live(visit(daemon.url, size=size, theme=theme, reduced_motion="reduce"))
    expect(row(page, "cat").locator("td.cpu")).to_have_text(re.compile("[0-9]"))
    page.get_by_role("checkbox", name="Select cat").check()
    row(page, "w:w0").get_by_role("button", name="More actions for w:w0").focus()
    check(page, f"processes-{size}-{theme}", size, whole=True)
    row(page, "cat").get_by_role("button", name="More actions for cat").click()
    expect(page.get_by_role("menu")).to_be_visible()
    check(page, f"menu-{size}-{theme}", size)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stop those", exact=True).click()
    check(page, f"question-{size}-{theme}", size)


def test_one_process(visit, daemon, size, theme):
    page = visit(daemon.url + "#process=talks", size=size, theme=theme, reduced_motion="reduce")
    page.get_by_label("Which log").select_option("both")
    expect(page.locator("dialog.process .logs .log")).to_contain_text("trouble 3")
    page.get_by_label("Search the log").fill("line")
    check(page, f"process-{size}-{theme}", size)
    page.goto(daemon.url + "#process=dies")
    expect(page.locator("section.end")).to_contain_text("last words")
    check(page, f"ended-{size}-{theme}", size)


def test_the_other_views(visit, daemon, size, theme):
    page = live(visit(daemon.url + "#events", size=size, theme=theme, reduced_motion="reduce"))
    daemon.call("supervisor.stopProcess", "cat")
    daemon.call("supervisor.startProcess", "cat")
    expect(page.locator("#view-events li").first).to_contain_text("running")
    check(page, f"events-{size}-{theme}", size)
    page.get_by_role("tab", name="Configuration").click()
    page.get_by_role("button", name="Read the file again").click()
    expect(page.locator("#view-configuration")).to_contain_text("differs from what runs in 3 groups")
    check(page, f"configuration-{size}-{theme}", size)
    page.get_by_role("tab", name="Daemon log").click()
    expect(page.locator("#view-log .log")).to_contain_text("spawned")
    check(page, f"log-{size}-{theme}", size)
    if size == "desk":
        page.keyboard.press("?")
        expect(page.locator("dialog.ask")).to_be_visible()
        check(page, f"keys-{size}-{theme}", size)


def test_the_question_that_comes_from_elsewhere(visit, daemon, theme):
    page = visit(f"http://sup.internal:{daemon.port}/index.html?action=stop&processname=cat", theme=theme)
    expect(page.locator("body")).to_contain_text("Run stop on cat?")
    keep(page, f"confirm-desk-{theme}")


def test_who_wants_no_motion_gets_none(visit, daemon):
    for wish, name in (("reduce", "none"), ("no-preference", "changed")):
        page = live(visit(daemon.url, reduced_motion=wish))
        cell = row(page, "cat").locator("td.told")
        row(page, "cat").evaluate("tr => tr.classList.add('changed')")
        assert cell.evaluate("td => getComputedStyle(td).animationName") == name
