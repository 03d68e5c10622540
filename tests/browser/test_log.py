"""The log in Chromium: the browser itself verifies an entry, and says so when anything was altered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}


def verdict(page: Page) -> str:
    page.evaluate("delete document.getElementById('verification').dataset.verdict")
    page.get_by_role("button", name="Check in this browser").click()
    page.locator("[data-verdict]").wait_for()
    return str(page.locator("#verification").get_attribute("data-verdict"))


@pytest.fixture
def entry(page_of: Callable[..., Page]) -> Page:
    page = page_of("auditor")
    page.goto("/log/?action=enrolment.began")
    assert findings(page) == []
    page.locator("tbody a").last.click()
    page.locator("#verification").wait_for(state="attached")
    return page


def test_an_entry_is_verified_in_the_browser(entry: Page) -> None:
    assert findings(entry) == []
    assert verdict(entry) == "ok"
    expect(entry.locator("#verdict")).to_contain_text("OK: this entry is in the log, unchanged.")
    told = entry.locator("#checked").inner_text()
    assert told.count("Checked: ") == 4
    assert "signed by the key" in told
    assert findings(entry) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "d => { d.text.value = d.text.value.replace('enrolment.began', 'enrolment.begun') }",
            "not the recorded entry",
        ),
        ("d => { d.text.value += ' ' }", "not the recorded entry"),
        ("d => { d.area.proof = d.area.proof.replace(/^./, c => c === '0' ? '1' : '0') }", "proof leads to the root"),
        ("d => { d.area.entry = String(Number(d.area.entry) + 1) }", "proof is for entry"),
        ("d => { d.note.textContent = d.note.textContent.replace(/\\n[0-9]+\\n/, '\\n9999\\n') }", "not signed"),
        ("d => { d.area.proof = '' }", "too short"),
    ],
    ids=["another word", "a space", "another hash", "another number", "another head", "no proof"],
)
def test_whatever_is_altered_is_noticed(entry: Page, script: str, words: str) -> None:
    held = "{text: document.getElementById('canonical'), note: document.getElementById('checkpoint'), "
    held += "area: document.getElementById('verification').dataset}"
    entry.evaluate(f"({script})({held})")
    assert verdict(entry) == "bad"
    expect(entry.locator("#verification")).to_contain_text(words)
    expect(entry.locator("#verdict")).to_contain_text("NOT OK")


def test_an_entry_and_leaf_altered_together_do_not_lead_to_the_signed_root(entry: Page) -> None:
    entry.evaluate(
        """async () => {
          const text = document.getElementById('canonical'), area = document.getElementById('verification').dataset;
          text.value = text.value.replace('enrolment.began', 'enrolment.begun');
          const bytes = new Uint8Array([0, ...new TextEncoder().encode(text.value)]);
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          area.leaf = Array.from(hash, b => b.toString(16).padStart(2, '0')).join('');
        }"""
    )
    assert verdict(entry) == "bad"


def test_a_browser_without_ed25519_says_what_it_did_not_check(page_of: Callable[..., Page]) -> None:
    page = page_of("auditor")
    page.add_init_script("crypto.subtle.importKey = () => Promise.reject(new Error('NotSupported'))")
    page.goto("/log/0/")
    assert verdict(page) == "ok"
    expect(page.locator("#checked")).to_contain_text("Not checked: this browser does not support Ed25519")


def test_the_first_and_the_newest_entries_verify_too(page_of: Callable[..., Page]) -> None:
    page = page_of("auditor")
    page.goto("/log/")
    newest = page.locator("tbody a").first.get_attribute("href")
    for path in ("/log/0/", "/log/1/", str(newest)):
        page.goto(path)
        assert verdict(page) == "ok", path


def test_entries_are_walked_by_key_and_filtered(page_of: Callable[..., Page]) -> None:
    page = page_of("auditor")
    page.goto("/log/2/")
    page.keyboard.press("k")
    page.wait_for_url("**/log/1/")
    page.goto("/log/")
    page.get_by_label("Person").select_option(label="Sample agency administrator")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**member=*")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    assert set(page.locator("tbody td:nth-child(3)").all_inner_texts()) <= {
        "Sample agency administrator",
        "the system",
    }


def test_without_scripts_the_page_says_how_to_check(page_of: Callable[..., Page]) -> None:
    page = page_of("auditor", java_script_enabled=False)
    page.goto("/log/1/")
    expect(page.get_by_text("Without scripts, this page checks nothing")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("auditor", "/log/"),
        ("auditor", "/log/1/"),
        ("auditor", "/flags/"),
        ("auditor", "/members/"),
        ("examiner", "/me/"),
        ("examiner", "/policy/"),
        ("admin", "/policy/change/"),
        ("admin", "/members/invite/"),
        ("supervisor", "/approvals/"),
        ("supervisor", "/proposals/"),
    ],
)
def test_pages_of_record_fit_a_telephone_and_print(page_of: Callable[..., Page], name: str, path: str) -> None:
    page = page_of(name, **PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()


def test_ones_own_record_is_taken_away(page_of: Callable[..., Page]) -> None:
    page = page_of("examiner")
    page.goto("/me/")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export").click()
    held: Any = taken.value.path().read_text("utf-8")
    assert "plainview-own-record-1" in held
