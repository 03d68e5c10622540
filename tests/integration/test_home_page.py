"""Home: each role sees what waits for it, and nothing of what is not theirs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.work import case, gallery, person, probe, search

from plainview.casework.examination.examine import examine
from plainview.casework.models import Gallery, Training
from plainview.policy.examination import COMPONENTS, POTENTIAL


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> Any:
    gallery(tmp_path / "g")
    case()
    return search(probe(tmp_path))


class Desk:
    """Home as people see it; each signs in once, because a code is taken once."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}

    def __call__(self, name: str) -> str:
        if name not in self.clients:
            self.clients[name] = signed_in(name)
        client = self.clients[name]
        answer = client.get("/")
        assert answer.status_code == 200
        return str(answer.content.decode())


@pytest.fixture
def text() -> Desk:
    return Desk()


def test_a_search_waits_for_its_examiner_until_a_candidate_was_examined(found: Any, text: Desk) -> None:
    address = f"/searches/{found.search.public_id}/"
    assert address in text("examiner")
    examine(
        found.search.public_id,
        1,
        components=dict.fromkeys(COMPONENTS, "similar"),
        conclusion=POTENTIAL,
        acting_member=person("examiner"),
    )
    assert address not in text("examiner")
    page = text("verifier")
    assert "/verifications/V" in page
    for secret in (found.search.public_id, "C-1", "robbery", "find the rider", POTENTIAL):
        assert secret not in page


def test_a_role_sees_its_own_sections_only(found: Any, text: Desk) -> None:
    only = {
        "examiner": "Searches to examine",
        "verifier": "Verifications assigned to you",
        "supervisor": "Examined candidates to decide on",
        "admin": "Legal basis ended or ending",
        "auditor": "Flags to decide on",
    }
    pages = {name: text(name) for name in only}
    for name, words in only.items():
        assert words in pages[name]
    assert only["examiner"] not in pages["supervisor"]
    assert only["supervisor"] not in pages["examiner"]
    assert only["admin"] not in pages["auditor"]
    assert only["verifier"] not in pages["admin"]


def test_what_stands_in_the_way_is_said_with_what_to_do(found: Any, text: Desk) -> None:
    Training.objects.filter(member=person("examiner")).update(expires_on=timezone.now().date() + timedelta(days=9))
    assert "Your training expires on" in text("examiner")
    Training.objects.filter(member=person("examiner")).update(expires_on=date(2020, 1, 1))
    page = text("examiner")
    assert "You cannot work as examiner" in page
    assert person("examiner").name in text("admin")


def test_an_administrator_sees_the_passports_that_end(found: Any, text: Desk) -> None:
    assert "legal basis ends within a month" in text("admin")
    Gallery.objects.update(expires_on=timezone.now().date() + timedelta(days=3))
    assert ">g</a>" in text("admin")
