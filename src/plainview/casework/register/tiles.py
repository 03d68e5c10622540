"""The log as static files beside the register: hashes and the newest cosigned checkpoint, for anyone to watch.

Owns what of the log is public: no entry, unless it is written for somebody who may read a copy of the log. It must never
write a checkpoint before every file that belongs to it, nor change a full tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

from plainview.audit.checkpoint import parse, parse_note
from plainview.audit.tiles import CHECKPOINT, ENTRIES, WIDTH, bundle, tile, tile_path, tiles_of
from plainview.casework.log.read import frontier_at, leaf_at
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import LogEntry
from plainview.casework.witnesses.read import newest_of
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.output import PRIVATE, replace_files

FOLDER = "log"
"""Name of the log's folder within a register that is exported."""

_PUBLIC = 0o644  # a web server of another user reads it
_AT_ONCE = 64  # files written together: half a megabyte of hashes, 4 MB of entries at most usually


def write_tiles(folder: Path, *, entries: bool = False) -> int:
    """Write the log into a folder as tiles, or bring the tiles there up to date; return the number of entries.

    Args:
        folder: made if it is not there; what it has of this log stays.
        entries: write the entries too, readable by this user only: for auditors and the defence, not for the web.

    Raises:
        Refused: tiles.folder: it has the tiles of another log, or of more of this one than there is.
        OutputError: it cannot be written.
    """
    note = public_checkpoint()
    size = parse(note).size
    _require_own(folder, size)
    mode = PRIVATE if entries else _PUBLIC
    files: dict[str, bytes] = {}
    for name, content in _contents(size, entries=entries):
        if not (folder / name).is_file():  # a tile never changes
            files[name] = content()
        if len(files) == _AT_ONCE:
            replace_files(folder, files, mode=mode)
            files = {}
    replace_files(folder, files, mode=mode)
    replace_files(folder, {CHECKPOINT: note.encode()}, mode=mode)
    _forget_partial(folder, size)
    return size


def publish_tiles() -> int | None:
    """Bring the tiles in the folder of the setting `log_folder` up to date; None if there is no such setting."""
    folder = services().workspace.settings().get("log_folder")
    return write_tiles(Path(str(folder))) if folder else None


def _contents(size: int, *, entries: bool) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of every tile of a log of `size` entries, and what returns its content."""
    leaf, frontier = lru_cache(2 * WIDTH)(leaf_at), lru_cache(2 * WIDTH)(frontier_at)
    for level, index, width in tiles_of(size):
        yield tile_path(level, index, width), partial(tile, level, index, width, leaf, frontier)
        if entries and level == 0:
            yield tile_path(ENTRIES, index, width), partial(_bundle, index, width)


def public_checkpoint() -> str:
    """Return the checkpoint to publish: the newest that enough witnesses cosigned, with every cosignature on it.

    Where no cosignature is needed, or none is there yet, it is the newest checkpoint, with those cosignatures that it has.
    """
    policy = services().workspace.witness_policy
    newest = newest_checkpoint()
    states = {key: state for key in policy.keys if (state := newest_of(key)) is not None}
    notes: dict[str, list[str]] = {parse_note(newest).text: [newest]}
    signed: dict[str, set[str]] = {}
    for key, state in states.items():
        text = parse_note(state.note).text
        notes.setdefault(text, []).append(state.note)
        signed.setdefault(text, set()).add(key.text)
    enough = [
        text
        for text, keys in signed.items()
        if policy.least() and policy.satisfied([key for key in policy.keys if key.text in keys])
    ]
    chosen = max(enough, key=lambda text: parse(notes[text][0]).size) if enough else parse_note(newest).text
    return _merged(notes[chosen])


def _merged(notes: list[str]) -> str:
    text = parse_note(notes[0]).text
    lines = dict.fromkeys(line for note in notes for line in note[len(text) + 1 :].splitlines(keepends=True))
    return f"{text}\n{''.join(lines)}"


def _require_own(folder: Path, size: int) -> None:
    path = folder / CHECKPOINT
    try:
        earlier = parse(path.read_text("utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        earlier = None
        strange = True
    else:
        # Tiles without a checkpoint are what a first run left that was cut off.
        strange = earlier is None and folder.is_dir() and any(path.name != "tile" for path in folder.iterdir())
    if strange or (earlier and (earlier.origin != services().origin or earlier.size > size)):
        raise Refused(
            "tiles.folder",
            "Nothing published",
            f"{folder} has other files, or the tiles of another log or of more of this one than there is.",
            "Choose a new folder. If these tiles were published, inform your auditor: the log went back.",
        )


def _forget_partial(folder: Path, size: int) -> None:
    """Remove the partial tiles of tiles that are full now: the specification allows it."""
    for level, index, width in tiles_of(size):
        for name in (tile_path(level, index), tile_path(ENTRIES, index)) if width == WIDTH else ():
            rest = folder / f"{name}.p"
            if rest.is_dir():
                for file in rest.iterdir():
                    file.unlink()
                rest.rmdir()


def _bundle(index: int, width: int) -> bytes:
    rows = LogEntry.objects.filter(seq__gte=index * WIDTH, seq__lt=index * WIDTH + width).order_by("seq")
    return bundle(bytes(canonical) for canonical in rows.values_list("canonical", flat=True))
