"""The way to a lead is short, and rejecting a list is quicker still: counted in clicks, keys and pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories import path, walk
from tests.factories.live import CASE, GALLERY, Live, follow, probe

from plainview.policy.examination import COMPONENTS, CONTRADICTIONS

CLICKS, PAGES = 18, 12
"""At most, from a case to a reported lead by three people and its sheet; source: the issue of the desk."""


@pytest.fixture(scope="module")
def search_id(live: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    asked = ("--case", CASE, "--purpose", "find the rider", "--gallery", GALLERY, "--as", "examiner@agency.example")
    return str(live.json("search", probe(tmp_path_factory.mktemp("keys")), *asked)["search_id"])


@pytest.mark.long
def test_a_lead_takes_few_clicks_and_pages(live: Live, page_of: Callable[..., Page], tmp_path: Path) -> None:
    examiner, verifier, supervisor = (path.Hand(page_of(name)) for name in ("examiner", "verifier", "supervisor"))
    path.examine(examiner, probe(tmp_path), CASE)
    path.verify(verifier)
    path.release(supervisor)
    path.report(examiner)
    total = examiner.counts + verifier.counts + supervisor.counts
    assert total.clicks <= CLICKS, total
    assert total.pages <= PAGES, total
    assert verifier.counts.pages == 2, verifier.counts  # the task with all its faces, and the tasks that are left


@pytest.mark.long
def test_each_face_of_a_verification_is_saved_before_the_next_and_a_lost_session_loses_nothing(
    live: Live, page_of: Callable[..., Page], tmp_path: Path
) -> None:
    path.examine(path.Hand(page_of("examiner")), probe(tmp_path), CASE)
    page = page_of("verifier")
    page.goto("/")
    page.get_by_role("link", name="Verify four faces, blind").first.click()
    expect(page.locator("#components.walking")).to_have_count(1)
    page.evaluate("window.begun = true")  # gone with a new document
    first = page.locator(".stage.other img").get_attribute("src")
    page.get_by_role("button", name="Not a candidate").click()
    expect(page.get_by_role("heading", name="Face 2 of 4")).to_be_focused()
    assert page.url.endswith("/faces/2/")
    assert page.title().startswith("Face 2 of")
    assert page.locator(".stage.other img").get_attribute("src") != first
    expect(page.get_by_role("button", name="Not a candidate")).to_be_enabled()  # not before the face is shown
    cookies = page.context.cookies()
    page.context.clear_cookies(name="session")
    page.evaluate("document.querySelector('[data-pick][data-key=w]').click()")  # the dialog may be there already
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_visible()
    page.context.add_cookies(cookies)
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Face 3 of 4")).to_be_focused()
    page.keyboard.press("b")
    expect(page.locator("#viewer")).to_have_attribute("data-mode", "blink")  # one viewer, and it works
    page.keyboard.press("b")
    expect(page.locator("#viewer")).to_have_attribute("data-mode", "side")
    assert page.evaluate("window.begun")
    assert findings(page) == []
    page.goto(page.url.replace("/faces/3/", "/?all=1"))  # the server has what was decided
    decided = [
        re.compile(words) for words in ("Probe", "Not a candidate", "Inconclusive", "Not examined", "Not examined")
    ]
    expect(page.locator(".lineup figcaption")).to_have_text(decided)


@pytest.mark.long
def test_every_step_after_the_search_is_a_plain_form_without_a_script(
    page_of: Callable[..., Page], search_id: str
) -> None:
    examiner, verifier, supervisor = (
        page_of(name, java_script_enabled=False) for name in ("examiner", "verifier", "supervisor")
    )

    def similar(page: Page) -> None:
        for number in range(1, len(COMPONENTS) + 1):
            page.locator(f"#c{number}-1").check(force=True)

    examiner.goto(f"/searches/{search_id}/")
    third = examiner.locator("[data-candidate]").nth(2)
    third.get_by_role("button", name="Set aside candidate 3").click()
    expect(third).to_have_class(re.compile("is-aside"))
    third.get_by_text("Another reason").click()
    third.locator("button[name=undo]").click()
    expect(third).not_to_have_class(re.compile("is-aside"))
    follow(third.get_by_role("link", name="Examine candidate 3"))
    similar(examiner)
    for box in examiner.locator("input[name=acknowledged]").all():
        box.check()
    examiner.get_by_label("Potential candidate").check(force=True)
    examiner.get_by_role("button", name="Record examination").click()
    expect(examiner.get_by_role("heading", name="Recorded: potential candidate")).to_be_visible()
    verifier.goto("/")
    verifier.get_by_role("link", name="Verify four faces, blind").first.click()
    for place in range(1, 5):
        expect(verifier.get_by_role("heading", name=f"Face {place} of 4")).to_be_visible()
        similar(verifier)
        verifier.get_by_role("button", name="Potential candidate").click()
    expect(verifier.get_by_text("Thank you.")).to_be_visible()
    supervisor.goto("/")
    supervisor.get_by_role("link", name="Release as a lead?", exact=True).first.click()
    for name in CONTRADICTIONS:
        check = supervisor.get_by_role("group", name=name.capitalize(), exact=True)
        check.get_by_role("radio").first.check(force=True)
        check.get_by_role("textbox").fill("asked the case officer: nothing known against it")
    supervisor.get_by_role("button", name="Release as a lead").click()
    expect(supervisor.get_by_text("released.")).to_be_visible()
    examiner.goto("/")
    examiner.get_by_role("link", name="Released as a lead").first.click()
    examiner.get_by_role("button", name="Led nowhere").click()
    expect(examiner.get_by_text("Outcome reported.")).to_be_visible()


def test_what_was_written_in_a_page_that_slept_is_not_lost_with_its_session(
    page_of: Callable[..., Page],
) -> None:
    page = page_of("supervisor")
    page.goto("/retention/events/")
    page.get_by_label("Authority", exact=True).fill("District court, 2 Cr 77/26")
    cookies = page.context.cookies()
    page.context.clear_cookies(name="session")
    asleep = "() => { const now = Date.now; Date.now = () => now() + 3600e3; document.querySelector('main form button').click(); }"
    page.evaluate(asleep)  # no answer of the server for an hour, then a click
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_visible()
    page.context.add_cookies(cookies)
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_hidden()
    expect(page.get_by_label("Authority", exact=True)).to_have_value("District court, 2 Cr 77/26")


@pytest.mark.parametrize(
    ("pressed", "answers"),
    [
        ({"key": "1", "code": "Digit1"}, 1),
        ({"key": "&", "code": "Digit1"}, 1),  # AZERTY
        ({"key": "1", "code": "Digit1", "repeat": True}, 0),  # held down
        ({"key": "!", "code": "Digit1", "shiftKey": True}, 0),
    ],
)
def test_a_key_answers_once_and_on_every_keyboard(
    page_of: Callable[..., Page], search_id: str, pressed: dict[str, object], answers: int
) -> None:
    page = page_of("examiner")
    page.goto(f"/searches/{search_id}/candidates/7/examine/")
    expect(page.locator("#components.walking")).to_have_count(1)
    before = int(page.locator("#count").inner_text())
    page.evaluate(
        "init => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))", pressed
    )
    expect(page.locator("#count")).to_have_text(str(before + answers))
    for key in ({"key": "Q", "code": "KeyQ"}, {"key": "й", "code": "KeyQ"}):  # Caps Lock, Cyrillic
        page.get_by_label("Inconclusive").check()
        page.evaluate(
            "init => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))", key
        )
        expect(page.get_by_label("Potential candidate")).to_be_checked()


@pytest.mark.long
def test_a_list_is_rejected_by_one_key_a_candidate(live: Live, page_of: Callable[..., Page], tmp_path: Path) -> None:
    page = page_of("examiner")
    walk.prepare(page, probe(tmp_path))
    walk.choose(page)
    found = walk.search(page)
    address, total = page.url, page.locator("[data-candidate]").count()
    page.keyboard.press("j")
    for _ in range(total - 1):
        page.keyboard.press("x")
    expect(page.locator(".progress [data-now=done]")).to_have_text(str(total - 1))
    assert page.url == address
    page.keyboard.press("u")
    expect(page.locator(".progress [data-now=done]")).to_have_text(str(total - 2))
    assert findings(page) == []
    page.reload()
    expect(page.locator(".card.is-aside")).to_have_count(total - 2)
    entries = live.python(
        "import json; from plainview.casework.models import LogEntry; "
        "rows = [json.loads(bytes(row.canonical)) for row in LogEntry.objects.order_by('seq')]; "
        f"print(json.dumps([row['action'] for row in rows if row['subject'].get('search') == {found!r}]))"
    )
    assert entries.count("candidate.set_aside") == total - 1
    assert entries.count("candidate.taken_back") == 1


def test_none_of_these_needs_every_candidate_on_the_screen(page_of: Callable[..., Page], tmp_path: Path) -> None:
    page = page_of("examiner", viewport={"width": 1280, "height": 420})
    walk.prepare(page, probe(tmp_path))
    walk.choose(page)
    walk.search(page)
    page.keyboard.press("n")
    expect(page.get_by_role("dialog", name="None of these")).to_have_count(0)
    expect(page.get_by_text("View every candidate first")).to_be_visible()
    for _ in range(page.locator("[data-candidate]").count()):
        page.keyboard.press("j")
        expect(page.locator("[data-candidate].is-current[data-seen]")).to_have_count(1)  # the browser has shown it
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("Reason").fill("other ears and another nose on each")
    page.get_by_role("button", name="Record none of these").click()
    expect(page.get_by_text("This is a review, not an examination.")).to_be_visible()
    page.get_by_role("button", name="Take this back").click()
    expect(page.get_by_role("button", name=re.compile("^None of these"))).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("answer", ["q"])
def test_a_session_that_ended_is_said_in_a_dialog_and_loses_nothing(
    live: Live, page_of: Callable[..., Page], tmp_path: Path, answer: str
) -> None:
    page = page_of("examiner")
    walk.prepare(page, probe(tmp_path))
    walk.choose(page)
    found = walk.search(page)
    page.goto(f"/searches/{found}/candidates/2/examine/")
    for _ in range(7):
        page.keyboard.press("2")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_visible()
    page.context.add_cookies(cookies)  # as after a sign-in in another tab
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_hidden()
    expect(page.locator("#count")).to_have_text("7")
    page.keyboard.press(answer)
    expect(page.get_by_label("Potential candidate")).to_be_checked()


@pytest.mark.long
def test_marks_on_both_faces_are_numbered_and_kept(page_of: Callable[..., Page], tmp_path: Path) -> None:
    page = page_of("examiner")
    walk.prepare(page, probe(tmp_path))
    walk.choose(page)
    found = walk.search(page)
    page.goto(f"/searches/{found}/candidates/4/examine/")
    expect(page.locator("#viewer.ready")).to_be_visible()
    page.keyboard.press("m")
    page.locator(".stage.probe").click(position={"x": 120, "y": 140})
    page.locator(".stage.other").click(position={"x": 130, "y": 150})
    with page.expect_response(lambda answer: "mole" in (answer.request.post_data or "")):  # the draft with it is saved
        page.get_by_label("Mark 1: what is there").fill("mole left of the nose")
    expect(page.locator(".marks-other .ring")).to_have_count(1)
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    page.reload()
    expect(page.get_by_label("Mark 1: what is there")).to_have_value("mole left of the nose")
    assert findings(page) == []
