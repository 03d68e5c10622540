"""The fifth step in Chromium: a supervisor reads, decides and hands the lead on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories.live import CASE, GALLERY, Live, probe

from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, POTENTIAL, STATEMENT

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}
SIMILAR = "\n".join(f'"{name}" = "similar"' for name in COMPONENTS)


@pytest.fixture(scope="module")
def examinations(live: Live, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two examined and verified candidates, by the command line."""
    folder = tmp_path_factory.mktemp("looking")
    examiner, verifier = ("--as", "examiner@agency.example"), ("--as", "verifier@agency.example")
    asked = ("--case", CASE, "--purpose", "who rode the scooter", "--gallery", GALLERY)
    found = live.json("search", probe(folder), *asked, *examiner)["search_id"]
    form = folder / "form.toml"
    form.write_text(f'conclusion = "{POTENTIAL}"\nnotes = ""\n[components]\n{SIMILAR}\n')
    made = []
    for rank in ("1", "2"):
        made.append(live.json("examine", "record", found, rank, form, *examiner)["examination"])
        task = live.json("verify", "list", *verifier)["verifications"][-1]  # other tests may have left some
        shown = folder / f"task{rank}"
        live.cli("verify", "show", task["verification"], "--out", shown, *verifier)
        places = sorted(int(path.stem) for path in shown.glob("[0-9]*.*"))
        answers = "\n".join(f'{place} = "{POTENTIAL}"' for place in places)
        tables = "\n".join(f"[components.{place}]\n{SIMILAR}" for place in places)
        answer = folder / f"answer{rank}.toml"
        answer.write_text(f"[conclusions]\n{answers}\n{tables}\n")
        live.cli("verify", "record", task["verification"], answer, *verifier)
    return made


def test_release_by_keyboard_evidence_outcome_and_sheet(
    page_of: Callable[..., Page], examinations: list[str], live: Live
) -> None:
    page = page_of("supervisor")
    page.goto("/leads/")
    assert findings(page) == []
    page.goto(f"/examinations/{examinations[0]}/release/")
    assert findings(page) == []
    for face in page.locator("img.face").all():
        expect(face).to_have_js_property("complete", True)
        box = face.bounding_box()
        assert box is not None
        assert abs(box["width"] - box["height"]) < 2
        assert box["width"] > 250  # beside the checks, as drawn; a click opens it twice as large
    assert face.evaluate("picture => picture.naturalWidth") == 640
    expect(page.get_by_text(STATEMENT)).to_be_visible()
    page.get_by_role("group", name="Alibi", exact=True).get_by_role("radio").first.focus()
    for i, _ in enumerate(CONTRADICTIONS):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type(f"asked witness {i}, nothing against it")
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Release as a lead").press("Enter")
    expect(page.get_by_text("released.")).to_be_visible()
    assert findings(page) == []
    expect(page.get_by_text("Locked", exact=True)).to_be_visible()
    page.get_by_label("Independent evidence").fill("his fingerprint was on the handle")
    page.get_by_role("button", name="Record the evidence").click()
    expect(page.get_by_text("Open since")).to_be_visible()
    page.get_by_role("button", name="Led nowhere").click()
    expect(page.get_by_text("Outcome reported.")).to_be_visible()
    sheet = page.request.get(f"{page.url.split('#')[0]}sheet.pdf")
    assert sheet.body().startswith(b"%PDF")
    page.goto(f"/examinations/{examinations[0]}/release/")
    expect(page.get_by_text("Released as")).to_be_visible()
    assert page.get_by_role("button", name="Release as a lead").count() == 0


def test_a_missing_answer_is_said_and_nothing_is_lost(page_of: Callable[..., Page], examinations: list[str]) -> None:
    page = page_of("supervisor")
    page.goto(f"/examinations/{examinations[1]}/release/")
    page.get_by_label("Alibi: details").fill("he was at work, as his employer says")
    page.get_by_role("button", name="Release as a lead").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.get_by_label("Alibi: details")).to_have_value("he was at work, as his employer says")
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_and_prints_on_paper(
    page_of: Callable[..., Page], examinations: list[str], scheme: str
) -> None:
    page = page_of("supervisor", color_scheme=scheme, **PHONE)
    for path in ("/leads/", f"/examinations/{examinations[1]}/release/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert findings(page) == []
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()
    assert not page.locator("#withhold").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_nobody_but_a_supervisor_decides(page_of: Callable[..., Page], examinations: list[str]) -> None:
    page = page_of("examiner")
    answer = page.goto(f"/examinations/{examinations[1]}/release/")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", level=1)).to_contain_text("You cannot release")
    page.goto("/leads/")
    assert page.get_by_text("For your decision").count() == 0
