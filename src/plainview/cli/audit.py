"""`plainview audit`: verify, checkpoint, export, review and sign the log; proofs and witnesses of it."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

import plainview.audit.recount as counter
import plainview.audit.standalone as verifier
from plainview.audit.verify import Report, verify_folder
from plainview.casework.log.read import cosigned, newest_entry, verify_log
from plainview.casework.log.reviews import heartbeat as beat
from plainview.casework.log.reviews import record_export, review_log
from plainview.casework.log.reviews import summary as count
from plainview.casework.log.rotation import rotate_key
from plainview.casework.log.rows import Rows, verify_rows
from plainview.casework.log.write import records
from plainview.casework.register.tiles import write_tiles
from plainview.casework.witnesses.add import add_cosigned
from plainview.casework.witnesses.ask import ask_now
from plainview.casework.witnesses.read import witnesses_state
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, say, warn
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.storage.output import output_folder, settle_folder, write_file


def verify(
    folder: Annotated[Path | None, typer.Argument(help="A copy of a log; by default the workspace's own.")] = None,
    key: Annotated[str | None, typer.Option(help="The key line you trust (key.pub).")] = None,
    kept_checkpoint: Annotated[Path | None, typer.Option("--kept", help="A checkpoint that you kept earlier.")] = None,
    json: Json = False,
) -> None:
    """Check every entry, signature and recorded row; names the first bad entry and each bad row. Exit 1: something is wrong."""
    try:
        note = kept_checkpoint.read_text("utf-8") if kept_checkpoint else None
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "audit.kept",
            "Log not verified",
            f"{kept_checkpoint} cannot be read.",
            "Name a checkpoint that was kept.",
        ) from None
    witnessed, rows = "", None
    if folder is None:
        open_workspace()
        report = verify_log(kept_checkpoint=note)
        rows = verify_rows()
        seen = cosigned(report.entries) if report.ok else None
        if seen is not None and seen.problems:
            problems = (*report.problems, *seen.problems)
            report = replace(report, ok=False, first_bad=seen.first_bad, problems=problems)
        witnessed = str(seen) if seen is not None and seen.sizes else ""
    else:
        report = verify_folder(folder, vkey=key, kept_checkpoint=note)
    _show(report, rows, witnessed, json=json)
    if not report.ok or (rows is not None and not rows.ok):
        raise typer.Exit(1)


def _show(report: Report, rows: Rows | None, witnessed: str, *, json: bool) -> None:
    if json:
        print_json(
            {
                "ok": report.ok and (rows is None or rows.ok),
                "entries": report.entries,
                "root": report.root,
                "first_bad": report.first_bad,
                "problems": [*report.problems, *(str(problem) for problem in (rows.problems if rows else ()))],
                **({"rows": _counted(rows)} if rows else {}),
                **({"cosigned": witnessed} if witnessed else {}),
            }
        )
        return
    if report.ok:
        say(f"The log is whole: {counted(report.entries, 'entry', 'entries')}, root {report.root}")
        if witnessed:
            say(f"It is {witnessed}.")
    else:
        for problem in report.problems:
            warn(problem)
        where = "" if report.first_bad is None else f" The first bad entry is {report.first_bad}."
        warn(f"The log is NOT whole.{where} Keep it as it is and inform your auditor.")
    if rows is not None:
        _show_rows(rows)


def _show_rows(rows: Rows) -> None:
    for problem in rows.problems:
        warn(str(problem))
    if not rows.ok:
        warn("The database is NOT as the log recorded it. Keep it as it is and inform your auditor.")
        return
    say(f"Every row is as the log recorded it: {counted(rows.checked, 'commitment')}, {rows.erased} to erased rows.")
    if rows.adopted:
        say(f"{counted(rows.adopted, 'row')} of an older version: as at the upgrade; not committed to before.")
    if rows.lost:
        say(f"{counted(rows.lost, 'row')} committed to after a backup that was restored: not in the backup.")


def _counted(rows: Rows) -> dict[str, int | list[dict[str, str]]]:
    return {
        "checked": rows.checked,
        "adopted": rows.adopted,
        "erased": rows.erased,
        "lost": rows.lost,
        "problems": [asdict(problem) for problem in rows.problems],
    }


def checkpoint() -> None:
    """Print the newest signed checkpoint; anyone who keeps it can show later that nothing before it changed."""
    open_workspace()
    for record in records(newest_entry()):
        typer.echo(record.checkpoint, nl=False)


def export(folder: Path, json: Json = False) -> None:
    """Copy the log and its verifier (needs only Python and `cryptography`) into a new folder."""
    workspace = open_workspace()
    with output_folder(folder) as part:
        write_file(part / "verify.py", Path(verifier.__file__).read_bytes())
        write_file(part / "recount.py", Path(counter.__file__).read_bytes())
        shutil.copytree(workspace.audit, part, dirs_exist_ok=True)  # is there room?
        settle_folder(part)
        record_export()
        shutil.copytree(workspace.audit, part, dirs_exist_ok=True)  # with the entry of this export
    answer(f"Exported. Check it with: python {folder}/verify.py {folder}", json=json, folder=folder)


def rotate(reason: Annotated[str, typer.Option(help="Why the signing key is changed.")], json: Json = False) -> None:
    """Change the key that signs the log: the operator's act. The old key is destroyed."""
    open_workspace()
    receipt, vkey = rotate_key(reason)
    if json:
        print_json({"entry": receipt.entry, "key": vkey})
        return
    say(f"Entry {receipt.entry} introduces {vkey}. Back up the keys folder now.")


