"""Members who state the hash of a picture that is not theirs, to see it or to learn whether it is stored."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client
from tests.factories.browser import text
from tests.factories.outsiders import client_of
from tests.factories.programs import program
from tests.factories.sharing import agency, taken, theirs, world
from tests.factories.verification import another
from tests.factories.work import case, person, probe, ready, search

from plainview.casework.cases.open_close import open_case
from plainview.casework.models import Member, Reference
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.preparations import discard, prepare
from plainview.casework.sharing.requests import ask_approval

WHY = "find the rider"
NO_PICTURE = "No picture was prepared here for this request"


@pytest.fixture
def stored(workspace: Path, tmp_path: Path) -> str:
    """The hash of a reference's picture; an examiner has a search in C-1."""
    search(ready(tmp_path))
    return str(Reference.objects.exclude(template=b"").values_list("blob", flat=True)[0])


def shown(client: Client, approval: str) -> tuple[bool, int]:
    """Whether the page says that it has no picture, and the status of the picture's address."""
    return NO_PICTURE in text(client.get("/approvals/")), client.get(f"/approvals/{approval}/probe.jpg").status_code


def test_the_hash_of_another_agencys_picture_shows_and_tells_nothing(stored: str) -> None:
    agency()
    examiner, client = theirs("examiner"), client_of(theirs("supervisor"))
    open_case("R-1", "robbery", acting_member=examiner)
    answers = []
    for digest in (stored, hashlib.sha256(b"never seen").hexdigest()):
        asked = request_approval("R-1", WHY, digest, acting_member=examiner)
        api = program(theirs("supervisor")).get(f"/approvals/{asked.public_id}/picture")
        answers.append((*shown(client, asked.public_id), api.status, api.json["detail"]))
    assert answers[0] == answers[1]
    assert answers[0][:3] == (True, 404, 404)


def test_one_who_asks_and_approves_sees_no_reference(stored: str) -> None:
    both = another("both@agency.example", "examiner")
    Member.objects.filter(pk=both.pk).update(roles=["examiner", "verifier", "supervisor"])
    both.refresh_from_db()
    asked = program(both).post("/approvals", {"case": "C-1", "purpose": WHY, "probe_sha256": stored})
    assert asked.status == 201
    assert shown(client_of(both), asked.json["id"]) == (True, 404)


def test_the_draft_of_another_member_or_case_opens_no_picture_and_ones_own_does(stored: str, tmp_path: Path) -> None:
    examiner, client = person("examiner"), client_of(person("supervisor"))
    other, data = another("other@agency.example", "examiner"), probe(tmp_path, "rider.png").read_bytes()
    case("C-2")
    digest = prepare("C-1", "rider.png", data, acting_member=other).blob
    prepare("C-2", "rider.png", data, acting_member=examiner)
    asked = request_approval("C-1", WHY, digest, acting_member=examiner).public_id
    assert shown(client, asked) == (True, 404)
    draft = prepare("C-1", "rider.png", data, acting_member=examiner)
    assert shown(client, asked) == (False, 200)
    assert program("supervisor").get(f"/approvals/{asked}/picture").status == 200
    discard(draft.public_id, acting_member=examiner)
    assert shown(client, asked) == (True, 404)


def test_the_probe_that_another_agency_sent_is_shown_to_whoever_approves_its_search(
    workspace: Path, tmp_path: Path
) -> None:
    request = taken(tmp_path, world())
    asked = ask_approval(request.public_id, acting_member=person("examiner"))
    assert shown(client_of(person("supervisor")), asked.public_id) == (False, 200)
