"""`plainview audit`: verify, checkpoint and export the log."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from plainview.audit.verify import Report, verify_folder
from plainview.cli.common import Json, console, err, open_workspace, print_json
from plainview.policy.decision import Refused

app = typer.Typer(help="The tamper-evident log.", no_args_is_help=True)


@app.command()
def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="A copy of a log; the workspace's own if absent.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The key line you trust (key.pub).")] = None,
    kept: Annotated[Path | None, typer.Option(help="A checkpoint that you kept earlier.")] = None,
    json: Json = False,
) -> None:
    """Check every entry and every signature; names the first bad entry. Exit 1 when anything is wrong."""
    try:
        note = kept.read_text("utf-8") if kept else None
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "audit.kept", "Not verified", f"{kept} cannot be read.", "Name a kept checkpoint."
        ) from None
    if folder is None:
        open_workspace()
        from plainview.casework.queries.log import verify_log

        report = verify_log(kept_checkpoint=note)
    else:
        report = verify_folder(folder, vkey=key, kept_checkpoint=note)
    _show(report, json=json)
    if not report.ok:
        raise typer.Exit(1)


def _show(report: Report, *, json: bool) -> None:
    if json:
        print_json(
            {
                "ok": report.ok, "entries": report.entries, "root": report.root,
                "first_bad": report.first_bad, "problems": list(report.problems),
            }
        )  # fmt: skip
        return
    if report.ok:
        console.print(f"The log is whole: {report.entries} entries, root {report.root}", soft_wrap=True)
        return
    for problem in report.problems:
        err.print(problem, soft_wrap=True)
    where = "" if report.first_bad is None else f" The first bad entry is {report.first_bad}."
    err.print(f"The log is NOT whole.{where} Keep it as it is and tell your auditor.", soft_wrap=True)


@app.command()
def checkpoint() -> None:
    """Print the newest signed checkpoint; whoever keeps it can later show that nothing before it changed."""
    open_workspace()
    from plainview.casework.actions.log import records
    from plainview.casework.queries.log import newest_entry

    for record in records(newest_entry()):
        typer.echo(record.checkpoint, nl=False)


@app.command()
def export(folder: Path) -> None:
    """Copy the log and its verifier (needs only Python and `cryptography`) into a new folder."""
    workspace = open_workspace()
    import plainview.audit.standalone as verifier

    if folder.exists():
        raise Refused("audit.export", "Nothing exported", f"{folder} exists.", "Name a new folder.")
    shutil.copytree(workspace.audit, folder)
    shutil.copyfile(verifier.__file__, folder / "verify.py")
    console.print(f"Exported. Check it with: python {folder}/verify.py {folder}", soft_wrap=True)


def register(root: typer.Typer) -> None:
    """Add the command group."""
    root.add_typer(app, name="audit")
