"""Commands that need no workspace and no database: checks of what an agency handed out, and empty forms."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.audit.checkpoint import BadKey, VerifierKey
from plainview.cli.common import Json, answer, print_json, print_table, say, warn
from plainview.policy.decision import Refused
from plainview.policy.examination import ANSWERS, CHECKS, COMPONENTS, CONCLUSIONS, CONTRADICTIONS
from plainview.policy.terms import TERMS
from plainview.policy.wording import counted
from plainview.recheck.findings import PackageReport
from plainview.recheck.package import verify_package as check_package
from plainview.recheck.register import check_register
from plainview.recheck.report import check_report
from plainview.recheck.retention import NoProof, check_proof
from plainview.recheck.sample import draws_of


def _well_formed(key: str | None) -> str | None:
    """Refuse what is no key before anything is said about the file."""
    try:
        return key and VerifierKey.parse(key).text
    except BadKey as error:
        raise typer.BadParameter(f"{error}. It is one line, as the log's owner publishes it.") from None


Key = Annotated[str | None, typer.Option(help="The log's key line that you trust.", callback=_well_formed)]


def verify_package(
    file: Path,
    key: Key = None,
    lists: Annotated[bool, typer.Option("--list", help="Print both lists side by side.")] = False,
    json: Json = False,
) -> None:
    """Check a disclosure package and run its search again; needs no workspace. Exit 1 when anything is wrong."""
    _must_exist(file)
    report = check_package(file, vkey=key)
    if json:
        both = {
            "recorded": [asdict(candidate) for candidate in report.recorded],
            "again": [asdict(candidate) for candidate in report.again],
        }
        print_json(
            {
                "ok": report.ok,
                "items": report.items,
                "rerun_identical": report.rerun_identical,
                "problems": report.problems,
                "search": report.search,
                "log": report.log,
                **(both if lists else {}),
            }
        )
    else:
        if lists:
            _print_lists(report)
        _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: PackageReport) -> None:
    if report.ok:
        say(
            f"Search {report.search} of log {report.log}: {counted(report.items, 'item is', 'items are')} whole, "
            "and the search run again gives the same list with the same scores."
        )
        return
    for problem in report.problems:
        warn(problem)
    warn("The package is NOT whole. Keep it as it is and ask for another.")


def _print_lists(report: PackageReport) -> None:
    """Print both lists, row by row; rows that differ are marked."""
    again = {candidate.reference: candidate for candidate in report.again}
    rows: list[tuple[object, ...]] = []
    for candidate in report.recorded:
        new = again.pop(candidate.reference, None)
        same = (
            "same"
            if new is not None and new.values == candidate.values
            else "erased since"
            if new is None
            else "DIFFERS"
        )
        other = (new.reference, new.score, new.adjusted) if new is not None else ("-", "-", "-")
        rows.append((candidate.rank, candidate.reference, candidate.score, candidate.adjusted, *other, same))
    rows += [
        ("-", "-", "-", "-", candidate.reference, candidate.score, candidate.adjusted, "only now")
        for candidate in again.values()
    ]
    heads = ("Rank", "Recorded", "Cosine", "Adjusted", "Again", "Cosine again", "Adjusted again", "Result")
    print_table(heads, rows, title="The recorded list, and the list of the search run again")


def register_check(
    folder: Path,
    log: Annotated[Path | None, typer.Option(help="A copy of the log, to compare the totals with.")] = None,
    json: Json = False,
) -> None:
    """Check a published register: its history, its checkpoint, and with a copy of the log its totals."""
    _must_exist(folder)
    problems = check_register(folder, log)
    for problem in problems if not json else ():
        warn(problem)
    if json:
        print_json({"ok": not problems, "problems": problems})
    elif not problems:
        say("The register is whole" + (" and its totals match the log." if log else "."))
    if problems:
        raise typer.Exit(1)


def report_check(
    file: Annotated[Path, typer.Argument(help="The report's JSON file.")],
    log: Annotated[Path, typer.Option(help="A copy of the log.")],
    key: Key = None,
    json: Json = False,
) -> None:
    """Count a report's numbers again from a copy of the log; needs no workspace. Exit 1 when anything differs."""
    _must_exist(file)
    report = check_report(file, log, vkey=key)
    if json:
        print_json(
            {
                "ok": not report.problems,
                "numbers": report.numbers,
                "entry": report.entry,
                "problems": report.problems,
            }
        )
    elif not report.problems:
        where = (
            "the copy ends before the entry that records it: take a newer one to check the rest"
            if report.entry is None
            else f"entry {report.entry} has its SHA-256"
        )
        say(f"All {report.numbers} numbers match the log; {where}.")
    for problem in report.problems if not json else ():
        warn(problem)
    if report.problems:
        raise typer.Exit(1)


