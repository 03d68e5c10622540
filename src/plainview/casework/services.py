"""What the actions work with beside the database: blobs, keys, decoder, model, indexes; one set a workspace.

Owns their making, each at its first use, so that a command that needs no model does not load one.
"""

from __future__ import annotations

import threading
from functools import cached_property, lru_cache

from plainview.audit.checkpoint import Signer, VerifierKey
from plainview.audit.logfile import LogFolder
from plainview.casework.workspace import Workspace, current
from plainview.index.base import Index
from plainview.index.exact import ExactIndex
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.recognition.packs import DEFAULT_PACK
from plainview.storage.base import BlobStore
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer


class Services:
    """The adapters of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.look_again_at: dict[int, float] = {}
        """Gallery -> when its index in this process is checked again, by time.monotonic()."""
        self._indexes: dict[tuple[int, str], Index] = {}
        self._lock = threading.Lock()

    @cached_property
    def _master(self) -> Sealer:
        return Sealer(self.workspace.key("blobs.key"))

    @cached_property
    def blobs(self) -> BlobStore:
        """Pictures by content hash."""
        return LocalBlobStore(self.workspace.blobs, self._master.derive("blobs"))

    @cached_property
    def templates(self) -> Sealer:
        """Seals templates in the database."""
        return self._master.derive("templates")

    @cached_property
    def openings(self) -> Sealer:
        """Seals the openings of the log's commitments."""
        return self._master.derive("openings")

    @cached_property
    def drafts(self) -> Sealer:
        """Seals what members have answered and not yet recorded."""
        return self._master.derive("drafts")

    @cached_property
    def origin(self) -> str:
        """The name of this deployment's log; it never changes."""
        return self.workspace.origin

    @cached_property
    def signer(self) -> Signer:
        """Signs checkpoints, unless the log has introduced another key since: see `signer_of`."""
        return self.workspace.signer()

    @cached_property
    def first_key(self) -> VerifierKey:
        """The log's first key; it never changes."""
        return self.workspace.first_key

    def signer_of(self, vkey: str) -> Signer | None:
        """The private half of this key of the log; None when it is not here (any more)."""
        if self.signer.verifier.text == vkey:
            return self.signer
        for held in (self.workspace.signer(), self.workspace.next_signer()):
            if held is not None and held.verifier.text == vkey:
                self.signer = held
                return held
        return None

    @cached_property
    def log_folder(self) -> LogFolder:
        """The public copy of the log."""
        return LogFolder(self.workspace.audit, self.first_key)

    @cached_property
    def decoder(self) -> Decoder:
        """The restricted decoder."""
        return Decoder()

    @cached_property
    def engine(self) -> Engine:
        """The loaded model pack; raises PackError."""
        return self.load_engine()

    def load_engine(self) -> Engine:
        """The model pack as it lies on disk now, every hash checked again; raises PackError."""
        settings = self.workspace.settings()
        pack, use = str(settings.get("pack", DEFAULT_PACK)), str(settings.get("use", "investigation"))
        return Engine.load(pack, declared_use=use)

    def index(self, gallery_id: int, pack: str, dimension: int) -> Index:
        """The index of one gallery under one pack; empty at first, it catches up with the database."""
        with self._lock:
            return self._indexes.setdefault((gallery_id, pack), ExactIndex(dimension))

    def close(self) -> None:
        """End the decoder's child; the next use starts another one."""
        decoder = self.__dict__.pop("decoder", None)
        if decoder is not None:
            decoder.close()


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of the current workspace."""
    return Services(current())
