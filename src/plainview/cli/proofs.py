"""`plainview audit consistency` and `inclusion`: proofs to hand out, and their check without a workspace."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.audit import proofs
from plainview.casework.log.read import canonical_of, tree
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, print_json, say
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused

Check = Annotated[Path | None, typer.Option("--check", help="Verify this proof file instead; needs no workspace.")]


def consistency(
    first: Annotated[int, typer.Option("--from", help="Number of entries of the older log.")] = 0,
    second: Annotated[
        int | None, typer.Option("--to", help="Number of entries of the newer log; by default all.")
    ] = None,
    check: Check = None,
    json: Json = False,
) -> None:
    """Prove that the log of --to entries extends the log of --from entries (RFC 9162, 2.1.4)."""
    if check is not None:
        _check(check, json=json)
        return
    open_workspace()
    whole = tree()
    try:
        proof = proofs.consistency(services().origin, whole, first, whole.size if second is None else second)
    except proofs.BadProof as error:
        raise _refused(error) from None
    _show(proof, json=json)


def inclusion(
    entry: Annotated[int, typer.Option(help="Number of the entry.")] = 0,
    size: Annotated[int | None, typer.Option(help="Number of entries of the log; by default all.")] = None,
    check: Check = None,
    json: Json = False,
) -> None:
    """Prove that an entry is in the log (RFC 9162, 2.1.3)."""
    if check is not None:
        _check(check, json=json)
        return
    open_workspace()
    whole = tree()
    try:
        covers = whole.size if size is None else size
        proof = proofs.inclusion(services().origin, whole, entry, canonical_of(entry), covers)
    except proofs.BadProof as error:
        raise _refused(error) from None
    _show(proof, json=json)


def _check(path: Path, *, json: bool) -> None:
    try:
        proven = proofs.check(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise Refused("audit.proof", "Not proven", f"{path} cannot be read.", "Name a proof file.") from None
    except proofs.BadProof as error:
        if json:
            print_json({"ok": False, "why": str(error)})
        raise _refused(error) from None
    if json:
        print_json({"ok": True, "proves": proven})
    else:
        say(f"Proven: {proven}. Compare the root with a signed checkpoint.")


def _show(proof: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(proof)
    else:
        say(jsonlib.dumps(proof, indent=2, ensure_ascii=False))


def _refused(error: proofs.BadProof) -> Refused:
    return Refused("audit.proof", "Not proven", f"{error}.", "Compare the sizes with a signed checkpoint.")
