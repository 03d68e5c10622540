"""Reports: whose numbers they hold, that a copy of the log gives them again, and what an altered one is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories.commands import invoke
from tests.factories.reports import other_agency, worked
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.log.reviews import review_log
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.models import Member, Search
from plainview.casework.reports.files import to_json
from plainview.casework.reports.make import MadeReport, make_report
from plainview.casework.reports.sections import sections
from plainview.casework.search.urgent import sweep
from plainview.policy.decision import Refused
from plainview.policy.misuse import Finding
from plainview.policy.reporting import Period, default_period
from plainview.recheck.report import check_report, digest
from plainview.storage.output import OutputError


def made(member: Member | None = None, *forms: str) -> MadeReport:
    period = default_period(timezone.now().date())
    return make_report(period, period.before(), forms, acting_member=member or person("supervisor"))


@pytest.fixture
def lead(workspace: Path, tmp_path: Path) -> str:
    return worked(tmp_path)


def test_the_numbers_are_those_of_the_work_and_of_no_other_agency(lead: str, tmp_path: Path) -> None:
    people = other_agency(tmp_path / "other")
    review_log("all is well", acting_member=person("auditor"))
    told = made().report
    counted = told["counted"]
    assert told["differences"] == []
    assert (counted["searches"], counted["answered"], counted["without_candidate"]) == (4, 4, 0)
    assert (counted["examined"], counted["nothing_similar"], counted["potential"]) == (2, 1, 1)
    assert (counted["leads"], counted["came_to_a_lead"], counted["verifications"]) == (1, 1, 1)
    assert counted["by_offence"] == {"robbery": 2, "theft": 2}
    assert counted["refusals"]["search.refused"] == {"search.ground": 1}
    assert counted["outcomes"]["cleared"] == 1
    assert counted["seconds_to_release"]["leads"] == 1
    assert counted["log_reviews"] == 1
    assert sum(counted["by_hour"].values()) == sum(counted["by_weekday"].values()) == 4
    mine = counted["by_member"][person("examiner").public_id]
    assert mine == {
        "searches": 4,
        "without_candidate": 0,
        "refused": 1,
        "set_aside": 0,
        "other_person": 0,
        "none_of_these": 0,
        "examinations": 2,
        "verifications": 0,
        "leads": 1,
    }
    agreement = told["records"]["agreement"]
    assert (agreement["verified"], agreement["agreed"], agreement["third_looks"]) == (1, 1, 0)
    assert agreement["by_examiner"] == {person("examiner").public_id: {"verified": 1, "agreed": 1}}
    for name in ("admin", "auditor"):  # how people compare is told to them and their supervisor
        assert made(person(name)).report["records"]["agreement"] == agreement | {"by_examiner": {}}
    assert list(told["names"]["galleries"].values()) == ["g"]
    assert told["records"]["purposes"] == {"named": {}, "own_words": 4}
    assert told["counted_before"]["searches"] == 0
    theirs = made(people["supervisor"]).report
    assert theirs["counted"]["by_offence"] == {"kidnapping": 2}
    assert (theirs["counted"]["searches"], theirs["counted"]["leads"]) == (2, 0)
    for word in ("Sample", "robbery", person("examiner").public_id):
        assert word not in json.dumps(theirs).replace("Sample Agency (not real)", "")
    for word in ("Other", "kidnapping", "theirs"):
        assert word not in json.dumps(told)


def test_a_report_names_the_log_that_it_was_made_from_and_its_entry_names_it(lead: str) -> None:
    report = made(None, "json", "csv", "pdf")
    (entry,) = entries("report.made")
    assert (entry.seq, entry.actor) == (report.entry, person("supervisor").public_id)
    assert entry.subject["sha256"] == report.sha256 == digest(report.report)
    assert entry.subject["size"] == report.report["size"] == entry.seq
    assert report.report["checkpoint"].split("\n")[1] == str(entry.seq)
    assert set(entry.subject["files"]) == {"json", "csv", "pdf"}  # type: ignore[arg-type]
    assert json.loads(report.files["json"]) == report.report
    assert "private curiosity" not in report.files["csv"].decode()
    # A record that somebody changed beside the log shows.
    Search.objects.filter(pk=Search.objects.order_by("pk")[0].pk).update(request_entry=10_000)
    assert made().report["differences"][0] == "searches: the log says 4, the records 3"


def test_the_command_writes_files_and_says_what_it_does_not_understand(workspace: Path, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return invoke(["report", "show", "--as", "auditor@agency.example", *words])

    out = [tmp_path / "report.csv", tmp_path / "report.pdf"]
    done = run("--csv", str(out[0]), "--pdf", str(out[1]), "--compare", "2026-01-01..2026-01-31")
    assert done.exit_code == 0, done.output
    assert "At a glance" in done.output
    assert out[0].read_bytes().startswith(b"section,")
    assert out[1].read_bytes().startswith(b"%PDF")
    for words, rule in (
        (("--compare", "2026"), "report.compare"),
        (("--until", "2999-01-01"), "report.future"),
    ):
        refused = run(*words).exception
        assert isinstance(refused, Refused)
        assert refused.rule_id == rule
    assert isinstance(run("--csv", str(out[0])).exception, OutputError)
    mistyped = run("--since", "yesterday")
    assert mistyped.exit_code == 2
    assert "2030-12-31" in mistyped.output


@pytest.fixture
def kept(lead: str, workspace: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A report's file and a copy of the log that holds its entry."""
    other_agency(tmp_path / "other", 1)
    file, log = tmp_path / "report.json", tmp_path / "log"
    file.write_bytes(made(None, "json").files["json"])
    shutil.copytree(workspace / "audit", log)
    return file, log


