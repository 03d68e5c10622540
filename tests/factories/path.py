"""From a case to a reported lead, by three people, with every click, key and page counted.

Owns the counts: what a browser test asserts and `benchmarks/desk_path.py` prints. Sign-ins are left out. A chooser of
files counts as the click that opens it; choosing a case by typing is a field. A page is a document or a file that the
browser asks for by a navigation, with its redirects once: a part that a script exchanges in the page that is there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, expect

from plainview.policy.examination import CONTRADICTIONS


@dataclass
class Counts:
    """What people did: clicks, keys that answer or decide, fields filled, pages opened."""

    clicks: int = 0
    keys: int = 0
    fields: int = 0
    pages: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.clicks + other.clicks, self.keys + other.keys, self.fields + other.fields, self.pages + other.pages
        )


@dataclass
class Hand:
    """A person's hand on a page."""

    page: Page
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        # What a document is asked for is told before anything of it shows; that it has loaded may be told too late to count.
        ours = request.is_navigation_request() and request.frame == self.page.main_frame  # a viewer of PDF has frames
        if ours and request.redirected_from is None:
            self.counts.pages += 1

    def begin(self, address: str = "/") -> None:
        """Open the page on which the person begins: they are there anyway, so it does not count."""
        before = self.counts.pages
        self.page.goto(address)
        self.counts.pages = before

    def click(self, what: Locator) -> None:
        """One click."""
        self.counts.clicks += 1
        what.click()

    def file(self, what: Locator) -> None:
        """One click that opens a PDF file."""
        with self.page.expect_response(lambda answer: answer.headers.get("content-type") == "application/pdf"):
            self.click(what)

    def press(self, *keys: str) -> None:
        """Keys, one after another."""
        for key in keys:
            self.counts.keys += 1
            self.page.keyboard.press(key)

    def fill(self, what: Locator, text: str) -> None:
        """A field."""
        self.counts.fields += 1
        what.fill(text)


def examine(hand: Hand, photograph: Path, number: str) -> str:
    """Case, photograph, search, examination of the first candidate: returns the id of the search."""
    page = hand.page
    hand.begin()
    hand.click(page.get_by_role("link", name="New search").first)
    hand.fill(page.get_by_label("Case", exact=True), number)
    with page.expect_file_chooser() as chooser:
        hand.click(page.get_by_label("Photograph"))
    chooser.value.set_files(photograph)
    page.wait_for_url(re.compile(r"/prepare/D\w+/$"))
    hand.fill(page.get_by_label("Purpose", exact=True), "who rode the scooter on that day")
    hand.click(page.get_by_role("button", name="Search", exact=True))
    page.wait_for_url(re.compile(r"/searches/S\w+/$"))
    found = page.url.rstrip("/").rpartition("/")[2]
    hand.click(page.get_by_role("link", name=re.compile("^Examine candidate 1 E")))
    expect(page.locator("#components.walking")).to_have_count(1)
    hand.press(*["1"] * 19)
    for box in page.locator("input[name=acknowledged]").all():
        hand.click(box)
    hand.press("q")
    hand.press("Control+Enter")
    expect(page.get_by_text("is recorded: potential candidate")).to_be_visible()
    return found


def verify(hand: Hand) -> None:
    """The newest task: the second face a potential candidate, the others not; the last decision records."""
    page = hand.page
    hand.begin()
    hand.click(page.get_by_role("link", name="Verify four faces, blind").first)
    for place in range(1, 5):
        expect(page.get_by_role("heading", name=f"Face {place} of 4")).to_be_visible()
        expect(page.locator("#components.walking")).to_have_count(1)  # before that a click sends the form as it is
        hand.click(page.get_by_role("button", name="Potential candidate"))
        hand.press(*["1"] * 19)
        hand.press("Control+Enter")
    expect(page.get_by_text("Thank you.")).to_be_visible()


def release(hand: Hand) -> None:
    """The newest verified candidate, from the task to the released lead and its sheet."""
    page = hand.page
    hand.begin()
    hand.click(page.get_by_role("link", name="Release as a lead?", exact=True).first)
    for i, name in enumerate(CONTRADICTIONS):
        check = page.get_by_role("group", name=name.capitalize(), exact=True)
        check.get_by_role("radio").first.focus()
        hand.press("Space")
        hand.fill(check.get_by_role("textbox"), f"asked the case officer, point {i + 1}: nothing known against it")
    hand.click(page.get_by_role("button", name="Release as a lead"))
    expect(page.get_by_text("released.")).to_be_visible()
    hand.file(page.get_by_role("link", name="Lead sheet (PDF)"))


def report(hand: Hand) -> None:
    """The outcome, from the examiner's list of what was handed on."""
    page = hand.page
    hand.begin()
    hand.click(page.get_by_role("link", name="Released as a lead").first)
    hand.click(page.get_by_role("button", name="Led nowhere"))
    expect(page.get_by_text("Outcome reported.")).to_be_visible()
