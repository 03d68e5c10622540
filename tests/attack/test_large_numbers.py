"""Members who write a number in an address that no database can compare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.factories.browser import signed_in
from tests.factories.programs import program
from tests.factories.work import person, ready, search

from plainview.api.operations import OPERATIONS
from plainview.casework.models import Member
from plainview.policy.roles import Role
from plainview.web.pages import PAGES

WITH_NUMBER = re.compile(r"[<{]int:\w+[>}]")
LARGEST, TOO_LARGE = "9" * 18, "9" * 20


def address(path: str, found: str, number: str) -> str:
    """The address with this number in place of every number, and with this search in place of every id."""
    return re.sub(r"[<{](?:path:)?\w+[>}]", found, WITH_NUMBER.sub(number, path))


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    listed = search(ready(tmp_path)).search.public_id
    Member.objects.filter(pk=person("examiner").pk).update(roles=[role.value for role in Role])
    return listed


@pytest.mark.parametrize("number", [LARGEST, TOO_LARGE])
def test_a_large_number_is_nothing_known_on_every_page(found: str, number: str) -> None:
    client = signed_in()
    client.get(f"/searches/{found}/")
    numbered = [page.path for page in PAGES if WITH_NUMBER.search(page.path)]
    assert len(numbered) > 20
    for path in numbered:
        for method in (client.get, client.post):
            status = method(f"/{address(path, found, number)}").status_code
            assert status < 500, path
            assert status != 200, path
    assert client.get(f"/searches/{found}/candidates/{TOO_LARGE}/face.jpg").status_code == 404


@pytest.mark.parametrize("number", [LARGEST, TOO_LARGE])
def test_a_large_number_is_nothing_known_to_the_api(found: str, number: str) -> None:
    who = program()
    numbered = [operation for operation in OPERATIONS if WITH_NUMBER.search(operation.path)]
    assert len(numbered) > 10
    for operation in numbered:
        body = None if operation.method == "GET" else {}
        answer = who.send(operation.method, address(operation.path, found, number), body)
        assert 400 <= answer.status < 500, (operation.name, answer.raw[:200])
    assert who.get(f"/searches/{found}/candidates/{TOO_LARGE}/picture").status == 404
