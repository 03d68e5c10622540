"""Deciding not to release, being reminded of outcomes, and what the sheet of a lead says."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from pypdf import PdfReader
from tests.factories.examination import SIMILAR, examined, examined_and_verified
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.cases.open_close import open_case
from plainview.casework.examination.examine import examine
from plainview.casework.leads.decide import record_evidence, release, report_outcome, withhold
from plainview.casework.leads.outcomes import remind_outcomes
from plainview.casework.leads.read import decisions, outcomes_due, verdicts_of, withheld
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.models import (
    Candidate,
    Examination,
    Lead,
    LogOpening,
    Verification,
    VerificationItem,
    Withheld,
)
from plainview.casework.search.urgent import sweep
from plainview.policy.decision import Refused
from plainview.policy.examination import CONTRADICTIONS, INCONCLUSIVE, NOT, REMIND_DAYS, STATEMENT
from plainview.worker import clock as schedule

CHECKED = {name: f"checked: {name} was asked" for name in CONTRADICTIONS}
DAY = timedelta(days=1)


@pytest.fixture
def examination(workspace: Path, tmp_path: Path) -> str:
    return examined_and_verified(tmp_path)


def lead_of(examination: str) -> Lead:
    return release(examination, contradictions=CHECKED, acting_member=person("supervisor"))


def rule_of(examination: str, reason: str = "he was in prison", who: str = "supervisor") -> str:
    with pytest.raises(Refused) as caught:
        withhold(examination, reason, acting_member=person(who))
    return caught.value.rule_id


def test_withheld_is_final_for_this_examination_and_in_nobodys_way(examination: str) -> None:
    assert rule_of(examination, "no") == "examination.explain"
    assert rule_of(examination, who="admin") == "member.no_permission"
    assert rule_of("E000000000000") == "examination.unknown"
    withhold(examination, "he was in prison", acting_member=person("supervisor"))
    assert rule_of(examination) == "lead.withheld"
    with pytest.raises(Refused, match=r"lead\.withheld"):
        lead_of(examination)
    assert decisions(person("supervisor")) == []
    assert [row.reason for row in withheld(person("supervisor"))] == ["he was in prison"]
    entry = entries("lead.withheld")[-1]
    assert entry.subject["examination"] == examination
    assert set(entry.sealed) == {"reason"}


def test_who_worked_on_it_does_not_decide_and_only_on_potential_candidates(examination: str) -> None:
    row = examine(
        Examination.objects.get().candidate.search.public_id,
        2,
        components=SIMILAR | {"ears": "dissimilar"},
        conclusion=NOT,
        notes="",
        acting_member=person("examiner"),
    )
    assert rule_of(row.public_id) == "lead.not_examined"
    examiner = person("examiner")
    examiner.roles = ["examiner", "supervisor"]
    examiner.save()
    assert rule_of(examination, who="examiner") == "verification.not_independent"
    lead_of(examination)
    assert rule_of(examination) == "lead.twice"
    assert not Withheld.objects.exists()


def test_the_states_of_what_waits_for_a_decision(workspace: Path, tmp_path: Path) -> None:
    examined_and_verified(tmp_path, verdict=INCONCLUSIVE)
    (row,) = decisions(person("supervisor"))
    assert (row.state, row.pending) == ("divided", 0)
    (verdict,) = verdicts_of(row.examination)
    assert (verdict.verifier, verdict.agrees) == (person("verifier"), False)


def test_people_are_reminded_once_a_month_until_an_outcome_is_known(examination: str) -> None:
    lead, now = lead_of(examination), timezone.now()
    supervisor, examiner = person("supervisor"), person("examiner")
    with at(now + (REMIND_DAYS - 1) * DAY):
        assert remind_outcomes() == []
        assert outcomes_due(supervisor) == []
    with at(now + REMIND_DAYS * DAY):
        open_case("C-later", "theft", acting_member=examiner)  # after so long, scheduled work waits for somebody's act
        schedule.every_day()
        assert remind_outcomes() == []
        assert [row.pk for row in outcomes_due(supervisor)] == [lead.pk]
        assert [row.pk for row in outcomes_due(examiner)] == [lead.pk]
        assert outcomes_due(person("verifier")) == []
    letter, other = [letter for letter in mail.outbox if "something is waiting" not in letter.subject]
    assert {*letter.to, *other.to} == {supervisor.email, examiner.email}
    assert lead.public_id in letter.body
    case = lead.examination.candidate.search.case
    assert letter.attachments == []
    for told in (case.number, case.offence, "hopper", "collins", supervisor.name):
        assert told not in letter.subject + letter.body
    assert entries("outcome.reminded")[-1].subject["letters"] == 2
    with at(now + (2 * REMIND_DAYS + 1) * DAY):
        assert remind_outcomes() == [lead.public_id]
        report_outcome(lead.public_id, "cleared", acting_member=examiner)
    with at(now + (4 * REMIND_DAYS) * DAY):
        assert remind_outcomes() == []
        assert outcomes_due(supervisor) == []


def words_of(pdf: bytes) -> str:
    """The text of a PDF."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_the_sheet_says_all_that_it_must(examination: str, tmp_path: Path) -> None:
    lead = lead_of(examination)
    made = make_sheet(lead.public_id, acting_member=person("auditor"))
    assert made.sha256 == hashlib.sha256(made.pdf).hexdigest()
    assert b"pdfuaid" in made.pdf
    assert b"/Figure" in made.pdf
    text = words_of(made.pdf)
    search = lead.examination.candidate.search
    assert text.index(STATEMENT) < text.index("Probe")
    for told in (
        lead.public_id,
        "C-1, robbery",
        search.purpose,
        "Locked.",
        "similar, not identified",
        "Candidate list: 2 candidates",
        "alibi was asked",
        "Sample examiner",
        "Sample verifier",
        "Sample supervisor",
        "yunet-sface",
        "FNMR at FMR",
        search.probe_blob,
        search.pack_sha256,
        f"Entry of the release {lead.entry}",
        "Compared 2 references",
        "— plainview-",
        "made up",
    ):
        assert told in text, told
    record_evidence(lead.public_id, "his card was used there", acting_member=person("supervisor"))
    report_outcome(lead.public_id, "cleared", acting_member=person("supervisor"))
    later = words_of(make_sheet(lead.public_id, acting_member=person("auditor")).pdf)
    assert "Open since" in later
    assert "his card was used there" in later
    assert "cleared" in later


