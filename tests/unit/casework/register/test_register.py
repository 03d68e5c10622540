"""The public register: its numbers are the log's, small ones are hidden, and what is taken out afterwards shows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.register import agency, happened, moment, use
from tests.factories.work import at, case, entries, gallery, person, probe, search

import plainview.audit
from plainview.casework.find import member_by_email
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import (
    Attestation,
    Gallery,
    GalleryCalibration,
    LogEntry,
    Member,
    PublishedRegister,
)
from plainview.casework.people.agencies import open_agency, suspend_agency
from plainview.casework.register.publish import attest, export_register, publish_month
from plainview.casework.register.read import register, tally_of
from plainview.casework.search.urgent import sweep
from plainview.policy.decision import Refused
from plainview.recheck.register import check_register
from plainview.scores.calibration import Calibration


@pytest.fixture
def north(workspace: Path) -> Member:
    """A real agency, open since January 2027, with four months of use; its administrator."""
    boss = agency("North Police", "2027-01")
    use(boss.agency, "2027-01", 6)
    use(boss.agency, "2027-01", 2, "theft")
    use(boss.agency, "2027-02", 3)
    use(boss.agency, "2027-04", 12, "fraud")
    use(boss.agency, "2027-04", 4, "theft", candidates=0)
    use(boss.agency, "2027-04", 5, "fraud", urgent=True, erased=True)
    happened("2027-04", "lead.released", 6, agency=boss.agency.public_id)
    happened("2027-04", "outcome.reported", 2, agency=boss.agency.public_id, outcome="wrong person")
    happened("2027-04", "outcome.reported", 5, agency=boss.agency.public_id, outcome="cleared")
    happened("2027-04", "search.refused", 7, agency=boss.agency.public_id, rule="search.ground")
    happened("2027-04", "search.refused", 3, agency=boss.agency.public_id, rule="case.closed")
    happened("2027-04", "flag.decided", 5, agency=boss.agency.public_id, rule="misuse.pace", outcome="upheld")
    return boss


def export(folder: Path, month: str = "2027-06") -> dict[str, Any]:
    with at(moment(month)):
        export_register(folder, acting_member=person("admin"))
    told: dict[str, Any] = json.loads((folder / "register.json").read_text())
    return told


def of(told: dict[str, Any], name: str = "North Police") -> dict[str, Any]:
    return next(row for row in told["agencies"] if row["name"] == name)


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the data and write every page and hash anew, as whoever runs the site could."""
    from hashlib import sha256

    from plainview.casework.register.site import pages

    told = json.loads((folder / "register.json").read_text())
    change(told)
    data = json.dumps(told, indent=1, ensure_ascii=False).encode()
    files = {"register.json": data} | pages(told, sha256(data).hexdigest(), [])
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    (folder / "site.json").write_text(json.dumps({"files": hashes}))


