"""Steps 1 to 3 in Chromium: a photograph arrives in three ways, and ends in candidates; by mouse, by keys, on a phone."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories.live import CASE, GALLERY, Live, follow, probe, until
from tests.factories.models import collins, hopper, scaled

START = f"/prepare/?case={CASE}"
START_ADDRESS = re.compile(r"/prepare/\?")
DRAFT = re.compile(r"/prepare/D\w+/$")
LIST = re.compile(r"/searches/S\w+/$")
PageOf = Callable[..., Page]


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return probe(tmp_path_factory.mktemp("photograph"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people in one picture."""
    path = tmp_path_factory.mktemp("pair") / "pair.jpg"
    cv2.imwrite(str(path), np.hstack([collins().pixels, hopper().pixels[:512]]))
    return path


def begin(page: Page, photograph: Path) -> str:
    """A draft by choosing a file; its address."""
    page.goto(START)
    page.get_by_label("Photograph").set_input_files(photograph)
    page.wait_for_url(DRAFT)
    return page.url


def ask(page: Page, purpose: str = "who rode the scooter") -> None:
    """From the draft to the candidates."""
    page.get_by_label("Purpose", exact=True).fill(purpose)
    page.get_by_role("checkbox", name=GALLERY).check()
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(LIST)


def handed_over(page: Page, photograph: Path, kind: str) -> None:
    """Let the page have a file as a drop or a paste brings it."""
    page.evaluate(
        """([kind, name, data]) => {
          const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0)), held = new DataTransfer();
          held.items.add(new File([bytes], name, {type: "image/jpeg"}));
          document.dispatchEvent(kind === "drop"
            ? new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: held, bubbles: true, cancelable: true}));
        }""",
        [kind, photograph.name, base64.b64encode(photograph.read_bytes()).decode()],
    )


