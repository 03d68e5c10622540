"""Pictures as pages show them: a face cut out at one scale, or the whole picture at a bounded size, as JPEG bytes.

Owns making and caching them, and the form of the file that has a reference's face in the sizes of lists: decoding a picture
takes longer than the rest of a page. It must never write a picture to disk, show one that is no longer in the store, nor
decide who may see it: the query that found the picture decides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

import cv2
import numpy as np

from plainview.casework.models import Reference, Search
from plainview.casework.workspace.services import services
from plainview.recognition.crop import aligned_square, face_square, surroundings, within
from plainview.recognition.edits import apply, read
from plainview.recognition.resize import halved
from plainview.recognition.types import Picture, Pixels, Points
from plainview.storage.base import BlobMissing, StorageError

THUMBNAIL = 160
"""Longer side of a picture in a list, in pixels: twice its size on a page, for screens of double density."""

CUT = (208, 320)
"""Sides of the squares that are cut at enrolment: those of cards, on screens of single and of double density."""

_CUT_FIRST = (THUMBNAIL, 320)  # of a file that does not say its sides

SIDES = (96, THUMBNAIL, 208, 320, 960)
"""Sides of a face's square on pages, in pixels: a task, a row, a card, a card on a screen of double density, enlarged."""

LONGEST = 1600
"""Longer side of a whole picture, in pixels: fills a screen, and bounds the size of a page."""

COARSE = 6
"""Side of a protected face's square before it is enlarged, in pixels: no detector finds a face there (tested)."""

PAIR, EXAMINED = 640, 1280
ALIGNED = (320, PAIR, 960, EXAMINED)
"""Sides of aligned squares, in pixels: several in a row; two that cannot be enlarged in place; two on a screen of single
density; enlarged, with the eyes about 280 apart, more than in nearly every probe."""

_QUALITY = 90  # JPEG: no visible loss at these sizes
_SMALL, _SMALL_QUALITY = 208, 75  # JPEG of at most this side in a list: a third of the bytes of a side of 320
_GREY = 128
_MOST_CACHED = 2048  # pictures in memory: about 40 MB of cards
_COMMENT_HEAD, _COMMENT_MOST = 4, 65_537  # bytes of a JPEG comment: marker and length; the longest one


def face_jpeg(blob: str, box: Sequence[float], side: int, edits: Sequence[str] = ()) -> bytes:
    """Return the face in a stored picture.

    Args:
        blob: digest of the stored picture.
        box: (x, y, width, height) of the face, pixels of the picture after its edits.
        side: one of SIDES; another is taken as the next larger one.
        edits: the chain of a probe (recognition.edits); a reference has none.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return _face(_stored(blob), tuple(float(value) for value in box), _side(side), tuple(edits))


def face_file(pixels: Pixels, blob: str, box: Sequence[float]) -> bytes:
    """Return the content of the file that has a reference's face in the sizes of `CUT`.

    The first line is JSON: the digest of the picture (`of`), the box, and side and length of each JPEG file that follows.

    Args:
        pixels: of the picture; see `Pixels`.
        blob: its digest.
        box: (x, y, width, height) of the face, pixels of the picture.
    """
    large = face_square(pixels, box, CUT[1])
    squares = [_listed(_shrunk(large, CUT[0])), _listed(large)]
    head = {"of": blob, "box": list(box), "sides": CUT, "bytes": [len(square) for square in squares]}
    return json.dumps(head).encode() + b"\n" + b"".join(squares)


def reference_jpeg(reference: Reference, side: int) -> bytes:
    """Return the face of a reference: as it was cut at enrolment, else from its picture.

    Args:
        reference: one whose picture is not erased.
        side: one of SIDES; another is taken as the next larger one.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    wanted = _side(side)
    if wanted <= CUT[-1] and reference.face_file:
        with suppress(StorageError, ValueError):  # missing or damaged: the picture itself is still there
            return _cut(services().blobs.get(reference.face_file), reference, wanted)
    return face_jpeg(reference.blob, reference.box, wanted)


def faces_jpeg(references: Sequence[Reference], side: int) -> bytes:
    """Return the faces of a list one below the other, always ten squares: a page shows each by its place.

    Args:
        references: at most ten; an erased one has a placeholder.
        side: as for `reference_jpeg`.

    Raises:
        BadMedia, StorageError: a stored picture cannot be read.
    """
    wanted = min(_side(side), CUT[-1])
    whole = np.full((10 * wanted, wanted, 3), _GREY, np.uint8)
    for place, reference in enumerate(references):
        square = reference_jpeg(reference, wanted) if reference.template else erased_jpeg(wanted)
        whole[place * wanted : (place + 1) * wanted] = _decoded(square)
    return _encoded(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY if wanted <= _SMALL else _QUALITY])


