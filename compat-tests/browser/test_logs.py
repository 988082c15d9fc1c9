"""Logs: followed through rotation, paused, searched, in colours, of both streams, rotated, to be kept; and the daemon's own."""

import re

import pytest
from conftest import say
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture
def log(visit, daemon):
    page = visit(daemon.url + "#process=talks")
    expect(page.locator("dialog.process .logs .log")).to_be_visible()
    return page


def view(page):
    return page.locator("dialog.process .logs .log")


def choose(page, which):
    page.get_by_label("Which log").focus()
    expect(page.locator(f"option[value='{which}']")).to_be_attached()
    page.get_by_label("Which log").select_option(which)


def test_a_log_is_followed_through_its_rotations(log, daemon):
    choose(log, "stdout")
    say(daemon, "3 before")
    expect(view(log)).to_contain_text("before 3")
    say(daemon, "1000 these go over more than one file")
    expect(view(log)).to_contain_text("more than one file 1000")
    say(daemon, "3 after")
    expect(view(log)).to_contain_text("after 3")
    assert daemon.path("talks.log.1").exists()
    lines = view(log).locator("div").all_inner_texts()
    assert [line for line in lines if line.startswith("after")] == ["after 1", "after 2", "after 3"]
    at_end = view(log).evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight")
    assert at_end < 40

    choose(log, "stdout.1")
    expect(view(log)).to_contain_text("more than one file")
    expect(view(log)).not_to_contain_text("after 3")
    with log.expect_download() as kept:
        log.get_by_role("link", name="Download").click()
    assert kept.value.suggested_filename == "talks.log.1" and "more than one file" in open(kept.value.path()).read()


def test_a_pause_holds_what_comes(log, daemon):
    choose(log, "stdout")
    say(daemon, "1 first")
    expect(view(log)).to_contain_text("first 1")
    log.get_by_role("button", name="Pause").click()
    say(daemon, "5 held")
    expect(log.get_by_role("button", name="5 new lines")).to_be_visible()
    expect(view(log)).not_to_contain_text("held")
    log.get_by_role("button", name="Follow").click()
    expect(view(log)).to_contain_text("held 5")


def test_a_search_leaves_the_lines_that_match(log, daemon):
    choose(log, "stdout")
    say(daemon, "20 needle or hay")
    expect(view(log)).to_contain_text("needle or hay 20")
    log.get_by_label("Search the log").fill("HAY 1")
    expect(view(log).locator("div.hit:visible")).to_have_count(11)
    say(daemon, "1 more hay 1")
    expect(view(log).locator("div:visible").last).to_have_text("more hay 1 1")
    log.get_by_label("matching lines only").uncheck()
    expect(view(log).locator("div:visible", has_text="hay 20")).to_be_visible()
    log.get_by_label("Search the log").press("Enter")
    expect(view(log).locator("div.here")).to_contain_text("hay 1")


def test_both_streams_stand_side_by_side(log, daemon):
    choose(log, "both")
    say(daemon, "2 normal")
    say(daemon, "!2 trouble")
    expect(view(log)).to_contain_text("stdout normal 2")
    expect(view(log).locator("div.err").last).to_have_text("stderr trouble 2")
    choose(log, "stderr")
    expect(view(log)).to_contain_text("trouble 2")
    expect(view(log)).not_to_contain_text("normal")


def test_colours_are_shown_and_nothing_runs(visit, daemon, own_daemon):
    page = visit(own_daemon.url + "#process=talks")
    expect(view(page).locator("span.c1")).to_have_text("red")
    expect(view(page).locator("span.b.c2")).to_have_text("green")
    page.goto(own_daemon.url + "#process=" + "odd%22'%3Cb%3E%26amp%3Bx")
    expect(page.locator("dialog.process h2")).to_have_text("odd\"'<b>&amp;x")
    expect(view(page)).to_contain_text("<img src=x onerror=alert(1)>&lt;")
    assert page.locator("dialog img").count() == 0


def test_a_process_without_a_log_says_so(visit, own_daemon):
    own_daemon.write("supervisord.conf", own_daemon.path("supervisord.conf").read_text() + "\n[program:mute]\ncommand=/bin/cat\nstdout_logfile=NONE\nstderr_logfile=NONE\n")
    own_daemon.call("supervisor.reloadConfig")
    own_daemon.call("supervisor.addProcessGroup", "mute")
    page = visit(own_daemon.url + "#process=mute")
    expect(page.locator("dialog.process")).to_contain_text("It writes no log file.")


def test_the_daemons_own_log(page, daemon):
    page.get_by_role("tab", name="Daemon log").click()
    expect(page.locator("#view-log .log")).to_contain_text(re.compile("INFO spawned: 'cat' with pid"))
    daemon.call("supervisor.signalProcess", "nobody", "HUP")
    daemon.call("supervisor.stopProcess", "cat")
    expect(page.locator("#view-log .log")).to_contain_text("stopped: cat")
    daemon.call("supervisor.startProcess", "cat")
