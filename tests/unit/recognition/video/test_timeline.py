"""The time line: parts follow each other, nothing shares a place, and what is clean stays as it is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.video.timeline import BACK_SECONDS, NO_STAMP, Part, inside_parts, lay_out

SECOND = 1000


def test_what_is_clean_is_left_as_it_is() -> None:
    shown = [0, 80, 40, 160, 120]
    timeline = lay_out(shown, [-40, 0, 40, 80, 120], SECOND, 40)
    assert (list(timeline.stamps), timeline.parts, timeline.clean) == (shown, (Part(0, 0),), True)


def test_a_part_whose_time_starts_again_follows_the_one_before() -> None:
    shown = [5000, 5080, 5040, 0, 80, 40, 7000]
    timeline = lay_out(shown, [4960, 5000, 5040, -40, 0, 40, 6900], SECOND, 40)
    assert list(timeline.stamps) == [5000, 5080, 5040, 5120, 5200, 5160, 12_120]
    assert timeline.parts == (Part(0, 0), Part(3, 5120))
    assert not timeline.clean


def test_a_mark_of_damage_beside_a_border_is_the_border_s() -> None:
    parts = (Part(0, 0), Part(30, 5120), Part(60, 9000))
    assert [n for n in range(70) if not inside_parts([n], parts)] == [*range(27, 34), *range(57, 64)]
    assert inside_parts([0, 28, 40, 41, 69], parts) == 4
    assert inside_parts([0, 28], parts[:1]) == 2


@pytest.mark.parametrize(("back", "parts"), [(200, 1), (201, 2)])
def test_time_starts_again_where_it_goes_back_by_more_than_jitter(back: int, parts: int) -> None:
    decoded = [0, 1000, 1000 - back]
    assert BACK_SECONDS == 0.2
    assert len(lay_out(decoded, decoded, SECOND, 40).parts) == parts


def test_reordered_frames_without_decoding_times_are_no_new_part() -> None:
    shown = [0, 2000, 500, 1000, 1500]
    assert lay_out(shown, [NO_STAMP] * 5, SECOND, 500).clean
    assert len(lay_out([0, 2001, 0], [NO_STAMP] * 3, SECOND, 500).parts) == 2


def test_frames_of_one_time_and_without_a_time_get_places_of_their_own() -> None:
    timeline = lay_out([0, 0, NO_STAMP, 40, 1], [NO_STAMP] * 5, SECOND, 40)
    assert list(timeline.stamps) == [0, 1, 2, 40, 3]
    assert not timeline.clean
    assert not lay_out([0, NO_STAMP], [0, 40], SECOND, 40).clean
    assert lay_out([], [], SECOND, 40).parts == ()


def test_frames_before_the_first_time_come_before_it() -> None:
    """A Matroska file that begins before its time 0 has no times until then (FFmpeg -itsoffset -1)."""
    timeline = lay_out([NO_STAMP, NO_STAMP, 0, 80, 40], [NO_STAMP] * 2 + [0, 40, 80], SECOND, 40)
    assert (list(timeline.stamps), timeline.clean, timeline.untimed) == ([-80, -40, 0, 80, 40], False, 2)


def test_a_recorders_time_of_day_begins_at_nought() -> None:
    day = 1_795_990_445 * SECOND
    timeline = lay_out([day, day + 40], [day, day + 40], SECOND, 40)
    assert (list(timeline.stamps), timeline.parts, timeline.clean) == ([0, 40], (Part(0, -day),), False)
    assert lay_out([10**8 * SECOND], [10**8 * SECOND], SECOND, 40).clean


@given(st.lists(st.integers(-(10**6), 10**6) | st.just(NO_STAMP), min_size=1, max_size=40))
def test_no_two_packets_share_a_place_and_parts_do_not_overlap(stamps: list[int]) -> None:
    timeline = lay_out(stamps, stamps, SECOND, 40)
    assert len(set(timeline.stamps)) == len(stamps)
    borders = [part.packet for part in timeline.parts] + [len(stamps)]
    pieces = [timeline.stamps[a:b] for a, b in itertools.pairwise(borders)]
    assert all(max(a) < min(b) for a, b in itertools.pairwise(pieces))
