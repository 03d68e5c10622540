"""The public copy of the log: a folder that anyone can be handed and can verify without the application.

Owns the files `log.jsonl`, `checkpoints` and `key.pub` (docs/reference/log-format.md) and how they grow. The
database is the truth; this folder follows it and can be made again from it. It must never overwrite or drop a
complete line: when the folder does not fit the truth, it says at which entry and stops, because that is
evidence.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import MAX_NOTE_BYTES, SIGNATURE_MARK, BadCheckpoint, VerifierKey, parse
from plainview.audit.merkle import leaf_hash
from plainview.audit.record import MAX_ENTRY_BYTES, BadEntry, parse_line

LOG_NAME: Final = "log.jsonl"
CHECKPOINTS_NAME: Final = "checkpoints"
KEY_NAME: Final = "key.pub"
COSIGNATURES_NAME: Final = "cosignatures"

_HEAD = b'{"entry":'
_TAIL = re.compile(rb',"leaf":"([0-9a-f]{64})"\}')
_TAIL_BYTES = len(b',"leaf":""}') + 64
MAX_LINE_BYTES: Final = len(_HEAD) + MAX_ENTRY_BYTES + _TAIL_BYTES + 1
"""Longest line of `log.jsonl`, its newline included, bytes."""

_END_BYTES = 4096  # holds a usual line, and several notes
_BATCH_BYTES = 1 << 20  # written at once while catching up: bounds memory, and is plenty for the disk


class LogFolderError(Exception):
    """The folder cannot take the new entries.

    Attributes:
        why: one sentence: what is wrong.
        next_step: one sentence: what the operator can do now.
        entry: number of the first entry concerned, None when it is not about an entry.
    """

    def __init__(self, why: str, next_step: str, entry: int | None = None) -> None:
        super().__init__(f"{why} {next_step}")
        self.why = why
        self.next_step = next_step
        self.entry = entry


class FolderAhead(LogFolderError):
    """The folder holds an entry that the truth lacks: the database was set back, or the folder added to."""


class FolderDiffers(LogFolderError):
    """The folder holds other bytes for an entry than the truth."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as the truth holds it.

    Attributes:
        canonical: the entry in canonical form, see `record.Entry`.
        leaf: its 32-byte leaf hash.
        checkpoint: the signed checkpoint of the log that ends with this entry, None when none was signed.
    """

    canonical: bytes
    leaf: bytes
    checkpoint: str | None = None


ReadFrom = Callable[[int], Iterable[Record]]
"""Reads the truth: given an entry number, yields that entry and all after it, in order; none past the end."""


def format_line(canonical: bytes, leaf: bytes) -> bytes:
    """Return the line of an entry in `log.jsonl`: canonical JSON of {"entry", "leaf"}, with its newline."""
    return _HEAD + canonical + b',"leaf":"' + leaf.hex().encode() + b'"}\n'


def split_line(line: bytes) -> tuple[bytes, bytes]:
    """Return the entry's bytes and the 32-byte leaf hash of one line; the entry itself is not checked.

    Raises:
        BadEntry: the line is not of the form that `format_line` writes.
    """
    if not line.endswith(b"\n"):
        raise BadEntry("the line is not complete")
    tail = _TAIL.fullmatch(line[-1 - _TAIL_BYTES : -1])
    if tail is None or not line.startswith(_HEAD):
        raise BadEntry('the line is not of the form {"entry":{...},"leaf":"<64 hex digits>"}')
    return line[len(_HEAD) : -1 - _TAIL_BYTES], bytes.fromhex(tail[1].decode())


def settled(path: Path) -> tuple[int, int]:
    """Return the lengths in bytes of `log.jsonl` and `checkpoints` at a moment when nobody writes them.

    A reader who stops there sees entries and checkpoints that belong together, whatever is published
    meanwhile. A missing file has length 0.
    """
    log = path / LOG_NAME
    with log.open("rb") if log.is_file() else nullcontext() as file:
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_SH)
        return _length(log), _length(path / CHECKPOINTS_NAME)


def read_lines(path: Path, end: int) -> Iterator[bytes]:
    """Yield the lines before offset `end` with their newlines; one cut after `MAX_LINE_BYTES` has none."""
    with path.open("rb") as file:
        cut = False
        while line := file.readline(min(MAX_LINE_BYTES, end - file.tell())):
            if not cut:  # the rest of an overlong line is passed over
                yield line
            cut = not line.endswith(b"\n")


def read_notes(path: Path, end: int) -> Iterator[bytes]:
    """Yield the pieces of a checkpoints file: each ends after the first empty line after a signature line.

    A whole piece is one signed note and that empty line. The rule finds its place again after damage, so that
    one flipped bit cannot spoil more than two notes.
    """
    piece, signed = b"", False
    for line in read_lines(path, end):
        if len(piece) <= MAX_NOTE_BYTES:  # an overlong piece stays too long to be a note
            piece += line
        if line == b"\n" and signed:
            yield piece
            piece, signed = b"", False
        signed = signed or line.startswith(SIGNATURE_MARK.encode())
    if piece:
        yield piece


def split_note(piece: bytes) -> str:
    """Return the signed note of one piece of a checkpoints file; no signature is checked.

    Raises:
        BadCheckpoint: the piece does not end as a note does, or is not UTF-8.
    """
    if not piece.endswith(b"\n\n"):
        raise BadCheckpoint("the note is not complete")
    try:
        return piece[:-1].decode("utf-8")
    except UnicodeDecodeError:
        raise BadCheckpoint("a note is valid UTF-8") from None


class LogFolder:
    """Keeps one folder in step with the truth; safe to use from several threads and processes at once.

    Every call locks the folder and looks at the files as they are. What it remembers of its own last call
    only spares the proof that their ends fit the truth, while those ends still are, byte for byte, its own.
    """

    def __init__(self, path: Path, key: VerifierKey) -> None:
        """Open the folder of the log that `key` signs, or make it (folder 0700, files 0600).

        Raises:
            LogFolderError: the folder belongs to another key.
        """
        self.path = path
        self._left: tuple[int, bytes, bytes] | None = None  # size, end of the log, end of the checkpoints
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = key.text.encode() + b"\n"
        with self._locked(KEY_NAME) as file:
            stored = os.pread(file, len(line) + 1, 0)
            if not line.startswith(stored):
                raise LogFolderError(
                    f"{path / KEY_NAME} is not the key that signs this log.",
                    "Restore the signing key of this folder, or move the folder aside and publish it again.",
                )
            _write(file, line[len(stored) :])  # all of it in a new folder, the rest after a crash

    def publish(self, read_from: ReadFrom) -> int:
        """Append what the folder lacks and return the number of entries that it holds now.

        Call it after the commit of one or more entries; it also mends what a crash left: an incomplete last
        line is cut off, missing entries and their checkpoints are added. Nothing is forced to disk: `sync`.

        Args:
            read_from: reads the truth, see `ReadFrom`; called while the folder is locked, so that it sees at
                least everything that another process has published.

        Raises:
            FolderAhead: the folder holds an entry that the truth lacks.
            FolderDiffers: the last line of the folder is not the truth's entry of that number.
            LogFolderError: the last checkpoint of the folder is unreadable, or an entry of the truth is bad.
            OSError: the disk refused; a later call mends it.
        """
        with self._locked(LOG_NAME) as log, self._locked(CHECKPOINTS_NAME) as notes:
            if self._left is not None and self._left[1:] == (_end(log), _end(notes)):
                size, end = self._left[0], self._left[1]
                rows = iter(read_from(size - 1))
                truth = next(rows, None)
                if truth is not None and end.endswith(format_line(truth.canonical, truth.leaf)[-_END_BYTES:]):
                    return self._append(log, notes, rows, size, size - 1, size)
            self._left = None
            line = _mend_log(log)
            covered = _mend_checkpoints(notes)
            last = self._number(line, read_from)
            # From the first entry of which the line or the checkpoint is missing.
            first = min(max(last, 0), covered)
            return self._append(log, notes, read_from(first), first, last, covered)

    def _append(self, log: int, notes: int, rows: Iterable[Record], size: int, last: int, covered: int) -> int:
        """Add `rows`, entry `size` and on: lines after number `last`, notes of more than `covered` entries."""
        lines, signed = b"", b""
        for record in rows:
            if size > last:
                lines += _checked_line(record, size)
            size += 1
            if record.checkpoint is not None and size > covered:
                signed += _checked_note(record.checkpoint, size)
                covered = size
            if len(lines) + len(signed) >= _BATCH_BYTES:
                _write(log, lines)
                _write(notes, signed)
                lines = signed = b""
        # Entries first: a checkpoint without its entry would look like a truncated log.
        _write(log, lines)
        _write(notes, signed)
        self._left = (size, _end(log), _end(notes)) if size and covered == size else None
        return size

    def sync(self) -> None:
        """Force the files and the folder's own listing to disk.

        Raises:
            OSError: the disk refused.
        """
        for name in (LOG_NAME, CHECKPOINTS_NAME, KEY_NAME, "."):
            if (self.path / name).exists():
                file = os.open(self.path / name, os.O_RDONLY)
                try:
                    os.fsync(file)
                finally:
                    os.close(file)

    def _number(self, line: bytes | None, read_from: ReadFrom) -> int:
        """The number of the entry on the folder's last line, -1 for none; it must be the truth's."""
        if line is None:
            return -1
        try:
            number = parse_line(split_line(line)[0]).seq
        except BadEntry:
            raise self._disagreement(read_from) from None
        truth = next(iter(read_from(number)), None)
        if truth is None or format_line(truth.canonical, truth.leaf) != line:
            raise self._disagreement(read_from)
        return number

    def _disagreement(self, read_from: ReadFrom) -> LogFolderError:
        """Compare folder and truth from the start; slow, but needed only once something is wrong."""
        log = self.path / LOG_NAME
        lines = read_lines(log, log.stat().st_size)
        for entry, (line, record) in enumerate(zip_longest(lines, read_from(0))):
            if record is None:
                return FolderAhead(
                    f"The folder {self.path} contains entry {entry}, which the database does not have.",
                    "Keep the folder as evidence, and restore the database from a backup that contains the entry.",
                    entry,
                )
            if line != format_line(record.canonical, record.leaf):
                break
        return FolderDiffers(
            f"The folder {self.path} and the database differ at entry {entry}.",
            "Verify both. Keep the folder as evidence, move it aside and publish again from the intact one.",
            entry,
        )

    @contextmanager
    def _locked(self, name: str) -> Iterator[int]:
        file = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # which also releases the lock


def _checked_line(record: Record, number: int) -> bytes:
    """The line of an entry of the truth; the folder never publishes what would not verify."""
    try:
        sound = parse_line(record.canonical).seq == number and leaf_hash(record.canonical) == record.leaf
    except BadEntry:
        sound = False
    if not sound:
        raise LogFolderError(
            f"Entry {number} of the database is invalid or does not match its leaf hash.",
            "Verify the log of the database. This entry and those after it have not been published.",
            number,
        )
    return format_line(record.canonical, record.leaf)


def _checked_note(checkpoint: str, size: int) -> bytes:
    if parse(checkpoint).size != size:
        raise ValueError(f"the checkpoint given for {size} entries is of another size")
    return checkpoint.encode() + b"\n"


def _mend_log(file: int) -> bytes | None:
    """Cut off an incomplete last line; return the last complete one."""
    for start, tail in _tails(file):
        end = tail.rfind(b"\n") + 1
        begin = tail.rfind(b"\n", 0, max(end - 1, 0)) + 1
        if start == 0 or begin:
            if end < len(tail):
                os.ftruncate(file, start + end)
            return tail[begin:end] or None
    return None


def _mend_checkpoints(file: int) -> int:
    """Cut off an incomplete last note; return the size that the last complete one covers, 0 for none."""
    mark = SIGNATURE_MARK.encode()
    for start, tail in _tails(file):
        ends = [m.end() for m in re.finditer(rb"(?m)^" + mark + rb"[^\n]*\n\n", tail)]
        if start == 0 or len(ends) > 1:
            ends = [0, *ends]
            rest = tail[ends[-1] :]
            if rest.count(b"\n\n") > 1:  # a whole note that lost its mark, not one cut short
                raise _damaged_checkpoints("its signature line is not one")
            if rest:
                os.ftruncate(file, start + ends[-1])
            try:
                return parse(split_note(tail[ends[-2] : ends[-1]])).size if ends[1:] else 0
            except BadCheckpoint as error:
                raise _damaged_checkpoints(str(error)) from None
    return 0


def _end(file: int) -> bytes:
    """The length of the file and its last bytes."""
    length = os.fstat(file).st_size
    return length.to_bytes(8, "big") + os.pread(file, _END_BYTES, max(length - _END_BYTES, 0))


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _damaged_checkpoints(why: str) -> LogFolderError:
    return LogFolderError(
        f"The last checkpoint of the folder is damaged: {why}.",
        "Verify the folder. Keep it as evidence, move it aside and publish again.",
    )


def _tails(file: int) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, bytes from there to the end), each longer than the last, until the whole file."""
    end = os.fstat(file).st_size
    length = 4096
    while True:
        start = max(end - length, 0)
        yield start, os.pread(file, end - start, start)
        if start == 0:
            return
        length *= 4


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
