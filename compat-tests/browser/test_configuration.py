"""The configuration: what the file says, what differs after it is read again, and making it true."""

import pytest
from conftest import live, state_of
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("ours_only")


def test_what_differs_is_shown_and_applied(visit, own_daemon):
    config = own_daemon.path("supervisord.conf")
    page = live(visit(own_daemon.url + "#configuration"))
    panel = page.locator("#view-configuration")
    expect(panel).to_contain_text("What runs is what the file says")
    expect(panel.get_by_role("button", name="Apply all…")).to_be_disabled()
    before = config.read_text()
    config.write_text(before.replace("command=/bin/cat\nstartsecs=0\npriority=1", "command=/bin/cat -u\nstartsecs=0\npriority=1")
                      .replace("topsecret", "new secret").replace("[program:off]", "[program:new]"))
    panel.get_by_role("button", name="Read the file again").click()
    expect(panel).to_contain_text("differs from what runs in 4 groups")
    expect(panel.locator("details.config", has_text="cat").first).to_contain_text("≠ changed")
    assert panel.locator("tr.differs", has_text="command").inner_text().split("\t")[1:] == ["/bin/cat", "/bin/cat -u"]
    expect(panel.locator("tr.differs", has_text="environment").first).to_contain_text("SECRET (another value)")
    assert "topsecret" not in page.content() and "new secret" not in page.content()
    expect(panel.locator("details", has_text="off")).to_contain_text("− removed")

    panel.get_by_role("button", name="Apply to cat").click()
    page.locator("dialog.ask").get_by_role("button", name="Apply", exact=True).click()
    expect(panel).to_contain_text("✓ cat updated")
    expect(panel).to_contain_text("differs from what runs in 3 groups")
    panel.get_by_role("button", name="Apply all…").click()
    page.locator("dialog.ask").get_by_role("button", name="Apply", exact=True).click()
    expect(panel).to_contain_text("What runs is what the file says")
    page.get_by_role("tab", name="Processes").click()
    expect(state_of(page, "off")).to_have_count(0)
    expect(page.get_by_role("button", name="new", exact=True)).to_be_visible()


def test_a_file_with_an_error_changes_nothing(visit, own_daemon):
    page = live(visit(own_daemon.url + "#configuration"))
    own_daemon.path("supervisord.conf").write_text("[program:")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.locator("#view-configuration .outcome").first).to_contain_text("✕")
    expect(page.locator("#view-configuration")).to_contain_text("What runs is what the file says")


def test_the_options_of_one_process_are_beside_its_log(page):
    page.get_by_role("button", name="w:w1", exact=True).click()
    page.locator("dialog.process summary", has_text="Configuration").click()
    expect(page.locator("dialog.process table.options")).to_contain_text("stopwaitsecs")
