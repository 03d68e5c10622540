"""Verification: whether a copy of the log is whole, and if not, where it stops being so.

Owns one list of checks, followed in order by `_check` for a folder and for the database's own table alike. It
only reads. It must never call a log sound because something was missing: no key, no checkpoint or no kept
checkpoint's size is a problem, not a pass. `standalone.py` does the same for outsiders and shares no code
with this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import BadCheckpoint, BadKey, Checkpoint, VerifierKey, parse, verify
from plainview.audit.logfile import (
    CHECKPOINTS_NAME,
    KEY_NAME,
    LOG_NAME,
    read_lines,
    read_notes,
    settled,
    split_line,
    split_note,
)
from plainview.audit.merkle import HASH_BYTES, Frontier, leaf_hash
from plainview.audit.record import KEY_ROTATED, BadEntry, Entry, parse_line

_NONE: Final[tuple[Checkpoint | None, str]] = (None, "")
MAX_PROBLEMS: Final = 20
"""How many problems a report spells out; the rest are counted in its last line."""


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found.

    Attributes:
        ok: no check failed.
        entries: number of entries that are there.
        root: 64 hex digits, the root of the tree over the leaf hashes that the copy states.
        first_bad: number of the first entry that is not proven sound: every entry before it is exactly what a
            valid checkpoint was signed over. None when all are proven (`ok` may still be false: a damaged
            checkpoint).
        problems: plain sentences, in the order found.
        keys: the vkeys of the log that proved anything, first to newest: the first is the trusted one, each
            other was introduced by an entry under a checkpoint that the one before it signed.
        checkpoint: the newest valid checkpoint (a signed note) if it covers exactly these entries.
    """

    ok: bool
    entries: int
    root: str
    first_bad: int | None
    problems: tuple[str, ...]
    keys: tuple[str, ...] = ()
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One entry as the copy gives it: its bytes, the leaf hash that it states, and what spoilt reading it."""

    canonical: bytes
    leaf: bytes
    flaw: str | None = None


@dataclass(slots=True)
class _Findings:
    problems: list[str] = field(default_factory=list)
    count: int = 0
    first_bad: int | None = None

    def add(self, problem: str, entry: int | None = None) -> None:
        self.count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        if entry is not None and (self.first_bad is None or entry < self.first_bad):
            self.first_bad = entry

    def report(self, tree: Frontier, keys: Iterable[VerifierKey], checkpoint: str | None) -> Report:
        problems = list(self.problems)
        if self.count > len(problems):
            problems.append(f"and {self.count - len(problems)} more")
        texts = tuple(key.text for key in keys)
        root = tree.root().hex()
        return Report(not self.count, tree.size, root, self.first_bad, tuple(problems), texts, checkpoint)


class _Keys:
    """The keys of the log: the trusted first one, and those that the log itself introduced since."""

    def __init__(self, first: VerifierKey | None) -> None:
        self.all = [] if first is None else [first]

    def now(self) -> tuple[VerifierKey, ...]:
        """The key that signs at this point, none when none is trusted."""
        return tuple(self.all[-1:])


def verify_folder(path: Path, *, vkey: str | None = None, kept_checkpoint: str | None = None) -> Report:
    """Verify the public copy of a log; it may grow meanwhile, what is there at the start is verified.

    Args:
        path: the folder with `log.jsonl`, `checkpoints` and `key.pub`.
        vkey: the log's key from elsewhere than the folder; without it the key in the folder is believed.
        kept_checkpoint: a signed checkpoint that somebody kept earlier; the log must extend it.

    Raises:
        BadKey: `vkey` is not a verifier key.
        NotADirectoryError: there is no such folder.
    """
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is not a folder")
    findings = _Findings()
    trusted = VerifierKey.parse(vkey) if vkey is not None else None
    public_key = _held_key(path / KEY_NAME, findings)
    if trusted is not None and public_key is not None and public_key != trusted:
        findings.add(f"{KEY_NAME} is not the key that you trust")
    for name in (LOG_NAME, CHECKPOINTS_NAME):
        if not (path / name).is_file():
            findings.add(f"{name} is missing")
    log_end, notes_end = settled(path)
    lines, notes = _lines(path / LOG_NAME, log_end), _notes(path / CHECKPOINTS_NAME, notes_end)
    return _check(lines, notes, trusted or public_key, kept_checkpoint, findings)


def verify_entries(
    entries: Iterable[tuple[bytes, bytes]],
    checkpoints: Iterable[str],
    vkey: str,
    *,
    kept_checkpoint: str | None = None,
) -> Report:
    """Verify a log that is held elsewhere than in a folder, such as the database's own table.

    Args:
        entries: (canonical bytes, 32-byte leaf hash) of every entry, in order.
        checkpoints: every signed checkpoint, in the order signed.
        vkey: the log's key.
        kept_checkpoint: as in `verify_folder`.

    Raises:
        BadKey: `vkey` is not a verifier key.
    """
    lines = (
        _Line(canonical, leaf)
        if len(leaf) == HASH_BYTES
        else _Line(canonical, leaf_hash(canonical), "its leaf hash does not have 32 bytes")
        for canonical, leaf in entries
    )
    return _check(lines, checkpoints, VerifierKey.parse(vkey), kept_checkpoint, _Findings())


def _check(
    lines: Iterable[_Line],
    notes: Iterable[str | BadCheckpoint],
    key: VerifierKey | None,
    kept_text: str | None,
    findings: _Findings,
) -> Report:
    """Follow the list; entries and checkpoints stream past each other, so memory does not grow with the log.

    Of every entry:
    1. It is a valid entry in canonical form.
    2. Its number is the number of entries before it.
    3. It names the log that the key belongs to.
    4. Its leaf hash is the hash of its bytes.
    5. Its time is not before that of the entry before it.

    Of every checkpoint:
    6. It is signed by the key in force: the first key, until a checkpoint that ends with a `log.key_rotated`
       entry is valid; from the next checkpoint on, the key that this entry names.
    7. It covers more entries than the checkpoint before it.
    8. The root that it signs is the root over the leaf hashes of as many entries.

    Of the whole:
    9. The newest checkpoint covers exactly the last entry.
    10. A checkpoint that somebody kept is signed by the key in force at its size, and the log extends it.
    """
    keys = _Keys(key)
    anchors = _Anchors(_signed(notes, keys, findings), _kept_checkpoint(kept_text, findings), keys, findings)
    tree = Frontier()
    newest_at = ""
    anchors.meet(tree)
    for line in lines:
        entry = _entry(line, tree.size, key, newest_at)  # checks 1 to 5
        if isinstance(entry, str):
            findings.add(f"entry {tree.size}: {entry}", tree.size)
        else:
            newest_at = entry.at
            anchors.successor = _successor(entry, findings)
        # The stated leaf, not the hash of the bytes: if the signed root agrees, this very entry was altered.
        tree = tree.append(line.leaf)
        anchors.meet(tree)  # check 8
        anchors.successor = None
    anchors.finish(tree)  # checks 9 and 10
    return findings.report(tree, keys.all, anchors.newest if anchors.proven == tree.size else None)


def _successor(entry: Entry, findings: _Findings) -> VerifierKey | None:
    """The key that the entry introduces, if it is one that does."""
    if entry.action != KEY_ROTATED:
        return None
    try:
        key = VerifierKey.parse(str(entry.subject.get("key")))
    except BadKey as error:
        findings.add(f"entry {entry.seq}: it names no key that could follow: {error}", entry.seq)
        return None
    if key.name != entry.log:
        findings.add(f"entry {entry.seq}: the key that it names is of another log, {key.name}", entry.seq)
        return None
    return key


def _entry(line: _Line, number: int, key: VerifierKey | None, newest_at: str) -> Entry | str:
    """Checks 1 to 5: the entry, or what is wrong with it."""
    if line.flaw is not None:
        return line.flaw
    try:
        entry = parse_line(line.canonical)
    except BadEntry as error:
        return str(error)
    if entry.seq != number:
        return f"it says that it is number {entry.seq}"
    if key is not None and entry.log != key.name:
        return f"it belongs to another log, {entry.log}"
    if leaf_hash(line.canonical) != line.leaf:
        return "its leaf hash is not the hash of its bytes"
    if entry.at < newest_at:
        return f"its time {entry.at} is before {newest_at}, that of an entry before it"
    return entry


def _signed(notes: Iterable[str | BadCheckpoint], keys: _Keys, findings: _Findings) -> Iterator[tuple[Checkpoint, str]]:
    """Checks 6 and 7: the checkpoints that count, each read only after all before it were met."""
    size = -1
    for number, note in enumerate(notes, start=1):
        try:
            if isinstance(note, BadCheckpoint):
                raise note
            checkpoint = verify(note, keys.now())
        except BadCheckpoint as error:
            findings.add(f"checkpoint {number}: {error}")
            continue
        if checkpoint.size <= size:
            findings.add(f"checkpoint {number} covers {checkpoint.size} entries, one before it {size}")
            continue
        size = checkpoint.size
        yield checkpoint, note


def _kept_checkpoint(text: str | None, findings: _Findings) -> tuple[Checkpoint, str] | None:
    """The checkpoint that was kept, not yet verified: only the log says which key was in force at its size."""
    if text is None:
        return None
    note = text.rstrip("\n") + "\n"  # empty lines come along when a file is copied
    try:
        return parse(note), note
    except BadCheckpoint as error:
        findings.add(f"the checkpoint that was kept: {error}")
        return None


class _Anchors:
    """Checks 8 to 10: holds the growing tree against the signed checkpoints as both stream past."""

    def __init__(
        self,
        signed: Iterator[tuple[Checkpoint, str]],
        kept_checkpoint: tuple[Checkpoint, str] | None,
        keys: _Keys,
        findings: _Findings,
    ) -> None:
        self._signed, self._keys, self._found = signed, keys, findings
        self._kept, self._kept_note = kept_checkpoint or _NONE
        self._due, self._due_note = next(signed, _NONE)
        self._covered = -1  # the size of the newest valid checkpoint met
        self.proven = 0  # every leaf before this one is what a checkpoint was signed over
        self._broken = False
        self._kept_agrees = False
        self.successor: VerifierKey | None = None  # introduced by the entry that was added last
        self.newest: str | None = None  # the newest checkpoint whose root agreed

    def meet(self, tree: Frontier) -> None:
        if self._kept is not None and self._kept.size == tree.size:
            self._check_kept(self._keys.now())
            self._kept_agrees = self._kept is not None and self._kept.root == tree.root()
        if self._due is None or self._due.size != tree.size:
            return
        if self._broken:
            pass  # after the first difference every later root differs too
        elif self._due.root == tree.root():
            self.proven = tree.size
            self.newest = self._due_note
            if self.successor is not None:
                self._keys.all.append(self.successor)
        else:
            self._broken = True
            changed = _range(self.proven, tree.size - 1)
            self._found.add(
                f"the checkpoint over {tree.size} entries signs another root: {changed} changed", self.proven
            )
        self._covered = self._due.size
        self._due, self._due_note = next(self._signed, _NONE)

    def finish(self, tree: Frontier) -> None:
        if self._kept is not None and self._kept.size > tree.size:
            self._check_kept(self._keys.now())
        self._finish_newest(tree.size)
        self._finish_kept(tree.size)

    def _check_kept(self, keys: tuple[VerifierKey, ...]) -> None:
        """The first half of check 10; a kept checkpoint that no trusted key signed says nothing more."""
        try:
            verify(self._kept_note, keys)
        except BadCheckpoint as error:
            self._found.add(f"the checkpoint that was kept: {error}")
            self._kept = None

    def _finish_newest(self, size: int) -> None:
        """Check 9."""
        if self._due is not None:
            newest = max((due for due, _ in self._signed), key=lambda due: due.size, default=self._due)
            missing = _range(size, newest.size - 1)
            unproven = "" if self.proven == size else f"; {_range(self.proven, size - 1)} no longer proven"
            self._found.add(
                f"a checkpoint covers {newest.size} entries, {size} are there: {missing} missing{unproven}",
                self.proven,
            )
        elif self._covered < 0:
            self._found.add("no checkpoint is signed by the key: nothing is proven", 0 if size else None)
        elif self._covered < size:
            self._found.add(
                f"the newest valid checkpoint covers {self._covered} entries, {size} are there: "
                f"{_range(self._covered, size - 1)} covered by none",
                self.proven,
            )

    def _finish_kept(self, size: int) -> None:
        """The second half of check 10."""
        if self._kept is None or self._kept_agrees:
            return
        if self._kept.size > size:
            self._found.add(
                f"the checkpoint that was kept covers {self._kept.size} entries, {size} are there: "
                f"{_range(size, self._kept.size - 1)} missing",
                size,
            )
            return
        # A difference already found explains this one. Otherwise the log's own checkpoints agree with the
        # change, so the holder of the key made it, and those checkpoints prove nothing about where it begins.
        explained = self._found.first_bad is not None and self._found.first_bad < self._kept.size
        self._found.add(
            f"the log does not extend the checkpoint that was kept: {_range(0, self._kept.size - 1)} "
            "changed since then",
            None if explained else 0,
        )


def _range(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"one or more of the entries {first} to {last} are"


def _held_key(path: Path, findings: _Findings) -> VerifierKey | None:
    try:
        return VerifierKey.parse(path.read_bytes().decode("ascii").removesuffix("\n"))
    except FileNotFoundError:
        findings.add(f"{KEY_NAME} is missing")
    except UnicodeDecodeError:
        findings.add(f"{KEY_NAME}: not text")
    except BadKey as error:
        findings.add(f"{KEY_NAME}: {error}")
    return None


def _lines(path: Path, end: int) -> Iterator[_Line]:
    for raw in read_lines(path, end) if end else ():
        try:
            yield _Line(*split_line(raw))
        except BadEntry as error:
            yield _Line(raw, leaf_hash(raw), str(error))


def _notes(path: Path, end: int) -> Iterator[str | BadCheckpoint]:
    for piece in read_notes(path, end) if end else ():
        try:
            yield split_note(piece)
        except BadCheckpoint as error:
            yield error
