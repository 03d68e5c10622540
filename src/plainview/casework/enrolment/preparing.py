"""Preparing pictures for a gallery: read them, skip duplicates, decode, find faces, make templates, in order.

Owns the pipeline between a list and the batches that are stored: threads of this process decode, in the decoder's
child, and embed, while the caller stores. It must never write, and has as many decoded pictures in memory as threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from plainview.casework.enrolment.items import Item, Unusable
from plainview.casework.pictures import face_file
from plainview.casework.workspace.services import services
from plainview.recognition.errors import BadMedia
from plainview.recognition.near import picture_hash
from plainview.recognition.types import Face, Vector
from plainview.storage.base import digest_of
from plainview.tables.dates import is_future

if TYPE_CHECKING:
    from plainview.recognition.decode import Decoder
    from plainview.recognition.engine import Engine

_AHEAD, _AHEAD_BYTES = 32, 32 << 20
"""Pictures, and bytes of their files, that wait for a thread: as long as a batch is stored, no core is idle."""

Embedding = Callable[[Item, bytes, str, bool], "Future[Ready]"]
"""Begins `embed` for an item, its bytes, their digest and whether it is a rehearsal."""

BY_FAR = 1.5
"""How much wider than every other face the face of a subject must be: chosen, half as wide again is another distance."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A picture with the faces that become its references; `near_hash` is its PDQ hash, or empty;
    `notes` is what decoding changed or left out; `size` is its width and height, in pixels; `cut` has the file of each
    face for lists (pictures.face_file).

    In a rehearsal the templates and `cut` are missing, and `data` is empty.
    """

    item: Item
    data: bytes
    digest: str
    captured_on: date | None
    near_hash: bytes
    notes: tuple[str, ...]
    faces: list[tuple[Face, Vector | None]]
    size: tuple[int, int]
    cut: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class InGallery:
    """A picture that is already in the gallery, or that this run has just added."""

    item: Item
    digest: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that cannot be used: a stable word and one sentence."""

    item: Item
    code: str
    why: str


def prepare(
    items: Iterable[Item],
    *,
    read: Callable[[Item], bytes] = Item.read,
    in_gallery: Callable[[str], bool],
    barred: Callable[[str], bool],
    engine: Engine,
    cores: int,
    rehearsal: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    spread: Embedding | None = None,
    idle: Callable[[int], None] = lambda _: None,
) -> Iterator[Ready | InGallery | Failed]:
    """Yield the outcome of each picture: duplicates and unreadable ones at once, the others in the order of `items`.

    Args:
        items: the pictures, one at a time.
        read: returns an item's bytes; raises BadMedia or Unusable.
        in_gallery: says whether the gallery has the picture with this digest.
        barred: says whether it was erased for good and must not be enrolled again.
        engine: makes the templates.
        cores: pictures embedded at the same time.
        rehearsal: find faces only; make no template and keep no bytes.
        stopped: called before each picture; once it returns true, only the pictures in progress are finished.
        spread: embeds on other machines; None: here.
        idle: called with the number of outcomes to come, when every picture is read and the next outcome is not there yet.
    """
    waiting: deque[tuple[Item, str, Future[Ready], bool]] = deque()
    loaded = deque[int]()  # bytes of the files of `waiting`
    under_way: dict[str, Future[Ready]] = {}
    with ThreadPoolExecutor(cores, thread_name_prefix="enrol") as pool:

        def here(item: Item, data: bytes, digest: str, rehearsal: bool) -> Future[Ready]:
            return pool.submit(embed, services().decoder, engine, item, data, digest, rehearsal)

        submit = spread or here
        for item in items:
            if stopped():
                break
            try:
                data = read(item)
            except (BadMedia, Unusable) as bad:
                yield Failed(item, bad.code, bad.why)
                continue
            digest = digest_of(data)
            if barred(digest):
                yield Failed(item, "expunged", "The picture was erased for good; it must not be enrolled again.")
                continue
            if digest in under_way:  # its outcome is not known yet: a copy of an unusable picture is unusable too
                waiting.append((item, digest, under_way[digest], True))
            elif in_gallery(digest):
                yield InGallery(item, digest)
                continue
            else:
                under_way[digest] = submit(item, data, digest, rehearsal)
                waiting.append((item, digest, under_way[digest], False))
            loaded.append(len(data))
            while len(waiting) > cores and (len(waiting) >= _AHEAD or sum(loaded) >= _AHEAD_BYTES):
                loaded.popleft()
                yield _next(waiting, under_way)
        while waiting:
            if not waiting[0][2].done():
                idle(len(waiting))
            yield _next(waiting, under_way)


def _next(
    waiting: deque[tuple[Item, str, Future[Ready], bool]], under_way: dict[str, Future[Ready]]
) -> Ready | InGallery | Failed:
    item, digest, job, is_copy = waiting.popleft()
    if not any(digest == other for _, other, _, _ in waiting):
        under_way.pop(digest, None)
    outcome = _taken(item, job)
    return InGallery(item, digest) if is_copy and isinstance(outcome, Ready) else outcome


def embed(decoder: Decoder, engine: Engine, item: Item, data: bytes, digest: str, rehearsal: bool) -> Ready:
    """Decode, find and embed the faces; runs in a thread of its own or on another machine, without the database.

    Raises:
        BadMedia: the picture cannot be used.
    """
    picture = decoder.decode(data)
    found_faces = engine.enrol_faces(picture)
    if item.only is not None:
        found_faces = [face for number, face in enumerate(found_faces, start=1) if number in item.only]
    height, width = picture.pixels.shape[:2]
    if item.subject and len(found_faces) > 1:
        found_faces = [_person(found_faces)]
    if rehearsal:
        return Ready(
            item,
            b"",
            digest,
            picture.captured_on,
            b"",
            picture.notes,
            [(face, None) for face in found_faces],
            (width, height),
        )
    faces: list[tuple[Face, Vector | None]] = [
        (face, engine.reference_template(picture, face.detection)) for face in found_faces
    ]
    # Without the pixels: those of a batch of large photographs would not fit in memory.
    captured_on = picture.captured_on
    if captured_on and is_future(captured_on):  # the clock of a camera, which nobody stated
        captured_on = None
    cut = tuple(face_file(picture.pixels, digest, box_of(face)) for face in found_faces)
    near_hash = picture_hash(picture.pixels)
    return Ready(item, data, digest, captured_on, near_hash, picture.notes, faces, (width, height), cut)


def box_of(face: Face) -> list[float]:
    """Return the box of a face as a reference has it: (x, y, width, height), pixels, with one decimal."""
    return [round(float(value), 1) for value in face.detection.box]


def _person(faces: list[Face]) -> Face:
    """Return the face of the person whom the source means: the largest by far.

    Raises:
        BadMedia: several_faces.
    """
    if faces[1].detection.box[2] * BY_FAR > faces[0].detection.box[2]:
        raise BadMedia(
            "several_faces",
            f"The picture has a subject's number and {len(faces)} faces of about one size.",
            "Cut out the face of the person, or enrol the picture without a number.",
        )
    return faces[0]


def _taken(item: Item, job: Future[Ready]) -> Ready | Failed:
    try:
        return job.result()
    except BadMedia as bad:
        return Failed(item, bad.code, bad.why)
