"""The workspace: one folder that holds everything one deployment owns.

Owns its layout, its settings file and its keys (mode 0600). No Django here, so that the settings can read it.
It must never print a key, and never overwrite an existing workspace.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path

from plainview.audit.checkpoint import BadKey, Signer, VerifierKey
from plainview.audit.cosignature import WitnessKey
from plainview.policy.decision import OperatorAct, Refused
from plainview.storage.seal import KEY_BYTES

ENV = "PLAINVIEW_HOME"
SERVE_ENV = "PLAINVIEW_SERVE"
DEFAULT = "plainview-data"
KEY, NEXT_KEY, FIRST_KEY = "log.key", "log.key.next", "log.first.pub"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where everything lies. `root` need not exist yet."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Plain settings, TOML."""
        return self.root / "workspace.toml"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "plainview.sqlite3"

    @property
    def blobs(self) -> Path:
        """Pictures, encrypted."""
        return self.root / "blobs"

    @property
    def audit(self) -> Path:
        """The public copy of the log: may be copied and handed out."""
        return self.root / "audit"

    @property
    def outbox(self) -> Path:
        """Letters, where no mail server is named."""
        return self.root / "outbox"

    def key(self, name: str) -> bytes:
        """Return a key of the workspace.

        Raises:
            Refused: workspace.key_missing.
        """
        path = self.root / "keys" / name
        try:
            return path.read_bytes()
        except OSError:
            raise Refused(
                "workspace.key_missing",
                "Workspace not usable",
                f"The key {name} cannot be read.",
                f"Restore {path} from your backup. Without the key the workspace cannot be opened.",
            ) from None

    def settings(self) -> dict[str, object]:
        """Return the settings.

        Raises:
            Refused: workspace.missing or workspace.damaged.
        """
        try:
            return tomllib.loads(self.settings_file.read_text("utf-8"))
        except FileNotFoundError:
            raise Refused(
                "workspace.missing",
                "No workspace",
                f"There is no Plainview workspace in {self.root}.",
                "Make a workspace, or choose the folder of an existing one.",
                act=OperatorAct.INIT,
            ) from None
        except (OSError, ValueError):
            raise Refused(
                "workspace.damaged",
                "Workspace not usable",
                f"{self.settings_file} cannot be read.",
                "Restore the file from your backup.",
            ) from None

    def require_owner(self) -> None:
        """Stop everybody but the operating-system user who owns the folder; root is not excepted.

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
        """The name of this deployment's log, also the name of its signing key."""
        return str(self.settings()["log"])

    @property
    def is_sample(self) -> bool:
        """True when the people and the agency are made up for trying things out."""
        return self.settings().get("sample") is True

    @property
    def served_mark(self) -> Path:
        """A file that the first start of the server makes: from then on members have their own way in."""
        return self.root / "served"

    @property
    def is_served(self) -> bool:
        """True once the workspace has been served."""
        return self.served_mark.exists()

    def signer(self) -> Signer:
        """The key in `log.key`; which one is in force, the log itself says (casework.actions.log)."""
        return Signer.from_private_bytes(self.origin, self.key("log.key"))

    def next_signer(self) -> Signer | None:
        """The key that a rotation has made and not yet put in place, if there is one."""
        path = self.root / "keys" / NEXT_KEY
        return Signer.from_private_bytes(self.origin, path.read_bytes()) if path.is_file() else None

    @property
    def first_key(self) -> VerifierKey:
        """The log's first key, from which verification starts; kept outside the folder that is verified."""
        path = self.root / "keys" / FIRST_KEY
        return VerifierKey.parse(path.read_text("ascii").strip()) if path.is_file() else self.signer().verifier

    @property
    def witnesses(self) -> tuple[WitnessKey, ...]:
        """The witnesses trusted here: one vkey a line in the file `witnesses`; a line with # is a comment.

        Raises:
            Refused: workspace.damaged.
        """
        path = self.root / "witnesses"
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        try:
            return tuple(WitnessKey.parse(line.strip()) for line in lines if line.strip() and line[0] != "#")
        except BadKey as error:
            raise Refused(
                "workspace.damaged",
                "Workspace not usable",
                f"{path}: {error}.",
                "Write one vkey per line.",
            ) from None


def current() -> Workspace:
    """The workspace that PLAINVIEW_HOME names, else ./plainview-data."""
    return Workspace(Path(os.environ.get(ENV) or DEFAULT).absolute())


def lay_out(workspace: Workspace, *, sample: bool) -> None:
    """Make the folders, keys and settings of a new workspace; the settings file comes last.

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
    origin = f"plainview-{secrets.token_hex(4)}"
    for folder in (root, root / "keys"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    keys = {
        "secret.key": secrets.token_urlsafe(48).encode(),
        "blobs.key": secrets.token_bytes(KEY_BYTES),
        "log.key": Signer.generate(origin).private_bytes(),
        "expunge.key": secrets.token_bytes(KEY_BYTES),
    }
    for name, content in keys.items():
        _write_private(root / "keys" / name, content)
    text = f'version = 1\nlog = "{origin}"\nsample = {str(sample).lower()}\nuse = "investigation"\n'
    _write_private(workspace.settings_file, text.encode())


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
