"""A log as static files that any web server can serve: c2sp.org/tlog-tiles, word for word.

Owns the names of the files, their content, and the reading of a log from them alone. Where the files are, a folder or
a web server, is the caller's `Read`. It must never take a hash from a tile for true before the root of a signed
checkpoint bears it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from plainview.audit.merkle import HASH_BYTES, Frontier, leaf_hash, subroot_by

WIDTH: Final = 256
"""Hashes of a full tile (tlog-tiles, "Merkle Tree")."""

CHECKPOINT: Final = "checkpoint"
"""Name of the file with the signed checkpoint (tlog-tiles, "Checkpoints")."""

ENTRIES: Final = "entries"
"""Level name of a bundle of entries (tlog-tiles, "Log entries")."""

MAX_TILE_BYTES: Final = WIDTH * HASH_BYTES

MAX_BUNDLE_BYTES: Final = WIDTH * (2 + 0xFFFF)

Read = Callable[[str, int], bytes]
"""Returns the content of the file of that name, at most so many bytes.

Raises:
    FileNotFoundError: the log has no such file.
    OSError: it cannot be read.
"""


class BadTile(ValueError):
    """A file is not what the specification says, or lies about the log; the message says which."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the name of a tile.

    Args:
        level: 0 to 63, or `ENTRIES`.
        index: number of the tile within the level.
        width: hashes in it, 1 to 256; below 256 it is partial.
    """
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, index and width of every tile of a tree of `size` leaves, level by level."""
    level, hashes = 0, size
    while hashes:
        for index in range(hashes // WIDTH):
            yield level, index, WIDTH
        if hashes % WIDTH:
            yield level, hashes // WIDTH, hashes % WIDTH
        level, hashes = level + 1, hashes // WIDTH


def tile(
    level: int, index: int, width: int, leaf: Callable[[int], bytes], frontier: Callable[[int], Frontier]
) -> bytes:
    """Return the content of a tile: `width` hashes of 32 bytes, each the root over 256**level leaves.

    Args:
        level, index, width: as of `tiles_of`.
        leaf: gives the 32-byte hash of one leaf.
        frontier: gives the frontier of the tree of that many leaves.
    """
    span = WIDTH**level
    first = index * WIDTH
    return b"".join(subroot_by(n * span, (n + 1) * span, leaf, frontier) for n in range(first, first + width))


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle: each after its length, two bytes, big-endian.

    Raises:
        ValueError: an entry is longer than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > 0xFFFF:
            raise ValueError("an entry of a bundle has at most 65,535 bytes")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def split_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        BadTile: it is not one.
    """
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise BadTile("a bundle ends in the middle of an entry")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def read_leaves(read: Read, first: int, size: int) -> Iterator[bytes]:
    """Yield the leaf hashes from number `first` to the end of a tree of `size` leaves, from the tiles of level 0.

    A partial tile that is gone is read from the full one: a log may remove it once that is there.

    Raises:
        BadTile: a tile has not the length that it must have.
        OSError: a tile is missing or cannot be read.
    """
    for data, start, width in _read_all(read, 0, first, size, MAX_TILE_BYTES):
        if len(data) % HASH_BYTES or len(data) // HASH_BYTES < width:
            raise BadTile(f"tile {start // WIDTH} of level 0 has {len(data)} bytes")
        for number in range(max(first, start), start + width):
            yield data[(number - start) * HASH_BYTES : (number - start + 1) * HASH_BYTES]


def read_entries(read: Read, first: int, size: int) -> Iterator[bytes]:
    """Yield the entries from number `first` to the end of a tree of `size` leaves, from the bundles.

    Raises:
        BadTile: a bundle is not one, or has not the number of entries that it must have.
        OSError: a bundle is missing or cannot be read.
    """
    for data, start, width in _read_all(read, ENTRIES, first, size, MAX_BUNDLE_BYTES):
        entries = split_bundle(data)
        if len(entries) < width:
            raise BadTile(f"bundle {start // WIDTH} has {len(entries)} entries")
        yield from entries[max(first - start, 0) : width]


def grown(tree: Frontier, read: Read, size: int) -> Frontier:
    """Return the frontier of a log of `size` leaves that begins as `tree`, from its tiles; the caller checks the root.

    Raises:
        BadTile, OSError: as of `read_leaves`.
    """
    for leaf in read_leaves(read, tree.size, size):
        tree = tree.append(leaf)
    return tree


def hashed(entries: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the leaf hashes of entries (RFC 9162, 2.1.1)."""
    return map(leaf_hash, entries)


def _read_all(read: Read, level: int | str, first: int, size: int, most: int) -> Iterator[tuple[bytes, int, int]]:
    for start in range(first - first % WIDTH, size, WIDTH):
        width = min(WIDTH, size - start)
        try:
            data = read(tile_path(level, start // WIDTH, width), most)
        except FileNotFoundError:
            if width == WIDTH:
                raise
            data = read(tile_path(level, start // WIDTH), most)
        yield data, start, width