def _searches(told: Any) -> None:
    told["counted"]["searches"] = 3


def _offence(told: Any) -> None:
    del told["counted"]["by_offence"]["theft"]


def _invented(told: Any) -> None:
    told["counted"]["by_member"]["M000000000000"] = {"searches": 7}


def _before(told: Any) -> None:
    told["counted_before"]["searches"] = 9


def _outcome(told: Any) -> None:
    told["counted"]["outcomes"] |= {"cleared": 0, "exonerated": 1}


ALTERED: list[tuple[Callable[[Any], None], str]] = [
    (_searches, "searches: the report states 3, the log records 4"),
    (_offence, "by offence, theft: the report states nothing, the log records 2"),
    (_invented, "by member, M000000000000, searches: the report states 7, the log records nothing"),
    (_before, "searches: the report states 9, the log records 0"),
    (_outcome, "outcomes, cleared: the report states 0, the log records 1"),
]


def test_an_altered_number_is_named(kept: tuple[Path, Path]) -> None:
    file, log = kept
    whole = file.read_text()
    for alter, says in ALTERED:
        told = json.loads(whole)
        alter(told)
        file.write_bytes(to_json(told))
        problems = check_report(file, log).problems
        assert any(problem.endswith(says) for problem in problems), problems
        assert any("no entry of the log holds" in problem for problem in problems)
    # A copy that ends with the checkpoint tells of everything but what the log does not say.
    told = json.loads(whole)
    size = told["size"]
    (log / "log.jsonl").write_bytes(b"".join((log / "log.jsonl").read_bytes().splitlines(keepends=True)[:size]))
    notes = (log / "checkpoints").read_text().split("\n\n")
    (log / "checkpoints").write_text("\n\n".join(notes[: 2 * size]) + "\n\n")
    file.write_text(whole)
    found = check_report(file, log)
    assert (found.problems, found.entry) == ([], None)
    del told["counted"]["by_day"]
    file.write_bytes(to_json(told))
    assert any(problem.endswith("by day: the report states nothing") for problem in check_report(file, log).problems)


def test_what_only_the_records_say_cannot_be_altered_either(kept: tuple[Path, Path]) -> None:
    file, log = kept
    whole = file.read_text()
    told = json.loads(whole)
    told["records"]["agreement"]["agreed"] = 0
    file.write_bytes(to_json(told))
    (problem,) = check_report(file, log).problems
    assert "was changed after it was made" in problem
    for text in ("", "[]", "{}", '{"format": "plainview-report-2"}', '{"format": 1e999}', "x" * 99):
        file.write_text(text)
        with pytest.raises(Refused, match=r"report\.unreadable"):
            check_report(file, log)


def test_a_copy_of_the_log_gives_every_number_again_and_another_log_does_not(
    kept: tuple[Path, Path], tmp_path: Path
) -> None:
    file, log = kept
    found = check_report(file, log)
    assert found.problems == []
    assert found.entry == entries("report.made")[0].seq
    assert found.numbers > 60
    assert check_report(file, log, vkey=json.loads(file.read_text())["log_key"]).problems == []
    run = invoke(["report", "check", str(file), "--log", str(log)])
    assert (run.exit_code, "numbers match the log" in run.output) == (0, True)
    with pytest.raises(Refused, match=r"report\.unreadable"):
        check_report(file, tmp_path / "nowhere")
    whole = (log / "log.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if b'"search.requested"' in line)
    (log / "log.jsonl").write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
    problems = check_report(file, log).problems
    assert any(problem.startswith("log: ") for problem in problems)
    assert any("searches: the report states 4, the log records 3" in problem for problem in problems)
    run = invoke(["report", "check", str(file), "--log", str(log), "--json"])
    assert run.exit_code == 1
    assert json.loads(run.stdout)["problems"] == problems
    (log / "log.jsonl").write_bytes(whole)
    told = json.loads(file.read_text())
    told["checkpoint"] = told["checkpoint"].replace("\n", "\n9", 1)
    file.write_bytes(to_json(told))
    assert check_report(file, log).problems


def test_what_was_erased_is_counted_as_asked_and_nothing_more(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    search(probe(tmp_path), urgent="a child is missing")
    with at(timezone.now() + timedelta(days=3)):
        sweep()
        counted = made().report["counted"]
    assert (counted["searches"], counted["urgent"], counted["erased"], counted["answered"]) == (1, 1, 1, 0)


def test_only_an_auditor_learns_that_a_flag_waits(workspace: Path) -> None:
    with transaction.atomic():
        raise_flag(Finding("misuse.test", "Something unusual.", {}), person("examiner"), None)
    for name in ("supervisor", "admin"):
        told = made(person(name)).report
        assert "flags_raised" not in told["counted"]
        assert told["due"]["flags_open"] is None
        assert all("Open now" not in section.note for section in sections(told))
    told = made(person("auditor")).report
    assert (told["counted"]["flags_raised"], told["due"]["flags_open"]) == (1, 1)
    assert any("Open now: 1" in section.note for section in sections(told))


def test_a_period_lies_in_the_past_and_has_a_beginning(workspace: Path) -> None:
    today = timezone.now().date()
    day = timedelta(days=1)
    for period in (Period(today, today + day), Period(today, today - day), Period(today - 9999 * day, today)):
        with pytest.raises(Refused, match=r"report\.(period|future)"):
            make_report(period, None, acting_member=person("auditor"))
    for name in ("examiner", "verifier"):
        with pytest.raises(Refused, match=r"member\.no_permission"):
            made(person(name))
        assert entries("report.make.refused")[-1].actor == person(name).public_id
    assert make_report(Period(today, today), None, acting_member=person("auditor")).report["counted_before"] is None
