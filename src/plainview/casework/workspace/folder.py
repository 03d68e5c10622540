"""The workspace: one folder with all data of a deployment.

Owns its layout, its settings file and its keys (mode 0600). No Django here, so that the settings can read it. It must
never print a key, nor overwrite an existing workspace.
"""

from __future__ import annotations

import copy
import os
import re
import secrets
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from plainview.audit.checkpoint import Signer, VerifierKey
from plainview.audit.quorum import BadPolicy, WitnessPolicy, parse_policy
from plainview.casework.workspace.settings import NEXT_STEP, wrong_key
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.witnesses import STOP_AFTER_HOURS
from plainview.storage.seal import KEY_BYTES

ENV = "PLAINVIEW_HOME"
DATABASE_ENV = "DATABASE_URL"
POSTGRESQL = "postgresql"
SERVE_ENV = "PLAINVIEW_SERVE"
DEFAULT = "plainview-data"
KEY, NEXT_KEY, FIRST_KEY = "log.key", "log.key.next", "log.first.pub"
BACKUP_KEY, SECRET_KEY, EXPUNGE_KEY = "backup.age", "secret.key", "expunge.key"
REPLACEABLE = (SECRET_KEY, BACKUP_KEY, EXPUNGE_KEY)
"""Keys that a new one can replace if they are lost (upkeep.replace)."""
MOST_HOURS = 24 * 31
"""Most hours that entries may wait for witnesses: chosen, a month."""
BLOBS_KEY, NEXT_BLOBS_KEY, OLD_BLOBS_KEY = "blobs.key", "blobs.key.next", "blobs.key.old"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of a workspace. `root` need not exist yet."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Return the path of the settings, TOML."""
        return self.root / "workspace.toml"

    @property
    def database(self) -> Path:
        """Return the path of the SQLite file."""
        return self.root / "plainview.sqlite3"

    @property
    def blobs(self) -> Path:
        """Return the folder of the encrypted pictures."""
        return self.root / "blobs"

    @property
    def audit(self) -> Path:
        """Return the folder of the log's public copy, which may be copied and published."""
        return self.root / "audit"

    @property
    def outbox(self) -> Path:
        """Return the folder of letters, used if no mail server is named."""
        return self.root / "outbox"

    def scratch(self) -> Path:
        """Return the folder of encrypted temporary files (storage.scratch); make it if it is missing."""
        folder = self.root / "scratch"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def key(self, name: str) -> bytes:
        """Return a key of the workspace.

        Raises:
            Refused: workspace.key_missing.
        """
        path = self.root / "keys" / name
        try:
            return path.read_bytes()
        except OSError:
            why = f"The key {name} cannot be read."
            back = f"Copy {path} back from where you keep the keys: no backup has it. The workspace needs it to open."
        if name in REPLACEABLE:
            raise Refused(
                "workspace.key_missing",
                "Workspace not usable",
                why,
                f"{back} If no copy is left, replace the key.",
                act=OperatorAct.KEYS_REPLACE,
            )
        raise Refused("workspace.key_missing", "Workspace not usable", why, back)

    def settings(self) -> dict[str, object]:
        """Return the settings.

        Raises:
            Refused: workspace.missing, workspace.damaged or workspace.settings.
        """
        try:
            settings, wrong = _read_settings(self.settings_file.read_text("utf-8"))
        except FileNotFoundError:
            raise Refused(
                "workspace.missing",
                "No workspace",
                f"There is no Plainview workspace in {self.root}.",
                "Name the folder of a workspace that exists in the environment variable PLAINVIEW_HOME, or make one.",
                act=OperatorAct.INIT,
            ) from None
        except OSError as error:
            raise Refused(
                "workspace.damaged",
                "Workspace not usable",
                f"{self.settings_file} cannot be read: {error.strerror}.",
                "Give it to the user who runs Plainview (chown), or restore it from your backup.",
            ) from None
        except ValueError as error:  # its message names a place, and no value
            raise Refused(
                "workspace.settings", "Workspace not usable", f"{self.settings_file} is not TOML: {error}.", NEXT_STEP
            ) from None
        if wrong:
            raise Refused("workspace.settings", "Workspace not usable", f"{self.settings_file}: {wrong}", NEXT_STEP)
        return copy.deepcopy(settings)

    def require_owner(self) -> None:
        """Refuse everybody except the operating-system user who owns the folder; root is refused too.

        Raises:
            Refused: workspace.not_owner.
        """
        if self.root.stat().st_uid != os.geteuid():
            raise Refused(
                "workspace.not_owner",
                "Workspace not opened",
                f"{self.root} belongs to another user of this machine.",
                "Only that user can use the workspace from the command line. Members sign in to the served pages.",
            )

    @property
    def origin(self) -> str:
        """Return the name of this deployment's log, which is also the name of its signing key."""
        return str(self.settings()["log"])

    def signer(self) -> Signer:
        """Return the key in `log.key`; the log itself says which key is in force (log.write)."""
        return Signer.from_private_bytes(self.origin, self.key(KEY))

    def next_signer(self) -> Signer | None:
        """Return the key that a rotation has made but not yet put in place, if any."""
        path = self.root / "keys" / NEXT_KEY
        return Signer.from_private_bytes(self.origin, path.read_bytes()) if path.is_file() else None

    @property
    def first_key(self) -> VerifierKey:
        """Return the log's first key, where verification starts; it is stored outside the verified folder."""
        path = self.root / "keys" / FIRST_KEY
        return VerifierKey.parse(path.read_text("ascii").strip()) if path.is_file() else self.signer().verifier

    @property
    def witness_policy(self) -> WitnessPolicy:
        """Return the trusted witnesses and how many must cosign, of the file `witnesses`; none if there is no file.

        Raises:
            Refused: workspace.damaged.
        """
        path = self.root / "witnesses"
        try:
            return parse_policy(path.read_bytes()) if path.is_file() else WitnessPolicy()
        except (OSError, BadPolicy) as error:
            raise Refused(
                "workspace.damaged",
                "Workspace not usable",
                f"{path}: {error}.",
                "Write it as c2sp.org/tlog-policy says, or one vkey per line.",
            ) from None

    @property
    def stop_after_hours(self) -> int:
        """Return the hours after which searches stop where enough witnesses have not cosigned.

        Raises:
            Refused: workspace.settings.
        """
        witness = self.settings().get("witness")
        hours = witness.get("stop_after_hours", STOP_AFTER_HOURS) if isinstance(witness, dict) else STOP_AFTER_HOURS
        if type(hours) is not int or not 0 < hours <= MOST_HOURS:
            raise Refused(
                "workspace.settings",
                "Workspace not usable",
                f"{self.settings_file}: witness.stop_after_hours is not a whole number from 1 to {MOST_HOURS}.",
                NEXT_STEP,
            )
        return hours


