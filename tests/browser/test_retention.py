"""A court's order in Chromium: imported, listed, approved by a second person, worked off, proven; another agency sees nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import findings
from tests.factories.live import Live, wide
from tests.factories.models import hopper
from tests.factories.outsider import supervisor_elsewhere

from plainview.recheck.retention import check_proof

pytestmark = pytest.mark.long

LINK = "https://custody.example/returned.jpg"


def _ordered(live: Live, folder: Path) -> Path:
    """A gallery of one picture, and a list of it that a court sent."""
    admin = ("--as", "admin@agency.example")
    passport = ("--basis", "consent", "--source", "the person", "--expires", "2999-12-31")
    live.cli("gallery", "create", "given", *passport, *admin)
    cv2.imwrite(str(folder / "returned.jpg"), wide(hopper().pixels, 1.2))
    (folder / "given.csv").write_text(f"path,source_url\n{folder / 'returned.jpg'},{LINK}\n")
    live.cli("enrol", "given", folder / "given.csv", *admin)
    order = folder / "order.csv"
    order.write_text(f"source_url,ordered_on\n{LINK},2026-01-02\n")
    return order


def test_one_proposes_another_approves_and_the_proof_says_so(
    page_of: Callable[..., Page], live: Live, browser: Browser, tmp_path: Path
) -> None:
    order = _ordered(live, tmp_path)
    page = page_of("admin")
    page.goto("/retention/events/")
    assert findings(page) == []
    page.get_by_label("List (CSV, Excel)").set_input_files(order)
    page.get_by_role("button", name="Import list").click()
    expect(page.get_by_role("alert")).to_contain_text("line 2: it names no authority")
    page.get_by_label("List (CSV, Excel)").set_input_files(order)
    page.get_by_label("Court and order").fill("District court, order 12 of 2026")
    page.get_by_role("button", name="Import list").click()
    expect(page.get_by_role("status")).to_contain_text("newly under an order: 1")
    page.goto("/retention/")
    assert findings(page) == []
    page.get_by_role("button", name="Propose a list").click()
    page.wait_for_url(re.compile(r"/retention/runs/X\w+/$"))
    expect(page.get_by_text("This is your own list.")).to_be_visible()
    assert page.get_by_role("button", name="Approve").count() == 0
    path = page.url.removeprefix(live.url)

    elsewhere = supervisor_elsewhere(live, browser)
    for address in (path, f"{path}list.csv", f"{path}proof.json"):
        assert elsewhere.request.get(f"{live.url}{address}").status == 404
    assert "given" not in elsewhere.request.get(f"{live.url}/retention/").text()
    elsewhere.close()

    second = page_of("supervisor")
    second.goto(path)
    assert findings(second) == []
    second.get_by_label("What you checked").fill("the order and its one line")
    second.get_by_role("button", name="Approve and erase").click()
    expect(second.get_by_text("Approved.")).to_be_visible()
    expect(second.locator(".job")).to_contain_text("1 erased, 0 held back", timeout=90_000)
    second.reload()
    expect(second.locator("tbody tr")).to_contain_text("erased, entry")
    assert findings(second) == []
    with second.expect_download() as download:
        second.get_by_role("link", name="Proof").click()
    told = Path(download.value.path()).read_text("utf-8")
    checked = check_proof(told)
    assert (checked.problems, checked.states) == ([], {"erased": 1})
    assert LINK not in json.dumps(json.loads(told))


def test_a_hold_is_placed_and_ended(page_of: Callable[..., Page]) -> None:
    page = page_of("supervisor")
    page.goto("/holds/?gallery=custody")
    page.get_by_label("Reason").first.fill("the defence wants the pictures kept")
    page.get_by_label("Authority").fill("District court, letter of 3 May")
    page.get_by_role("button", name="Place the hold").click()
    expect(page.get_by_role("heading", name="Gallery custody")).to_be_visible()
    assert findings(page) == []
    page.get_by_text("End this hold").click()
    page.get_by_label("Reason").first.fill("the appeal was withdrawn")
    page.get_by_role("button", name="End the hold").click()
    expect(page.get_by_text("ended by")).to_be_visible()