@pytest.mark.long
def test_the_whole_way_and_no_page_of_it_keeps_anybody_out(page_of: PageOf, photograph: Path, live: Live) -> None:
    page = page_of("examiner")
    for path in ("/cases/", "/cases/open/", START):
        page.goto(path)
        assert findings(page) == []
    draft = begin(page, photograph)
    expect(page.get_by_text("1 face found")).to_be_visible()
    assert findings(page) == []
    page.get_by_text("Rotate, crop, light, or draw").click()
    page.get_by_role("button", name="1° right").click()
    expect(page.get_by_text("Rotated 1° clockwise")).to_be_visible()
    expect(page.get_by_alt_text("The photograph as uploaded")).to_be_visible()
    page.get_by_role("button", name="Crop to the face").click()
    expect(page.locator(".chain li")).to_have_count(2)
    page.get_by_label("Brightness").fill("25")
    expect(page.get_by_text("brightness +25", exact=False)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("brightness +25", exact=False)).to_have_count(0)
    page.get_by_label("Origin").select_option("cctv")
    expect(page.locator("#saved")).to_have_text("Saved")
    assert findings(page) == []
    page.get_by_text("Legal basis").first.click()
    expect(page.get_by_text("Custody Images Act s. 4").first).to_be_visible()
    assert findings(page) == []
    page.goto(draft)
    ask(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("stand")
    assert findings(page) == []
    searches = len(re.findall(r"S\w{12}", live_case(page)))
    # Going back and forth, and sending the form again, finds the search that was made.
    page.goto(draft)
    expect(page.get_by_text("Searched: see the candidates")).to_be_visible()
    page.go_back()
    page.go_forward()
    assert len(re.findall(r"S\w{12}", live_case(page))) == searches
    page.get_by_role("link", name=re.compile("custody searched")).first.click()
    page.wait_for_url(LIST)
    page.emulate_media(media="print")
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert 1 <= sheets <= 2


def live_case(page: Page) -> str:
    """The case's time line, with the addresses of its searches."""
    page.goto("/cases/")
    follow(page.get_by_role("link", name=CASE))
    assert findings(page) == []
    return page.get_by_role("region", name="Time line").inner_html()


@pytest.mark.long
def test_more_photographs_of_the_person_are_one_probe(page_of: PageOf, photograph: Path, pair: Path) -> None:
    page = page_of("examiner")
    draft = begin(page, photograph)
    page.get_by_label("Another photograph").set_input_files(pair)
    page.get_by_role("button", name="Add photograph").click()
    more = page.locator("#photographs")
    expect(more.get_by_text("Choose the face.")).to_be_visible()
    expect(page.locator("#missing")).to_contain_text("face of photograph 2")
    assert findings(page) == []
    more.get_by_alt_text("Face 1 of photograph 2").click()
    expect(more.get_by_text("Face 1, quality")).to_be_visible()
    expect(page.locator("#ready")).to_contain_text("1 more photograph of the same person")
    page.get_by_label("Another photograph").set_input_files(photograph)
    page.get_by_role("button", name="Add photograph").click()
    expect(page.locator("#errors")).to_contain_text("The probe has this photograph already")
    page.goto(draft)
    ask(page)
    rail = page.get_by_label("Probe and current candidate")
    expect(rail.get_by_text("One probe of 2 photographs")).to_be_visible()
    expect(rail.get_by_alt_text("Picture 2 of the probe")).to_be_visible()
    assert findings(page) == []
    for reviewed in range(1, 4):
        page.keyboard.press("x")
        expect(page.locator("[data-now=done]")).to_have_text(str(reviewed))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url.partition("#")[0])
    expect(page.locator("[data-candidate].is-current")).to_have_attribute("data-rank", "4")
    expect(
        page.get_by_role("heading", level=1)
    ).to_be_in_viewport()  # the finding comes first, not the current candidate


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photograph_is_dropped_or_pasted(page_of: PageOf, photograph: Path, kind: str) -> None:
    page = page_of("examiner")
    page.goto(START)
    handed_over(page, photograph, kind)
    page.wait_for_url(DRAFT)
    expect(page.get_by_text(photograph.name)).to_be_visible()


