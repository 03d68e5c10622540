"""Administrators and a request "about oneself": it is no way to look up somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.factories.browser import people, signed_in
from tests.factories.models import collins
from tests.factories.refusals import rule_of
from tests.factories.rights import HOW, confirmed, file, photo
from tests.factories.work import entries, gallery, person, write

from plainview.casework.log.read import newest_entry
from plainview.casework.misuse.tripwires import add_tripwire
from plainview.casework.models import Flag, Member, SubjectFinding, SubjectRequest
from plainview.casework.register.read import tally_of
from plainview.casework.rights.checks import confirm, view_request
from plainview.casework.rights.search import decide, search_person
from plainview.policy import misuse
from plainview.policy.rights import faces_listed


@pytest.fixture
def pictures(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "pictures")
    return tmp_path


def test_an_administrator_cannot_confirm_and_search_the_same_request(pictures: Path) -> None:
    number = file(picture=photo()).request.public_id
    confirm(number, HOW, acting_member=person("admin"))
    assert rule_of(search_person, number, acting_member=person("admin")) == "rights.alone"
    assert not entries("rights.search_requested")
    assert (entry := entries("rights.search.refused")[0]).subject["rule"] == "rights.alone"
    assert entry.actor == person("admin").public_id


def test_an_administrator_cannot_search_what_they_filed_while_signed_in(pictures: Path) -> None:
    people()
    client = signed_in("admin")
    sent = {
        "agency": person("admin").agency.public_id,
        "wishes": "access",
        "own": "yes",
        "name": "Somebody Else",
        "email": "else@person.example",
        "photo": SimpleUploadedFile("ex.jpg", photo(), "image/jpeg"),
    }
    assert client.post("/rights/", sent).status_code == 200
    row = SubjectRequest.objects.get()
    assert row.filed_by == person("admin")
    assert rule_of(confirm, row.public_id, HOW, acting_member=person("admin")) == "rights.alone"
    confirm(row.public_id, HOW, acting_member=person("supervisor"))
    assert rule_of(search_person, row.public_id, acting_member=person("admin")) == "rights.alone"
    assert person("admin").public_id.encode() not in entries("rights.received")[0].canonical  # sealed


def test_an_administrator_who_confirmed_does_not_browse_the_faces(pictures: Path) -> None:
    people()
    row = confirmed(picture=photo())
    search_person(row.public_id, acting_member=person("admin"))
    SubjectRequest.objects.filter(pk=row.pk).update(confirmed_by=person("admin"))
    assert view_request(row.public_id, acting_member=person("admin")).faces == []
    client = signed_in("admin")
    page = f"/rights-requests/{row.public_id}/"
    assert "faces/" not in client.get(page).content.decode()
    finding = SubjectFinding.objects.get()
    assert client.get(f"{page}faces/{finding.pk}.jpg").status_code == 404
    assert rule_of(decide, row.public_id, [finding.pk], [], acting_member=person("admin")) == "rights.alone"


def test_a_tripwire_speaks_for_a_request_about_oneself(pictures: Path) -> None:
    add_tripwire(write(collins(), pictures / "me.png"), "me", consent=True, acting_member=person("examiner"))
    row = confirmed(picture=photo())
    assert len(search_person(row.public_id, acting_member=person("admin"))) == 1
    (flag,) = Flag.objects.all()
    assert (flag.rule, flag.member) == (misuse.TRIPWIRE, person("admin"))


def test_many_requests_searched_by_one_member_are_flagged(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misuse.about_oneself, "__defaults__", (misuse.Limits(about_oneself=2),))
    for _ in range(2):
        assert not Flag.objects.exists()
        search_person(confirmed(picture=photo()).public_id, acting_member=person("admin"))
    assert [flag.rule for flag in Flag.objects.all()] == [misuse.ABOUT_ONESELF]


def shown(client: Client, row: SubjectRequest) -> str:
    return client.get(f"/rights-requests/{row.public_id}/").content.decode()


def test_the_page_shows_faces_and_nothing_that_the_answer_does_not_need(pictures: Path) -> None:
    people()
    row = confirmed(picture=photo())
    (face,) = search_person(row.public_id, acting_member=person("admin"))
    client = signed_in("admin")
    page = shown(client, row)
    assert f'name="person" value="{face.pk}"' in page
    reference = face.reference
    for secret in (reference.public_id, reference.source_url, reference.file_name, 'class="score"', "rank"):
        assert secret not in page, secret
    decide(row.public_id, [face.pk], [], acting_member=person("admin"))
    assert reference.source_url in shown(client, row)  # the letter names it


def test_only_what_may_be_the_person_is_listed(pictures: Path) -> None:
    row = confirmed(picture=photo())
    listed = search_person(row.public_id, acting_member=person("admin"))
    assert [face.reference.file_name for face in listed] == ["collins.png"]  # of two references
    assert [faces_listed(persons) for persons in (0, 1, 10)] == [10, 12, 30]


def test_the_register_counts_every_such_search(pictures: Path) -> None:
    search_person(confirmed(picture=photo()).public_id, acting_member=person("admin"))
    tally = tally_of(newest_entry() + 1)
    month = timezone.now().strftime("%Y-%m")
    assert tally.month(person("admin").agency.public_id, month)["rights:searches"] == 1


def test_a_supervisor_confirms_and_cannot_search(pictures: Path) -> None:
    row = confirmed(picture=photo())
    assert row.confirmed_by == person("supervisor")
    assert rule_of(search_person, row.public_id, acting_member=person("supervisor")) == "member.no_permission"
    Member.objects.filter(pk=person("admin").pk).update(is_active=False)
    assert rule_of(search_person, row.public_id, acting_member=person("admin")) == "member.inactive"
