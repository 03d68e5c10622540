"""Cautions speak at their limit and not before."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from plainview.scores.cautions import PHOTOGRAPHS_ALIKE, Caution, Listed, cautions_for
from plainview.scores.same_face import SAME_FACE


def unit(*values: float) -> np.ndarray:
    row = np.array(values, dtype=np.float32)
    return row / np.linalg.norm(row)


def listed(rank: int, score: float, template: np.ndarray, quality: int = 90, captured: date | None = None) -> Listed:
    return Listed(rank, score, quality, captured, template)


def ids(rows: list[Caution]) -> list[tuple[str, int | None]]:
    return [(row.id, row.rank) for row in rows]


def ask(*rows: Listed, quality: int = 90, on: date | None = None) -> list[Caution]:
    return cautions_for(rows, probe_quality=quality, probe_captured_on=on)


def test_different_people_within_a_hair_are_named() -> None:
    a, b, same = unit(1, 0, 0), unit(0, 1, 0), unit(1, 0.2, 0)
    assert ids(ask(listed(1, 0.60, a), listed(2, 0.59, b))) == [("look_alikes", None)]
    assert ask(listed(1, 0.60, a), listed(2, 0.57, b)) == []
    assert ask(listed(1, 0.60, a), listed(2, 0.59, same)) == []
    (caution,) = ask(listed(1, 0.60, a), listed(2, 0.595, same), listed(3, 0.59, b))
    assert caution.text.startswith("Ranks 1, 3 ")
    assert ask() == ask(listed(1, 0.9, a)) == []


def test_quality_and_age() -> None:
    face = unit(1, 0)
    assert ids(ask(listed(1, 0.5, face), quality=29)) == [("probe_quality", None)]
    assert ids(ask(listed(1, 0.5, face, quality=29), quality=30)) == [("reference_quality", 1)]
    old = listed(1, 0.5, face, captured=date(2010, 1, 1))
    assert ids(ask(old, on=date(2020, 1, 2))) == [("age_gap", 1)]
    assert ask(old, on=date(2019, 6, 1)) == []
    assert ask(old, on=None) == []


@pytest.mark.parametrize(
    ("component", "ending", "limit"),
    [("cover", "cover", 0.5), ("eye_cover", "eye_cover", 0.5), ("outside", "partial", 0.2)],
)
def test_what_cannot_be_seen_is_told_at_the_limit_and_what_was_not_measured_is_not(
    component: str, ending: str, limit: float
) -> None:
    def told(probe: float | None, reference: float | None) -> list[tuple[str, int | None]]:
        row = Listed(1, 0.5, 90, None, unit(1, 0), {} if reference is None else {component: reference})
        measured = {} if probe is None else {component: probe}
        return ids(cautions_for([row], probe_quality=90, probe_captured_on=None, probe_components=measured))

    assert told(limit - 0.001, limit - 0.001) == told(None, None) == []
    assert told(limit, limit - 0.001) == [(f"probe_{ending}", None)]
    assert told(0.1, limit) == [(f"reference_{ending}", 1)]
    assert told(0.9, 0.9) == [(f"probe_{ending}", None), (f"reference_{ending}", 1)]


def test_the_edges_of_quality_and_of_a_hair() -> None:
    assert ask(listed(1, 0.5, unit(1, 0), quality=30)) == []
    a, b = unit(1, 0, 0), unit(0, 1, 0)
    assert ids(ask(listed(1, 0.02, a), listed(2, 0.0, b))) == [("look_alikes", None)]
    assert ask(listed(1, 0.0201, a), listed(2, 0.0, b)) == []


def test_a_year_counts_as_old_when_one_of_its_days_may_be() -> None:
    old = Listed(1, 0.6, 90, date(2014, 1, 1), unit(1, 0), captured_precision="year")
    (caution,) = ask(old, on=date(2024, 6, 1))
    assert caution.text == "The pictures are 9 to 10 years apart: faces change in that time."
    assert ask(old, on=date(2023, 6, 1)) == []


def test_two_subjects_with_nearly_one_face_may_be_entered_twice() -> None:
    face, near, other = unit(1, 0, 0), unit(1, 0.2, 0), unit(0, 1, 0)

    def of(rank: int, template: np.ndarray, subject: int | None) -> Listed:
        return Listed(rank, 0.9 - rank / 10, 90, None, template, subject=subject)

    (caution,) = ask(of(1, face, 7), of(2, other, 8), of(3, near, 9))
    assert (caution.id, caution.rank) == ("entered_twice", 3)
    assert caution.text.startswith("Ranks 1 and 3 ")
    assert "possibly entered twice" in caution.text
    assert ask(of(1, face, 7), of(2, near, 7)) == []  # one subject
    assert ask(of(1, face, 7), of(2, near, None)) == []  # the source does not say who it is


def test_photographs_of_a_probe_as_like_as_one_persons_are_not_cautioned_about() -> None:
    def told(alike: float) -> list[tuple[str, int | None]]:
        measured = {PHOTOGRAPHS_ALIKE: alike}
        return ids(cautions_for([], probe_quality=90, probe_captured_on=None, probe_components=measured))

    assert told(SAME_FACE) == []
    assert told(SAME_FACE - 0.001) == [("probe_photographs", None)]
