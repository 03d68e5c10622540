"""The pages of a person's request by Django's client: what is wrong is said at once, and who may see what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import people, signed_in
from tests.factories.rights import HOW, decided, file, photo
from tests.factories.work import entries, gallery, person

from plainview.casework.models import Reference, SubjectRequest
from plainview.casework.rights.checks import confirm
from plainview.policy.rights import GROUNDS, PHOTO_BYTES


def form(**changed: Any) -> dict[str, Any]:
    told = {
        "agency": person("admin").agency.public_id,
        "wishes": ["access"],
        "own": "yes",
        "name": "Eileen Collins",
        "email": "eileen@person.example",
    }
    return told | changed


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_kept(workspace: Path) -> None:
    client = Client()
    answer = client.post("/rights/", {"email": "nobody", "named": "me"})
    assert answer.status_code == 422
    said = answer.content.decode()
    for words in (
        "Choose an agency.",
        "what you ask for",
        "whose pictures",
        "neither the number",
        "Your name is missing",
    ):
        assert words in said, words
    for changed, words in (
        ({"email": "nobody"}, "The e-mail address is not valid."),
        ({"photo": SimpleUploadedFile("me.jpg", b"no picture")}, "photo"),
        ({"photo": SimpleUploadedFile("me.jpg", bytes(PHOTO_BYTES + 1))}, "the limit is"),
        ({"name": "", "photo": SimpleUploadedFile("me.jpg", photo())}, "Choose the photograph again"),
        ({"agency": "A000000000000"}, "Select a valid choice"),
    ):
        answer = client.post("/rights/", form(**changed))
        assert answer.status_code == 422, changed
        assert words in answer.content.decode(), words
    assert not SubjectRequest.objects.exists()


def test_somebody_elses_data_are_refused_on_the_page_and_in_the_log(workspace: Path) -> None:
    answer = Client().post("/rights/", form(own="no"))
    for words in GROUNDS["another person"]:
        assert words in answer.content.decode()
    (entry,) = entries("rights.file.refused")
    assert (entry.actor, entry.subject["rule"]) == ("system", "rights.another_person")
    assert not entry.sealed.keys() & {"address", "user_agent"}
    assert not SubjectRequest.objects.exists()


def test_the_code_is_shown_once_and_opens_state_letter_and_proof_by_post_alone(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    client = Client()
    filed = client.post("/rights/", form())
    row = SubjectRequest.objects.get()
    assert row.public_id in filed.content.decode()
    page = f"/rights/{row.public_id}/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"code": "AAAA-AAAA-AAAA-AAAA"}).status_code == 403
    for file_name in ("answer.pdf", "proof.json"):
        assert client.get(page + file_name).status_code == 405
        assert client.post(page + file_name, {"code": "x"}).status_code == 403


def test_each_sees_of_it_what_is_theirs(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    row, mine = decided("access")
    page = f"/rights-requests/{row.public_id}/"
    people()
    admin, auditor, examiner = signed_in("admin"), signed_in("auditor"), signed_in("examiner")
    assert admin.get(f"{page}photo.jpg").status_code == 404  # its page was not shown, which would be in the log
    shown = admin.get(page).content.decode()
    assert "Eileen Collins" in shown
    assert admin.get(f"{page}photo.jpg")["Content-Type"] == "image/jpeg"
    face = row.findings.get(is_person=True).pk
    assert admin.get(f"{page}faces/{face}.jpg").status_code == 200
    read = auditor.get(page).content.decode()
    for hidden in ("Eileen", "person.example", "shop in May", mine.public_id, "photo.jpg"):
        assert hidden not in read, hidden
    assert auditor.get(f"{page}photo.jpg").status_code == 403
    assert examiner.get(page).status_code == 403
    assert len(entries("rights.viewed")) == 2
    assert admin.post(f"{page}answer/", {}).status_code == 302
    assert b"%PDF" in admin.get(f"{page}letter.pdf").content[:8]
    assert mine.public_id in auditor.get(page).content.decode()


def test_an_act_that_is_refused_loses_nothing(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    admin = signed_in("admin")
    row = file("erasure", picture=photo()).request
    page = f"/rights-requests/{row.public_id}/"
    refused = admin.post(f"{page}confirm/", {"how": "passport 123456789 was shown"})
    assert refused.status_code == 422
    assert "passport 123456789 was shown" in refused.content.decode()
    assert admin.post(f"{page}nothing/", {}).status_code == 404
    assert admin.get(f"{page}confirm/").status_code == 302
    for act, told in (
        ("refuse", {"reason": "because of something"}),
        ("extend", {"days": "61", "reason": "too many galleries here"}),
        ("search", {"top": "20"}),
        ("answer", {}),
        ("decide", {"looked": ["1"]}),  # nothing was searched, so no face is listed
        ("decide", {"looked": [Reference.objects.latest("pk").public_id]}),
    ):
        assert admin.post(f"{page}{act}/", told).status_code in (422, 404), act
    row.refresh_from_db()
    assert (row.state, row.extended_at, row.outcome) == ("received", None, "")
    confirm(row.public_id, HOW, acting_member=person("supervisor"))
    assert admin.post(f"{page}search/", {"top": "2"}).status_code == 302
    first = row.findings.earliest("pk")
    ticked = first.reference.public_id
    looked = [one.pk for one in row.findings.all()]
    assert admin.post(f"{page}decide/", {"looked": looked, "person": [ticked]}).status_code == 404
    assert not row.findings.exclude(is_person=None).exists()
    assert admin.post(f"{page}decide/", {"looked": looked, "person": first.pk}).status_code == 302
    assert row.findings.get(is_person=True) == first
    kept = admin.post(f"{page}answer/", {"reason": "no"})  # nothing ticked to erase, and no reason
    assert kept.status_code == 422
    assert f'value="{ticked}">' in kept.content.decode()
    assert (
        admin.post(f"{page}refuse/", {"ground": "restricted", "reason": "a law on custody pictures"}).status_code == 302
    )


@pytest.mark.parametrize("path", ["/rights/", "/rights/N000000000000/"])
def test_the_public_pages_need_no_session(workspace: Path, path: str) -> None:
    client = Client()
    assert client.get(path).status_code == 200
    assert "session" not in client.cookies