def test_a_sample_sees_its_own_searches_counted_and_nobody_named(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    for _ in range(2):
        search(image)
    search(image, urgent="life at risk")
    with pytest.raises(Refused):
        search(image, purpose="private curiosity")
    with at(timezone.now() + timedelta(days=3)):
        assert len(sweep()) == 1  # erased, and still counted
        export_register(tmp_path / "site", acting_member=person("admin"))
    told = json.loads((tmp_path / "site" / "register.json").read_text())
    (row,) = told["agencies"]
    assert (row["name"], row["searches"], row["zero_use"], row["sample"]) == (
        "Sample Agency (not real)",
        3,
        False,
        True,
    )
    assert (row["galleries"][0]["legal_basis"], row["galleries"][0]["references"]) == ("law", 2)
    assert row["refusals"] == {"search.ground": None}
    assert row["by_month"][-1]["searches"] is None  # the rule of small cells is the same
    assert told["models"][0]["name"] == "yunet-sface"
    page = (tmp_path / "site" / f"{row['id']}.html").read_text()
    for text in (json.dumps(told), page, (tmp_path / "site" / "index.html").read_text()):
        for secret in ("agency.example", "C-1", "find the rider", "Sample examiner"):
            assert secret not in text
    assert "This is a sample agency" in page
    assert (tmp_path / "site" / "index.html").stat().st_mode & 0o777 == 0o644
    assert check_register(tmp_path / "site") == []
    assert check_register(tmp_path / "site", workspace / "audit") == []
    assert entries("register.exported")[0].subject["agencies"] == 1


def test_the_figures_of_an_agency_are_those_of_the_log_with_the_small_ones_hidden(
    north: Member, workspace: Path, tmp_path: Path
) -> None:
    row = of(export(tmp_path / "site"))
    assert (row["counted_from"], row["counted_until"], row["searches"]) == ("2027-01", "2027-05", 32)
    assert [(r["from"], r["until"], r["searches"], r["offences"], r["other"]) for r in row["by_month"]] == [
        ("2027-01", "2027-01", 8, {}, 8),  # six robberies alone would tell that there were two others
        ("2027-02", "2027-04", 24, {"fraud": 17}, 7),
        ("2027-05", "2027-05", 0, {}, 0),
    ]
    assert row["by_offence"] == {"fraud": 17}
    assert (row["other_offences"], row["held_back"]) == (15, False)
    assert row["without_candidate"] == {"searches": 8, "without": 0}  # the four are held back
    assert row["urgent"] == {"searches": 32, "urgent": 5, "erased": 5}
    assert (row["leads"], row["outcomes"], row["wrong_person_reports"]) == (6, {"cleared": 5}, 2)
    assert row["refusals"] == {"case.closed": None, "search.ground": 7}
    assert row["flags"] == {"misuse.pace": {"upheld": 5}}
    assert row["galleries"] == []
    assert check_register(tmp_path / "site", workspace / "audit") == []


def test_a_month_is_counted_when_it_is_over(north: Member, tmp_path: Path) -> None:
    use(north.agency, "2027-06", 20)
    assert of(export(tmp_path / "site", "2027-06"))["searches"] == 32
    assert of(export(tmp_path / "site", "2027-07"))["searches"] == 52


def test_an_agency_without_a_month_behind_it_shows_no_numbers(workspace: Path, tmp_path: Path) -> None:
    new = agency("New Police", "2027-06")
    use(new.agency, "2027-06", 9)
    row = of(export(tmp_path / "site", "2027-06"), "New Police")
    assert (row["by_month"], row["searches"], row["zero_use"]) == ([], 0, False)
    assert "its first month has not ended" in (tmp_path / "site" / f"{row['id']}.html").read_text()


ALTERED: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda told: of(told)["by_month"].pop(1), "the months 2027-02 to 2027-04 of the log is left out"),
    (lambda told: of(told)["by_month"][0].update(searches=7), "the month 2027-01: the register states 7 searches"),
    (lambda told: of(told)["by_month"][1]["offences"].update(fraud=16), "the log records 24 searches (fraud 17"),
    (lambda told: of(told).update(searches=31), "searches: the register states 31, the log records 32"),
    (lambda told: of(told).update(wrong_person_reports=0), "wrong_person_reports: the register states 0"),
    (lambda told: of(told).update(leads=12), "leads: the register states 12, the log records 6"),
    (lambda told: of(told).update(counted_until="2027-03"), "counted_until: the register states 2027-03"),
    (
        lambda told: of(told).update(counted_from="2027-03"),
        "counted_from: the register states 2027-03, the log records 2027-01",
    ),
    (lambda told: of(told).update(opened_on="2027-03-01"), "it was opened on 2027-01-10"),
    (lambda told: told["agencies"].remove(of(told)), "of the log is left out"),
    (
        lambda told: of(told)["attested"].append(
            {
                "office": "Chief",
                "from": "2027-05",
                "until": "2027-05",
                "entry": 3,
                "made_on": "2027-06-01",
                "contradicted": False,
            }
        ),
        "entry 3 of the log does not attest the month 2027-05",
    ),
]


def test_whatever_is_altered_is_found_and_named(north: Member, workspace: Path, tmp_path: Path) -> None:
    export(tmp_path / "site")
    for number, (change, words) in enumerate(ALTERED):
        site = shutil.copytree(tmp_path / "site", tmp_path / f"copy{number}")
        changed(site, change)
        assert check_register(site) == [], words  # without the log it is as good as any
        problems = check_register(site, workspace / "audit")
        assert any(words in problem for problem in problems), (words, problems)
        assert any("does not record that this register.json was published" in problem for problem in problems)


def test_a_changed_page_is_found_and_named(north: Member, workspace: Path, tmp_path: Path) -> None:
    site, row = tmp_path / "site", of(export(tmp_path / "site"))
    page = site / f"{row['id']}.html"
    whole = page.read_text()
    page.write_text(whole.replace(">17<", ">71<"))
    assert check_register(site) == [f"{page.name} was changed after it was written"]
    hashes = json.loads((site / "site.json").read_text())
    del hashes["files"][page.name]
    (site / "site.json").write_text(json.dumps(hashes))
    assert check_register(site, workspace / "audit") == ["site.json is not the one whose hash the log holds"]
    page.unlink()
    (site / "index.html").write_text("nothing")
    assert check_register(site) == ["index.html was made from another register.json"]