def erased_jpeg(side: int) -> bytes:
    """Return the placeholder of an erased picture: grey, with the word."""
    plain = np.full((side, side, 3), _GREY, np.uint8)
    at = (round(side * 0.3), round(side * 0.53))
    cv2.putText(plain, "erased", at, cv2.FONT_HERSHEY_SIMPLEX, side / 267, (255, 255, 255), 2, cv2.LINE_AA)
    return jpeg(plain)


def _cut(data: bytes, reference: Reference, wanted: int) -> bytes:
    """Return a square of a face's file, made smaller where that side was not cut.

    Raises:
        ValueError: the file is of another face.
    """
    line, _, squares = data.partition(b"\n")
    head = json.loads(line)
    if (head["of"], head["box"]) != (reference.blob, reference.box):
        raise ValueError("the file of another face")
    sides = head.get("sides", _CUT_FIRST)
    place = next(place for place, side in enumerate(sides) if side >= wanted)
    first = sum(head["bytes"][:place])
    square = squares[first : first + head["bytes"][place]]
    if not square:
        raise ValueError("the file was cut short")
    return square if sides[place] == wanted else _smaller(square, wanted)


def _side(side: int, among: tuple[int, ...] = SIDES) -> int:
    return next((known for known in among if known >= side), among[-1])


def whole_jpeg(blob: str, edits: Sequence[str] = ()) -> bytes:
    """Return a stored picture after its edits, its longer side at most LONGEST pixels, without the file's metadata.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return _whole(_stored(blob), tuple(edits))


def small_jpeg(blob: str, edits: Sequence[str] = ()) -> bytes:
    """Return a stored picture after its edits, its longer side at most THUMBNAIL pixels: for lists.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return _small(_stored(blob), tuple(edits))


def probe_jpeg(search: Search, side: int) -> bytes:
    """Return the probe's face as searched with, after its edits.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return face_jpeg(search.probe_blob, search.box, side, search.edits)


def aligned_jpeg(
    blob: str,
    box: Sequence[float],
    points: Sequence[Sequence[float]] = (),
    edits: Sequence[str] = (),
    *,
    side: int = EXAMINED,
) -> bytes:
    """Return the face in a stored picture, upright and with the eyes at the same distance in every such square.

    Args:
        blob: digest of the stored picture.
        box: (x, y, width, height) of the face, pixels.
        points: its five points; if missing, they are detected again at the box.
        edits: the edit chain to which box and points belong.
        side: one of ALIGNED; another is taken as the next larger one.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    known = tuple((float(x), float(y)) for x, y in points)
    return _aligned(_stored(blob), tuple(float(v) for v in box), known, tuple(edits), _side(side, ALIGNED))


def coarse_png(blob: str, box: Sequence[float]) -> bytes:
    """Return a face in a stored picture as COARSE x COARSE plain squares: visible as a face, but not whose.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    face = face_square(_pixels(blob, ()), box, CUT[1], about=1.0)
    small = cv2.resize(face, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    return png(np.asarray(cv2.resize(small, (CUT[1], CUT[1]), interpolation=cv2.INTER_NEAREST), np.uint8))


def surround(blob: str, box: Sequence[float], edits: Sequence[str] = ()) -> tuple[float, ...]:
    """Return mean and spread of the colours around the face in a stored picture, by quarters: 24 numbers, 0 to 255.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return _surround(blob, tuple(float(value) for value in box), tuple(edits))


def of_one_length(pictures: Sequence[bytes]) -> list[bytes]:
    """Make JPEG files equally long by empty comments after their first two bytes.

    A file's length reveals how much detail a picture has, and so which of several pictures it is.
    """
    longest = max(map(len, pictures), default=0) + _COMMENT_HEAD
    return [_lengthened(data, longest - len(data)) for data in pictures]


def _lengthened(data: bytes, more: int) -> bytes:
    comments = b""
    while more:
        size = min(more, _COMMENT_MOST)
        if 0 < more - size < _COMMENT_HEAD:
            size -= _COMMENT_HEAD
        comments += b"\xff\xfe" + (size - 2).to_bytes(2, "big") + bytes(size - _COMMENT_HEAD)
        more -= size
    return data[:2] + comments + data[2:]


def framed(pixels: Pixels, box: Sequence[float]) -> Pixels:
    """Return a copy with a white box, edged in black, just outside a face; x, y, width, height in pixels."""
    marked = pixels.copy()
    edge = max(2, round(max(pixels.shape[:2]) / 400))
    x, y, width, height = (round(value) for value in box)
    corners = (x - 2 * edge, y - 2 * edge), (x + width + 2 * edge, y + height + 2 * edge)
    for colour, thickness in ((0, 3 * edge), (255, edge)):
        cv2.rectangle(marked, *corners, (colour, colour, colour), thickness)
    return marked


