"""The commands of looking: examine, verify, lead. A form is a TOML file that a person fills in."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.workspace.folder import current
from plainview.cli.common import (
    As,
    Json,
    acting_member,
    console,
    open_workspace,
    print_json,
    print_rows,
    sample_notice,
)
from plainview.cli.proficiency import app as proficiency_app
from plainview.policy.decision import Refused
from plainview.policy.examination import (
    ANSWERS,
    COMPONENTS,
    CONCLUSIONS,
)

examine_app = typer.Typer(help="Examine a candidate against the probe.", no_args_is_help=True)
verify_app = typer.Typer(help="Verify blindly what another person examined.", no_args_is_help=True)

Form = Annotated[Path, typer.Argument(help="The filled-in form.")]


@examine_app.command("form")
def examine_form() -> None:
    """Print an empty form."""
    lines = [f"# conclusion: {', '.join(CONCLUSIONS)}", 'conclusion = ""', 'notes = ""']
    lines += ["# ids of the cautions about this pair that you have taken into account, e.g. age_gap"]
    lines += ["acknowledged = []", "", "[components]"]
    lines += [f"# each: {', '.join(ANSWERS)}; none may stay blank, nothing is measured"]
    lines += [f'"{name}" = ""' for name in COMPONENTS]
    typer.echo("\n".join(lines))


@examine_app.command("record")
def examine_record(search: str, rank: int, form: Form, acting: As, json: Json = False) -> None:
    """Record your examination of one candidate; a potential candidate goes to a verifier."""
    member = acting_member(acting)
    from plainview.casework.examination.examine import examine

    filled = _form(form, {"conclusion", "notes", "components"}, optional="acknowledged")
    read = filled.get("acknowledged", [])
    if not isinstance(read, list):
        raise _bad_form(form, "acknowledged is a list")
    row = examine(
        search,
        rank,
        components=_words(filled["components"]),
        conclusion=str(filled["conclusion"]),
        notes=str(filled["notes"]),
        acknowledged=[str(name) for name in read],
        acting_member=member,
    )
    waiting = row.verifications.exists()
    if json:
        print_json({"examination": row.public_id, "conclusion": row.conclusion, "verifier_assigned": waiting})
        return
    console.print(f"Examination {row.public_id} is recorded: {row.conclusion}.")
    if row.conclusion == CONCLUSIONS[0]:
        console.print("It went to a verifier." if waiting else "No trained verifier is free; it waits for one.")


@examine_app.command("list")
def examine_list(acting: As, json: Json = False) -> None:
    """List the examinations of your agency."""
    member = acting_member(acting)
    from plainview.casework.examination.read import examinations, standing_of

    rows = [
        {
            "examination": row.public_id,
            "search": row.candidate.search.public_id,
            "rank": row.candidate.rank,
            "member": row.member.email,
            "conclusion": row.conclusion,
            "recorded_at": row.recorded_at.isoformat(timespec="seconds"),
            "standing": standing_of(row).text,
        }
        for row in examinations(member)
    ]
    print_rows(
        "examinations",
        ("Examination", "Search", "Rank", "Member", "Conclusion", "When", "Where it stands"),
        rows,
        "Nothing here.",
        json=json,
        caption=sample_notice(current()),
    )


@verify_app.command("list")
def verify_list(acting: As, json: Json = False) -> None:
    """List the verifications that wait for you."""
    member = acting_member(acting)
    from plainview.casework.examination.blind import waiting

    rows = [
        {"verification": row.public_id, "assigned_at": row.assigned_at.isoformat(timespec="seconds")}
        for row in waiting(member)
    ]
    print_rows(
        "verifications",
        ("Verification", "Assigned"),
        rows,
        "Nothing here.",
        json=json,
        caption=sample_notice(current()),
    )


@verify_app.command("show")
def verify_show(verification: str, out: Annotated[Path, typer.Option(help="A new folder.")], acting: As) -> None:
    """Write the pictures of a verification and its empty form into a folder."""
    member = acting_member(acting)
    from plainview.casework.examination.verify import show_verification
    from plainview.casework.workspace.services import services

    if out.exists():
        raise Refused("verification.folder", "Nothing shown", f"{out} exists.", "Name a new folder.")
    try:
        task = show_verification(verification, acting_member=member)
    finally:
        services().close()
    out.mkdir(parents=True)
    for name, data in [("probe", task.probe), *((str(place), face) for place, face in task.faces.items())]:
        (out / f"{name}.jpg").write_bytes(data)
    lines = [f"# conclusion: {', '.join(CONCLUSIONS)}", "[conclusions]"]
    lines += [f'{place} = ""' for place in task.faces]
    for place in task.faces:
        lines += ["", f"[components.{place}]  # only for a potential candidate: {', '.join(ANSWERS)}"]
        lines += [f'"{name}" = ""' for name in COMPONENTS]
    (out / "form.toml").write_text("\n".join(lines) + "\n", "utf-8")
    console.print(f"Compare {out}/probe.jpg with each of the {len(task.faces)} faces; fill in {out}/form.toml.")


@verify_app.command("record")
def verify_record(verification: str, form: Form, acting: As) -> None:
    """Record your conclusion on every face of a verification."""
    member = acting_member(acting)
    from plainview.casework.examination.verify import answer_verification

    filled = _form(form, {"conclusions", "components"})
    try:
        answers = {int(place): word for place, word in _words(filled["conclusions"]).items()}
        components = {
            int(place): {name: word for name, word in _words(table).items() if word}
            for place, table in dict(filled["components"]).items()
        }
    except (ValueError, TypeError):
        raise _bad_form(form, "its faces are numbered as in the folder") from None
    answer_verification(verification, answers, components, acting_member=member)
    console.print(f"Verification {verification} is recorded. Thank you.")


@verify_app.command("assign")
def verify_assign() -> None:
    """Assign examinations that wait for a verifier, for instance after somebody joined; run it daily."""
    open_workspace()
    from plainview.casework.examination.assign import assign_waiting

    console.print(f"{assign_waiting()} assigned.")


def _form(path: Path, fields: set[str], optional: str = "") -> dict[str, Any]:
    try:
        filled = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise _bad_form(path, "it is a TOML file that can be read") from None
    if filled.keys() - {optional} != fields:
        raise _bad_form(path, f"it has exactly these: {', '.join(sorted(fields))}")
    return filled


def _words(table: object) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(word, str) for word in table.values()):
        raise Refused("form.invalid", "Form refused", "An answer is not a text.", "Put every answer in quotes.")
    return table


def _bad_form(path: Path, rule: str) -> Refused:
    return Refused(
        "form.invalid",
        "Form refused",
        f"{path} cannot be used: {rule}.",
        "Print an empty form and fill it in.",
    )


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(examine_app, name="examine")
    verify_app.add_typer(proficiency_app, name="proficiency")
    app.add_typer(verify_app, name="verify")
