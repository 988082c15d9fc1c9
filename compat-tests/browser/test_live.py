"""The page keeps itself true: states, numbers, what ended a process, events, and a daemon that goes and comes back."""

import re

import pytest
from conftest import live, row, say, state_of
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


def test_what_others_do_is_seen_at_once(page, daemon):
    expect(row(page, "cat").locator(".fact")).to_have_text(re.compile(r"up 0:\d\d:\d\d, pid \d+"))
    first = row(page, "cat").locator(".fact").inner_text()
    expect(row(page, "cat").locator(".fact")).not_to_have_text(first)
    expect(row(page, "cat").locator("td.memory")).to_have_text(re.compile(r"[\d.]+ [KM]"))
    expect(row(page, "cat").locator("td.cpu")).to_have_text(re.compile(r"[\d.]+"))
    assert daemon.call("supervisor.stopProcess", "cat") is True
    expect(state_of(page, "cat")).to_have_text(re.compile("stopped"))
    assert daemon.call("supervisor.startProcess", "cat") is True
    expect(state_of(page, "cat")).to_have_text(re.compile("running"))
    # Its line shows the stop, below the processor use.
    expect(row(page, "cat").locator("path.good")).to_have_attribute("d", re.compile(r"M.*H"))
    expect(row(page, "cat").locator("path.use")).to_have_attribute("d", re.compile(r"M.*L"))


def test_the_last_exit_is_explained(page, daemon):
    say(daemon, "go", process="dies")
    expect(row(page, "dies")).to_contain_text(re.compile(r"SIGKILL, \d+ s ago"))
    row(page, "dies").get_by_role("button", name="dies", exact=True).click()
    end = page.locator("section.end")
    expect(end).to_contain_text("Terminated by SIGKILL, not expected")
    expect(end).to_contain_text("out of memory")
    expect(end).to_contain_text(re.compile(r"\d+ s ago; 1 end so far"))
    expect(end).to_contain_text("last words")
    page.keyboard.press("Escape")
    row(page, "broken").get_by_role("button", name="broken", exact=True).click()
    expect(end).to_contain_text("Exit status 78")
    expect(end).to_contain_text("its configuration is wrong")
    expect(end).to_contain_text("config.yaml: line 7")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog.process")).to_be_hidden()
    row(page, "absent").get_by_role("button", name="absent", exact=True).click()
    expect(end).to_contain_text("can't find command '/no/such/other'")
    daemon.call("supervisor.startProcess", "dies")


def test_events_are_listed_as_they_happen(page, daemon):
    page.get_by_role("tab", name="Events").click()
    assert daemon.call("supervisor.stopProcess", "cat") is True
    first = page.locator("#view-events li").first
    expect(first).to_contain_text("stopped")
    expect(first).to_contain_text("from stopping")
    daemon.call("supervisor.startProcess", "cat")
    expect(first).to_contain_text("running")
    page.get_by_role("searchbox", name="Filter events").fill("no such event")
    expect(first).to_be_hidden()
    page.get_by_role("searchbox", name="Filter events").fill("cat")
    first.get_by_role("button", name="cat").click()
    expect(page.locator("dialog.process h2")).to_have_text("cat")
    page.locator("dialog.process summary", has_text="Events").click()
    expect(page.locator("dialog.process .events li").first).to_contain_text("running")


def test_a_daemon_that_goes_and_comes_back(visit, own_daemon):
    page = live(visit(own_daemon.url, watched=False))
    own_daemon.process.kill()
    own_daemon.process.wait()
    expect(page.locator(".live-sign")).to_have_text("○ no connection")
    expect(page.get_by_role("alert")).to_contain_text("what is shown may be old")
    own_daemon.start()
    live(page)
    expect(page.locator(".lost")).to_be_hidden()
    expect(state_of(page, "cat")).to_contain_text("running")


def test_places_have_addresses(visit, daemon):
    page = live(visit(daemon.url + "#process=w:w1"))
    expect(page.locator("dialog.process h2")).to_have_text("w:w1")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.process")).to_be_hidden()
    page.get_by_role("tab", name="Daemon log").click()
    assert page.url.endswith("#log")
    page.go_back()
    expect(page.get_by_role("tab", name="Processes")).to_have_attribute("aria-selected", "true")


def test_keys_lead_everywhere(page):
    page.keyboard.press("?")
    expect(page.locator("dialog.ask")).to_contain_text("next and previous process")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.ask")).to_have_count(0)
    page.keyboard.press("j")
    expect(row(page, "absent").get_by_role("button", name="absent", exact=True)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name="Select cat")).to_be_checked()
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.get_by_role("menuitem", name="Log and details")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("s")
    expect(page.get_by_role("menuitem", name="Stop", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("cat")
    expect(page.locator("tr.one:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(row(page, "off")).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("tab", name="Daemon log")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Processes")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("dialog.process h2")).to_have_text("absent")
