"""The five steps as three people walk them in a browser: what the tests and the screenshots share.

Owns the clicks. Each function begins on any page of the person that it is given, and ends where that person ends.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.factories.live import CASE, GALLERY, pictures_loaded

from plainview.policy.examination import CONTRADICTIONS


def prepare(page: Page, photograph: Path) -> None:
    """Step 1: a photograph becomes a draft."""
    page.goto(f"/prepare/?case={CASE}")
    page.get_by_label("Photograph").set_input_files(photograph)
    page.wait_for_url(re.compile(r"/prepare/D\w+/$"))


def choose(page: Page, purpose: str = "who rode the scooter") -> None:
    """The rest of the page: purpose and gallery."""
    page.get_by_label("Purpose", exact=True).fill(purpose)
    page.get_by_role("checkbox", name=GALLERY).check()


def search(page: Page) -> str:
    """Search; returns its id."""
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(re.compile(r"/searches/S\w+/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def compare(page: Page, search_id: str, rank: int = 1) -> None:
    """Step 3, by keys: every component similar."""
    page.goto(f"/searches/{search_id}/candidates/{rank}/examine/")
    expect(page.locator("#prompt")).to_be_visible()
    pictures_loaded(page)
    for _ in range(19):
        page.keyboard.press("1")
    expect(page.locator("#count")).to_have_text("19")


def conclude(page: Page) -> None:
    """The end of step 3: a potential candidate."""
    page.get_by_label("Potential candidate").check()
    for box in page.locator("input[name=acknowledged]").all():
        box.check()
    page.get_by_role("button", name="Record examination").click()
    expect(page.get_by_role("heading", name="Recorded: potential candidate")).to_be_visible()


def verify(page: Page) -> str:
    """Step 4: the newest task, every face of it a potential candidate; returns the page's HTML as it was shown."""
    page.goto("/")
    page.get_by_role("link", name="Verify four faces, blind").first.click()
    expect(page.get_by_role("heading", name="Face 1 of 4")).to_be_visible()
    shown = page.content()
    answer_faces(page)
    return shown


def answer_faces(page: Page) -> None:
    """Answer each of four faces by keys: a potential candidate."""
    for place in range(1, 5):
        expect(page.get_by_role("heading", name=f"Face {place} of 4")).to_be_visible()
        # The script has begun, and then waits a moment for the second press of a key: before that a key is lost.
        expect(page.locator("#components.walking")).to_have_count(1)
        expect(page.get_by_role("button", name="Potential candidate")).to_be_enabled()
        page.keyboard.press("q")
        expect(page.locator("#only")).to_be_visible()
        for _ in range(19):
            page.keyboard.press("1")
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Thank you.")).to_be_visible()


def decide(page: Page) -> None:
    """The page of step 5 for the newest verified candidate, filled."""
    page.goto("/")
    # Those on which the verifiers disagreed stand above: they are late.
    page.get_by_role("link", name="Release as a lead?", exact=True).first.click()
    for i, name in enumerate(CONTRADICTIONS):
        check = page.get_by_role("group", name=name.capitalize(), exact=True)
        check.get_by_role("radio").first.check()
        check.get_by_role("textbox").fill(f"asked the case officer, point {i + 1}: nothing known against it")


def release(page: Page) -> None:
    """Step 5: the lead is released."""
    page.get_by_role("button", name="Release as a lead").click()
    expect(page.get_by_text("released.")).to_be_visible()


def ask(page: Page, photograph: Path) -> tuple[str, str]:
    """Somebody without an account asks for access and erasure; returns number and code of the receipt."""
    page.goto("/rights/")
    page.get_by_label("Agency").select_option(label="Sample Agency (not real)")
    page.get_by_label("Erase the pictures of me").check()
    page.get_by_label("I am: I ask about myself").check()
    page.get_by_label("A photograph of you").set_input_files(photograph)
    page.get_by_label("Your name").fill("Eileen Collins")
    page.get_by_label("E-mail address").fill("eileen@person.example")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", name="Request received")).to_be_visible()
    number, code = page.locator("p.code").all_inner_texts()
    return number, code