def test_hostile_words_stay_words_on_the_sheet(examination: str, tmp_path: Path) -> None:
    words = '#read("/etc/passwd") \\ "quoted" $x$ *b* <label> @ref // c'
    lead = release(
        examination,
        contradictions=dict.fromkeys(CONTRADICTIONS, f"checked: {words}"),
        acting_member=person("supervisor"),
    )
    made = make_sheet(lead.public_id, acting_member=person("supervisor"))
    assert '#read("/etc/passwd") \\ "quoted" $x$ *b* <label> @ref // c' in words_of(made.pdf)


def test_what_was_seen_in_an_urgent_search_is_erased_with_it(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    found = search(probe(tmp_path), urgent="a life is at risk").search
    lead_of(examined(found.public_id))
    withhold(examined(found.public_id, 2), "he was in prison", acting_member=person("supervisor"))
    numbers = [entry.seq for entry in entries("lead.released") + entries("lead.withheld")]
    assert LogOpening.objects.filter(entry_id__in=numbers).exists()
    with at(timezone.now() + timedelta(hours=49)):
        assert sweep() == [found.public_id]
        assert search(probe(tmp_path, "again.png")).candidates
    Candidate.objects.exclude(search=found).delete()
    for table in (Candidate, Examination, Verification, VerificationItem, Lead, Withheld):
        assert not table.objects.exists(), table
    assert not LogOpening.objects.filter(entry_id__in=numbers).exists()