def test_a_month_that_was_taken_out_and_a_broken_history_are_found(north: Member, tmp_path: Path) -> None:
    site = tmp_path / "site"
    export(site, "2027-05")
    second = export(site, "2027-06")
    third = export(site, "2027-07")
    assert len(list((site / "history").iterdir())) == 2
    assert check_register(site) == []
    changed(site, lambda told: of(told)["by_month"].pop(0))
    assert "North Police: the month 2027-01 was there before and is gone" in check_register(site)
    changed(site, lambda told: of(told)["by_month"].insert(0, of(third)["by_month"][0] | {"searches": 9}))
    assert "North Police: the month 2027-01 says other numbers than before" in check_register(site)
    changed(site, lambda told: told["agencies"].remove(of(told)))
    assert "North Police: the agency was there before and is gone" in check_register(site)
    first = site / "history" / f"{second['previous_sha256']}.json"
    first.write_bytes(first.read_bytes().replace(b'"searches": 32', b'"searches": 33'))
    assert any("was changed afterwards" in problem for problem in check_register(site))
    first.unlink()
    assert any("is missing from its history" in problem for problem in check_register(site))


def test_a_folder_with_something_else_is_left_alone(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("x")
    with pytest.raises(Refused, match=r"register\.folder"):
        export(tmp_path / "other")
    with pytest.raises(Refused, match=r"register\.unreadable"):
        check_register(tmp_path / "other")
    (tmp_path / "other" / "register.json").write_text("[]")
    with pytest.raises(Refused, match=r"register\.unreadable"):
        check_register(tmp_path / "other")
    shutil.rmtree(tmp_path / "other")
    assert of(export(tmp_path / "other"), "Sample Agency (not real)")["zero_use"] is True


def test_months_without_use_are_attested_by_an_office(north: Member, workspace: Path, tmp_path: Path) -> None:
    with at(moment("2027-06")):
        row = attest("2027-03", "2027-03", office=" Chief of Police ", acting_member=north)
        boss = member_by_email("supervisor@north-police.example")
        attest("2027-05", "2027-05", office="Chief of Police", acting_member=boss)
    (entry, _) = entries("register.attested")
    assert (entry.seq, entry.subject["from"]) == (row.entry, "2027-03")
    assert "Chief" not in entry.canonical.decode()
    told = of(export(tmp_path / "site"))
    assert [(r["office"], r["from"], r["contradicted"]) for r in told["attested"]] == [
        ("Chief of Police", "2027-05", False),
        ("Chief of Police", "2027-03", False),
    ]
    assert check_register(tmp_path / "site", workspace / "audit") == []


UNTRUE = (
    ("2027-04", "2027-05", "Chief of Police", "attest.searched"),
    ("2027-06", "2027-06", "Chief of Police", "attest.not_over"),
    ("2026-12", "2027-01", "Chief of Police", "attest.before_opening"),
    ("2027-13", "2027-13", "Chief of Police", "attest.months"),
    ("2027-05", "2027-03", "Chief of Police", "attest.months"),
    ("May", "May", "Chief of Police", "attest.months"),
    ("2027-05", "2027-05", "  ", "attest.office"),
    ("2027-05", "2027-05", "<b>Chief", "attest.office"),
    ("2027-05", "2027-05", "Chief Bea Boss", "attest.office_is_person"),
    ("2027-05", "2027-05", "ada head", "attest.office_is_person"),
)
"""First and last month, office, and the rule that refuses them."""


def test_what_cannot_be_attested(north: Member) -> None:
    for first, last, office, rule in UNTRUE:
        with at(moment("2027-06")), pytest.raises(Refused) as refused:
            attest(first, last, office=office, acting_member=north)
        assert refused.value.rule_id == rule
        assert entries("register.attest.refused")[-1].subject["rule"] == rule
    assert not Attestation.objects.exists()


def test_a_month_is_attested_once_and_by_nobody_else(north: Member) -> None:
    with at(moment("2027-06")):
        attest("2027-05", "2027-05", office="Chief of Police", acting_member=north)
        with pytest.raises(Refused, match=r"attest\.twice"):
            attest("2027-05", "2027-05", office="Sheriff", acting_member=north)
        with pytest.raises(Refused, match=r"member\.no_permission"):
            attest("2027-05", "2027-05", office="Sheriff", acting_member=person("examiner"))


def test_an_attestation_that_the_log_contradicts_says_so(north: Member, workspace: Path, tmp_path: Path) -> None:
    with at(moment("2027-06")):
        row = attest("2027-03", "2027-03", office="Chief of Police", acting_member=north)
    Attestation.objects.filter(pk=row.pk).update(first="2027-02")
    assert of(export(tmp_path / "site"))["attested"][0]["contradicted"] is True
    assert "contradicted: the log has a search" in (tmp_path / "site" / f"{north.agency.public_id}.html").read_text()
    said = [f"North Police: entry {row.entry} of the log does not attest the months 2027-02 to 2027-03"]
    assert check_register(tmp_path / "site", workspace / "audit") == said


def test_an_agency_that_was_opened_again_keeps_its_earlier_months(
    north: Member, workspace: Path, tmp_path: Path
) -> None:
    with at(moment("2027-05")):
        suspend_agency("North Police", reason="an inquiry")
        open_agency("North Police")
    assert of(export(tmp_path / "site"))["counted_from"] == "2027-01"
    assert check_register(tmp_path / "site", workspace / "audit") == []


def test_requests_are_counted_under_both_agencies_and_are_use(north: Member, workspace: Path, tmp_path: Path) -> None:
    south = agency("South Police", "2027-05", place="South")
    asked = {"agency": north.agency.public_id, "for_agency": south.agency.public_id}
    happened("2027-05", "shared.authorised", 5, **asked)
    told = export(tmp_path / "site")
    sides = ("requests_made", "requests_received")
    assert [of(told)[side] for side in sides] == [0, 5]
    assert [of(told, "South Police")[side] for side in sides] == [5, 0]
    with at(moment("2027-06")), pytest.raises(Refused, match=r"attest\.searched"):
        attest("2027-05", "2027-05", office="Sheriff", acting_member=south)
    assert check_register(tmp_path / "site", workspace / "audit") == []


def test_each_month_is_published_once_and_names_the_one_before(north: Member) -> None:
    with at(moment("2027-05", 1)):
        first = publish_month()
        assert publish_month() is None
    with at(moment("2027-08")):
        second = publish_month()  # after a pause only the newest: it holds the months before it
    assert first is not None
    assert second is not None
    assert (first.month, second.month) == ("2027-04", "2027-07")
    told = json.loads(bytes(second.data))
    assert told["previous_sha256"] == first.sha256
    assert [row.subject["sha256"] for row in entries("register.published")] == [first.sha256, second.sha256]
    assert PublishedRegister.objects.count() == 2


def test_a_deployment_without_a_month_behind_it_publishes_none(workspace: Path) -> None:
    assert publish_month() is None


def test_the_count_goes_on_where_it_ended_and_begins_anew_for_another_log(north: Member) -> None:
    size = LogEntry.objects.count()
    before = tally_of(size)
    use(north.agency, "2027-06", 7)
    after = tally_of(LogEntry.objects.count())
    assert after.total(north.agency.public_id, "search:") - before.total(north.agency.public_id, "search:") == 7
    assert tally_of(size) == before
    LogEntry.objects.filter(seq=size - 1).update(leaf=b"another")
    assert tally_of(size) == before


def test_a_register_of_an_earlier_checkpoint_counts_no_later_entry(north: Member) -> None:
    with at(moment("2027-04")):
        early = newest_checkpoint()
    use(north.agency, "2027-04", 9)
    with at(moment("2027-06")):
        assert of(register(early, None))["searches"] == 32
        assert of(register(newest_checkpoint(), None))["searches"] == 41


def test_the_outsiders_script_says_the_same(north: Member, workspace: Path, tmp_path: Path) -> None:
    export(tmp_path / "site")
    told = tmp_path / "site" / "register.json"

    def script() -> tuple[int, list[str]]:
        words = [
            sys.executable,
            "-I",
            Path(plainview.audit.__file__).with_name("standalone.py"),
            workspace / "audit",
        ]
        done = subprocess.run(
            [*map(str, words), "--register", str(told), "--json"], capture_output=True, text=True, check=False
        )
        return done.returncode, json.loads(done.stdout)["problems"] if done.stdout else [done.stderr]

    assert script() == (0, [])
    changed(tmp_path / "site", lambda held: of(held)["by_month"][0].update(searches=7))
    code, problems = script()
    assert code == 1
    assert "the register: North Police: 2027-01 to 2027-01: the log records {'robbery': 6, 'theft': 2}" in problems
    told.write_text("{}")
    assert script()[0] == 2


def test_a_gallery_says_what_was_measured_in_it(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    held = Gallery.objects.get()
    Gallery.objects.update(pack="p")
    best = tuple(i / 1000 for i in range(1000))
    figures = Calibration(2345, 2345, best, 1000, 0.0, None, "cosine", ())
    GalleryCalibration.objects.create(gallery=held, pack="p", seq=9, size=2345, data=figures.to_json())
    row = register(newest_checkpoint(), None)["agencies"][0]["galleries"][0]
    assert (row["measured"]["references"], row["measured"]["score_one_in_100"]) == (2300, "0.990")
    assert row["ended"] is False
