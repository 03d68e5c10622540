"""The commands of oversight: disclose, verify-package, register."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plainview.casework.package_report import PackageReport
from plainview.cli.common import As, Json, acting_member, console, err, print_json, start_django


def disclose(
    search: Annotated[str, typer.Argument(help="Id of a search.")],
    out: Annotated[Path, typer.Option(help="A new file.")],
    acting: As,
    pictures: Annotated[
        str,
        typer.Option(help="Whose pictures are shown: all, examined or none; your policy's word if absent."),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why fewer pictures than your policy shows.")] = "",
    json: Json = False,
) -> None:
    """Write the disclosure package of a search: all that the defence needs to check it and run it again."""
    member = acting_member(acting)
    from plainview.casework.actions import disclose as disclosure
    from plainview.casework.services import services

    try:
        made = disclosure.disclose(search, out, pictures=pictures, reason=reason, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"file": out, "items": made.items, "manifest_sha256": made.manifest_sha256})
        return
    console.print(f"{out}: {made.items} items. Anyone can check it: plainview verify-package {out}", soft_wrap=True)


def verify_package(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The log's key line that you trust.")] = None,
    lists: Annotated[bool, typer.Option("--list", help="Print both lists side by side.")] = False,
    json: Json = False,
) -> None:
    """Check a disclosure package and run its search again; needs no workspace. Exit 1 when anything is wrong."""
    from plainview.casework.package import verify_package as verify

    report = verify(file, vkey=key)
    if json:
        print_json(
            {
                "ok": report.ok,
                "items": report.items,
                "rerun_identical": report.rerun_identical,
                "problems": report.problems,
                "search": report.search,
                "log": report.log,
                **(
                    {
                        "recorded": [asdict(row) for row in report.recorded],
                        "again": [asdict(row) for row in report.again],
                    }
                    if lists
                    else {}
                ),
            }
        )
        if not report.ok:
            raise typer.Exit(1)
        return
    if lists:
        _print_lists(report)
    if report.ok:
        console.print(
            f"Search {report.search} of log {report.log}: {report.items} items are whole, "
            "and the search run again gives the same list with the same scores.",
            soft_wrap=True,
        )
    else:
        for problem in report.problems:
            err.print(problem, soft_wrap=True)
        err.print("The package is NOT whole. Keep it as it is and ask for another.")
    if not report.ok:
        raise typer.Exit(1)


def _print_lists(report: PackageReport) -> None:
    """Both lists, row by row; rows that differ are marked in words."""
    table = Table(title="The list as it was recorded, and as it comes out now")
    for head in ("Rank", "Recorded", "Cosine", "Adjusted", "Again", "Cosine", "Adjusted", ""):
        table.add_column(head, overflow="fold")
    again = {row.reference: row for row in report.again}
    for row in report.recorded:
        new = again.pop(row.reference, None)
        same = "same" if new is not None and new.values == row.values else "erased since" if new is None else "DIFFERS"
        other = (new.reference, new.score, new.adjusted) if new is not None else ("-", "-", "-")
        table.add_row(str(row.rank), row.reference, row.score, row.adjusted, *other, same)
    for row in again.values():
        table.add_row("-", "-", "-", "-", row.reference, row.score, row.adjusted, "only now")
    console.print(table)


register_app = typer.Typer(help="The public register of use.", no_args_is_help=True)


@register_app.command("export")
def register_export(folder: Path, acting: As, json: Json = False) -> None:
    """Write the register as a static site into a folder; an earlier one becomes its history."""
    member = acting_member(acting)
    from plainview.casework.actions.register import export_register

    made = export_register(folder, acting_member=member)
    if json:
        print_json({"folder": made.folder, "sha256": made.sha256, "agencies": made.agencies})
    else:
        console.print(
            f"{made.folder}/index.html lists {made.agencies} agenc{'y' if made.agencies == 1 else 'ies'}.",
            soft_wrap=True,
        )


@register_app.command("check")
def register_check(
    folder: Path,
    log: Annotated[Path | None, typer.Option(help="A copy of the log, to compare the totals with.")] = None,
    json: Json = False,
) -> None:
    """Check a published register: its history, its checkpoint, and with a copy of the log its totals."""
    start_django()
    from plainview.casework.register_check import check_register

    problems = check_register(folder, log)
    if json:
        print_json({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            err.print(problem, soft_wrap=True)
        if not problems:
            console.print("The register is whole" + (" and its totals are those of the log." if log else "."))
    if problems:
        raise typer.Exit(1)


@register_app.command("attest")
def register_attest(
    office: Annotated[str, typer.Option(help='The office that attests it, as "Chief of Police"; nobody\'s name.')],
    first: Annotated[str, typer.Option("--from", help="First month, as 2026-03.")],
    until: Annotated[str, typer.Option(help="Last month; it has to be over.")],
    acting: As,
    json: Json = False,
) -> None:
    """Attest in the name of an office that the agency ran no search in these months; it stands in the register."""
    member = acting_member(acting)
    from plainview.casework.actions.register import attest

    row = attest(first, until, office=office, acting_member=member)
    if json:
        print_json({"office": row.office, "from": row.first, "until": row.last, "entry": row.entry})
    else:
        console.print(f"Recorded in entry {row.entry}: no search from {row.first} to {row.last}.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(disclose)
    app.add_typer(register_app, name="register")
    app.command("verify-package")(verify_package)
