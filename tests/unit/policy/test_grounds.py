"""A refused ground is recognised where it is the ground, and not where it is the scenery."""

from __future__ import annotations

import pytest

from plainview.policy.grounds import refused_ground


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Attendance at a lawful assembly", "attendance at a lawful assembly"),
        ("who was at the protest", "attendance at a lawful assembly"),
        ("identify people taking part in the Saturday march", "attendance at a lawful assembly"),
        ("peaceful   demonstration", "attendance at a lawful assembly"),
        ("protesters", "attendance at a lawful assembly"),
        ("worship", "worship"),
        ("attending the mosque", "worship"),
        ("journalism", "journalism"),
        ("find the journalist's sources", "journalism"),
        ("sources of the newspaper", "journalism"),
        ("immigration status alone", "immigration status alone"),
        ("Immigration check", "immigration status alone"),
        ("establish his immigration status", "immigration status alone"),
        ("private curiosity", "private curiosity"),
        ("I was curious", "private curiosity"),
        ("personal interest", "private curiosity"),
        ("find my ex", "private curiosity"),
        ("robbery during a demonstration", None),
        ("assault on a journalist", None),
        ("arson of a church", None),
        ("find the rider", None),
        ("homicide", None),
        ("human smuggling", None),
        ("find a candidate for an unknown person", None),
        ("theft from a private person", None),
        ("", None),
    ],
)
def test_ground(text: str, name: str | None) -> None:
    ground = refused_ground(text)
    assert (ground.name if ground else None) == name
