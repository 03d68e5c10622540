"""A witness: an outside body that keeps the newest checkpoint it saw of each log, and cosigns what extends it.

Owns a folder: the witness's key, one small file for each log with the checkpoint that it cosigned last, and
the evidence of what it refused. The rules are those of c2sp.org/tlog-witness; the checkpoint comes as a file
instead of over HTTP. It must never cosign a smaller or a different history, and never give a cosignature out
before what it vouches for is on the disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import BadCheckpoint, BadKey, Checkpoint, VerifierKey, verify
from plainview.audit.cosignature import WitnessSigner
from plainview.audit.durable import locked, replace_file, sync_folder
from plainview.audit.merkle import verify_consistency

KEY_NAME: Final = "witness.key"
PUBLIC_NAME: Final = "witness.pub"
LOGS: Final = "logs"
EVIDENCE: Final = "evidence"

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
        """Keep both checkpoints, each signed by the log itself: together they prove what it did."""
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = sha256((last.checkpoint + note).encode()).hexdigest()[:12]
        folder = self.path / EVIDENCE / f"{moment}-{rule_id.removeprefix('witness.')}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / "kept", last.checkpoint.encode())
        replace_file(folder / "offered", note.encode())
        replace_file(folder / "why.txt", f"{why}\n".encode())
        sync_folder(self.path / EVIDENCE)
        return WitnessRefused(
            rule_id, why, f"Both checkpoints are in {folder}. Publish them and inform the auditor.", folder
        )

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