@lru_cache(maxsize=16)
def _read_settings(text: str) -> tuple[dict[str, object], str]:
    """Return the settings in a text, and what is wrong with a key of them; every search asks for the same text again."""
    settings = tomllib.loads(text)
    return settings, wrong_key(settings)


def with_setting(name: str, value: str, settings: str) -> str:
    """Return the text of a settings file with one text at its top changed; an empty one is removed."""
    text = re.sub(rf"(?m)^{name} *=.*\n", "", settings)
    return f'{name} = "{value}"\n{text}' if value else text


def read_only(root: Path) -> bool:
    """Say whether nothing can be written into the workspace, as on a disk that is mounted read-only."""
    return not os.access(root, os.W_OK)


def current() -> Workspace:
    """Return the workspace that PLAINVIEW_HOME names, else ./plainview-data."""
    return Workspace(Path(os.environ.get(ENV) or DEFAULT).absolute())


def lay_out(workspace: Workspace) -> None:
    """Make the folders, keys and settings of a new workspace; the settings file is written last.

    Raises:
        Refused: workspace.exists.
    """
    root = workspace.root
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refused(
            "workspace.exists",
            "Nothing made",
            f"{root} exists and is not an empty folder.",
            "Choose another folder. An existing workspace is never overwritten.",
            act=OperatorAct.INIT,
        )
    from plainview.storage.aged import new_backup_key  # loads a library that only this and backups need

    origin = f"plainview-{secrets.token_hex(4)}"
    for folder in (root, root / "keys"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    keys = {
        SECRET_KEY: secrets.token_urlsafe(48).encode(),
        BLOBS_KEY: secrets.token_bytes(KEY_BYTES),
        KEY: Signer.generate(origin).private_bytes(),
        EXPUNGE_KEY: secrets.token_bytes(KEY_BYTES),
        BACKUP_KEY: new_backup_key(),
    }
    for name, content in keys.items():
        write_private(root / "keys" / name, content)
    text = f'version = 1\nlog = "{origin}"\nuse = "investigation"\n'
    text = with_setting("database", POSTGRESQL if os.environ.get(DATABASE_ENV) else "", text)
    write_private(workspace.settings_file, text.encode())


def write_private(path: Path, content: bytes) -> None:
    """Write a new file (mode 0600); it is on the disk before this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
