"""A witness: an outside body that keeps the newest checkpoint it saw of each log, and cosigns what extends it.

Owns a folder: the witness's key, the list of logs that it follows over the network, one small file for each log with
the checkpoint that it cosigned last, and the evidence of what it refused. The rules are those of
c2sp.org/tlog-witness, whether the checkpoint comes with a copy of the log or as a request. It must never cosign a
smaller or a different history, and never give a cosignature out before what it vouches for is on the disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import (
    BadCheckpoint,
    BadKey,
    Checkpoint,
    VerifierKey,
    parse,
    parse_note,
    verify,
    verify_note,
)
from plainview.audit.cosignature import WitnessSigner, cosignatures
from plainview.audit.durable import locked, replace_file, sync_folder
from plainview.audit.loglist import HEADER, BadLogList, FollowedLog, parse_logs
from plainview.audit.merkle import EMPTY_ROOT, verify_consistency
from plainview.audit.submission import BadSubmission, Submission, parse_submission

KEY_NAME: Final = "witness.key"
PUBLIC_NAME: Final = "witness.pub"
LOGS: Final = "logs"
EVIDENCE: Final = "evidence"
LIST_NAME: Final = "logs.txt"

DAY: Final = 86_400
"""Seconds of the day in which new checkpoints are counted."""

MOST_EVIDENCE: Final = 1000
"""Pieces of evidence that are kept; later ones are refused all the same. Chosen: 130 MB at the very most, so that a log
that lies all day cannot fill the disk of its witness."""

Prove = Callable[[int], Sequence[bytes]]
"""Given the size that the witness keeps, returns the consistency proof from it to the offered checkpoint."""


class WitnessRefused(Exception):
    """The witness does not cosign, or cannot work.

    Attributes:
        rule_id: "witness.rollback", "witness.fork", "witness.key", "witness.checkpoint" or "witness.folder".
        why: one sentence; of a rollback or a fork it names both checkpoints.
        next_step: one sentence.
        evidence: the folder in which both checkpoints are kept, None when there is nothing to keep.
    """

    def __init__(self, rule_id: str, why: str, next_step: str, evidence: Path | None = None) -> None:
        super().__init__(f"{why} {next_step}")
        self.rule_id = rule_id
        self.why = why
        self.next_step = next_step
        self.evidence = evidence


class Rejected(Exception):
    """A request that is not answered with a cosignature.

    Attributes:
        status: HTTP status of tlog-witness; 429 and 503 are this witness's own.
        size: the size that a 409 states, None for every other answer.
    """

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status, self.size = status, size


@dataclass(frozen=True, slots=True)
class LastCheckpoint:
    """What the witness keeps of one log.

    Attributes:
        origin: the name of the log.
        key: the log's first key (vkey), trusted since the first visit.
        size: number of entries of the newest checkpoint that it cosigned.
        root: its root, 64 hex digits.
        checkpoint: the signed checkpoint itself.
        at: when it was cosigned, seconds since 1970 UTC.
    """

    origin: str
    key: str
    size: int
    root: str
    checkpoint: str
    at: int


class Witness:
    """One witness in one folder; safe to use from several processes at once."""

    def __init__(self, path: Path) -> None:
        """Open the folder that `create` made.

        Raises:
            WitnessRefused: witness.folder: it is not the folder of a witness.
        """
        self.path = path
        try:
            name = (path / PUBLIC_NAME).read_text("ascii").split("+", 1)[0]
            self._signer = WitnessSigner.from_private_bytes(name, (path / KEY_NAME).read_bytes())
            intact = (path / PUBLIC_NAME).read_text("ascii") == self._signer.verifier.text + "\n"
        except (OSError, UnicodeDecodeError, BadKey):
            intact = False
        if not intact:
            raise WitnessRefused(
                "witness.folder",
                f"{path} is not the folder of a witness, or its key is damaged.",
                "Make a witness, or restore the folder from your backup.",
            )
        self.key = self._signer.verifier
        self._grown: dict[str, tuple[int, int]] = {}  # origin -> the day, and the checkpoints that grew it that day

    @classmethod
    def create(cls, path: Path, name: str) -> Witness:
        """Make the folder (0700) and the keys (0600) of a new witness.

        Raises:
            WitnessRefused: witness.folder: the folder exists and is not empty, or the name is not one.
        """
        try:
            signer = WitnessSigner.generate(name)
        except BadKey as error:
            raise WitnessRefused("witness.folder", f"{error}.", "Choose a name like witness.example/w1.") from None
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise WitnessRefused(
                "witness.folder", f"{path} exists and is not an empty folder.", "Choose another folder."
            )
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        for folder in (path / LOGS, path / EVIDENCE):
            folder.mkdir(mode=0o700)
        replace_file(path / KEY_NAME, signer.private_bytes())
        replace_file(path / PUBLIC_NAME, signer.verifier.text.encode() + b"\n")
        return cls(path)

    def checkpoints(self) -> list[LastCheckpoint]:
        """Return what is kept, by name of the log.

        Raises:
            WitnessRefused: witness.folder: a file is damaged.
        """
        rows = (self._read(file) for file in (self.path / LOGS).glob("*.json"))
        return sorted(
            (checkpoint for checkpoint in rows if checkpoint is not None), key=lambda checkpoint: checkpoint.origin
        )

    def kept_of(self, origin: str) -> LastCheckpoint | None:
        """Return what is kept of one log, None before the first visit.

        Raises:
            WitnessRefused: witness.folder: the file is damaged.
        """
        return self._read(self._file(origin))

    def cosign(self, note: str, *, first_key: VerifierKey, keys: Iterable[VerifierKey], prove: Prove, now: int) -> str:
        """Check a checkpoint against all that was cosigned before, keep it, and only then cosign it.

        Args:
            note: the signed checkpoint that is offered.
            first_key: the log's first key; it must be the one trusted since the first visit.
            keys: the keys of the log that may have signed this checkpoint (its key at that size).
            prove: see `Prove`; called only when the offered checkpoint is not smaller than the kept one.
            now: seconds since 1970 UTC.

        Returns:
            The note with the witness's signature line.

        Raises:
            WitnessRefused: see there; nothing was cosigned and what is kept is unchanged.
        """
        try:
            offered = verify(note, keys)
        except BadCheckpoint as error:
            raise WitnessRefused(
                "witness.checkpoint",
                f"{error}.",
                "Ask the log for a checkpoint that it has signed.",
            ) from None
        with locked(self.path / ".lock"):
            last = self.kept_of(offered.origin)
            if last is not None:
                if last.key != first_key.text:
                    raise WitnessRefused(
                        "witness.key",
                        f"{offered.origin} arrived with the first key {first_key.text}, but {last.key} has been trusted since the first visit.",
                        "Ask the operator of the log: a log that changes its key records the change in an entry.",
                    )
                self._check(last, offered, note, prove, now)
            cosigned = self._signer.cosign(note, now)
            newest = LastCheckpoint(offered.origin, first_key.text, offered.size, offered.root.hex(), note, now)
            replace_file(self._file(offered.origin), json.dumps(asdict(newest), indent=1).encode())
        return cosigned

    def follow(self, key: VerifierKey, origin: str = "") -> None:
        """Add a key of a log to the list of logs that may send checkpoints over the network.

        Raises:
            WitnessRefused: witness.folder: the list is damaged.
        """
        with locked(self.path / ".lock"):
            known = self.followed()
            origin = origin or key.name
            if origin in known and key in known[origin].keys:
                return
            path = self.path / LIST_NAME
            text = path.read_text("utf-8") if path.is_file() else f"{HEADER}\n"
            named = f"origin {origin}\n" if origin != key.name else ""
            replace_file(path, f"{text.rstrip()}\n\nvkey {key.text}\n{named}".encode())

    def followed(self) -> Mapping[str, FollowedLog]:
        """Return the logs of the list, by their origin.

        Raises:
            WitnessRefused: witness.folder: the list is damaged.
        """
        path = self.path / LIST_NAME
        try:
            return parse_logs(path.read_text("utf-8")) if path.is_file() else {}
        except (OSError, UnicodeDecodeError, BadLogList) as error:
            raise WitnessRefused("witness.folder", f"{path}: {error}.", "Correct the list of logs.") from None

    def add_checkpoint(self, body: bytes, now: int) -> str:
        """Answer one request of tlog-witness: return this witness's signature line for the checkpoint in it.

        The checks are in the order of the specification.

        Args:
            body: the body of the request.
            now: seconds since 1970 UTC.

        Raises:
            Rejected: nothing was cosigned, and what is kept is unchanged.
            WitnessRefused: witness.folder: a file is damaged.
        """
        asked, offered, log = self._read_request(body)
        with locked(self.path / ".lock"):
            last = self.kept_of(offered.origin)
            known, root = (last.size, bytes.fromhex(last.root)) if last is not None else (0, EMPTY_ROOT)
            if offered.size > known and self._signed_before(asked.note):
                self._keep(last, asked.note, "state", "This witness cosigned what it no longer knows of.", now)
                raise Rejected(503, "this witness has lost its memory of the log; its operator must restore it")
            if asked.old != known:
                raise Rejected(409, "the old size is not the size of the latest cosigned checkpoint", known)
            if last is not None and offered.size == known and offered.root != root:
                both = f"{offered.origin} signed two histories of {known} entries: {last.root} and {offered.root.hex()}"
                self._keep(last, asked.note, "fork", f"{both}.", now)
                raise Rejected(409, "another history of this size was cosigned before")
            if not verify_consistency(known, offered.size, root, offered.root, asked.proof):
                self._keep(last, asked.note, "unproven", "The proof does not show that this extends that.", now)
                raise Rejected(422, "the proof does not show that the checkpoint extends the latest cosigned one")
            if offered.size > known:
                self._count(log, now)
            at = max(now, last.at if last is not None else 0)  # a clock that was set back
            line = self._signer.cosign(asked.note, at).removesuffix("\n").rpartition("\n")[2] + "\n"
            if last is None or offered.size > known:
                first = last.key if last is not None else log.keys[0].text
                newest = LastCheckpoint(offered.origin, first, offered.size, offered.root.hex(), asked.note, at)
                replace_file(self._file(offered.origin), json.dumps(asdict(newest), indent=1).encode())
        return line

    def _count(self, log: FollowedLog, now: int) -> None:
        """Refuse a log that grows more often than its entry in the list allows; asking again for the same is free."""
        day, count = self._grown.get(log.origin, (0, 0))
        count = count if day == now // DAY else 0
        if count >= log.per_day:
            raise Rejected(429, f"this log may have {log.per_day:g} new checkpoints a day cosigned")
        self._grown[log.origin] = (now // DAY, count + 1)

    def _read_request(self, body: bytes) -> tuple[Submission, Checkpoint, FollowedLog]:
        try:
            asked = parse_submission(body)
            offered = parse(asked.note)
        except (BadSubmission, BadCheckpoint) as error:
            raise Rejected(400, str(error)) from None
        log = self.followed().get(offered.origin)
        if log is None:
            raise Rejected(404, "this witness does not follow that log")
        try:
            verify_note(asked.note, log.keys)
        except BadCheckpoint as error:
            raise Rejected(403, str(error)) from None
        if asked.old > offered.size:
            raise Rejected(400, "the old size is larger than the checkpoint")
        return asked, offered, log

    def _signed_before(self, note: str) -> bool:
        """Say whether the note has a cosignature of this witness: it vouched for this before."""
        mine = (self.key.name, self.key.key_id)
        if all((signature.name, signature.key_id) != mine for signature in parse_note(note).signatures):
            return False
        try:
            return bool(cosignatures(note, [self.key]))
        except BadCheckpoint:
            return False

    def _check(self, last: LastCheckpoint, offered: Checkpoint, note: str, prove: Prove, now: int) -> None:
        both = (
            f"{offered.origin} offers {offered.size} entries with root {offered.root.hex()}, "
            f"cosigned before were {last.size} with root {last.root}"
        )
        if offered.size < last.size:
            raise self._refusal("witness.rollback", f"The log went back: {both}.", last, note, now)
        proof = prove(last.size)
        root = bytes.fromhex(last.root)
        if not verify_consistency(last.size, offered.size, root, offered.root, proof):
            raise self._refusal("witness.fork", f"This is a different history: {both}.", last, note, now)

    def _refusal(self, rule_id: str, why: str, last: LastCheckpoint, note: str, now: int) -> WitnessRefused:
        folder = self._keep(last, note, rule_id.removeprefix("witness."), why, now)
        return WitnessRefused(
            rule_id, why, f"Both checkpoints are in {folder}. Publish them and inform the auditor.", folder
        )

    def _keep(self, last: LastCheckpoint | None, note: str, kind: str, why: str, now: int) -> Path:
        """Keep both checkpoints, each signed by the log itself: together they prove what it did. Once a pair."""
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        before = last.checkpoint if last is not None else ""
        digest = sha256((before + note).encode()).hexdigest()[:12]
        pieces = sorted((self.path / EVIDENCE).iterdir())
        same = [piece for piece in pieces if piece.name.endswith(f"-{kind}-{digest}")]
        if same or len(pieces) >= MOST_EVIDENCE:
            return same[0] if same else self.path / EVIDENCE
        folder = self.path / EVIDENCE / f"{moment}-{kind}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / "kept", before.encode())
        replace_file(folder / "offered", note.encode())
        replace_file(folder / "why.txt", f"{why}\n".encode())
        sync_folder(self.path / EVIDENCE)
        return folder

    def _file(self, origin: str) -> Path:
        return self.path / LOGS / f"{sha256(origin.encode()).hexdigest()[:32]}.json"

    def _read(self, file: Path) -> LastCheckpoint | None:
        try:
            checkpoint = LastCheckpoint(**json.loads(file.read_text("utf-8")))
            bytes.fromhex(checkpoint.root)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            raise WitnessRefused(
                "witness.folder",
                f"{file} is damaged, so the last cosigned checkpoint is unknown.",
                "Restore the file from your backup. Without it this witness must not cosign that log.",
            ) from None
        return checkpoint
