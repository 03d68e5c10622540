"""The probe of one search: its picture, its chosen face, its quality, its edit chain.

Owns decoding and choosing the face. It must never compare it with anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plainview.casework.probes.frames import Further
from plainview.casework.workspace.services import services
from plainview.recognition.decode import read_file
from plainview.recognition.edits import apply, read, written
from plainview.recognition.types import Face, Picture


@dataclass(frozen=True, slots=True)
class Probe:
    """A prepared probe: the original bytes, the picture after its edits, the face chosen in it, the still it was."""

    name: str
    data: bytes
    picture: Picture
    number: int
    face: Face
    edits: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    further: tuple[Further, ...] = ()


def prepare_probe(path: Path, number: int | None = None, *, edits: Sequence[str] = ()) -> Probe:
    """Read, decode, edit and detect: touches neither gallery nor log (docs/adr/0002).

    Args:
        path: the original.
        number: which face of the picture after its edits, from 1; None: the largest.
        edits: a chain as recognition.edits writes it.

    Raises:
        BadMedia: the picture cannot be used, or an edit does not fit it.
    """
    return probe_of(path.name, read_file(path), number, edits=edits)


def probe_of(name: str, data: bytes, number: int | None = None, *, edits: Sequence[str] = ()) -> Probe:
    """As `prepare_probe`, of the bytes of the original."""
    chain = read(edits)
    picture = apply(services().decoder.decode(data), chain)
    chosen, face = services().engine.probe_face(picture, number)
    return Probe(name, data, picture, chosen, face, tuple(written(chain)))
