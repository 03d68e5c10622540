"""The commands of the public register: export, attest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.register.publish import attest, export_register
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, print_json, say


def register_export(folder: Path, acting: As, json: Json = False) -> None:
    """Write the register as a static site into a folder; an earlier one becomes its history."""
    member = acting_member(acting)
    site = export_register(folder, acting_member=member)
    if json:
        print_json({"folder": site.folder, "sha256": site.sha256, "agencies": site.agencies})
    else:
        say(
            f"{site.folder}/index.html lists {site.agencies} agenc{'y' if site.agencies == 1 else 'ies'}.",
        )


def register_attest(
    office: Annotated[str, typer.Option(help='The office that attests it, as "Chief of Police"; nobody\'s name.')],
    first: Annotated[str, typer.Option("--from", help="First month, as 2026-03.")],
    until: Annotated[str, typer.Option(help="Last month; it must be over.")],
    acting: As,
    json: Json = False,
) -> None:
    """Attest, in the name of an office, that the agency ran no search in these months; the register shows it."""
    member = acting_member(acting)
    attestation = attest(first, until, office=office, acting_member=member)
    if json:
        print_json(
            {
                "office": attestation.office,
                "from": attestation.first,
                "until": attestation.last,
                "entry": attestation.entry,
            }
        )
    else:
        say(f"Recorded in entry {attestation.entry}: no search from {attestation.first} to {attestation.last}.")
