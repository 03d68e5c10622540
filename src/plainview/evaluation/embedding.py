"""Makes a template of every picture of a data set, on all cores, and remembers it for the next run.

Owns the cache file and what counts as a failure to acquire. A picture that cannot be used is counted with its
reason and never stops a run. It must never keep a template under a key that leaves out anything it depends
on: the picture, the networks, the code between them.
"""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from plainview.audit.durable import locked, replace_file
from plainview.evaluation import covers
from plainview.evaluation.dataset import Item
from plainview.recognition import (
    align,
    cover,
    cover_weights,
    detect,
    disturbance,
    embed,
    engine,
    eyes_weights,
    prepare,
    quality,
    resize,
    turned,
)
from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.packs import ModelPack
from plainview.recognition.prepare import Ready, ready
from plainview.recognition.types import Face, Picture, Vector
from plainview.storage.seal import KEY_BYTES, SealBroken, Sealer

_VECTORS = ("template", "plain", "reference")  # columns of the cache that are sealed
_AHEAD = 8  # pictures decoded ahead of the threads that embed them


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one picture.

    Attributes:
        sha256: of the file; empty where it could not be read.
        template: of the face that `subject` chooses, as a probe; None: failure to acquire.
        plain: the same face's `Engine.plain_template`, for the figures without any of what searches add.
        quality: 0 to 100; 0 on failure.
        box: of that face, (x, y, width, height) in pixels of the upright picture; zeros on failure.
        code: why it failed, a `BadMedia` code or "no_template"; else empty.
        why: the same in words.
        reference: the same face's template as a reference, see `Engine.both_templates`.
    """

    sha256: str
    template: Vector | None
    plain: Vector | None
    quality: int
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    code: str = ""
    why: str = ""
    reference: Vector | None = None


def pack_digest(pack: ModelPack) -> str:
    """Return one hash for everything but the picture that a template and its quality depend on: networks, code, libraries."""
    parts = [pack.identity, pack.recogniser.sha256, pack.detector.sha256 if pack.detector else "default"]
    parts += [cv2.__version__, np.__version__, onnxruntime.__version__]
    makes = (align, covers, detect, disturbance, embed, engine, prepare, resize, turned)
    measures = (quality, cover, cover_weights, eyes_weights)  # quality is kept beside the template
    files = [__file__, *(module.__file__ for module in (*makes, *measures))]
    parts += [hashlib.sha256(Path(str(file)).read_bytes()).hexdigest() for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def default_cache() -> Path:
    """Return the user's cache folder for templates of data sets."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "plainview" / "evaluate"


def _key() -> bytes:
    """Return this user's key of the cache, made at the first use, in the user's folder of settings, mode 0600.

    It is not in the cache folder: a copy of the cache alone shows no template.

    Raises:
        OSError: it cannot be read or written.
    """
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(base) / "plainview" / "evaluate.key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(path.with_name(".evaluate.lock")):
        if not path.exists() or path.stat().st_size != KEY_BYTES:
            replace_file(path, os.urandom(KEY_BYTES))
        return path.read_bytes()


