"""Frames of a video as what is searched with: where each is from, and one template of several.

Owns what of a frame's origin stands in the log and what is sealed. Frames are put together only when a person said
that they show one person (actions.stills).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plainview.casework.models import ProbeFrame, Search
from plainview.casework.workspace.services import services
from plainview.recognition.types import Face, Picture, Vector
from plainview.recognition.video.fuse import fused


@dataclass(frozen=True, slots=True)
class Further:
    """A further frame of the same person: its bytes, its picture, its face there, and where it is from."""

    data: bytes
    picture: Picture
    number: int
    face: Face
    provenance: dict[str, Any]


def template_of(picture: Picture, face: Face, further: Sequence[Further]) -> Vector:
    """The template that is searched with: of the probe alone, or of all its frames."""
    engine = services().engine
    rows = [(picture, face), *((frame.picture, frame.face) for frame in further)]
    return fused(
        [engine.template(shown, found.detection) for shown, found in rows],
        [found.quality.overall for _, found in rows],
    )


def public_part(provenance: dict[str, Any]) -> dict[str, Any]:
    """What of a still's origin may stand in the log: nothing that shows or names anybody."""
    return {key: provenance[key] for key in ("video", "still", "time_s", "frame") if key in provenance}


def secret_part(provenance: dict[str, Any]) -> dict[str, Any]:
    """What of a still's origin is sealed, so that it can be erased one day."""
    return {key: provenance[key] for key in ("frame_sha256", "box", "video_sha256") if key in provenance}


def further_rows(search: Search, further: Sequence[Further]) -> list[ProbeFrame]:
    """The further frames, stored, as rows of their search that are not saved yet."""
    blobs = services().blobs.put_many(frame.data for frame in further)
    return [
        ProbeFrame(
            search=search,
            number=number,
            blob=blob,
            face_number=frame.number,
            quality=frame.face.quality.overall,
            provenance=frame.provenance,
        )
        for number, (frame, blob) in enumerate(zip(further, blobs, strict=True), start=2)
    ]
