"""The probe of a search as its package has it: every picture that it was made of, and its template, made again.

Owns their names in the package. It must never show another picture than the one that the search has recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainview.casework.models import Search
from plainview.casework.pictures import png
from plainview.casework.workspace.services import services
from plainview.recognition.edits import apply, read
from plainview.recognition.engine import Engine
from plainview.recognition.types import Picture, Vector
from plainview.recognition.video.fuse import fused


def probe_items(search: Search) -> Iterator[tuple[str, bytes, str]]:
    """Yield (name, bytes, what it is) of the probe's picture, and of each further frame or photograph."""
    original = services().blobs.get(search.probe_blob)
    yield "probe/original", original, "the probe as it was uploaded"
    if search.edits:
        yield (
            "probe/edited.png",
            png(apply(services().decoder.decode(original), read(search.edits)).pixels),
            "the probe after the edits in search.json, as it was searched",
        )
    for frame in search.frames.order_by("number"):
        data = services().blobs.get(frame.blob)
        if "photograph" not in frame.provenance:
            yield f"probe/frame-{frame.number}.png", data, "another frame of the same person, part of the probe"
            continue
        name = f"probe/photograph-{frame.number}"
        yield name, data, "another photograph of the same person, as the examiner declared, part of the probe"
        if frame.provenance.get("edits"):
            edited = png(_picture(frame.blob, frame.provenance["edits"]).pixels)
            yield f"{name}-edited.png", edited, "the same photograph after the edits in search.json, as it was searched"


def template_again(engine: Engine, search: Search) -> Vector:
    """Return the probe's template as the search made it: of one picture, or fused with the others.

    Returns:
        float32, shape (dimension,), length 1.
    """
    templates, qualities = [], []
    for blob, edits, number, quality in _shown(search):
        picture = _picture(blob, edits)
        _, face = engine.probe_face(picture, number)
        templates.append(engine.template(picture, face.detection))
        qualities.append(quality)
    return fused(templates, qualities)


def _shown(search: Search) -> Iterator[tuple[str, list[str], int, int]]:
    yield search.probe_blob, search.edits, search.face_number, search.quality
    for frame in search.frames.order_by("number"):
        yield frame.blob, frame.provenance.get("edits", []), frame.face_number, frame.quality


def _picture(blob: str, edits: list[str]) -> Picture:
    return apply(services().decoder.decode(services().blobs.get(blob)), read(edits))
