"""Pictures by the API: those of the pages, for whom the page shows them, and never without an entry of their view."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from tests.factories.alerts import alert, arrive, her
from tests.factories.browser import signed_in
from tests.factories.power import set_roles
from tests.factories.programs import Answer, program
from tests.factories.verification import another, examined, many
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.erasure.expunge import expunge
from plainview.casework.models import Candidate, Search, Verification
from plainview.casework.probes.approvals import request_approval
from plainview.worker.tasks import run_next


def pixels(answer: Answer) -> tuple[int, int]:
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg"), answer.raw[:300]
    return Image.open(io.BytesIO(answer.raw)).size


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    gallery(tmp_path / "pictures")
    case()
    return search(probe(tmp_path)).search.public_id


def test_pictures_of_a_list_are_those_of_its_page_and_one_view(found: str) -> None:
    page, who = signed_in(), program()
    page.get(f"/searches/{found}/")
    before = len(entries("candidates.viewed"))
    for ours, theirs in (
        (f"/searches/{found}/candidates/1/picture", "candidates/1/face.jpg"),
        (f"/searches/{found}/candidates/1/picture?part=whole", "candidates/1/whole.jpg"),
        (f"/searches/{found}/probe", "probe.jpg"),
        (f"/searches/{found}/probe?part=whole", "probe.jpg?whole"),
        (f"/searches/{found}/probe?part=original", "probe.jpg?original"),
    ):
        answer = who.get(ours)
        assert pixels(answer)
        assert answer.raw == page.get(f"/searches/{found}/{theirs}").content, ours
    assert len(entries("candidates.viewed")) == before + 1, "the first picture opened the list"
    assert entries("candidates.viewed")[-1].subject["via"] == "api"


def test_another_tokens_view_is_not_this_ones(found: str) -> None:
    first, second = program(), program()
    assert first.get(f"/searches/{found}").status == 200
    assert first.get(f"/searches/{found}/candidates/1/picture").status == 200
    assert len(entries("candidates.viewed")) == 1, "the list was open"
    assert second.get(f"/searches/{found}/candidates/1/picture").status == 200
    assert len(entries("candidates.viewed")) == 2


def test_a_picture_of_a_page_that_was_not_opened_opens_it(found: str) -> None:
    page = signed_in()
    for _ in range(2):
        assert page.get(f"/searches/{found}/candidates/1/face.jpg").status_code == 200
    assert len(entries("candidates.viewed")) == 1


def test_who_asks_for_a_picture_is_no_blind_second(workspace: Path, tmp_path: Path) -> None:
    """Pictures have no scores, but whoever has seen the candidate would know the face among the others."""
    listed = many(tmp_path)
    curious = another("curious@agency.example", "examiner")
    assert program(curious).get(f"/searches/{listed}/candidates/1/picture").status == 200
    examined(listed)
    assert not Verification.objects.filter(verifier=curious).exists()


def test_a_picture_that_an_alert_raised_is_a_view_for_whoever_may_verify_it(workspace: Path, tmp_path: Path) -> None:
    """The page of alerts shows it to its owner without an entry, and to them only."""
    gallery(tmp_path / "g")
    case()
    alert(tmp_path)
    arrive(tmp_path, "her.png", her())
    raised = Search.objects.get(alert__isnull=False).public_id
    set_roles("verifier@agency.example", ["examiner", "verifier"], acting_member=person("admin"))
    for name, views in (("examiner", 0), ("verifier", 1)):
        page = signed_in(name)
        assert raised not in page.get("/alerts/").content.decode() or not views
        assert page.get(f"/searches/{raised}/candidates/1/face.jpg").status_code == 200
        assert len(entries("candidates.viewed")) == views, name


def test_a_verifier_gets_pictures_and_nothing_else(workspace: Path, tmp_path: Path) -> None:
    """No score, rank, name or id of the candidate: nor in an order, a length, a link or a header."""
    row = examined(many(tmp_path))
    task = row.verifications.get()
    who = program(task.verifier)
    (listed,) = who.get("/verifications").json["items"]
    assert set(listed) == {"id", "assigned_at"}
    shown = who.get(f"/verifications/{listed['id']}")
    assert set(shown.json) == {"id", "probe", "faces"}
    assert [set(face) for face in shown.json["faces"]] == [{"position", "jpeg", "more"}] * len(shown.json["faces"])
    assert [face["position"] for face in shown.json["faces"]] == sorted(
        face["position"] for face in shown.json["faces"]
    )
    pictures = [shown.json["probe"], *(face["jpeg"] for face in shown.json["faces"])]
    assert len({len(picture) for picture in pictures}) == 1
    assert len({Image.open(io.BytesIO(base64.b64decode(picture))).size for picture in pictures}) == 1
    search = row.candidate.search
    told = f"{shown.headers}{shown.raw.decode()}"
    hidden = [search.public_id, row.public_id, search.case.number, search.gallery.name, search.probe_blob]
    hidden += [candidate.reference.public_id for candidate in Candidate.objects.filter(search=search)]
    assert not [word for word in hidden if f'"{word}"' in told or f"/{word}" in told]
    assert who.get(f"/verifications/{listed['id']}").raw == shown.raw, "the same again"


def test_what_was_erased_or_is_not_there_is_a_problem(found: str) -> None:
    who, reference = program(), Candidate.objects.get(search__public_id=found, rank=1).reference.public_id
    for path, rule in (
        (f"/searches/{found}/candidates/99/picture", "candidate.unknown"),
        (f"/searches/{found}/probe?photograph=2", "photograph.unknown"),
        (f"/searches/{found}/probe?part=half", "api.fields"),
        (f"/searches/{found}/candidates/1/picture?size=9", "api.fields"),
    ):
        assert who.get(path).rule == rule
    expunge(reference, reason="asked for in a letter", acting_member=person("admin"))
    gone = who.get(f"/searches/{found}/candidates/1/picture?picture={reference}")
    assert (gone.status, gone.rule) == (404, "api.picture")


def test_a_pair_is_opened_before_it_is_examined(found: str) -> None:
    pair = program().get(f"/searches/{found}/candidates/1/examination")
    assert pair.status == 200, pair.raw
    sizes = {Image.open(io.BytesIO(base64.b64decode(pair.json[name]))).size for name in ("probe", "candidate")}
    assert len(sizes) == 1, "one scale"
    assert pair.json["picture"] in pair.json["pictures"] or not pair.json["pictures"]
    (entry,) = entries("examination.viewed")
    assert (entry.subject["rank"], entry.subject["via"]) == (1, "api")


def test_a_supervisor_sees_what_they_decide_on(workspace: Path, tmp_path: Path) -> None:
    row = examined(many(tmp_path))
    shown = program("supervisor").get(f"/examinations/{row.public_id}/release")
    assert shown.status == 200, shown.raw
    assert (shown.json["conclusion"], shown.json["state"]) == (row.conclusion, "waiting")
    assert base64.b64decode(shown.json["candidate"])[:2] == b"\xff\xd8"
    assert len(entries("lead.decision_viewed")) == 1


def test_a_probe_is_seen_by_who_prepares_it_and_who_approves_it(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    who, image = program(), probe(tmp_path)
    made = who.form("/probes", image, case="C-1").json
    path = f"/probes/{made['id']}/picture"
    assert list(pixels(who.get(path))) == made["size"]
    who.send("PATCH", path.removesuffix("/picture"), {"face": 1})
    assert pixels(who.get(f"{path}?part=face")) == (320, 320)
    assert program("examiner").get(path).status == 200
    assert program(another("other@agency.example", "examiner")).get(path).status == 404, "drafts are one's own"
    asked = request_approval("C-1", "find the rider", made["sha256"], acting_member=person("examiner"))
    supervisor = program("supervisor")
    assert list(pixels(supervisor.get(f"/approvals/{asked.public_id}/picture"))) == made["size"]
    assert len(entries("approvals.viewed")) == 1
    assert supervisor.get("/approvals/A0/picture").rule == "approval.unknown"


def test_a_sheet_is_a_document(found: str) -> None:
    sheet = program().get(f"/searches/{found}/candidates.pdf")
    assert (sheet.headers["Content-Type"], sheet.raw[:5]) == ("application/pdf", b"%PDF-")
    assert len(entries("candidates.list_made")) == 1


def test_an_enrolment_says_what_became_of_every_file(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    admin = program("admin")
    files = [SimpleUploadedFile("a.png", probe(tmp_path).read_bytes()), SimpleUploadedFile("b.jpg", b"no picture")]
    asked = admin.form("/galleries/g/enrolments", b"", "files", files=files)
    assert asked.status == 202, asked.raw
    assert run_next()
    (newest, *_) = admin.get("/galleries/g/enrolments").json["items"]
    assert newest["job"] == asked.json["id"]
    shown = admin.get(f"/enrolments/{newest['number']}").json
    assert shown == newest
    assert (shown["enrolled"], [failure["path"] for failure in shown["failed"]]) == (1, ["b.jpg"])
    kept = f"/enrolments/{newest['number']}/failed/1/picture"
    assert admin.get(kept).rule == "api.picture", "it is no picture, so none is kept"
    assert admin.post(f"/enrolments/{newest['number']}/failed/erase").status == 200
    assert program("examiner").get(f"/enrolments/{newest['number']}").rule == "member.no_permission"


def test_a_gallery_in_numbers_is_what_its_page_draws(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    shown = program("admin").get("/galleries/g/contents").json
    assert (shown["references"], sum(shown["quality"]), len(shown["quality"])) == (2, 2, 10)
    assert shown["undated"] + sum(shown["years"].values()) == 2