class TemplateCache:
    """Templates of earlier runs in one SQLite file that only its owner may read, sealed with a key that is elsewhere.

    A damaged file is replaced by an empty one.
    """

    def __init__(self, folder: Path | None) -> None:
        """Open or make the file; None keeps nothing after this run.

        Raises:
            OSError, sqlite3.OperationalError: the folder cannot be written.
        """
        self._path = None if folder is None else folder / "templates.sqlite3"
        self._sealer = Sealer(os.urandom(KEY_BYTES) if folder is None else _key())
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.OperationalError:  # in use, or no room: nothing is wrong with what it holds
            raise
        except sqlite3.DatabaseError:
            self._begin_anew()

    def _open(self) -> None:
        if self._path is not None:
            self._path.touch(mode=0o600)
        self._file = sqlite3.connect(self._path or ":memory:", timeout=30, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")  # two runs may share it
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("PRAGMA secure_delete = ON")
        self._file.execute("DROP TABLE IF EXISTS measured_2")  # earlier versions kept the templates in the clear
        self._file.execute("DROP TABLE IF EXISTS measured_3")  # or none of the picture as a reference
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS measured_4 (key TEXT PRIMARY KEY, template BLOB, plain BLOB, reference BLOB, "
            "quality INTEGER, box TEXT, code TEXT, why TEXT) WITHOUT ROWID"
        )

    def _begin_anew(self) -> None:
        self._file.close()
        if self._path is not None:
            for ending in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        self._open()

    def get(self, key: str, sha256: str) -> Measured | None:
        """Return what an earlier run made of a picture."""
        try:
            stored = self._file.execute(
                "SELECT template, plain, reference, quality, box, code, why FROM measured_4 WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._begin_anew()
            return None
        if stored is None:
            return None
        try:
            vectors = (self._opened(blob, name, key) for blob, name in zip(stored[:3], _VECTORS, strict=True))
            template, plain, reference = vectors
        except SealBroken:  # another key, or damage: measured again
            return None
        x, y, width, height = map(float, stored[4].split())
        box = (x, y, width, height)
        return Measured(sha256, template, plain, stored[3], box, stored[5], stored[6], reference)

    def put(self, key: str, measured: Measured) -> None:
        """Keep it."""
        vectors = zip((measured.template, measured.plain, measured.reference), _VECTORS, strict=True)
        blobs = (
            None if vector is None else self._sealer.seal(vector.tobytes(), f"{name}:{key}".encode())
            for vector, name in vectors
        )
        self._file.execute(
            "INSERT OR REPLACE INTO measured_4 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, *blobs, measured.quality, " ".join(map(str, measured.box)), measured.code, measured.why),
        )

    def _opened(self, blob: bytes | None, name: str, key: str) -> NDArray[np.float32] | None:
        if blob is None:
            return None
        return np.frombuffer(self._sealer.open(blob, f"{name}:{key}".encode()), np.float32)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def measure(
    items: Sequence[Item],
    loaded: Engine,
    decoder: Decoder,
    cache: TemplateCache,
    *,
    covered: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> list[Measured]:
    """Make the template of every picture, in the order of `items`.

    Args:
        items: the pictures.
        loaded: the model pack.
        decoder: decodes them in its children.
        cache: of earlier runs.
        covered: draw a cover over the lower face first and detect the face again.
        progress: called after each picture.

    Raises:
        DecoderUnavailable: no picture can be decoded here.
    """
    prefix = f"{pack_digest(loaded.pack)}:{'covered' if covered else 'plain'}:"
    results: list[Measured] = []
    cores = os.cpu_count() or 1
    waiting: deque[tuple[str, Measured | Future[Measured]]] = deque()

    def take() -> None:
        key, value = waiting.popleft()
        if isinstance(value, Future):
            value = value.result()
            if value.sha256:
                cache.put(key, value)
        results.append(value)
        progress()

    with ThreadPoolExecutor(cores, thread_name_prefix="evaluate") as pool:
        for item in items:
            key, begun = _begin(item, prefix, loaded, decoder, cache, pool, covered=covered)
            waiting.append((key, begun))
            if len(waiting) >= _AHEAD + cores:
                take()
        while waiting:
            take()
    return results


def _begin(
    item: Item,
    prefix: str,
    loaded: Engine,
    decoder: Decoder,
    cache: TemplateCache,
    pool: ThreadPoolExecutor,
    *,
    covered: bool,
) -> tuple[str, Measured | Future[Measured]]:
    try:
        data = read_file(item.path)
    except BadMedia as bad:
        return "", Measured("", None, None, 0, code=bad.code, why=bad.why)
    sha256 = hashlib.sha256(data).hexdigest()
    known = cache.get(prefix + sha256, sha256)
    if known is not None:
        return "", known
    decoding = decoder.submit(data)
    return prefix + sha256, pool.submit(_measure, sha256, decoding, loaded, covered)


def _measure(sha256: str, decoding: Future[Picture], loaded: Engine, covered: bool) -> Measured:
    try:
        picture = decoding.result()
        face = subject(loaded, picture)
        if covered:
            pixels = covers.draw_cover(picture.pixels, face.detection.points, int(sha256[:8], 16))
            picture = Picture(pixels, picture.format, picture.stored_size)
            face = subject(loaded, picture)
        reference, template = loaded.both_templates(picture, face.detection)
        probe = as_probe(loaded, picture, face)
        if probe.picture is not picture:
            template = loaded.template(probe.picture, probe.face.detection)
        plain = loaded.plain_template(picture, face.detection)
        return Measured(sha256, template, plain, face.quality.overall, face.detection.box, reference=reference)
    except BadMedia as bad:
        return Measured(sha256, None, None, 0, code=bad.code, why=bad.why)
    except ValueError:
        return Measured(sha256, None, None, 0, code="no_template", why="The network gave no template.")


def subject(loaded: Engine, picture: Picture) -> Face:
    """Choose the person whom a data set's picture is of: of the faces at least half as wide as the largest,
    the one nearest the middle. Data sets are cropped around their person; a searcher points at a face.

    Raises:
        BadMedia: no_face, or face_too_small.
    """
    faces = loaded.faces(picture)
    if not faces or faces[0].detection.box[2] < quality.MIN_PROBE_PX:
        return loaded.probe_face(picture)[1]  # raises, with the words of a search
    height, width = picture.pixels.shape[:2]

    def off_centre(face: Face) -> float:
        x, y, wide, high = face.detection.box
        return math.hypot(x + wide / 2 - width / 2, y + high / 2 - height / 2)

    least = max(quality.MIN_PROBE_PX, faces[0].detection.box[2] / 2)
    return min((face for face in faces if face.detection.box[2] >= least), key=off_centre)


def as_probe(loaded: Engine, picture: Picture, face: Face | None) -> Ready:
    """Prepare a data set's picture as a search would.

    Args:
        loaded: the model pack.
        picture: the picture.
        face: its subject; None where none was found.

    Raises:
        BadMedia: as `prepare.ready`.
    """
    if face is None:
        return ready(loaded, picture, ())
    boxes = [other.detection.box for other in loaded.faces(picture)]
    return ready(loaded, picture, (), boxes.index(face.detection.box) + 1)


def seconds_per_probe(items: Sequence[Item], loaded: Engine, decoder: Decoder, at_most: int = 20) -> list[float]:
    """Time a few pictures from bytes to template, one after another, nothing remembered: seconds each."""
    return list(_timed(items[:: max(1, len(items) // at_most)][:at_most], loaded, decoder))


def _timed(items: Sequence[Item], loaded: Engine, decoder: Decoder) -> Iterator[float]:
    for item in items:
        began = time.perf_counter()
        try:
            picture = decoder.decode(read_file(item.path))
            loaded.template(picture, subject(loaded, picture).detection)
        except (BadMedia, ValueError):
            continue
        yield time.perf_counter() - began