def jpeg(pixels: Pixels) -> bytes:
    """Encode pixels (BGR) as JPEG."""
    return _encoded(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])


def _smaller(data: bytes, side: int) -> bytes:
    return _listed(_shrunk(_decoded(data), side))


def _decoded(data: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("not a picture")
    return np.asarray(pixels, np.uint8)


def _shrunk(square: Pixels, side: int) -> Pixels:
    """Return a square of at least half the side, by straight lines between pixels: a seventh of the time of areas."""
    if square.shape[0] == 2 * side:
        return halved(square)
    kind = cv2.INTER_LINEAR if square.shape[0] < 2 * side else cv2.INTER_AREA
    return np.asarray(cv2.resize(square, (side, side), interpolation=kind), np.uint8)


def _listed(pixels: Pixels) -> bytes:
    small = max(pixels.shape[:2]) <= _SMALL
    if small:
        return _encoded(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    return _encoded(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])  # quick: at enrolment


def png(pixels: Pixels) -> bytes:
    """Encode pixels (BGR) without loss, as PNG."""
    return _encoded(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])


def _encoded(kind: str, pixels: Pixels, options: list[int]) -> bytes:
    done, data = cv2.imencode(kind, pixels, options)
    if not done:
        raise ValueError("pixels that cannot be encoded")
    return bytes(np.asarray(data, dtype=np.uint8))


def _stored(blob: str) -> str:
    """Return the digest, if its picture is in the store: another process may have erased what this one has in memory.

    Raises:
        BlobMissing: it is not; the cache is emptied, as the picture may be in it.
    """
    if not services().blobs.exists(blob):
        forget_pictures()
        raise BlobMissing(blob)
    return blob


def forget_pictures() -> None:
    """Empty the cache, after an erasure."""
    _face.cache_clear()
    _whole.cache_clear()
    _small.cache_clear()
    _aligned.cache_clear()
    _surround.cache_clear()


# Keyed by content hash: the same key always means the same picture. Every caller asks `_stored` first; the numbers of
# `_surround` are no picture and choose faces, nothing more.
@lru_cache(maxsize=_MOST_CACHED)
def _face(blob: str, box: tuple[float, ...], side: int, edits: tuple[str, ...]) -> bytes:
    pixels = _pixels(blob, edits)
    # As the file of a face has it: the smaller squares are made from the largest one.
    square = (
        _shrunk(face_square(pixels, box, CUT[1]), side)
        if side in (THUMBNAIL, CUT[0])
        else face_square(pixels, box, side)
    )
    return _listed(square)


@lru_cache(maxsize=_MOST_CACHED)
def _surround(blob: str, box: tuple[float, ...], edits: tuple[str, ...]) -> tuple[float, ...]:
    return surroundings(_pixels(blob, edits), box)


@lru_cache(maxsize=_MOST_CACHED)
def _small(blob: str, edits: tuple[str, ...]) -> bytes:
    return jpeg(within(_pixels(blob, edits), THUMBNAIL))


@lru_cache(maxsize=64)
def _whole(blob: str, edits: tuple[str, ...]) -> bytes:
    return jpeg(within(_pixels(blob, edits), LONGEST))


@lru_cache(maxsize=128)
def _aligned(
    blob: str, box: tuple[float, ...], points: tuple[tuple[float, float], ...], edits: tuple[str, ...], side: int
) -> bytes:
    picture = _picture(blob, edits)
    known = np.array(points, np.float32) if points else _points_at(picture, box)
    if known is None:
        return jpeg(face_square(picture.pixels, box, side))
    return jpeg(aligned_square(picture.pixels, known, side))


def _points_at(picture: Picture, box: tuple[float, ...]) -> Points | None:
    """Return the points of the face nearest to the middle of the box; None if none is inside it (another detector)."""
    x, y, width, height = box
    middle = np.array([x + width / 2, y + height / 2])
    faces = [(face.detection.points, face.detection.points.mean(axis=0)) for face in services().engine.faces(picture)]
    inside = [(points, at) for points, at in faces if (np.abs(at - middle) <= (width / 2, height / 2)).all()]
    return min(inside, key=lambda candidate: float(np.hypot(*(candidate[1] - middle))), default=(None,))[0]


def _pixels(blob: str, edits: tuple[str, ...]) -> Pixels:
    return _picture(blob, edits).pixels


def _picture(blob: str, edits: tuple[str, ...]) -> Picture:
    return apply(services().decoder.decode(services().blobs.get(blob)), read(edits))
