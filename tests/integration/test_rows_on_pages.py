"""A page that shows a row refuses it once somebody has altered it, whichever table it is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.browser import signed_in
from tests.factories.records import every_kind
from tests.factories.rows import attack
from tests.factories.work import entries

from plainview.casework.log.committed import COMMITTED
from plainview.casework.models import (
    Gallery,
    Lead,
    SetAside,
    SharedRequest,
    SubjectRequest,
)

SEARCH, LEAD = "/searches/{search}/", "/leads/{lead}/"

SHOWN = {
    "search": ("examiner", SEARCH, "purpose"),
    "candidate": ("examiner", SEARCH, "score"),
    "reference": ("examiner", SEARCH, "source_url"),
    "examination": ("supervisor", LEAD, "notes"),
    "set_aside": ("examiner", "/searches/{reviewed}/", "reason"),
    "none_of_these": ("examiner", "/searches/{reviewed}/", "statement"),
    "verification": ("supervisor", LEAD, "shown_at"),
    "verification_item": ("supervisor", LEAD, "conclusion"),
    "lead": ("supervisor", LEAD, "evidence"),
    "withheld": ("supervisor", "/leads/", "reason"),
    "outcome": ("supervisor", LEAD, "outcome"),
    "approval": ("supervisor", "/approvals/", "purpose"),
    "member": ("admin", "/members/", "roles"),
    "policy_version": ("admin", "/policy/", "text"),
    "proposal": ("admin", "/proposals/", "wanted"),
    "subject": ("admin", "/galleries/{gallery}/people/", "pictures"),
    "shared_request": ("examiner", "/shared/{shared}/", "authority"),
    "subject_request": ("admin", "/rights-requests/{rights}/", "outcome"),
}
"""Table -> who opens which page, and the column that was altered."""

VALUES = {"pictures": "7", "score": "0.9", "shown_at": "2026-01-01 00:00:00", "roles": '["supervisor"]'}


@pytest.fixture
def places(workspace: Path, tmp_path: Path) -> dict[str, str]:
    found = every_kind(tmp_path)
    lead = Lead.objects.get(examination__candidate__search__public_id=found)
    return {
        "search": found,
        "lead": lead.public_id,
        "gallery": str(Gallery.objects.get(name="g").pk),
        "reviewed": SetAside.objects.order_by("pk")[0].candidate.search.public_id,
        "shared": SharedRequest.objects.order_by("pk")[0].public_id,
        "rights": SubjectRequest.objects.order_by("pk")[0].public_id,
    }


def test_every_table_that_is_committed_to_is_on_a_page_of_this_test() -> None:
    assert SHOWN.keys() == {table.kind for table in COMMITTED}


@pytest.mark.long
@pytest.mark.parametrize("kind", SHOWN)
def test_a_page_refuses_an_altered_row(places: dict[str, str], kind: str) -> None:
    who, page, column = SHOWN[kind]
    address = page.format(**places)
    client = signed_in(who)
    assert client.get(address).status_code == 200
    attack(f'UPDATE "{kind}" SET "{column}" = %s', VALUES.get(column, "altered"))  # noqa: S608  our own names
    answer = client.get(address)
    text = answer.content.decode()
    assert answer.status_code == 403, kind
    assert "rows.altered" in text
    assert f"of the table {kind} in the database" in text
    assert "Tell your auditor and the platform operator" in text
    assert entries()[-1].action.endswith("refused")
    assert entries()[-1].subject["rule"] == "rows.altered"
