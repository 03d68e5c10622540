"""The services that acts use besides the database: blobs, keys, decoder, model, indexes; one set per workspace.

Owns creating each service at its first use. Model, decoder and indexes are imported there too. It must never make a
command that needs none of them wait for numpy, OpenCV and onnxruntime.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.audit.checkpoint import Signer, VerifierKey
from plainview.audit.logfile import LogFolder
from plainview.casework.workspace.folder import BLOBS_KEY, EXPUNGE_KEY, OLD_BLOBS_KEY, Workspace, current
from plainview.casework.workspace.guarded import GuardedIndex
from plainview.casework.workspace.pictures import blob_store
from plainview.casework.workspace.serving import is_server
from plainview.index.errors import BadTemplate, IndexUnreachable
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.storage.base import BlobStore
from plainview.storage.seal import Sealer

if TYPE_CHECKING:
    from plainview.index.base import Block, Index
    from plainview.index.sharded.ray_crew import Cluster
    from plainview.recognition.decode import Decoder
    from plainview.recognition.engine import Engine

AUTO = "auto"

ADAPTERS = (AUTO, "exact", "compressed", "milvus", "sharded-N")
"""Kinds of index for a gallery's templates; auto is exact for a small gallery and compressed for a large one.

sharded-N: N parts, 1 to 9999, on the machines of a Ray cluster."""

_SHARDED = re.compile(r"sharded-([1-9][0-9]{0,3})")

RAY = "127.0.0.1:6379"
"""Address of the Ray cluster, unless `ray` of [index] in workspace.toml names another."""

RAY_FOLDER = "/var/lib/plainview/parts"
"""Folder of snapshots on each machine of the cluster, unless `ray_folder` of [index] names another."""

MILVUS = "http://127.0.0.1:19530"
"""Address of Milvus, unless `milvus` of [index] in workspace.toml names another."""


def is_adapter(name: str) -> bool:
    """Say whether this is a kind of index."""
    return name in ADAPTERS[:-1] or bool(_SHARDED.fullmatch(name))


class Services:
    """The adapters of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.look_again_at: dict[int, float] = {}
        """Gallery -> time of the next check of its index in this process, by time.monotonic()."""
        self._indexes: dict[tuple[str, str], Index] = {}
        self._earlier: dict[str, Engine] = {}
        self._lock = threading.Lock()

    @cached_property
    def _master(self) -> Sealer:
        older = self.workspace.root / "keys" / OLD_BLOBS_KEY
        key = self.workspace.key(BLOBS_KEY)
        return Sealer(key, Sealer(older.read_bytes()) if older.is_file() else None)

    @cached_property
    def blobs(self) -> BlobStore:
        """Pictures by content hash."""
        return self.blobs_in(self.workspace.settings().get("blobs"))

    def blobs_in(self, where: object) -> BlobStore:
        """Return the pictures in another place, sealed with the same key: for a move."""
        return blob_store(self.workspace, where, self._master.derive("blobs"))

    @cached_property
    def templates(self) -> Sealer:
        """Seals templates in the database."""
        return self._master.derive("templates")

    @cached_property
    def picture_hashes(self) -> Sealer:
        """Seals the hashes by which near duplicates are found."""
        return self.templates.derive("picture hashes")

    @cached_property
    def openings(self) -> Sealer:
        """Seals the openings of the log's commitments."""
        return self._master.derive("openings")

    @cached_property
    def drafts(self) -> Sealer:
        """Seals answers that members have not recorded yet."""
        return self._master.derive("drafts")

    @cached_property
    def rights(self) -> Sealer:
        """Seals the requests of people who ask about themselves, and the answers."""
        return self._master.derive("rights")

    @cached_property
    def rows(self) -> Sealer:
        """Seals what opens the log's commitments to rows."""
        return self._master.derive("rows")

    @cached_property
    def expunge_key(self) -> bytes:
        """Marks pictures that were erased for good, and the numbers of subjects."""
        return self.workspace.key(EXPUNGE_KEY)

    @cached_property
    def letters(self) -> Sealer:
        """Seals letters in the outbox."""
        return self._master.derive("letters")

    @cached_property
    def origin(self) -> str:
        """The name of this deployment's log; it never changes."""
        return self.workspace.origin

    @cached_property
    def signer(self) -> Signer:
        """Signs checkpoints, unless the log has introduced another key since; see `signer_of`."""
        return self.workspace.signer()

    @cached_property
    def first_key(self) -> VerifierKey:
        """The log's first key; it never changes."""
        return self.workspace.first_key

    def signer_of(self, vkey: str) -> Signer | None:
        """Return the private half of this key of the log; None if the workspace does not have it."""
        if self.signer.verifier.text == vkey:
            return self.signer
        for signer in (self.workspace.signer(), self.workspace.next_signer()):
            if signer is not None and signer.verifier.text == vkey:
                self.signer = signer
                return signer
        return None

    @cached_property
    def log_folder(self) -> LogFolder:
        """The public copy of the log."""
        return LogFolder(self.workspace.audit, self.first_key)

    @cached_property
    def decoder(self) -> Decoder:
        """The restricted decoder; a server decodes two pictures at a time, because a page may show twenty faces."""
        from plainview.recognition.decode import Decoder

        return Decoder(children=2 if is_server() else 1)

    @cached_property
    def engine(self) -> Engine:
        """The loaded model pack; raises PackError."""
        return self.load_engine()

    def load_engine(self) -> Engine:
        """Load the model pack now on disk, with every hash checked again; raises PackError."""
        from plainview.recognition.engine import Engine
        from plainview.recognition.packs import DEFAULT_PACK

        settings = self.workspace.settings()
        pack, use = str(settings.get("pack", DEFAULT_PACK)), str(settings.get("use", "investigation"))
        return Engine.load(pack, declared_use=use)

    def engine_of(self, pack: str, *, again: bool = False) -> Engine:
        """Return the engine that makes templates of one version of a pack: those of a gallery.

        Args:
            pack: identity of the pack, "" for a gallery without templates: the loaded one.
            again: read and check its files again.

        Raises:
            PackError: that version cannot be loaded.
        """
        if not again and pack in ("", self.engine.pack.identity):
            return self.engine
        loaded = self.load_engine() if again else self.engine
        if pack in ("", loaded.pack.identity):
            return loaded
        with self._lock:
            engine = None if again else self._earlier.get(pack)
            if engine is None:
                from plainview.recognition.engine import Engine
                from plainview.recognition.install import default_models_dir, find_identity

                folder = default_models_dir()
                use = str(self.workspace.settings().get("use", "investigation"))
                engine = self._earlier[pack] = Engine.load_pack(find_identity(pack, folder), folder, use)
        return engine

    @cached_property
    def default_adapter(self) -> str:
        """Return the adapter of galleries that name none: `adapter` of [index] in workspace.toml, else "auto".

        Raises:
            Refused: workspace.damaged.
        """
        return self._index_setting("adapter", AUTO)

    def index(self, gallery_id: int, pack: str, dimension: int, adapter: str = "") -> Index:
        """Return the index of a gallery under a pack, as far as it has followed the gallery's log; the gate searches it.

        Files that another process has written are loaded first, so that little of the log remains to be read.

        Args:
            gallery_id: the gallery.
            pack: the model that made the templates.
            dimension: components of a template.
            adapter: one of `ADAPTERS`; the workspace's if empty. A gallery that was moved has its own.

        Raises:
            Refused: workspace.damaged, if workspace.toml names an unknown adapter.
        """
        place = f"{gallery_id}-{dimension}-{hashlib.sha256(pack.encode()).hexdigest()[:12]}"
        with self._lock:
            return GuardedIndex(self._opened(place, dimension, adapter or self.default_adapter))

    def forget(self, gallery_id: int, read_after: Callable[[int], Iterable[Block]], adapter: str = "") -> None:
        """Let every copy of a gallery's indexes follow the log now, so that expunged templates are erased.

        Raises:
            OSError: a copy cannot be written; run it again.
        """
        from plainview.index.base import catch_up

        for _, index in self._copies(gallery_id, adapter or self.default_adapter):
            try:
                catch_up(index, read_after)
            except BadTemplate:  # a copy for a pack that the gallery no longer uses: nothing in it is needed
                index.clear()
            index.erase()

    def mend(self, gallery_id: int, read_after: Callable[[int], Iterable[Block]], adapter: str = "") -> int:
        """Bring the parts level that are behind, where a gallery's index is in parts; return those that do not answer.

        Raises:
            IndexUnreachable: the cluster does not answer.
            OSError: a part cannot be written; run it again.
        """
        adapter = adapter or self.default_adapter
        if not _SHARDED.fullmatch(adapter):
            return 0
        from plainview.index.sharded.index import ShardedIndex

        indexes = [index for _, index in self._copies(gallery_id, adapter) if isinstance(index, ShardedIndex)]
        return sum(index.mend(read_after) for index in indexes)

    def drop_index(self, gallery_id: int, adapter: str) -> None:
        """Remove every copy of a gallery that this adapter has, as after a move to another adapter."""
        for place, index in self._copies(gallery_id, adapter):
            index.clear()
            with self._lock:
                self._indexes.pop((place, adapter), None)

    def _copies(self, gallery_id: int, adapter: str) -> list[tuple[str, Index]]:
        """Return the indexes of a gallery that this adapter has in memory, on disk or on its server."""
        with self._lock:
            places = {place for place, kind in self._indexes if kind == adapter}
            if adapter == "milvus":
                from plainview.index.milvus import MilvusIndex

                places |= MilvusIndex.places(self._index_setting("milvus", MILVUS))
            elif sharded := _SHARDED.fullmatch(adapter):
                places |= self._cluster().places(int(sharded[1]))
            elif self._index_folder(adapter).is_dir():
                places |= {folder.name for folder in self._index_folder(adapter).iterdir()}
            mine = sorted(place for place in places if place.startswith(f"{gallery_id}-"))
            return [(place, self._opened(place, int(place.split("-")[1]), adapter)) for place in mine]

    def _opened(self, place: str, dimension: int, adapter: str) -> Index:
        """Return the index of a place, opened at its first use; the caller holds the lock."""
        index = self._indexes.get((place, adapter))
        if index is None:
            index = self._indexes[place, adapter] = self._new_index(place, dimension, adapter)
        else:
            index.refresh()
        return index

    def _new_index(self, place: str, dimension: int, adapter: str) -> Index:
        folder = self._index_folder(adapter) / place
        sealer = self._master.derive("index")
        if adapter == AUTO:
            from plainview.index.compressed import CompressedIndex
            from plainview.index.growing import GrowingIndex

            return GrowingIndex(dimension, folder, lambda: CompressedIndex(dimension, folder, sealer))
        if adapter == "exact":
            from plainview.index.exact import ExactIndex

            return ExactIndex(dimension)
        if adapter == "compressed":
            from plainview.index.compressed import CompressedIndex

            return CompressedIndex(dimension, folder, sealer)
        if adapter == "milvus":
            from plainview.index.milvus import MilvusIndex

            return MilvusIndex(dimension, self._index_setting("milvus", MILVUS), place)
        if sharded := _SHARDED.fullmatch(adapter):
            from plainview.index.compressed import ALL_BELOW, CUT
            from plainview.index.sharded.index import ShardedIndex
            from plainview.index.sharded.ray_crew import RayCrew

            shard = (dimension, CUT, ALL_BELOW)
            return ShardedIndex(dimension, RayCrew(self._cluster(), place, int(sharded[1]), sealer.maker(), shard))
        raise Refused(
            "workspace.damaged",
            "Workspace not usable",
            f"There is no index adapter {adapter!r}.",
            f"Set index.adapter in {self.workspace.settings_file} to one of {', '.join(ADAPTERS)}.",
        )

    def _cluster(self) -> Cluster:
        from plainview.index.sharded.ray_crew import Cluster, namespace_of

        address, folder = self._index_setting("ray", RAY), self._index_setting("ray_folder", RAY_FOLDER)
        return Cluster(address, namespace_of(self.origin), folder)

    def _index_folder(self, adapter: str) -> Path:
        return self.workspace.root / "indexes" / adapter

    def _index_setting(self, name: str, default: str) -> str:
        section = self.workspace.settings().get("index", {})
        return str(section.get(name, default)) if isinstance(section, dict) else default

    def close(self) -> None:
        """End the decoder's child process; the next use starts another."""
        decoder = self.__dict__.pop("decoder", None)
        if decoder is not None:
            decoder.close()


@lru_cache(maxsize=1)
def services() -> Services:
    """Return the services of the current workspace."""
    return Services(current())


@contextmanager
def index_reached() -> Iterator[None]:
    """Turn `IndexUnreachable` into a refusal.

    Raises:
        Refused: index.unreachable.
    """
    try:
        yield
    except IndexUnreachable as error:
        raise Refused(
            "index.unreachable", "Index not reached", error.why, error.next_step, act=Permission.GALLERY_CREATE
        ) from error
