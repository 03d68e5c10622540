"""The commands of oversight: disclose, verify-package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, err, print_json


def disclose(
    search: Annotated[str, typer.Argument(help="Id of a search.")],
    out: Annotated[Path, typer.Option(help="A new file.")],
    acting: As,
    pictures: Annotated[bool, typer.Option(help="Enclose the candidates' pictures.")] = True,
    json: Json = False,
) -> None:
    """Write the disclosure package of a search: all that the defence needs to check it and run it again."""
    member = acting_member(acting)
    from plainview.casework.actions import disclose as disclosure
    from plainview.casework.services import services

    try:
        made = disclosure.disclose(search, out, pictures=pictures, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"file": out, "items": made.items, "manifest_sha256": made.manifest_sha256})
        return
    console.print(
        f"{out}: {made.items} items. Anyone can check it: plainview verify-package {out}", soft_wrap=True
    )


def verify_package(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The log's key line that you trust.")] = None,
    json: Json = False,
) -> None:
    """Check a disclosure package and run its search again; needs no workspace. Exit 1 when anything is wrong."""
    from plainview.casework.package import verify_package as verify

    report = verify(file, vkey=key)
    if json:
        print_json(
            {
                "ok": report.ok, "items": report.items, "rerun_identical": report.rerun_identical,
                "problems": report.problems, "search": report.search, "log": report.log,
            }
        )  # fmt: skip
    elif report.ok:
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


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(disclose)
    app.command("verify-package")(verify_package)
