"""The probe of one search: its picture, its chosen face, its quality, its edit chain, and its further frames.

Owns decoding and choosing the face, which parts of a probe are stored, and which parts of its origin are public in the
log or sealed. It must never compare a face with anything; frames are combined only if a person said that they show one
person (videos.stills, probes.photographs).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plainview.audit.record import Value
from plainview.casework.models import Alert, ProbeFrame, Search
from plainview.casework.workspace.services import services
from plainview.recognition.decode import read_file
from plainview.recognition.edits import Prepared, apply, read, written
from plainview.recognition.prepare import ready
from plainview.recognition.types import Face, Picture, Vector
from plainview.recognition.video.fuse import fused
from plainview.storage.base import digest_of
from plainview.tables.names import readable

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine


_FURTHER = ("blob", "face_number", "quality", "provenance")
"""Columns of a ProbeFrame that say what the picture is."""


@dataclass(frozen=True, slots=True)
class Further:
    """A further frame of the same person: its bytes, its picture, the face in it, and its origin."""

    data: bytes
    picture: Picture
    number: int
    face: Face
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """A prepared probe: the original bytes, the picture after its edits, the chosen face, and its still, if any."""

    name: str
    data: bytes
    picture: Picture
    number: int
    face: Face
    edits: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    further: tuple[Further, ...] = ()

    @property
    def pictures(self) -> int:
        """Pictures that it is made of: photographs, and every frame of a video."""
        return 1 + len(self.further)

    @property
    def photographs(self) -> int:
        """Photographs that it is made of; the frames of one video count as one."""
        return 1 + sum("photograph" in other.provenance for other in self.further)


@dataclass(frozen=True, slots=True)
class StoredProbe:
    """A probe as recorded with its search.

    Attributes:
        columns: its columns of the search.
        frames: its further frames, as unsaved rows of the search.
        entry_fields: its fields in the public part of the entry.
        sealed_fields: its sealed fields in the entry.
    """

    columns: dict[str, Any]
    frames: list[ProbeFrame]
    entry_fields: dict[str, Value]
    sealed_fields: dict[str, Value]


def prepare_probe(path: Path, number: int | None = None, *, edits: Sequence[str] = ()) -> Probe:
    """Read, decode, edit, prepare and detect, without touching gallery or log (docs/adr/0002).

    Args:
        path: the original.
        number: the face in the picture after its edits, from 1; None: the largest.
        edits: a chain as recognition.edits writes it.

    Raises:
        BadMedia: the picture cannot be used, or an edit does not fit it.
    """
    return probe_of(readable(path.name), read_file(path), number, edits=edits)


def probe_of(name: str, data: bytes, number: int | None = None, *, edits: Sequence[str] = ()) -> Probe:
    """As `prepare_probe`, from the bytes of the original."""
    done = ready(services().engine, services().decoder.decode(data), read(edits), number)
    return Probe(name, data, done.picture, done.number, done.face, tuple(written(done.chain)))


def photograph(name: str, data: bytes, number: int | None = None) -> Further:
    """Return a further photograph of the same person, as a member says.

    Args:
        name: the file's name.
        data: the original.
        number: the face in it, from 1; None: the largest.

    Raises:
        BadMedia: the picture cannot be used.
    """
    probe = probe_of(name, data, number)
    origin: dict[str, Any] = {
        "photograph": probe.name,
        "frame_sha256": digest_of(data),
        "edits": list(probe.edits),
        "box": [str(round(float(value), 1)) for value in probe.face.detection.box],
    }
    return Further(data, probe.picture, probe.number, probe.face, origin)


class Embedding:
    """The templates of a probe in the making, in a thread of its own: while its search is recorded and flushed to the disk.

    It must be given up unseen where the record fails; only `template_of` looks at it.
    """

    def __init__(self, probe: Probe, engine: Engine) -> None:
        """Begin; the rules have allowed the search."""
        self._probe, self._engine = probe, engine
        self._outcome: list[tuple[Vector, float | None] | BaseException] = []
        self._thread = threading.Thread(target=self._embed, name="embedding")
        self._thread.start()

    def _embed(self) -> None:
        try:
            self._outcome.append(_template(self._probe, self._engine))
        except BaseException as error:  # raised by `result`, in the thread of the act
            self._outcome.append(error)

    def result(self) -> tuple[Vector, float | None]:
        """Wait for it; see `template_of`."""
        self._thread.join()
        if isinstance(self._outcome[0], BaseException):
            raise self._outcome[0]
        return self._outcome[0]


def template_of(embedding: Embedding) -> tuple[Vector, float | None]:
    """Return the template for a recorded search, and how alike its photographs are.

    Returns:
        The template, from the probe alone or from all its frames, and the lowest cosine of two of the photographs, -1 to
        1, rounded; None for a single one.
    """
    return embedding.result()


def _template(probe: Probe, engine: Engine) -> tuple[Vector, float | None]:
    shown = [(probe.picture, probe.face), *((frame.picture, frame.face) for frame in probe.further)]
    templates = [engine.template(picture, face.detection, helped=True) for picture, face in shown]
    together = fused(templates, [face.quality.overall for _, face in shown])
    if probe.photographs == 1:
        return together, None
    rows = np.stack(templates)
    return together, round(float((rows @ rows.T).min()), 4)


@contextmanager
def stored_meanwhile(probe: Probe) -> Iterator[None]:
    """Store the originals of a probe and its further frames while the block runs; they are on the disk when it ends.

    Raises:
        StorageError: the store failed; the block has run, and its transaction must not be committed.
    """
    failures: list[Exception] = []

    def put() -> None:
        try:
            services().blobs.put_many([probe.data, *(frame.data for frame in probe.further)])
        except Exception as error:  # raised below, in the thread of the act
            failures.append(error)

    flushing = threading.Thread(target=put, name="probe")
    flushing.start()
    try:
        yield
    finally:
        flushing.join()
    if failures:
        raise failures[0]


def columns_of(probe: Probe) -> dict[str, Any]:
    """Return the columns of a probe in a search or an alert; `stored_meanwhile` stores its original."""
    return {
        "probe_blob": digest_of(probe.data),
        "probe_name": probe.name,
        "edits": list(probe.edits),
        "notes": list(probe.picture.notes),
        "provenance": probe.provenance,
        "face_number": probe.number,
        "box": [round(float(value), 1) for value in probe.face.detection.box],
        "quality": probe.face.quality.overall,
        "quality_detail": probe.face.quality.components,
        "captured_on": probe.picture.captured_on,
    }


def store(probe: Probe) -> StoredProbe:
    """Return the record of a probe and its further frames; `stored_meanwhile` stores their originals."""
    columns, frames = columns_of(probe), frames_made_of(probe.further)
    sealed: dict[str, Value] = {"probe_sha256": columns["probe_blob"]}
    if probe.edits:
        sealed["edits"] = list(probe.edits)
    sealed |= secret_part(probe.provenance) | frames_entry(frames)
    return StoredProbe(
        columns,
        frames,
        {
            "edits": len(probe.edits),
            "frames": 1 + len(frames),
            **({"prepared": True} if any(isinstance(edit, Prepared) for edit in read(probe.edits)) else {}),
            **({"face_drawn": True} if probe.picture.drawn else {}),
            **({"face_turned": turned} if (turned := round(probe.face.quality.components["turned"])) else {}),
            **({"still": public_part(probe.provenance)} if probe.provenance else {}),
        },
        sealed,
    )


def _committed(frame: ProbeFrame) -> list[Value]:
    """Return the commitment to a further frame; of a photograph also which face of it, and what was done to it."""
    said: list[Value] = [frame.blob, str(frame.provenance["frame_sha256"])]
    if "photograph" in frame.provenance:
        said += [frame.face_number, list(frame.provenance["edits"])]
    return said


def frames_entry(frames: Sequence[ProbeFrame]) -> dict[str, Value]:
    """Return the sealed field about further pictures in an entry; none for a probe of one picture."""
    return {"frames": [_committed(frame) for frame in frames]} if frames else {}


def as_further(frames: Iterable[ProbeFrame]) -> list[dict[str, Any]]:
    """Return further pictures as an alert or a request to another agency has them in `further`."""
    return [{name: getattr(frame, name) for name in _FURTHER} for frame in frames]


def frames_of(further: Sequence[dict[str, Any]]) -> list[ProbeFrame]:
    """Return what `as_further` wrote as unsaved rows."""
    return [ProbeFrame(number=number, **frame) for number, frame in enumerate(further, start=2)]


def picture_again(blob: str, edits: Sequence[str]) -> Picture:
    """Return a stored picture after its edits.

    Raises:
        BadMedia, StorageError: it is damaged or missing.
    """
    return apply(services().decoder.decode(services().blobs.get(blob)), read(edits))


def template_again(engine: Engine, record: Search | Alert, frames: Iterable[ProbeFrame]) -> Vector:
    """Return the template of a recorded probe as it was made: of one picture, or fused with the further ones.

    Args:
        engine: of the pack to make it with.
        record: the search or the alert; it has the columns of the first picture.
        frames: its further pictures, in order.

    Returns:
        float32, shape (dimension,), length 1.

    Raises:
        BadMedia, StorageError: a picture is damaged or missing.
    """
    shown = [(record.probe_blob, record.edits, record.face_number, record.quality)]
    shown += [(frame.blob, frame.provenance.get("edits", []), frame.face_number, frame.quality) for frame in frames]
    templates = []
    for blob, edits, number, _ in shown:
        picture = picture_again(blob, edits)
        _, face = engine.probe_face(picture, number)
        templates.append(engine.template(picture, face.detection))
    return fused(templates, [quality for *_, quality in shown])


def further_again(frames: Iterable[ProbeFrame]) -> tuple[Further, ...]:
    """Return further pictures that are stored, ready to be searched with again.

    Raises:
        BadMedia, StorageError: a picture is damaged or missing.
    """
    again = []
    for frame in frames:
        picture = picture_again(frame.blob, frame.provenance.get("edits", []))
        number, face = services().engine.probe_face(picture, frame.face_number)
        # Its weight: the quality before the picture was prepared.
        weighed = replace(face, quality=replace(face.quality, overall=frame.quality))
        again.append(Further(services().blobs.get(frame.blob), picture, number, weighed, frame.provenance))
    return tuple(again)


def public_part(provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a still's origin that may be public: nothing that shows or names a person."""
    return {key: provenance[key] for key in ("video", "still", "time_s", "frame") if key in provenance}


def secret_part(provenance: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a still's origin that is sealed, so that it can be erased."""
    return {key: provenance[key] for key in ("frame_sha256", "box", "video_sha256") if key in provenance}


def frames_made_of(further: Sequence[Further]) -> list[ProbeFrame]:
    """Return the further pictures of a probe as unsaved rows of a search."""
    return [
        ProbeFrame(
            number=number,
            blob=digest_of(frame.data),
            face_number=frame.number,
            quality=frame.face.quality.overall,
            provenance=frame.provenance,
        )
        for number, frame in enumerate(further, start=2)
    ]