def check_retention_proof(file: Path, key: Key = None, json: Json = False) -> None:
    """Check the proof of a run; needs no workspace. Exit 1 when anything is wrong."""
    _must_exist(file)
    try:
        findings = check_proof(file.read_text("utf-8"), vkey=key)
    except UnicodeDecodeError:
        raise Refused("retention.proof", "Not proven", f"{file} is not UTF-8 text.", "Name a proof file.") from None
    except NoProof as error:
        raise Refused("retention.proof", "Not proven", f"{error}.", "Ask the agency for another proof.") from None
    if json:
        print_json(
            {
                "ok": not findings.problems,
                "run": findings.run,
                "states": findings.states,
                "problems": findings.problems,
            }
        )
    else:
        for problem in findings.problems:
            warn(problem)
        if not findings.problems:
            states = ", ".join(f"{count} {state}" for state, count in sorted(findings.states.items()))
            say(f"Proven: run {findings.run} of {findings.agency}: {states}.")
    if findings.problems:
        raise typer.Exit(1)


def sample_verify(folder: Annotated[Path, typer.Argument(help="A copy of the log.")], json: Json = False) -> None:
    """Repeat every draw from a copy of the log; needs no workspace. Exit 1 when one selects other searches."""
    _must_exist(folder)
    rows = draws_of(folder)
    wrong = [draw for draw in rows if draw.problem]
    for draw in wrong if not json else ():
        warn(f"Sample {draw.sample}, entry {draw.entry}: {draw.problem}.")
    answer(
        f"{len(rows) - len(wrong)} of {counted(len(rows), 'draw')} selected the same searches again.",
        json=json,
        ok=not wrong,
        draws=[asdict(draw) for draw in rows],
    )
    if wrong:
        raise typer.Exit(1)


def examine_form() -> None:
    """Print an empty form of an examination."""
    lines = [f"# conclusion: {', '.join(CONCLUSIONS)}", 'conclusion = ""', 'notes = ""']
    lines += ["# ids of the cautions about this pair that you have taken into account, e.g. age_gap"]
    lines += ["acknowledged = []", "", "[components]"]
    lines += [f"# each: {', '.join(ANSWERS)}; answer every component; nothing is measured"]
    lines += [f'"{name}" = ""' for name in COMPONENTS]
    typer.echo("\n".join(lines))


def lead_form() -> None:
    """Print an empty form of the contradictions that a supervisor answers."""
    head = [
        f"# each begins with one of: {', '.join(CHECKS)}; then a colon and the words, for example",
        '# "checked: at work until 23:00, two colleagues confirm it"',
    ]
    typer.echo("\n".join([*head, *(f'"{name}" = ""' for name in CONTRADICTIONS)]))


def agency_terms() -> None:
    """Print the terms that the head of an agency accepts."""
    typer.echo(TERMS, nl=False)


def _must_exist(path: Path) -> None:
    """Refuse a path where there is nothing.

    Raises:
        Refused: file.missing.
    """
    if not path.exists():
        raise Refused("file.missing", "Nothing checked", f"There is no file {path}.", "Check the name and the folder.")
