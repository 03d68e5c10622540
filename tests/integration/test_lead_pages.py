"""The fifth step in pages: a supervisor decides, evidence unlocks, an outcome is reported; and who is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.factories.browser import signed_in
from tests.factories.commands import invoke
from tests.factories.examination import another_agency, examined_and_verified
from tests.factories.work import entries

from plainview.casework.models import Lead, Withheld
from plainview.policy.decision import Refused
from plainview.policy.examination import CONTRADICTIONS, NOT, STATEMENT
from plainview.storage.output import OutputError

FILLED = {f"c{i}": "checked" for i, _ in enumerate(CONTRADICTIONS)} | {
    f"w{i}": f"{name} was asked, nothing against it" for i, name in enumerate(CONTRADICTIONS)
}


@pytest.fixture
def examination(workspace: Path, tmp_path: Path) -> str:
    return examined_and_verified(tmp_path)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_supervisor_releases_records_evidence_and_an_outcome(examination: str) -> None:
    client = signed_in("supervisor")
    page = text(client.get("/leads/"))
    assert "verified</span>" in page
    url = f"/examinations/{examination}/release/"
    assert client.get(f"{url}probe.jpg").status_code == 404  # nothing is seen before its view is an entry
    page = text(client.get(url))
    assert STATEMENT in page
    assert "Sample verifier (blind)" in page
    assert [place in page for place in ("cx='25.0' cy='50.0'", "cx='30.0' cy='50.0'")] == [True, True]
    assert "mole left of the nose" in page  # the examiner's marks, over both faces
    assert "%" not in page.split("<main")[1].split("Meaning of the score")[1]
    assert client.get(f"{url}probe.jpg")["Content-Type"] == "image/jpeg"
    assert client.get(f"{url}candidate.jpg").content[:2] == b"\xff\xd8"
    assert client.get(f"{url}other.jpg").status_code == 404
    incomplete = client.post(url, FILLED | {"w3": " "})
    assert "Nothing is lost" in text(incomplete)
    assert FILLED["w0"] in text(incomplete)
    assert not Lead.objects.exists()
    done = client.post(url, FILLED)
    lead = Lead.objects.get()
    assert done["Location"] == f"/leads/{lead.public_id}/"
    assert lead.entry == entries("lead.released")[-1].seq
    page = text(client.get(done["Location"]))
    assert "Locked" in page
    client.post(f"/leads/{lead.public_id}/evidence/", {"evidence": "his card was used at the scene"})
    lead.refresh_from_db()
    assert lead.evidence_at is not None
    client.post(f"/leads/{lead.public_id}/outcome/", {"outcome": "wrong person", "note": "he was abroad"})
    assert "Wrong person: he was abroad" in text(client.get(f"/leads/{lead.public_id}/"))
    assert "released as" in text(client.get(url)).lower()
    assert entries("lead.viewed")[-1].subject["lead"] == lead.public_id


def test_evidence_with_the_release_unlocks_at_once(examination: str) -> None:
    client = signed_in("supervisor")
    url = f"/examinations/{examination}/release/"
    assert "fewer than 3 words" in text(client.post(url, FILLED | {"evidence": "yes"}))
    client.post(url, FILLED | {"evidence": "his fingerprint on the handle"})
    assert Lead.objects.get().evidence_at is not None


def test_a_supervisor_may_decide_not_to_release(examination: str) -> None:
    client = signed_in("supervisor")
    url = f"/examinations/{examination}/withhold/"
    assert "fewer than 3 words" in text(client.post(url, {"reason": "no"}))
    client.post(url, {"reason": "he was in prison that night"})
    assert Withheld.objects.get().reason == "he was in prison that night"
    assert "in prison" not in entries("lead.withheld")[-1].canonical.decode()
    refused = client.post(f"/examinations/{examination}/release/", FILLED)
    assert "Not released, decided on" in text(refused)
    assert "he was in prison" in text(client.get("/leads/"))


def test_a_disagreement_asks_for_words(workspace: Path, tmp_path: Path) -> None:
    public_id = examined_and_verified(tmp_path, verdict=NOT)
    client = signed_in("supervisor")
    assert "verifiers disagree: decide" in text(client.get("/leads/"))
    url = f"/examinations/{public_id}/release/"
    assert "This field is required" in text(client.post(url, FILLED))
    assert not Lead.objects.exists()
    client.post(url, FILLED | {"override": "the tattoo was seen on video"})
    assert Lead.objects.get().override


def test_a_check_that_contradicts_needs_a_reason_and_is_on_the_lead(examination: str) -> None:
    client = signed_in("supervisor")
    url = f"/examinations/{examination}/release/"
    against = FILLED | {"c4": "contradicts", "w4": "lives 210 km away"}
    assert "A check contradicts: place and time." in text(client.post(url, against))
    assert "fewer than 3 words" in text(client.post(url, FILLED | {"c0": "cannot be checked", "w0": "not yet"}))
    assert not Lead.objects.exists()
    there = client.post(url, against | {"override": "his car was filmed there"})["Location"]
    page = text(client.get(there))
    assert "contradicts: lives 210 km away" in page
    assert "his car was filmed there" in page


@pytest.mark.parametrize("name", ["examiner", "verifier", "admin", "auditor"])
def test_nobody_else_decides(examination: str, name: str) -> None:
    client = signed_in(name)
    for path in ("release/", "release/probe.jpg", "release/candidate.jpg"):
        assert client.get(f"/examinations/{examination}/{path}").status_code == 403
    assert client.post(f"/examinations/{examination}/release/", FILLED).status_code == 403
    assert client.post(f"/examinations/{examination}/withhold/", {"reason": "a b c"}).status_code == 403
    assert entries("lead.release.refused")
    assert not Lead.objects.exists()


def test_another_agency_sees_nothing_of_it(examination: str) -> None:
    client = signed_in("supervisor")
    client.post(f"/examinations/{examination}/release/", FILLED)
    lead = Lead.objects.get().public_id
    other = another_agency("supervisor")
    for url in (
        f"/examinations/{examination}/release/",
        f"/leads/{lead}/",
        f"/leads/{lead}/sheet.pdf",
        f"/leads/{lead}/probe.jpg",
    ):
        assert other.get(url).status_code == 404, url
    assert other.post(f"/leads/{lead}/outcome/", {"outcome": "cleared"}).status_code == 404
    page = text(other.get("/leads/"))
    assert lead not in page
    assert "C-1" not in page


def test_the_sheet_is_an_accessible_pdf_and_its_hash_is_in_the_log(examination: str) -> None:
    client = signed_in("supervisor")
    client.post(f"/examinations/{examination}/release/", FILLED)
    answer = client.get(f"/leads/{Lead.objects.get().public_id}/sheet.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert b"pdfuaid" in answer.content
    assert entries("lead.sheet_made")[-1].subject["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_the_command_line_withholds_and_writes_sheets(examination: str, tmp_path: Path) -> None:
    client = signed_in("supervisor")
    client.post(f"/examinations/{examination}/release/", FILLED)
    out, supervisor = tmp_path / "lead.pdf", ["--as", "supervisor@agency.example"]
    asked = ["lead", "sheet", Lead.objects.get().public_id, "--out", str(out), *supervisor]
    told = invoke(asked)
    assert told.exit_code == 0, told.exception
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert digest in told.output.replace("\n", "")
    assert entries("lead.sheet_made")[-1].subject["sha256"] == digest
    again = invoke(asked)
    assert isinstance(again.exception, OutputError)
    assert len(entries("lead.sheet_made")) == 1
    reason = ["--reason", "he was in prison"]
    refused = invoke(["lead", "withhold", examination, *reason, *supervisor])
    assert isinstance(refused.exception, Refused)
    assert refused.exception.rule_id == "lead.twice"
