"""The commands of examination: examine record and list; verify list, show, record, assign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.examination.assign import assign_waiting
from plainview.casework.examination.blind import waiting
from plainview.casework.examination.examine import examine
from plainview.casework.examination.read import examinations, standing_of
from plainview.casework.examination.verify import BlindTask, answer_verification, show_verification
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, sample_notice, say
from plainview.cli.forms import Form, bad_form, read_form, words_of
from plainview.cli.start import open_workspace
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS
from plainview.policy.wording import counted
from plainview.storage.output import output_folder, write_file


def examine_record(search: str, rank: int, form: Form, acting: As, json: Json = False) -> None:
    """Record your examination of one candidate; a potential candidate goes to a verifier."""
    member = acting_member(acting)
    filled = read_form(form, {"conclusion", "notes", "components"}, optional="acknowledged")
    read = filled.get("acknowledged", [])
    if not isinstance(read, list):
        raise bad_form(form, "acknowledged must be a list")
    examination = examine(
        search,
        rank,
        components=words_of(filled["components"]),
        conclusion=str(filled["conclusion"]),
        notes=str(filled["notes"]),
        acknowledged=[str(name) for name in read],
        acting_member=member,
    )
    waiting = examination.verifications.exists()
    if json:
        print_json(
            {"examination": examination.public_id, "conclusion": examination.conclusion, "verifier_assigned": waiting}
        )
        return
    say(f"Examination {examination.public_id} is recorded: {examination.conclusion}.")
    if examination.conclusion == CONCLUSIONS[0]:
        say("A verifier is assigned." if waiting else "No trained verifier is free; the examination waits for one.")


def examine_list(acting: As, json: Json = False) -> None:
    """List the examinations of your agency."""
    member = acting_member(acting)
    rows = [
        {
            "examination": examination.public_id,
            "search": examination.candidate.search.public_id,
            "rank": examination.candidate.rank,
            "member": examination.member.email,
            "conclusion": examination.conclusion,
            "recorded_at": examination.recorded_at.isoformat(timespec="seconds"),
            "standing": standing_of(examination).text,
        }
        for examination in examinations(member)
    ]
    print_rows(
        "examinations",
        ("Examination", "Search", "Rank", "Member", "Conclusion", "Recorded", "Status"),
        rows,
        "No examination yet.",
        json=json,
        caption=sample_notice(current()),
    )


def verify_list(acting: As, json: Json = False) -> None:
    """List the verifications that are waiting for you."""
    member = acting_member(acting)
    rows = [
        {"verification": verification.public_id, "assigned_at": verification.assigned_at.isoformat(timespec="seconds")}
        for verification in waiting(member)
    ]
    print_rows(
        "verifications",
        ("Verification", "Assigned"),
        rows,
        "No verification is waiting for you.",
        json=json,
        caption=sample_notice(current()),
    )


def verify_show(
    verification: str, out: Annotated[Path, typer.Option(help="A new folder.")], acting: As, json: Json = False
) -> None:
    """Write the pictures of a verification and its empty form into a folder."""
    member = acting_member(acting)
    try:
        with output_folder(out) as part:
            task = show_verification(verification, acting_member=member)
            for name, data in [("probe", task.probe), *_named(task)]:
                write_file(part / f"{name}.jpg", data)
            write_file(part / "form.toml", _empty_form(task).encode())
    finally:
        services().close()
    answer(
        f"Compare {out}/probe.jpg with each of the {counted(len(task.faces), 'face')}; fill in {out}/form.toml.",
        json=json,
        verification=verification,
        folder=out,
        faces=list(task.faces),
    )


def _named(task: BlindTask) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each picture: 1, then 1-2 and 1-3 where a person has several."""
    for place, pictures in task.faces.items():
        for number, data in enumerate(pictures, start=1):
            yield str(place) if number == 1 else f"{place}-{number}", data


def _empty_form(task: BlindTask) -> str:
    lines = [f"# conclusion: {', '.join(CONCLUSIONS)}", "[conclusions]"]
    lines += [f'{place} = ""' for place in task.faces]
    for place in task.faces:
        lines += ["", f"[components.{place}]  # only for a potential candidate: {', '.join(ANSWERS)}"]
        lines += [f'"{name}" = ""' for name in COMPONENTS]
    return "\n".join(lines) + "\n"


def verify_record(verification: str, form: Form, acting: As, json: Json = False) -> None:
    """Record your conclusion on every face of a verification."""
    member = acting_member(acting)
    filled = read_form(form, {"conclusions", "components"})
    try:
        answers = {int(place): word for place, word in words_of(filled["conclusions"]).items()}
        components = {
            int(place): {name: word for name, word in words_of(table).items() if word}
            for place, table in dict(filled["components"]).items()
        }
    except (ValueError, TypeError):
        raise bad_form(form, "its faces must be numbered as in the folder") from None
    answer_verification(verification, answers, components, acting_member=member)
    answer(
        f"Verification {verification} is recorded. Thank you.", json=json, verification=verification, state="recorded"
    )


def verify_assign(json: Json = False) -> None:
    """Assign the examinations that are waiting for a verifier, for instance after someone joined; run it daily."""
    open_workspace()
    assigned = assign_waiting()
    answer(f"{counted(assigned, 'examination')} assigned.", json=json, assigned=assigned)