def heartbeat(json: Json = False) -> None:
    """Write a sign of life if the log was quiet for 15 minutes; run it every few minutes. Exit 1: logging fails."""
    open_workspace()
    receipt = beat()
    if json:
        print_json({"ok": True, "entry": receipt.entry if receipt else None})
    else:
        say(
            f"Written: entry {receipt.entry}."
            if receipt
            else "Not needed: the log was written to in the last 15 minutes."
        )


def summary(acting: As, json: Json = False) -> None:
    """Count what happened since the last review."""
    member = acting_member(acting)
    counted = count(member)
    if json:
        print_json(asdict(counted))
        return
    say(f"Entries {counted.first} to {counted.up_to}; last review: {counted.last_review or 'none'}.")
    for action, number in counted.counts.items():
        say(f"{number:>8}  {action}")


def review(
    acting: As,
    reason: Annotated[str, typer.Option(help="What you found, in a sentence.")],
    up_to: Annotated[int | None, typer.Option(help="Last entry reviewed; by default the newest.")] = None,
    json: Json = False,
) -> None:
    """Record a review of the log (weekly); see `plainview audit summary` first."""
    member = acting_member(acting)
    review_record = review_log(reason, up_to, acting_member=member)
    if json:
        print_json({"entry": review_record.entry, "first": review_record.first, "up_to": review_record.up_to})
    else:
        say(f"Recorded in entry {review_record.entry}: reviewed {review_record.first} to {review_record.up_to}.")


def add(file: Path, json: Json = False) -> None:
    """Keep a checkpoint that a trusted witness cosigned (its key is in the workspace's file `witnesses`)."""
    open_workspace()
    size, names = add_cosigned(file)
    if json:
        print_json({"size": size, "witnesses": names})
    else:
        say(f"Kept: {size} entries, cosigned by {', '.join(names)}.")


def ask(json: Json = False) -> None:
    """Ask every witness of the file `witnesses` for its cosignature now, and show what each has."""
    open_workspace()
    signed = ask_now()
    state = witnesses_state()
    if json:
        print_json({"cosigned": signed, "witnesses": state})
    else:
        for witness in state:
            say(f"{witness['name']}: {witness['size']} entries. {witness['answer']}".rstrip())
        if not state:
            say("No witness is trusted yet.")
    if any(witness["alarm"] for witness in state):
        raise typer.Exit(1)


def tiles(
    folder: Path,
    entries: Annotated[
        bool, typer.Option("--entries", help="Write the entries too, for an auditor or the defence; never for the web.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the log as static tiles that anyone can watch, or bring them up to date: hashes, and no entry."""
    open_workspace()
    size = write_tiles(folder, entries=entries)
    answer(f"Written: {counted(size, 'entry', 'entries')} as tiles in {folder}.", json=json, folder=folder, size=size)
