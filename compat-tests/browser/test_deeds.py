"""Every action, for one process, a group, a selection and all; its outcome is shown where it was asked for."""

import pytest
from conftest import live, row, running, state_of
from harness import wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


def outcome(page, name):
    return row(page, name).locator(".outcome")


def press(page, name, *texts):
    for text in texts:
        row(page, name).get_by_role("button", name=f"{text} {name}", exact=True).click()


def choose(page, label, item):
    page.get_by_role("button", name=label, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


def agree(page, verb):
    page.locator("dialog.ask").get_by_role("button", name=verb, exact=True).click()


def group_row(page, name):
    return page.locator("tr.group", has=page.get_by_role("button", name=name, exact=True))


def test_one_process_is_stopped_started_and_restarted(page, daemon):
    press(page, "cat", "Stop")
    expect(outcome(page, "cat")).to_have_text("✓ stopped")
    expect(state_of(page, "cat")).to_contain_text("stopped")
    expect(row(page, "cat").get_by_role("button", name="Stop cat", exact=True)).to_be_disabled()
    press(page, "cat", "Start")
    expect(outcome(page, "cat")).to_have_text("✓ started")
    before = daemon.call("supervisor.getProcessInfo", "cat")["pid"]
    press(page, "cat", "Restart")
    expect(outcome(page, "cat")).to_have_text("✓ restarted")
    assert daemon.call("supervisor.getProcessInfo", "cat")["pid"] not in (before, 0)


def test_what_fails_says_why_in_its_row(page):
    press(page, "missing", "Start")
    expect(outcome(page, "missing")).to_have_text("✕ no such file")


def test_a_signal_and_clearing_logs_are_in_the_menu(page, daemon):
    wait_for(lambda: "ready" in daemon.call("supervisor.readProcessStdoutLog", "hears", 0, 0))
    choose(page, "More actions for hears", "HUP")
    expect(outcome(page, "hears")).to_have_text("✓ HUP sent")
    wait_for(lambda: "heard it" in daemon.call("supervisor.readProcessStdoutLog", "hears", 0, 0))
    choose(page, "More actions for hears", "Clear logs")
    agree(page, "Cancel")
    assert "heard it" in daemon.call("supervisor.readProcessStdoutLog", "hears", 0, 0)
    choose(page, "More actions for hears", "Clear logs")
    agree(page, "Clear")
    expect(outcome(page, "hears")).to_have_text("✓ log cleared")
    assert daemon.call("supervisor.readProcessStdoutLog", "hears", 0, 0) == ""


def test_a_group_is_dealt_with_as_one(page):
    group = group_row(page, "w")
    expect(group).to_contain_text("2 of 2 running")
    group.get_by_role("button", name="Stop group w", exact=True).click()
    expect(group.locator(".outcome")).to_have_text("✓ 2 processes: stopped")
    expect(group).to_contain_text("0 of 2 running · ○ 2 stopped")
    expect(outcome(page, "w:w1")).to_have_text("✓ stopped")
    group.get_by_role("button", name="Start group w", exact=True).click()
    expect(group).to_contain_text("2 of 2 running")
    choose(page, "More actions for group w", "CONT")
    agree(page, "Send")
    expect(group.locator(".outcome")).to_have_text("✓ 2 processes: CONT sent")
    page.get_by_role("button", name="w", exact=True).click()
    expect(row(page, "w:w0")).to_be_hidden()
    page.reload()
    live(page)
    expect(row(page, "w:w0")).to_be_hidden()
    page.get_by_role("button", name="w", exact=True).click()
    expect(row(page, "w:w0")).to_be_visible()


def test_a_selection_is_dealt_with_together(page, daemon):
    for name in ("cat", "w:w0"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()
    expect(page.locator(".scope")).to_have_text("2 selected:")
    page.get_by_role("button", name="Stop those", exact=True).click()
    expect(page.locator("dialog.ask")).to_contain_text("Stop 2 processes?")
    agree(page, "Stop")
    expect(page.locator(".tools .outcome")).to_have_text("✓ 2 processes: stopped")
    expect(state_of(page, "w:w0")).to_contain_text("stopped")
    expect(state_of(page, "w:w1")).to_contain_text("running")
    page.get_by_role("button", name="Start those", exact=True).click()
    expect(state_of(page, "cat")).to_contain_text("running")
    page.get_by_role("button", name="Clear selection").click()
    expect(page.locator(".scope")).to_contain_text("All")


def test_a_filter_says_who_is_meant(page, daemon):
    page.get_by_role("searchbox").fill("w:w -w1")
    expect(page.locator(".scope")).to_have_text("1 shown:")
    page.get_by_role("button", name="Restart those", exact=True).click()
    expect(page.locator("dialog.ask")).to_contain_text("Restart w:w0?")
    agree(page, "Restart")
    expect(outcome(page, "w:w0")).to_have_text("✓ restarted")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="2 fatal").click()
    expect(page.locator("tr.one:visible")).to_have_count(2)
    expect(row(page, "broken")).to_be_visible()
    page.get_by_role("button", name="2 fatal").click()
    expect(row(page, "cat")).to_be_visible()


def test_columns_sort(page):
    def names():
        return page.locator("tr.one:visible .name").all_inner_texts()
    page.get_by_role("columnheader", name="State").get_by_role("button").click()
    expect(page.locator("tr.one .name").first).to_have_text("absent")
    expect(page.get_by_role("columnheader", name="State")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("tr.group:visible")).to_have_count(0)
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    assert names() == sorted(names())
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page.locator("tr.one .name").first).to_have_text("w:w1")


def test_all_are_stopped_and_started(visit):
    with running("[program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand=/bin/cat\nstartsecs=0\n") as daemon:
        daemon.wait_states(a="RUNNING", b="RUNNING")
        page = live(visit(daemon.url))
        page.get_by_role("button", name="Stop those", exact=True).click()
        expect(page.locator("dialog.ask")).to_contain_text("Stop all 2 processes?")
        agree(page, "Stop")
        expect(page.locator(".tools .outcome")).to_have_text("✓ 2 processes: stopped")
        page.get_by_role("button", name="Start those", exact=True).click()
        agree(page, "Start")
        expect(state_of(page, "b")).to_contain_text("running")
        expect(page).to_have_title("2/2 Supervisor on 127.0.0.1")
