"""Makes a template of every picture of a data set, on all cores, and remembers it for the next run.

Owns the cache file and what counts as a failure to acquire. A picture that cannot be used is counted with its
reason and never stops a run. It must never keep a template under a key that leaves out anything it depends
on: the picture, the networks, the code between them.
"""

from __future__ import annotations

import hashlib
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

from plainview.evaluation import covers
from plainview.evaluation.dataset import Item
from plainview.recognition import align, detect, embed, engine, quality
from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.packs import ModelPack
from plainview.recognition.types import Picture, Vector

_AHEAD = 8  # pictures decoded ahead of the threads that embed them


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one picture.

    Attributes:
        sha256: of the file; empty where it could not be read.
        template: of its largest face, which is what a search takes; None: failure to acquire.
        quality: 0 to 100; 0 on failure.
        code: why it failed, a `BadMedia` code or "no_template"; else empty.
        why: the same in words.
    """

    sha256: str
    template: Vector | None
    quality: int
    code: str = ""
    why: str = ""


def pack_digest(pack: ModelPack) -> str:
    """Return one hash for everything but the picture that a template depends on: networks, code, libraries."""
    parts = [pack.identity, pack.recogniser.sha256, pack.detector.sha256 if pack.detector else "default"]
    parts += [cv2.__version__, np.__version__, onnxruntime.__version__]
    for module in (align, covers, detect, embed, engine, quality):
        parts.append(hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def default_cache() -> Path:
    """Return the user's cache folder for templates of data sets."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "plainview" / "evaluate"


class TemplateCache:
    """Templates of earlier runs in one SQLite file that only its owner may read. A damaged one is begun anew."""

    def __init__(self, folder: Path | None) -> None:
        """Open or make the file; None keeps nothing after this run."""
        self._path = None if folder is None else folder / "templates.sqlite3"
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._begin_anew()

    def _open(self) -> None:
        if self._path is not None:
            self._path.touch(mode=0o600)
        self._file = sqlite3.connect(self._path or ":memory:", isolation_level=None)
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS measured "
            "(key TEXT PRIMARY KEY, template BLOB, quality INTEGER, code TEXT, why TEXT) WITHOUT ROWID"
        )

    def _begin_anew(self) -> None:
        self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self._open()

    def get(self, key: str, sha256: str) -> Measured | None:
        """Return what an earlier run made of a picture."""
        try:
            row = self._file.execute(
                "SELECT template, quality, code, why FROM measured WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.DatabaseError:
            self._begin_anew()
            return None
        if row is None:
            return None
        template = None if row[0] is None else np.frombuffer(row[0], np.float32)
        return Measured(sha256, template, row[1], row[2], row[3])

    def put(self, key: str, measured: Measured) -> None:
        """Keep it."""
        template = None if measured.template is None else measured.template.tobytes()
        self._file.execute(
            "INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?)",
            (key, template, measured.quality, measured.code, measured.why),
        )

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
        covered: draw a cover over the lower face first and find the face anew.
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
    item: Item, prefix: str, loaded: Engine, decoder: Decoder, cache: TemplateCache, pool: ThreadPoolExecutor,
    *, covered: bool,
) -> tuple[str, Measured | Future[Measured]]:  # fmt: skip
    try:
        data = read_file(item.path)
    except BadMedia as bad:
        return "", Measured("", None, 0, bad.code, bad.why)
    sha256 = hashlib.sha256(data).hexdigest()
    known = cache.get(prefix + sha256, sha256)
    if known is not None:
        return "", known
    decoding = decoder.submit(data)
    return prefix + sha256, pool.submit(_measure, sha256, decoding, loaded, covered)


def _measure(sha256: str, decoding: Future[Picture], loaded: Engine, covered: bool) -> Measured:
    try:
        picture = decoding.result()
        _, face = loaded.probe_face(picture)
        if covered:
            pixels = covers.draw_cover(picture.pixels, face.detection.points, int(sha256[:8], 16))
            picture = Picture(pixels, picture.format, picture.stored_size)
            _, face = loaded.probe_face(picture)
        return Measured(sha256, loaded.template(picture, face.detection), face.quality.overall)
    except BadMedia as bad:
        return Measured(sha256, None, 0, bad.code, bad.why)
    except ValueError:
        return Measured(sha256, None, 0, "no_template", "The network gave no template of this face.")


def seconds_per_probe(
    items: Sequence[Item], loaded: Engine, decoder: Decoder, at_most: int = 20
) -> list[float]:
    """Time a few pictures from bytes to template, one after another, nothing remembered: seconds each."""
    return list(_timed(items[:: max(1, len(items) // at_most)][:at_most], loaded, decoder))


def _timed(items: Sequence[Item], loaded: Engine, decoder: Decoder) -> Iterator[float]:
    for item in items:
        began = time.perf_counter()
        try:
            picture = decoder.decode(read_file(item.path))
            loaded.template(picture, loaded.probe_face(picture)[1].detection)
        except (BadMedia, ValueError):
            continue
        yield time.perf_counter() - began
