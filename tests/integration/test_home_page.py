"""Home: each role sees what waits for it, and nothing of what is not theirs."""

from __future__ import annotations

import re
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
from plainview.casework.triage.aside import none_of_these, set_aside, take_back
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


def test_a_search_waits_for_its_examiner_until_a_potential_candidate_is_handed_on(found: Any, text: Desk) -> None:
    address = f'href="/searches/{found.search.public_id}/"'
    assert address in text("examiner")
    examine(
        found.search.public_id,
        1,
        components=dict.fromkeys(COMPONENTS, "similar"),
        conclusion=POTENTIAL,
        acting_member=person("examiner"),
    )
    page = text("examiner")
    assert address not in page
    assert "Waiting for verification" in page
    page = text("verifier")
    assert "/verifications/V" in page
    for secret in (found.search.public_id, "C-1", "robbery", "find the rider", POTENTIAL):
        assert secret not in page


def test_a_search_waits_until_each_candidate_is_decided_and_comes_back_when_that_is_undone(
    found: Any, text: Desk
) -> None:
    key, examiner = found.search.public_id, person("examiner")
    total = found.search.candidate_set.count()
    assert f"{total} candidates, 0 reviewed" in text("examiner")
    for rank in range(1, total):
        set_aside(key, rank, "other person", acting_member=examiner)
    assert f"{total} candidates, {total - 1} reviewed" in text("examiner")
    set_aside(key, total, "cannot be: age", acting_member=examiner)
    assert f'href="/searches/{key}/"' not in text("examiner")
    take_back(key, 1, acting_member=examiner)
    assert f"{total} candidates, {total - 1} reviewed" in text("examiner")
    none_of_these(key, "other ears on each", range(1, total + 1), acting_member=examiner)
    assert f'href="/searches/{key}/"' not in text("examiner")


PLACES = {
    "examiner": ["Tasks", "Cases", "Leads", "Alerts"],
    "verifier": ["Tasks", "My figures"],
    "supervisor": ["Tasks", "Cases", "Leads", "Oversight", "People"],
    "admin": ["Tasks", "Galleries", "Oversight", "People", "Rules", "Requests"],
    "auditor": ["Tasks", "Log", "Evidence", "Oversight", "People"],
}


@pytest.mark.parametrize("name", PLACES)
def test_a_role_has_at_most_six_places_and_its_own(found: Any, text: Desk, name: str) -> None:
    header = text(name).partition('<nav id="places"')[2].partition("</nav>")[0]
    assert re.findall(r'<a href="[^"]*"[^>]*>([^<]+)', header) == PLACES[name]


def test_everything_that_is_not_in_the_header_is_one_page_away(found: Any) -> None:
    client = signed_in("supervisor")
    page = client.get("/everything/").content.decode()
    for address in ("/reports/", "/retention/", "/shared/", "/videos/", "/approvals/", "/exonerations/"):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200
    assert 'href="/flags/"' not in page


def test_what_stands_in_the_way_is_said_with_what_to_do(found: Any, text: Desk) -> None:
    Training.objects.filter(member=person("examiner")).update(expires_on=timezone.now().date() + timedelta(days=9))
    assert "Your training expires on" in text("examiner")
    Training.objects.filter(member=person("examiner")).update(expires_on=date(2020, 1, 1))
    page = text("examiner")
    assert "You cannot work as examiner" in page
    assert person("examiner").name in text("admin")


def test_an_administrator_sees_the_passports_that_end(found: Any, text: Desk) -> None:
    assert "Legal basis" not in text("admin")
    Gallery.objects.update(expires_on=timezone.now().date() + timedelta(days=3))
    assert "Legal basis ending" in text("admin")
    assert 'dir="auto">g</p>' in text("admin")
