"""A workspace's daily work in one line each: galleries, cases, probes and searches, in process."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.utils import timezone
from tests.factories.models import collins, hopper, scaled
from tests.factories.stages import staged

from plainview.audit.record import Entry, parse_line
from plainview.casework.cases.open_close import open_case
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import LogEntry, Member
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.answers import Answer
from plainview.casework.search.grounds import ground_of
from plainview.casework.search.run import Request, run_search
from plainview.recognition.types import Picture


def person(name: str) -> Member:
    """A sample person: "admin", "examiner", ..."""
    return member_by_email(f"{name}@agency.example")


def entries(action: str = "") -> list[Entry]:
    """The log's entries of one action, oldest first."""
    texts = [bytes(text) for text in LogEntry.objects.order_by("seq").values_list("canonical", flat=True)]
    # The action comes first in canonical form: what begins otherwise need not be parsed, which takes most of the time.
    begin = f'{{"action":"{action}"'.encode() if action else b""
    return [parse_line(text) for text in texts if text.startswith(begin)]


def newest() -> Entry:
    """The log's last entry."""
    return parse_line(bytes(LogEntry.objects.order_by("-seq").values_list("canonical", flat=True)[0]))


def write(picture: Picture, path: Path) -> Path:
    """Write a picture in the format of the path's ending."""
    pixels = picture.pixels
    key = (hashlib.blake2b(np.ascontiguousarray(pixels)).digest(), pixels.shape, path.suffix)
    if key not in _written:
        written, data = cv2.imencode(path.suffix, pixels)
        assert written
        _written[key] = data.tobytes()
        if len(_written) > _WRITTEN:
            del _written[next(iter(_written))]
    path.write_bytes(_written[key])
    return path


_WRITTEN = 40  # pictures
_written: dict[tuple[bytes, tuple[int, ...], str], bytes] = {}
"""Files of the pictures that were written last, by pixels: compressing takes longer than looking for the face."""


@staged
def gallery(folder: Path, name: str = "g", **passport: Any) -> None:
    """A gallery of the two bundled portraits."""
    fields = {"legal_basis": "law", "source": "tests", "owner": "tests", "expires_on": date(2999, 1, 1)}
    create_gallery(name, **(fields | passport), acting_member=person("admin"))
    folder.mkdir(exist_ok=True)
    pictures = {"hopper.png": hopper(), "collins.png": collins()}
    items = [Item(write(p, folder / n), n, f"https://source.example/{n}", "", None) for n, p in pictures.items()]
    enrol(name, items, acting_member=person("admin"))


@staged
def case(number: str = "C-1", offence: str = "robbery") -> None:
    open_case(number, offence, acting_member=person("examiner"))


def probe(folder: Path, name: str = "probe.png") -> Path:
    """Another rendering of Eileen Collins."""
    return write(_smaller_collins(), folder / name)


@functools.cache
def _smaller_collins() -> Picture:
    return scaled(collins(), 0.8)


@staged
def ready(folder: Path) -> Path:
    """A gallery of two, an open case, and the probe, whose path is returned."""
    gallery(folder / "pictures")
    case()
    return probe(folder)


def search_here(
    image: Path, member: Member | None = None, *, urgent: str = "", review: str = "", **request: Any
) -> Answer:
    """A search in this process, which then has the gallery's index in memory."""
    fields = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    wanted, ground = Request(**(fields | request)), ground_of(urgent=urgent, review=review)
    return run_search(prepare_probe(image), wanted, ground, acting_member=member or person("examiner"))


@staged
def search(image: Path, member: Member | None = None, **how: Any) -> Answer:
    """A search as `search_here` makes it, of which a test may find only what is in the workspace."""
    return search_here(image, member, **how)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the whole application live at this moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment)
        yield
