"""Galleries in pages: the passport, an upload that the worker enrols, what could not be used, erasing; and refusals."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.examination import another_agency
from tests.factories.models import collins, hopper
from tests.factories.pictures import black_png
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.enrolment import intake
from plainview.casework.galleries.nist_write import Exported, write_nist
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.jobs import cancel
from plainview.casework.models import Enrolment, Gallery, Job, Reference
from plainview.casework.workspace.services import services
from plainview.worker.tasks import run_job

PASSPORT = {
    "legal_basis": "Act s. 4",
    "source": "desk",
    "owner": "Records",
    "expires_on": "2999-01-01",
    "offences": "",
}


def png(picture: Any) -> bytes:
    return bytes(cv2.imencode(".png", picture.pixels)[1])


def archive(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "."), data)
    return held.getvalue()


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def made(workspace: Path) -> Gallery:
    return create_gallery(
        "custody",
        legal_basis="Act s. 4",
        source="desk",
        owner="Records",
        expires_on=date(2999, 1, 1),
        acting_member=person("admin"),
    )


def test_a_gallery_is_made_and_its_passport_changed(made: Gallery) -> None:
    client = signed_in("admin")
    answer = client.post("/galleries/new/", PASSPORT | {"name": "second"})
    assert answer["Location"] == f"/galleries/{Gallery.objects.get(name='second').pk}/"
    assert "second" in text(client.get("/galleries/"))
    assert "This field is required" in text(client.post("/galleries/new/", {"name": "x"}))
    url = f"/galleries/{made.pk}/passport/"
    assert "The passport already says this" in text(client.post(url, PASSPORT | {"why": "w"}))
    client.post(url, PASSPORT | {"owner": "Others", "offences": "Robbery\nfraud", "why": "moved"})
    made.refresh_from_db()
    assert (made.owner, made.offences) == ("Others", ["fraud", "robbery"])
    page = text(client.get(f"/galleries/{made.pk}/"))
    assert "fraud, robbery" in page


def test_uploads_are_enrolled_by_the_worker_and_let_go(made: Gallery) -> None:
    client = signed_in("admin")
    packed = archive(
        hopper__png=png(hopper()),
        black__png=black_png(200),
        manifest__csv=b"path,source_url,captured_on\nhopper.png,https://source.example/h,1984-05-06\n",
    )
    files = [
        upload("all.zip", packed),
        upload("collins.png", png(collins())),
        upload("note.txt", b"no picture"),
    ]
    answer = client.post(f"/galleries/{made.pk}/enrol/", {"pictures": files, "source_url": "https://desk.example/"})
    run, job = Enrolment.objects.get(), Job.objects.get()
    assert answer["Location"] == f"/galleries/{made.pk}/enrolments/{run.pk}/"
    page = text(client.get(answer["Location"]))
    assert "Waiting for the worker" in page
    assert 'hx-trigger="every 1s"' in page
    run_job(job.pk)
    job.refresh_from_db()
    run.refresh_from_db()
    assert (job.state, job.done) == ("done", 4)
    assert (run.images, len(run.failed), run.files) == (2, 2, [])
    by_name = {row.file_name: row for row in Reference.objects.filter(gallery=made)}
    assert by_name["hopper.png"].source_url == "https://source.example/h"
    assert str(by_name["hopper.png"].captured_on) == "1984-05-06"
    assert by_name["collins.png"].source_url == "https://desk.example/"
    page = text(client.get(answer["Location"]))
    assert "hx-trigger" not in page
    assert "note.txt" in page
    # What could be opened is kept for a week; what could not is gone at once.
    kept = next(row for row in run.failed if row["path"] == "black.png")
    assert "blob" not in next(row for row in run.failed if row["path"] == "note.txt")
    number = run.failed.index(kept) + 1
    shown = client.get(f"{answer['Location']}failures/{number}.jpg")
    assert shown["Content-Type"] == "image/jpeg"
    wanted = {digest for row in by_name.values() for digest in (row.blob, row.face_file)} | {kept["blob"]}
    assert set(services().blobs.digests()) == wanted
    with at(timezone.now() + timedelta(days=8)):
        assert intake.sweep_failures() == 1
    assert set(services().blobs.digests()) == wanted - {kept["blob"]}
    assert client.get(f"{answer['Location']}failures/{number}.jpg").status_code == 404
    assert client.get(f"/galleries/{made.pk}/").status_code == 200


def test_an_interrupted_run_goes_on_and_counts_right(made: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.casework.enrolment.batches.BATCH", 1)
    files = [("a.png", io.BytesIO(png(hopper()))), ("b.png", io.BytesIO(png(collins())))]
    again = [*files, ("c.png", io.BytesIO(png(hopper())))]
    job = intake.ask_files(made.pk, again, acting_member=person("admin"))

    class Killed(BaseException):
        pass

    def dies(job: Job, done: int, total: int | None = None) -> None:
        if done == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.enrolment.intake.beat", dies)
        with pytest.raises(Killed):
            run_job(job.pk)
    assert Reference.objects.filter(gallery=made).exists()
    with at(timezone.now() + timedelta(minutes=2)):
        run_job(job.pk)
    run = Enrolment.objects.get()
    assert (run.images, run.duplicates, len(run.failed)) == (2, 1, 0)
    assert Reference.objects.filter(gallery=made).count() == 2
    assert len(entries("enrolment.finished")) == 1


def test_an_exchange_file_is_uploaded_as_its_pictures_whatever_its_name(made: Gallery) -> None:
    pictures = [Exported(png(hopper()), "PNG", (1, 1), date(1984, 5, 6), {"SRC": "desk 4"})]
    data = write_nist(pictures, agency="A", number="T-7", software="S")
    tattoo = data.replace(b"10.003:FACE", b"10.003:SCAR")
    files = [upload("booking.an2k", data), upload("export", tattoo), upload("half.eft", data[:-5000])]
    files.append(
        upload(
            "package.xml",
            b"<?xml version='1.0'?><itl:NISTBiometricInformationExchangePackage "
            b"xmlns:itl='http://biometrics.nist.gov/standard/2011'/>",
        )
    )
    careless = [Exported(png(collins()), "PNG", (1, 1), date(2024, 11, 1), {"SRC": "desk 5"}, "month")]
    whole = write_nist(careless, agency="A", number="T-8", software="S")
    odd = whole.replace(b"10.005:20241100", b"10.005:2024-11 ").replace(b"1.003:1\x1f1\x1e", b"1.003:1\x1f7\x1e")
    assert odd.count(b"2024-11 ") == odd.count(b"\x1f7\x1e") == 1
    files.append(upload("careless.nst", b"\xef\xbb\xbf" + odd + b"\r\n\x1a"))
    client = signed_in("admin")
    answer = client.post(f"/galleries/{made.pk}/enrol/", {"pictures": files, "source_url": ""})
    run_job(Job.objects.get().pk)
    run = Enrolment.objects.get()
    assert run.images == 2
    other = Reference.objects.get(gallery=made, file_name="careless.nst#1")
    assert (other.captured_iso, other.provenance["TCN"]) == ("2024-11", "T-8")
    row = Reference.objects.get(gallery=made, file_name="booking.an2k#1")
    assert (row.file_name, str(row.captured_on)) == ("booking.an2k#1", "1984-05-06")
    assert (row.provenance["SRC"], row.provenance["TCN"]) == ("desk 4", "T-7")
    assert {failure["path"]: failure["code"] for failure in run.failed} == {
        "export#1": "exchange_no_face",
        "half.eft": "exchange_damaged",
        "package.xml": "format_not_allowed",
    }
    page = text(client.get(answer["Location"]))
    assert "shows &#x27;SCAR&#x27; instead of a face" in page
    assert "XML encoding" in page


def test_rows_of_a_manifest_meet_the_records_of_an_exchange_file(made: Gallery) -> None:
    booking = [
        Exported(png(hopper()), "PNG", (1, 1), date(1984, 5, 1), {"SRC": "desk 4"}, "month"),
        Exported(png(collins()), "PNG", (1, 1), date(1999, 7, 1), {"SRC": "desk 4"}),
    ]
    one = write_nist(
        [Exported(bytes(cv2.imencode(".jpg", hopper().pixels)[1]), "JPEG", (1, 1), None, {})],
        agency="A",
        number="U",
        software="S",
    )
    rows = (
        b"path,source_url,captured_on\nBooking.an2#1,https://source.example/1,\n"
        b"booking.an2#2,https://source.example/2,2001\none.an2,https://source.example/3,\nbooking.an2#9,,\n"
    )
    files = [
        upload("booking.an2", write_nist(booking, agency="A", number="T", software="S")),
        upload("one.an2", one),
        upload("list.csv", rows),
    ]
    signed_in("admin").post(f"/galleries/{made.pk}/enrol/", {"pictures": files, "source_url": ""})
    run_job(Job.objects.get().pk)
    references = Reference.objects.filter(gallery=made).order_by("source_url")
    assert [(row.file_name, row.captured_iso, row.source_url) for row in references] == [
        ("booking.an2#1", "1984-05", "https://source.example/1"),
        ("booking.an2#2", "2001", "https://source.example/2"),
        ("one.an2#1", None, "https://source.example/3"),
    ]
    assert [row.provenance["TCN"] for row in references] == ["T", "T", "U"]
    assert {row["path"]: row["code"] for row in Enrolment.objects.get().failed} == {"booking.an2#9": "no_picture"}


def test_a_cancelled_run_lets_the_uploads_go(made: Gallery) -> None:
    job = intake.ask_files(made.pk, [("a.png", io.BytesIO(png(hopper())))], acting_member=person("admin"))
    Job.objects.filter(pk=job.pk).update(state="running", tries=1, beat_at=timezone.now())
    cancel(job.public_id, acting_member=person("admin"))
    Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - timedelta(minutes=5))
    run_job(job.pk)
    assert Job.objects.get().state == "cancelled"
    intake.close_abandoned()
    assert list(services().blobs.digests()) == []
    assert Enrolment.objects.get().finished_at is not None


@pytest.mark.parametrize("name", ["bad.zip", "empty.zip", "rows.csv"])
def test_what_cannot_be_taken_in_leaves_nothing(made: Gallery, name: str) -> None:
    data = {
        "bad.zip": b"PK\x03\x04 not an archive",
        "empty.zip": archive(),
        "rows.csv": b"name\nx\n",
    }[name]
    files = [upload("a.png", png(hopper()))] * (name != "empty.zip") + [upload(name, data or b"x")]
    page = text(signed_in("admin").post(f"/galleries/{made.pk}/enrol/", {"pictures": files}))
    if name != "empty.zip":
        assert "Nothing is lost" in page
        assert list(services().blobs.digests()) == []
        assert not Enrolment.objects.exists()


def test_a_folder_of_the_server_only_where_the_operator_allows_it(made: Gallery, tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    for folder in (allowed, secret):
        folder.mkdir()
        (folder / "hopper.png").write_bytes(png(hopper()))
    (allowed / "link.png").symlink_to(secret / "hopper.png")
    client, url = signed_in("admin"), f"/galleries/{made.pk}/enrol/"
    assert "Folder on the server" not in text(client.get(url))
    settings = services().workspace.settings_file
    settings.write_text(settings.read_text() + f'enrol_folders = ["{allowed}"]\n')
    assert "Folder on the server" in text(client.get(url))
    for inside in ("../secret", "nowhere"):
        page = client.post(url, {"folder": str(allowed), "inside": inside})
        assert "not allowed, or does not exist" in text(page)
    assert client.post(url, {"folder": str(secret)}).status_code == 200
    assert client.post(url, {"folder": str(allowed)}).status_code == 302
    run_job(Job.objects.get().pk)
    run = Enrolment.objects.get()
    assert (run.images, run.duplicates) == (1, 0)


def test_a_reference_is_erased_by_its_id_and_nobody_browses(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    found = search(probe(tmp_path)).candidates[0].reference.public_id
    client = signed_in("admin")
    assert client.get(f"/references/?id={found}")["Location"] == f"/references/{found}/"
    assert client.get("/references/?id=R000000000000").status_code == 404
    assert found in text(client.get(f"/references/{found}/"))
    assert entries("reference.viewed")[-1].subject["reference"] == found
    assert client.get(f"/references/{found}/face.jpg").content[:2] == b"\xff\xd8"
    assert "fewer than 3 words" in text(client.post(f"/references/{found}/", {"reason": "gone"}))
    client.post(f"/references/{found}/", {"reason": "by order of the court"})
    assert client.get(f"/references/{found}/").status_code == 404
    assert entries("reference.expunged")[-1].subject["via"] == "web"


def test_others_may_read_the_passport_and_nothing_more(made: Gallery) -> None:
    for name in ("examiner", "supervisor", "auditor"):
        client = signed_in(name)
        page = text(client.get(f"/galleries/{made.pk}/"))
        assert "Act s. 4" in page
        assert "Enrol pictures" not in page
        for path in ("passport/", "enrol/", "enrolments/1/"):
            assert client.get(f"/galleries/{made.pk}/{path}").status_code == 403
    assert signed_in("verifier").get("/galleries/").status_code == 403
    other = another_agency("admin")
    assert "custody" not in text(other.get("/galleries/"))
    for path in ("", "passport/", "enrol/"):
        assert other.get(f"/galleries/{made.pk}/{path}").status_code == 404
    sent = other.post(f"/galleries/{made.pk}/enrol/", {"pictures": [upload("a.png", png(hopper()))]})
    assert sent.status_code == 404
    assert list(services().blobs.digests()) == []
