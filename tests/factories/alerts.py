"""Alerts in a small gallery: the pack's own figures are its calibration, so their rarest rate is one in a million."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.factories.models import collins, hopper, scaled
from tests.factories.stages import staged
from tests.factories.work import person, probe, write

from plainview.casework.alerts.open import create_alert
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.models import Alert, Member
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.run import Request
from plainview.recognition.types import Picture


@staged
def alert(folder: Path, *, member: Member | None = None, galleries: tuple[str, ...] = ("g",), **options: Any) -> Alert:
    """An alert of Eileen Collins under C-1."""
    terms = {"days": 30, "one_in": 100_000} | options
    return create_alert(
        prepare_probe(probe(folder, "alerted.png")),
        Request("C-1", "find the rider", ""),
        galleries,
        acting_member=member or person("examiner"),
        **terms,
    )


def arrive(folder: Path, name: str, picture: Picture, gallery: str = "g") -> None:
    """A new picture comes into the gallery."""
    item = Item(write(picture, folder / name), name, f"https://source.example/{name}", "", None)
    result = enrol(gallery, [item], acting_member=person("admin"))
    assert result.failed == []


def her(factor: float = 0.7) -> Picture:
    """Another picture of Eileen Collins."""
    return scaled(collins(), factor)


def him(factor: float = 0.7) -> Picture:
    """Another picture of Grace Hopper, who is not sought."""
    return scaled(hopper(), factor)
