"""`plainview restore`: the operator's act. The new workspace is on disk before Django starts on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.audit.durable import sync_folder
from plainview.casework.log.channel import command_line, enter
from plainview.casework.upkeep.unpacking import staging, unpack
from plainview.casework.workspace.folder import ENV, Workspace, current
from plainview.casework.workspace.keys import require_replaceable
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, print_json, say, say_code, warn
from plainview.cli.progress import bar
from plainview.cli.start import start_django
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.wording import counted

if TYPE_CHECKING:
    from plainview.casework.upkeep.restore import Restored
    from plainview.casework.upkeep.spent import Ended


def restore(
    file: Path,
    folder: Annotated[Path, typer.Argument(help="The new workspace; it must not exist.")],
    keys: Annotated[Path | None, typer.Option(help="Folder of the keys; by default the current workspace's.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="Newest copy of the audit folder; by default the current workspace's.")
    ] = None,
    expunged: Annotated[
        Path | None, typer.Option(help="Newest expunge list; by default the current workspace's.")
    ] = None,
    kept_checkpoint: Annotated[
        Path | None, typer.Option("--kept", help="A checkpoint that was published or kept.")
    ] = None,
    without_newer_log: Annotated[
        bool, typer.Option("--without-newer-log", help="No newer copy of the log exists anywhere.")
    ] = False,
    without_key: Annotated[
        list[str] | None,
        typer.Option(
            "--without-key",
            metavar="NAME",
            help="A key of which no copy is left anywhere: secret.key, backup.age or expunge.key. It is replaced.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Restore a backup into a new folder. What was erased since then stays erased; the log continues."""
    old = current()
    keys = keys or old.root / "keys"
    log = _named(log, old.audit, "the log") if not without_newer_log else None
    expunged = _named(expunged, old.root / "expunged.jsonl", "the expunge list")
    if log is None and not without_newer_log:
        raise Refused(
            "restore.no_log",
            "Nothing restored",
            "No copy of the audit folder was named, and none was found.",
            "Name the newest copy: without it the log gets a second history if anything was published after the backup. "
            "If there is no copy anywhere, restore without a newer log.",
        )
    lost = tuple(dict.fromkeys(without_key or ()))
    for name in lost:
        require_replaceable(name, "Nothing restored")
    note = _read(kept_checkpoint)
    beside = staging(folder.absolute())
    try:
        with bar("Restoring pictures", 0) as shown, _keys_explained():
            about = unpack(file, keys, beside, progress=shown.step)
        with _keys_explained():
            done = _settle(beside, about, log, note, expunged, lost)
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        beside.rename(folder.absolute())
        sync_folder(folder.absolute().parent)
        os.environ[ENV] = str(folder.absolute())
        services.cache_clear()
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _show(done, Workspace(folder.absolute()), json=json)


@contextmanager
def _keys_explained() -> Iterator[None]:
    """Say of a missing or wrong key what helps in a restore: there is no workspace yet in which it could be replaced."""
    try:
        yield
    except Refused as refused:
        if refused.act is not OperatorAct.KEYS_REPLACE:
            raise
        raise Refused(
            "restore.key",
            "Nothing restored",
            f"The keys do not fit the backup. {refused.why}",
            "Name the folder of keys that has it. If no copy is left, restore without it; what the backup is encrypted for "
            "must be there as backup.age, be it the identity of another recipient.",
        ) from None


def _named(path: Path | None, usual: Path, noun: str) -> Path | None:
    if path is not None and not path.exists():
        raise Refused("restore.named", "Nothing restored", f"{path} does not exist.", f"Name {noun} that exists.")
    return path or (usual if usual.exists() else None)


def _read(checkpoint: Path | None) -> str | None:
    try:
        return checkpoint.read_text("utf-8") if checkpoint else None
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "restore.kept",
            "Nothing restored",
            f"{checkpoint} cannot be read.",
            "Name the file of a checkpoint that was kept.",
        ) from None


def _settle(
    beside: Path,
    about: dict[str, object],
    log: Path | None,
    note: str | None,
    expunged: Path | None,
    lost_keys: Collection[str],
) -> Restored:
    os.environ[ENV] = str(beside)
    enter(command_line())
    start_django()
    from django.db import connections

    from plainview.casework.erasure.expunged import read_list
    from plainview.casework.upkeep.restore import settle

    try:
        listed = read_list(expunged) if expunged else []
        return settle(about, log=log, kept_checkpoint=note, listed=listed, lost_keys=lost_keys)
    finally:
        connections.close_all()


def _show_ended(ended: Ended) -> None:
    counts = (
        (ended.tokens, "token"),
        (ended.invitations, "open invitation"),
        (ended.resets, "open reset code"),
        (ended.recovery_codes, "list of recovery codes", "lists of recovery codes"),
    )
    parts = [counted(number, *noun) for number, *noun in counts if number]
    if parts:
        say(f"No longer valid, as they may have been used since the backup: {', '.join(parts)}.")
    if ended.deactivated:
        say(f"Deactivated after the backup, and again now: {', '.join(ended.deactivated)}.")
    for email, code in ended.codes.items():
        say_code(
            f"{email} changed their password or second factor after the backup, so neither counts. Give them this code, and "
            "nobody else:",
            code,
        )


def _show(done: Restored, workspace: Workspace, *, json: bool) -> None:
    if json:
        print_json({**asdict(done), "lost": done.lost, "tokens_ended": done.ended.tokens, "workspace": workspace.root})
        return
    say(
        f"Restored into {workspace.root} as of {done.made_at}: the log's first {done.entries} entries and "
        f"{sum(done.taken_over.values())} more from the newer copy; entry {done.entry} records this.",
    )
    if done.erased_again:
        say(f"{len(done.erased_again)} references that were expunged since were erased again.")
    from plainview.cli.keys import replaced_text

    for key in done.replaced:
        warn(replaced_text(key), style="yellow")
    _show_ended(done.ended)
    for action, count in done.lost.items():
        warn(f"No longer in the records: {count} x {action}. Repeat these acts where needed.", style="yellow")
    if done.missing_pictures:
        warn(f"{done.missing_pictures} pictures that references name are missing in the backup.", style="red")
    if not done.log_known:
        warn(
            "No newer copy of the log was named. If anything was recorded after the backup, witnesses and "
            "anyone who kept a checkpoint will see that the log went back. Inform them first.",
            style="red",
        )
