"""The pages without a script: what a browser shows and does with JavaScript off."""

import pytest
from conftest import keep, say
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


@pytest.fixture
def plain(visit, daemon):
    return visit(daemon.url, java_script_enabled=False)


def line(page, name):
    return page.locator("tr", has=page.get_by_role("link", name=name, exact=True))


def test_links_do_what_they_say(plain):
    expect(plain).to_have_title("Supervisor Status")
    line(plain, "cat").get_by_role("link", name="Stop", exact=True).click()
    expect(plain.locator(".status_msg")).to_have_text("Process cat stopped")
    expect(line(plain, "cat").locator(".status")).to_have_text("stopped")
    line(plain, "cat").get_by_role("link", name="Start", exact=True).click()
    expect(plain.locator(".status_msg")).to_have_text("Process cat started")
    line(plain, "cat").get_by_role("link", name="Restart", exact=True).click()
    expect(plain.locator(".status_msg")).to_have_text("Process cat restarted")
    line(plain, "cat").get_by_role("link", name="Clear Log").click()
    expect(plain.locator(".status_msg")).to_have_text("Log for cat cleared")
    plain.get_by_role("link", name="Refresh").click()
    expect(plain.locator(".status_msg")).to_contain_text("Page refreshed at")
    plain.get_by_role("link", name="Restart All").click()
    expect(plain.locator(".status_msg")).to_contain_text("All restarted at")


def test_a_log_has_a_page_of_its_own(plain, daemon):
    say(daemon, "2 words")
    daemon.wait_log("words 2", name="talks.log")
    with plain.context.expect_page() as opened:
        line(plain, "talks").get_by_role("link", name="talks", exact=True).click()
    page = opened.value
    expect(page.locator("pre")).to_contain_text("words 2")
    page.goto(daemon.url + "tail.html?processname=odd%22'%3Cb%3E%26amp%3Bx")
    assert page.locator("img, b").count() == 0


@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_it_looks_like(visit, daemon, size, theme):
    page = visit(daemon.url + "?message=Process%20cat%20started", java_script_enabled=False, size=size, theme=theme)
    expect(line(page, "cat")).to_be_visible()
    keep(page, f"plain-{size}-{theme}", full_page=True)


def test_nothing_that_comes_from_outside_becomes_markup(visit, daemon):
    page = visit(daemon.url + "?message=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", java_script_enabled=False)
    expect(page.locator(".status_msg")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 1 and page.locator("table b").count() == 0
