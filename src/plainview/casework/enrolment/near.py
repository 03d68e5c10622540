"""Near duplicates: which pictures of a gallery are nearly the same as a new one.

Owns the hashes of one gallery in memory (about 100 bytes a picture), kept up to date with the database, and how they
are sealed at rest. It must never write, nor name a picture that was erased meanwhile: it looks up each answer again.
"""

from __future__ import annotations

from plainview.casework.models import Reference
from plainview.casework.workspace.services import services
from plainview.recognition.near import Hashes

_ROWS = 2000


def seal_hash(plain: bytes, public_id: str) -> bytes:
    """Seal a picture's hash for one reference; empty stays empty."""
    return services().picture_hashes.seal(plain, f"picture:{public_id}".encode()) if plain else b""


def open_hash(sealed: bytes, public_id: str) -> bytes:
    """Open what `seal_hash` sealed."""
    return services().picture_hashes.open(sealed, f"picture:{public_id}".encode()) if sealed else b""


class GalleryHashes:
    """The picture hashes of one gallery; `follow` brings them up to date with the database."""

    def __init__(self, gallery_id: int) -> None:
        self._gallery = gallery_id
        self._hashes = Hashes()
        self._blobs: list[bytes] = []
        self._seen = 0

    def follow(self) -> None:
        """Add the pictures that were enrolled since the last call, by this process or another."""
        rows = Reference.objects.filter(gallery_id=self._gallery, pk__gt=self._seen).order_by("pk")
        fresh: list[bytes] = []
        last = b""
        for pk, public, blob, sealed in rows.values_list("pk", "public_id", "blob", "picture_hash").iterator(_ROWS):
            self._seen = pk
            if not sealed:
                continue
            digest = bytes.fromhex(blob)
            if digest != last:  # the faces of one picture follow each other
                fresh.append(open_hash(bytes(sealed), public))
                self._blobs.append(digest)
                last = digest
            if len(fresh) == _ROWS:
                self._hashes.add(fresh)
                fresh = []
        self._hashes.add(fresh)

    def nearest(self, hashes: list[bytes]) -> list[tuple[Reference, int] | None]:
        """Return for each hash the nearest picture's first existing reference, and its distance."""
        present = [plain for plain in hashes if plain]
        answers = iter(self._hashes.near(present))
        return [self._existing(next(answers)) if plain else None for plain in hashes]

    def _existing(self, nearest: list[tuple[int, int]]) -> tuple[Reference, int] | None:
        for number, bits in nearest:
            rows = Reference.objects.filter(gallery_id=self._gallery, blob=self._blobs[number].hex())
            reference = rows.only("pk", "public_id", "file_name").order_by("pk").first()
            if reference is not None:
                return reference, bits
        return None
