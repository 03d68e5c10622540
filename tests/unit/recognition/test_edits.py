"""A chain of edits: read strictly, applied the same way each time, and never adding to what the picture shows."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.models import picture

from plainview.recognition.edits import (
    MAX_EDITS,
    Crop,
    Drawn,
    Edit,
    Light,
    Prepared,
    Rotate,
    add,
    apply,
    drawn_by,
    parse,
    place,
    read,
    says,
    unprepared,
    with_preparation,
    written,
)
from plainview.recognition.errors import BadMedia

SIZE = (80, 60)  # width, height

angles = st.integers(-1799, 1800).map(lambda tenths: tenths / 10)
lights = st.builds(
    Light,
    st.integers(-100, 100),
    st.integers(50, 300).map(lambda value: value / 100),
    st.integers(30, 300).map(lambda value: value / 100),
)
edits = st.one_of(
    st.builds(Crop, st.integers(0, 30), st.integers(0, 20), st.integers(16, 40), st.integers(16, 40)),
    st.builds(Rotate, angles),
    lights,
    st.builds(Drawn, *[st.integers(0, 50)] * 2, *[st.integers(16, 60)] * 2, st.sampled_from(["", "Ada Okoro"])),
)


def random_picture(seed: int = 0):
    rng = np.random.default_rng(seed)
    return picture(rng.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8))


@given(edits)
def test_what_is_written_is_read_again(edit: Edit) -> None:
    assert parse(str(edit)) == edit
    assert read(written((edit,))) == (edit,)
    assert says(edit)


@given(st.text(max_size=30))
def test_anything_else_is_refused_or_canonical(text: str) -> None:
    with contextlib.suppress(BadMedia):
        edit = parse(text)
        assert parse(str(edit)) == edit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crop",
        "crop:1,2,3",
        "crop:-1,0,20,20",
        "crop:0,0,0,20",
        "rotate:nan",
        "rotate:inf",
        "rotate:1e9",
        "light:101,1,1",
        "light:0,0.1,1",
        "light:0,1,9",
        "sharpen:1",
        "rotate:90,1",
        "crop:1,2,3,4,5",
    ],
)
def test_a_bad_edit_is_named(text: str) -> None:
    with pytest.raises(BadMedia) as caught:
        parse(text)
    assert caught.value.code == "bad_edit"


def test_a_chain_has_an_end() -> None:
    assert len(read(["rotate:90"] * MAX_EDITS)) == MAX_EDITS
    with pytest.raises(BadMedia, match="at most 20 are allowed"):
        read(["rotate:90"] * (MAX_EDITS + 1))


def test_quarter_turns_move_every_pixel_and_change_none() -> None:
    source = random_picture()
    once = apply(source, [Rotate(90.0)]).pixels
    assert once.shape == (SIZE[0], SIZE[1], 3)
    assert (once[0, -1] == source.pixels[0, 0]).all()  # the top left corner goes to the top right
    assert (apply(source, [Rotate(90.0)] * 4).pixels == source.pixels).all()
    assert (apply(source, [Rotate(180.0)]).pixels == apply(source, [Rotate(-90.0), Rotate(-90.0)]).pixels).all()


@settings(max_examples=60)
@given(st.lists(st.builds(Rotate, angles), max_size=3), st.integers(0, 79), st.integers(0, 59))
def test_a_point_is_where_place_says(turns: list[Rotate], x: int, y: int) -> None:
    source = picture(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    source.pixels[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = 255
    out = apply(source, turns).pixels[:, :, 0].astype(float)
    out[out < 200] = 0  # the grey surround
    rows, columns = np.nonzero(out)
    left, right, top, bottom = max(0, x - 2), min(79, x + 2), max(0, y - 2), min(59, y + 2)
    at = place(SIZE, turns) @ [(left + right) / 2, (top + bottom) / 2, 1]
    assert math.hypot(columns.mean() - at[0], rows.mean() - at[1]) < 1.0


def test_crop_and_place_agree() -> None:
    source, chain = random_picture(), [Rotate(-90.0), Crop(5, 7, 30, 40)]
    x, y, _ = place(SIZE, chain) @ [50, 20, 1]
    assert (apply(source, chain).pixels[round(y), round(x)] == source.pixels[20, 50]).all()


@settings(max_examples=60)
@given(st.lists(edits, max_size=5))
def test_a_chain_gives_the_same_pixels_or_says_why_not(chain: list[Edit]) -> None:
    source = random_picture()
    before = source.pixels.copy()
    with contextlib.suppress(BadMedia):
        first = apply(source, chain)
        assert (first.pixels == apply(source, read(written(chain))).pixels).all()
        assert first.pixels.dtype == np.uint8
        assert first.pixels.flags.c_contiguous
        assert min(first.pixels.shape[:2]) >= 16
    assert (source.pixels == before).all()


@given(lights)
def test_light_keeps_the_order_of_levels(light: Light) -> None:
    ramp = picture(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 16, 0).repeat(3, 2))
    out = apply(ramp, [light]).pixels[0, :, 0].astype(int)
    assert (np.diff(out) >= 0).all()


def test_turns_add_up_light_replaces_and_nothing_is_left_out() -> None:
    assert add((Rotate(90.0),), Rotate(90.0)) == (Rotate(180.0),)
    assert add((Rotate(90.0),), Rotate(-90.0)) == ()
    assert add((Rotate(170.0),), Rotate(20.0)) == (Rotate(-170.0),)
    assert add((Light(5, 1.0, 1.0),), Light(9, 1.0, 1.0)) == (Light(9, 1.0, 1.0),)
    assert add((Light(5, 1.0, 1.0),), Light(0, 1.0, 1.0)) == ()
    crop = Crop(0, 0, 20, 20)
    assert add((crop,), crop) == (crop, crop)


def test_a_crop_past_the_border_is_refused_with_the_size() -> None:
    with pytest.raises(BadMedia, match="80 × 60"):
        apply(random_picture(), [Crop(70, 0, 20, 20)])
    with pytest.raises(BadMedia, match="less than 16"):
        apply(random_picture(), [Crop(0, 0, 15, 20)])


def test_a_turn_never_makes_a_canvas_beyond_the_budget() -> None:
    wide = picture(np.zeros((9000, 8000, 3), np.uint8))
    with pytest.raises(BadMedia) as caught:
        apply(wide, [Rotate(45.0)])
    assert caught.value.code == "too_many_pixels"


def test_a_drawn_box_is_the_last_word_and_names_its_person() -> None:
    text = "face:10,5,20,30 by Ada Okoro, Sgt"
    assert parse(text) == Drawn(10, 5, 20, 30, "Ada Okoro, Sgt")
    assert str(parse(text)) == text
    assert says(parse(text)) == "Face drawn by Ada Okoro, Sgt: 20 × 30 pixels, from 10 right and 5 down"
    (unsigned,) = read(["face:10,5,20,30"])
    assert drawn_by((unsigned,), "Ada Okoro") == (Drawn(10, 5, 20, 30, "Ada Okoro"),)
    assert drawn_by(read([text]), "Somebody Else") == read([text])
    with pytest.raises(BadMedia, match="after every other edit"):
        read([text, "rotate:90"])


@pytest.mark.parametrize(
    "text",
    ["face:-1,5,20,30", "face:10,5,15,30", "face:10,5,20", "face:70,5,20,30", "face:10,40,20,30", "face:a,b,c,d"],
)
def test_a_box_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(BadMedia):
        apply(random_picture(), read([text]))


def test_a_drawn_box_changes_no_pixel_stays_behind_light_and_goes_with_a_turn() -> None:
    drawn = Drawn(10, 5, 20, 30)
    whole = random_picture()
    marked = apply(whole, (drawn,))
    assert marked.drawn == (10, 5, 20, 30)
    assert (marked.pixels == whole.pixels).all()
    assert (place(SIZE, (drawn,)) == np.eye(3)).all()
    light = Light(10, 1.0, 1.0)
    assert add((drawn,), light) == (light, drawn)
    assert add((light, drawn), Light(20, 1.0, 1.0)) == (Light(20, 1.0, 1.0), drawn)
    assert add((Rotate(90.0), drawn), Rotate(90.0)) == (Rotate(180.0),)
    assert add((drawn,), Drawn(1, 1, 20, 20)) == (Drawn(1, 1, 20, 20),)


@pytest.mark.parametrize(
    ("taken", "refused"),
    [
        ("crop:0,0,1,1", "crop:0,-1,1,1"),
        ("crop:0,0,1,1", "crop:0,0,1,0"),
        ("light:100,0.5,0.3", "light:-101,1,1"),
        ("light:-100,3,3", "light:0,0.49,1"),
        ("light:0,3.0,1", "light:0,3.01,1"),
        ("light:0,1,0.30", "light:0,1,0.29"),
        ("light:0,1,3.00", "light:0,1,3.01"),
        ("prepared:0,1", "prepared:-0.01,1"),
        ("prepared:20,40", "prepared:20.01,40"),
        ("prepared:20,40", "prepared:20,40.01"),
        ("prepared:0,1", "prepared:0,0.99"),
        ("face:0,0,16,16", "face:0,0,16,15"),
        ("face:0,0,16,16", "face:0,-1,16,16"),
        ("rotate:180", "rotate:180,0"),
        ("light:1,1,1", "light:1,1"),
        ("prepared:1,1", "prepared:1"),
        ("rotate:0.1234", "rotate:0.12345"),
    ],
)
def test_an_edit_at_its_limit_is_taken_and_one_beyond_it_is_not(taken: str, refused: str) -> None:
    assert parse(taken)
    with pytest.raises(BadMedia):
        parse(refused)


@pytest.mark.parametrize(
    ("degrees", "turned"),
    [
        ("180", 180.0),
        ("-180", 180.0),
        ("180.1", -179.9),
        ("-179.9", -179.9),
        ("360", 0.0),
        ("-0.04", 0.0),
        ("539.96", 180.0),
    ],
)
def test_a_turn_is_in_tenths_above_minus_180_up_to_180(degrees: str, turned: float) -> None:
    assert str(parse(f"rotate:{degrees}")) == f"rotate:{turned:g}"


@pytest.mark.parametrize(
    ("light", "levels"),
    [
        (Light(10, 1.0, 1.0), {0: 10, 100: 110, 250: 255}),
        (Light(-10, 1.0, 1.0), {0: 0, 100: 90, 255: 245}),
        (Light(0, 2.0, 1.0), {0: 0, 64: 0, 100: 72, 128: 128, 192: 255}),  # about mid grey, 127.5
        (Light(0, 0.5, 1.0), {0: 64, 255: 191}),
        (Light(0, 1.0, 2.0), {0: 0, 64: 128, 255: 255}),  # above 1 lightens shadows: 255 * sqrt(64 / 255)
        (Light(0, 1.0, 0.5), {0: 0, 128: 64, 255: 255}),
        (Light(20, 0.5, 2.0), {64: 148}),  # gamma, then contrast, then brightness
    ],
)
def test_light_is_gamma_then_contrast_then_brightness(light: Light, levels: dict[int, int]) -> None:
    ramp = picture(np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (16, 1, 3)))
    lit = apply(ramp, [light]).pixels[0, :, 0]
    assert {level: int(lit[level]) for level in levels} == levels


def test_a_preparation_smooths_and_multiplies_and_rounds_once() -> None:
    flat = picture(np.full((40, 40, 3), 7, np.uint8))
    assert set(apply(flat, [Prepared(0, 1.5)]).pixels.ravel().tolist()) == {10}  # 10.5: to the even one
    assert set(apply(flat, [Prepared(3.0, 40.0)]).pixels.ravel().tolist()) == {255}
    noisy = random_picture()
    assert (apply(noisy, [Prepared(0, 1)]).pixels == noisy.pixels).all()
    smooth = apply(noisy, [Prepared(2.0, 1)]).pixels
    assert smooth.std() < noisy.pixels.std() / 4
    step = picture(np.repeat(np.array([[0] * 20 + [1] * 20], np.uint8), 20, axis=0)[:, :, None].repeat(3, axis=2))
    levels = apply(step, [Prepared(4.0, 40.0)]).pixels[10, :, 0].astype(int)
    assert len(set(levels.tolist())) > 10  # what 8 bits cannot hold between the blur and the gain is there


def test_a_chain_is_prepared_once_and_before_the_box() -> None:
    prepared, drawn = Prepared(1.0, 2.0), Drawn(1, 1, 20, 20)
    assert with_preparation((Rotate(90.0), drawn), prepared) == (Rotate(90.0), prepared, drawn)
    assert with_preparation((), prepared) == (prepared,)
    assert with_preparation((Prepared(0, 1), drawn), prepared) == (prepared, drawn)
    assert unprepared((Rotate(90.0), prepared, drawn)) == (Rotate(90.0), drawn)
    for chain in ((prepared, prepared), (prepared, Rotate(90.0)), (drawn, prepared)):
        with pytest.raises(BadMedia, match="prepared once, after every other edit"):
            read(written(chain))
    assert len(read(["rotate:90"] * MAX_EDITS + [str(prepared)])) == MAX_EDITS + 1  # it is no edit of a person


def test_edits_are_said_in_words() -> None:
    assert says(Rotate(-12.5)) == "Rotated 12.5° anticlockwise"
    assert says(Rotate(12.5)) == "Rotated 12.5° clockwise"
    assert says(Prepared(0, 1)) == "Searched as it is, without preparation"
    assert says(Prepared(1.5, 1)) == "Prepared for the search: smoothed by 1.5 pixels"
    assert says(Prepared(0, 2)) == "Prepared for the search: brightened 2.0 times"
    assert says(Prepared(1.5, 2)) == "Prepared for the search: smoothed by 1.5 pixels and brightened 2.0 times"
    assert says(Drawn(1, 2, 30, 40)).startswith("Face drawn by hand: 30 × 40 pixels, from 1 right and 2 down")


@pytest.mark.parametrize(
    ("chain", "fits"),
    [
        (Crop(64, 44, 16, 16), True),
        (Crop(65, 0, 16, 16), False),
        (Crop(0, 45, 16, 16), False),
        (Crop(0, 0, 16, 15), False),
        (Drawn(60, 30, 20, 30), True),
    ],
)
def test_a_part_may_reach_to_the_border_of_the_picture(chain: Edit, fits: bool) -> None:
    with contextlib.nullcontext() if fits else pytest.raises(BadMedia):
        apply(random_picture(), [chain])


def test_a_turned_picture_is_whole_and_grey_where_it_ends() -> None:
    white = picture(np.full((60, 80, 3), 255, np.uint8))
    turned = apply(white, [Rotate(30.0)]).pixels
    wide, high = 80 * math.cos(math.pi / 6) + 60 * 0.5, 80 * 0.5 + 60 * math.cos(math.pi / 6)
    assert turned.shape == (math.ceil(high), math.ceil(wide), 3)
    assert turned[0, 0].tolist() == [128, 128, 128]
    assert abs((turned[:, :, 0] > 190).sum() - 80 * 60) < 120


def test_the_least_turn_has_a_side_too() -> None:
    assert says(Rotate(0.1)) == "Rotated 0.1° clockwise"
    assert says(Rotate(-0.1)) == "Rotated 0.1° anticlockwise"
