"""The probe of a search as its package has it: every picture that it was made of.

Owns their names in the package. It must never show another picture than the one that the search has recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainview.casework.models import Search
from plainview.casework.pictures import png
from plainview.casework.probes.probe import picture_again
from plainview.casework.workspace.services import services


def probe_items(search: Search) -> Iterator[tuple[str, bytes, str]]:
    """Yield (name, bytes, what it is) of the probe's picture, and of each further frame or photograph."""
    original = services().blobs.get(search.probe_blob)
    yield "probe/original", original, "the probe as it was uploaded"
    if search.edits:
        yield (
            "probe/edited.png",
            png(picture_again(search.probe_blob, search.edits).pixels),
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
            edited = png(picture_again(frame.blob, frame.provenance["edits"]).pixels)
            yield f"{name}-edited.png", edited, "the same photograph after the edits in search.json, as it was searched"
