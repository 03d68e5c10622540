"""Examining and verifying in Chromium: keys, what the viewer really shows, drafts, access for everybody, print."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import findings
from tests.factories.live import CASE, GALLERY, Live, follow, probe

PHONE = {"viewport": {"width": 390, "height": 844}}
EXAMINER = ("--as", "examiner@agency.example")
PageOf = Callable[..., Page]


@pytest.fixture(scope="module")
def search_id(live: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    picture = probe(tmp_path_factory.mktemp("examine"))
    asked = ("--case", CASE, "--purpose", "find the rider", "--gallery", GALLERY, *EXAMINER)
    return str(live.json("search", picture, *asked)["search_id"])


def opened(page_of: PageOf, search_id: str, rank: int, **options: object) -> Page:
    """The page of one candidate; each test takes another rank, so that none finds another's draft."""
    page = page_of("examiner", **options)
    page.goto(f"/searches/{search_id}/candidates/{rank}/examine/")
    expect(page.locator("#prompt")).to_be_visible()
    for picture in page.locator("#stages img").all():
        loaded(picture)
    return page


def loaded(picture: Locator) -> None:
    """Wait for a picture; a function that is waited for would be evaluated, which the pages forbid."""
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)


def seen(page: Page) -> np.ndarray:
    """What the two frames show now, as grey pixels."""
    box = page.locator("#stages .stage.probe").bounding_box()
    other = page.locator("#stages .stage.other").bounding_box()
    assert box is not None
    assert other is not None
    clip = {
        "x": box["x"],
        "y": box["y"],
        "width": other["x"] + other["width"] - box["x"],
        "height": box["height"],
    }
    shot = page.screenshot(clip=clip)  # type: ignore[arg-type]
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=np.int16)


def differ(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape != other.shape or float(np.abs(one - other).mean()) > 2


def test_the_whole_examination_by_keys_alone(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 1)
    expect(page.locator("#prompt-name")).to_have_text("Skin")
    page.keyboard.press("j")
    expect(page.locator("#prompt-name")).to_have_text("Face and head outline")
    page.keyboard.press("k")
    for _ in range(19):
        page.keyboard.press("1")
    expect(page.locator("#count")).to_have_text("19")
    page.locator("#conclusion-1").focus()  # Tab leads there too, past the list
    page.keyboard.press("Space")
    for box in page.locator("input[name=acknowledged]").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Record examination").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recorded: potential candidate")).to_be_visible()
    assert findings(page) == []