def test_what_cannot_be_used_is_said_beside_the_form(page_of: PageOf, photograph: Path, tmp_path: Path) -> None:
    page = page_of("examiner")
    page.goto(START)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photograph.read_bytes()[:2000])
    page.get_by_label("Photograph").set_input_files(broken)
    expect(page.get_by_text("data ends before the picture is complete", exact=False)).to_be_visible()
    expect(page.get_by_label("Case", exact=True)).to_have_value(CASE)
    huge = tmp_path / "huge.jpg"
    huge.write_bytes(bytes((30 << 20) + 1))
    page.get_by_label("Photograph").set_input_files(huge)
    expect(page.get_by_text("the limit is 30 MB", exact=False)).to_be_visible()
    held = []
    page.route(
        START_ADDRESS,
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    page.get_by_label("Photograph").set_input_files(photograph)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. Nothing was saved.")).to_be_visible()
    page.unroute(START_ADDRESS)
    assert len(held) == 1
    page.get_by_role("button", name="Find the faces").click()
    page.wait_for_url(DRAFT)


def test_a_box_is_clicked_and_a_cut_is_drawn(page_of: PageOf, pair: Path) -> None:
    page = page_of("examiner")
    begin(page, pair)
    expect(page.get_by_text("does not choose for you", exact=False)).to_be_visible()
    box = page.locator("[data-face='2']").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#chosen")).to_contain_text("Face 2")
    expect(page.get_by_role("radio", name=re.compile("^2"))).to_be_checked()
    expect(page.locator("[data-face='2']")).to_have_class(re.compile("chosen"))
    picture = page.locator("[data-picture]").bounding_box()
    assert picture is not None
    page.mouse.move(picture["x"] + 5, picture["y"] + 5)
    page.mouse.down()
    page.mouse.move(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] - 5, steps=4)
    page.mouse.up()
    width = int(page.get_by_label("Width", exact=True).input_value())
    assert 380 <= width <= 540
    page.get_by_role("button", name="Crop", exact=True).click()
    expect(page.get_by_text(f"Cropped to {width}", exact=False)).to_be_visible()
    expect(page.get_by_text("1 face found", exact=False)).to_be_visible()


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eileen Collins in the dark: no face is found."""
    path = tmp_path_factory.mktemp("dark") / "dark.png"
    cv2.imwrite(str(path), (collins().pixels * 0.03).astype(np.uint8))
    return path


@pytest.mark.long
@pytest.mark.parametrize("way", ["mouse", "keys", "no script"])
def test_a_face_that_is_not_found_is_drawn(page_of: PageOf, dark: Path, way: str) -> None:
    page = page_of("examiner", java_script_enabled=way != "no script", viewport={"width": 1280, "height": 900})
    page.goto(START)
    if way == "no script":
        page.get_by_label("Photograph").set_input_files(dark)
        page.get_by_role("button", name="Find the faces").click()
    else:
        handed_over(page, dark, "paste")
    page.wait_for_url(DRAFT)
    expect(page.get_by_text("No face was found.", exact=False)).to_be_visible()
    if way == "mouse":
        picture = page.locator("[data-picture]").bounding_box()
        assert picture is not None
        scale = min(picture["width"], picture["height"]) / 512
        left = picture["x"] + (picture["width"] - 512 * scale) / 2
        page.mouse.move(left + 168 * scale, picture["y"] + 53 * scale)
        page.mouse.down()
        page.mouse.move(left + 278 * scale, picture["y"] + 185 * scale, steps=4)
        page.mouse.up()
        page.get_by_role("button", name="This is the face").click()
    else:
        for label, value in (("Left", "168"), ("Top", "53"), ("Width", "110"), ("Height", "132")):
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_label("Height", exact=True).blur() if way == "keys" else None
        if way == "keys":
            page.keyboard.press("d")
        else:
            page.get_by_role("button", name="This is the face").click()
    expect(page.get_by_text("Face drawn by Sample examiner", exact=False)).to_be_visible()
    expect(page.locator("#chosen")).to_contain_text("A person drew the box of this face")
    expect(page.locator(".box.chosen")).to_have_count(1)
    if way != "no script":
        assert findings(page) == []


@pytest.mark.long
def test_by_keys_alone(page_of: PageOf, pair: Path) -> None:
    page = page_of("examiner")
    page.goto(START)
    handed_over(page, pair, "paste")
    page.wait_for_url(DRAFT)
    page.keyboard.press("]")  # the key of "Rotate right"
    expect(page.get_by_text("Rotated 90° clockwise")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Rotated 90° clockwise")).to_have_count(0)  # the tools close again
    until(page, "input[name=face]")
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_contain_text("Face 1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#chosen")).to_contain_text("Face 2")
    until(page, "#id_purpose")
    page.keyboard.type("who held the door")
    until(page, "input[name=galleries]")
    if not page.get_by_role("checkbox", name=GALLERY).is_checked():  # the only gallery is ticked already
        page.keyboard.press("Space")
    until(page, ".bar .primary")
    page.keyboard.press("Enter")
    page.wait_for_url(LIST)
    expect(page.locator("#rank-1")).to_have_class(re.compile(r"\bis-current\b"))  # J goes on from the current card
    for key, rank in (("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(page.locator(f"#rank-{rank}")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator("#large")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("[data-large-words]")).to_contain_text("Candidate 2")
    page.keyboard.press("Escape")
    expect(page.locator("#large")).to_be_hidden()
    expect(page.locator("#rank-2")).to_be_focused()


def test_a_file_that_is_no_picture_is_named_in_two_sentences(page_of: PageOf, tmp_path: Path) -> None:
    page = page_of("examiner")
    (tmp_path / "notes.txt").write_text("no picture")
    page.goto(START)
    page.get_by_label("Photograph").set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_text("JPEG 2000 and JPEG XL. Check that this is the right file")).to_be_visible()


@pytest.mark.long
def test_order_and_filter_never_hide_how_many_there_are(page_of: PageOf, photograph: Path, live: Live) -> None:
    page = page_of("examiner")
    begin(page, photograph)
    ask(page)
    shown = page.locator("#list [role=status]")
    expect(shown).to_have_text(re.compile(r"Showing (\d+) of \1"))
    total = page.locator("[data-candidate]").count()
    entries = live.json("audit", "verify")["entries"]
    page.get_by_label("Show", exact=True).select_option("dated")
    expect(shown).to_contain_text(f"Showing 0 of {total}")
    page.get_by_role("link", name="show all").click()
    expect(page.locator("[data-candidate]")).to_have_count(total)
    assert live.json("audit", "verify")["entries"] == entries
    link = page.locator("[data-candidate] a[target=_blank]")
    for part, value in {"rel": "noopener noreferrer", "referrerpolicy": "no-referrer"}.items():
        assert {row.get_attribute(part) for row in link.all()} <= {value}


def test_what_is_typed_survives_a_closed_tab_and_two_tabs_keep_apart(
    page_of: PageOf, photograph: Path, pair: Path
) -> None:
    first = page_of("examiner")
    one = begin(first, photograph)
    second = first.context.new_page()
    two = begin(second, pair)
    first.goto(one)
    first.get_by_label("Purpose", exact=True).fill("who took the bag")
    first.get_by_label("Purpose", exact=True).press("Tab")
    expect(first.locator("#saved")).to_have_text("Saved")
    first.close()
    second.goto(two)
    expect(second.get_by_label("Purpose", exact=True)).to_have_value("")
    second.goto(one)
    expect(second.get_by_label("Purpose", exact=True)).to_have_value("who took the bag")


@pytest.mark.long
def test_without_script_every_step_is_a_plain_form(page_of: PageOf, photograph: Path) -> None:
    page = page_of("examiner", java_script_enabled=False)
    page.goto(START)
    page.get_by_label("Photograph").set_input_files(photograph)
    page.get_by_role("button", name="Find the faces").click()
    page.wait_for_url(DRAFT)
    page.get_by_text("Rotate, crop, light, or draw").click()
    page.get_by_role("button", name="90° right").click()
    expect(page.get_by_text("Rotated 90° clockwise")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Rotate, crop, light, or draw").click()
    page.get_by_label("Brightness").fill("10")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("brightness +10", exact=False)).to_be_visible()
    ask(page)
    page.get_by_label("Show", exact=True).select_option("linked")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#list [role=status]")).to_contain_text("of ")


@pytest.mark.long
def test_two_hundred_faces_in_one_picture(page_of: PageOf, tmp_path: Path) -> None:
    face = scaled(collins(), 0.5).pixels[0:140, 70:190]
    path = tmp_path / "crowd.jpg"
    cv2.imwrite(str(path), np.tile(face, (10, 20, 1)))
    page = page_of("examiner")
    page.set_default_navigation_timeout(180_000)  # a slow machine needs more than a minute for so many
    begin(page, path)
    assert page.locator("[data-face]").count() >= 190
    last = page.get_by_role("radio", name=re.compile("^150 "))
    last.check()
    expect(page.locator("#chosen")).to_contain_text("Face 150")
    assert findings(page) == []


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(page_of: PageOf, pair: Path, scheme: str) -> None:
    page = page_of("examiner", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    draft = begin(page, pair)
    page.get_by_role("radio", name=re.compile("^1 ")).check()
    expect(page.locator("#chosen")).to_contain_text("Face 1")
    page.goto(draft)
    ask(page)
    for path in ("/cases/", START, draft, page.url):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert findings(page) == []