def test_keys_of_one_character_can_be_switched_off_and_on_again(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 2)
    name = page.locator("#prompt-name")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys on this page")).to_be_visible()
    page.get_by_label("Use single-character keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(name).to_have_text("Skin")
    zoom = page.locator("#zoom").inner_text()
    for key in ("j", "=", "+", "?"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert (name.inner_text(), page.locator("#zoom").inner_text()) == ("Skin", zoom)
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Keys", exact=True).click()
    page.get_by_label("Use single-character keys").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(name).to_have_text("Face and head outline")


def test_modes_zoom_and_grid_really_change_what_is_shown(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 2)
    first = seen(page)
    page.keyboard.press("+")
    page.keyboard.press("=")
    closer = seen(page)
    assert differ(first, closer)
    expect(page.locator("#zoom")).to_have_text("1.6×")
    page.locator("#stages").focus()
    page.keyboard.press("ArrowRight")
    assert differ(closer, seen(page))
    page.keyboard.press("z")
    assert not differ(first, seen(page))
    page.keyboard.press("g")
    lined = seen(page)
    assert np.abs(lined - first).max() > 30
    page.keyboard.press("g")
    page.keyboard.press("c")
    half = seen(page)
    assert differ(first, half)
    page.locator("#curtain").fill("0.2")
    assert differ(half, seen(page))
    page.keyboard.press("s")
    assert not differ(first, seen(page))


def test_both_faces_move_as_one_by_wheel_and_drag(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 2)
    box = page.locator(".stage.other").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    transforms = "Array.from(document.querySelectorAll('img.layer')).map(e => getComputedStyle(e).transform)"
    expect(page.locator("#zoom")).not_to_have_text("1.0×")
    zoomed = page.evaluate(transforms)
    assert zoomed[0] == zoomed[1]
    page.mouse.down()
    page.mouse.move(x + 60, y + 25, steps=3)
    page.mouse.up()
    moved = page.evaluate(transforms)
    assert moved[0] == moved[1] != zoomed[0]


def test_light_is_for_the_screen_only(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 2)
    page.get_by_text("Brightness", exact=True).click()
    expect(page.get_by_text("Only on this screen.")).to_be_visible()
    page.locator("#light-probe").fill("2.2")
    for place, light in enumerate(("2.2", "1")):
        expect(page.locator("img.layer").nth(place)).to_have_css("filter", f"brightness({light})")
    expect(page.locator("#draft-state")).to_have_text("")


@pytest.mark.long
def test_blink_alternates_and_with_reduced_motion_only_by_the_key(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 3)
    page.keyboard.press("b")
    viewer = page.locator("#viewer")
    for top in ("other", "probe", "other"):
        expect(viewer).to_have_attribute("data-top", top)
    page.keyboard.press("b")
    expect(viewer).to_have_attribute("data-mode", "side")
    calm = opened(page_of, search_id, 3, reduced_motion="reduce")
    calm.clock.install()
    calm.keyboard.press("b")
    calm.clock.run_for(5000)
    expect(calm.locator("#viewer")).to_have_attribute("data-top", "probe")
    shown = seen(calm)
    calm.keyboard.press("b")
    expect(calm.locator("#viewer")).to_have_attribute("data-top", "other")
    assert differ(shown, seen(calm))


@pytest.mark.long
def test_a_draft_survives_a_reload_a_lost_connection_and_another_tab(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 4)
    page.keyboard.press("2")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved at")
    page.reload()
    expect(page.locator("#c1-2")).to_be_checked()
    page.context.set_offline(True)
    page.get_by_label("Notes").fill("said without a connection")
    expect(page.locator("#draft-state")).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(page.locator("#draft-state")).to_contain_text("Draft saved at")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("Notes")).to_have_value("said without a connection")
    with page.expect_response(re.compile("/draft/")):
        page.locator("#c5-1").check()
    other.locator("#c6-3").check()
    expect(other.locator("#draft-state")).to_contain_text("another tab or window")


@pytest.mark.long
def test_a_session_that_ended_loses_nothing(page_of: PageOf, live: Live, search_id: str) -> None:
    page = opened(page_of, search_id, 5)
    page.keyboard.press("3")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved at")
    held = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_label("Notes").fill("written while signed out")
    expect(page.locator("#draft-state")).to_contain_text("You are signed out")
    page.context.add_cookies([cookie for cookie in held if cookie["name"] != "csrftoken"])  # type: ignore[misc]
    expect(page.locator("#draft-state")).to_contain_text("Draft saved at")
    page.reload()
    expect(page.get_by_label("Notes")).to_have_value("written while signed out")


def test_a_contradiction_is_refused_in_place(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 6)
    for _ in range(19):
        page.keyboard.press("3")
    page.locator("#conclusion-1").check()
    page.get_by_role("button", name="Record examination").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("No component was comparable")
    expect(page.locator("#c19-3")).to_be_checked()
    assert findings(page) == []


@pytest.mark.long
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_the_desk_is_accessible_and_fits(page_of: PageOf, search_id: str, options: dict[str, object]) -> None:
    page = opened(page_of, search_id, 7, **options)
    assert findings(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.evaluate("window.innerWidth")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Similar, then next component")


def test_it_works_without_javascript(page_of: PageOf, search_id: str) -> None:
    page = page_of("examiner", java_script_enabled=False)
    page.goto(f"/searches/{search_id}/candidates/8/examine/")
    page.locator("#c9-2").check(force=True)
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Your answers are saved as a draft.")).to_be_visible()
    expect(page.locator("#c9-2")).to_be_checked()
    expect(page.locator("#console")).to_be_hidden()


@pytest.mark.long
def test_a_verification_from_the_list_to_the_record(
    page_of: PageOf, live: Live, search_id: str, tmp_path: Path
) -> None:
    cautions = ["probe_quality", "probe_cover", "look_alikes", "reference_quality", "age_gap"]
    text = live.cli("examine", "form").replace('conclusion = ""', 'conclusion = "potential candidate"')
    text = text.replace("acknowledged = []", f"acknowledged = {cautions}").replace('" = ""', '" = "similar"')
    form = tmp_path / "form.toml"
    form.write_text(text)
    # Of a picture of the probe's person: the fillers are pictures of the other one.
    live.cli("examine", "record", search_id, "6", form, *EXAMINER)
    task = live.json("verify", "list", "--as", "verifier@agency.example")["verifications"][-1]
    page = page_of("verifier")
    page.goto("/verifications/")
    assert findings(page) == []
    follow(page.get_by_role("link", name=task["verification"]))
    assert findings(page) == []
    expect(page.locator("#console")).to_be_visible()  # the page's script has run
    expect(page.locator("#only")).to_be_hidden()
    page.get_by_role("button", name="Potential candidate").click()
    expect(page.locator("#only")).to_be_visible()
    for _ in range(19):
        page.keyboard.press("1")
    assert findings(page) == []
    page.keyboard.press("Control+Enter")
    for place in range(2, 5):
        expect(page.get_by_role("heading", name=f"Face {place} of 4")).to_be_visible()
        page.get_by_role("button", name="Not a candidate").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    assert task not in live.json("verify", "list", "--as", "verifier@agency.example")["verifications"]


def test_it_prints_on_few_sheets_with_its_receipt(page_of: PageOf, search_id: str) -> None:
    page = opened(page_of, search_id, 9)
    page.emulate_media(media="print")
    expect(page.locator("#prompt")).to_be_hidden()
    expect(page.locator(".receipt")).to_be_visible()
    pdf = page.pdf(format="A4")
    assert 1 <= pdf.count(b"/Type /Page\n") <= 3


@pytest.mark.long
def test_what_was_recorded_in_another_tab_stops_the_draft_of_this_one(
    page_of: PageOf, live: Live, search_id: str
) -> None:
    page = opened(page_of, search_id, 10)
    tried = []
    page.on("request", lambda request: tried.append(request) if request.method == "POST" else None)
    other = page.context.new_page()
    other.goto(page.url)
    for _ in range(19):
        other.keyboard.press("3")
    other.get_by_label("Inconclusive").check()
    for box in other.locator("input[name=acknowledged]").all():
        box.check()
    other.get_by_role("button", name="Record examination").click()
    expect(other.get_by_role("heading", name="Recorded: inconclusive")).to_be_visible()
    page.locator("#c2-1").check()
    expect(page.locator("#draft-state")).to_contain_text("can no longer be saved")
    page.clock.install()
    page.locator("#c3-1").check()
    page.clock.run_for(20_000)
    assert len(tried) == 2  # once, and once more with a fresh form token
    expect(page.locator("#draft-state")).to_contain_text("can no longer be saved")


def test_what_waits_for_a_supervisor_is_accessible(page_of: PageOf, search_id: str) -> None:
    page = page_of("supervisor", **PHONE)
    page.goto("/examinations/")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.long
@pytest.mark.parametrize("who", ["supervisor", "admin", "verifier"])
def test_proficiency_is_accessible(page_of: PageOf, who: str) -> None:
    page = page_of(who, **PHONE)
    page.goto("/proficiency/")
    assert findings(page) == []
    if who != "verifier":
        page.goto("/proficiency/items/")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_each_card_of_a_list_shows_its_own_face(page_of: PageOf, search_id: str) -> None:
    page = page_of("examiner")
    page.goto(f"/searches/{search_id}/")

    def grey(png: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(png)).convert("L").resize((96, 96)), dtype=np.int16)

    cards = page.locator("[data-candidate]")
    ranks = [int(card.get_attribute("data-rank") or 0) for card in cards.all()]
    faces = [grey(page.request.get(f"/searches/{search_id}/candidates/{rank}/face.jpg").body()) for rank in ranks]
    assert len(ranks) >= 3
    for number in sorted({0, 1, 9, 10, len(ranks) - 1} & set(range(len(ranks)))):
        card = cards.nth(number)
        card.scroll_into_view_if_needed()
        shown = card.locator("img.face").first
        loaded(shown)
        away = [float(np.abs(grey(shown.screenshot()) - face).mean()) for face in faces]
        assert away[number] == min(away) < 20, (ranks[number], away)
    beside = grey(page.locator(".rail .current .face").screenshot())
    shown = page.locator(".rail .current .face").get_attribute("alt")
    number = ranks.index(int((shown or "").removeprefix("Candidate ")))
    away = [float(np.abs(beside - face).mean()) for face in faces]
    assert away[number] == min(away) < 20, (shown, away)
