"""What the log commits to: every table or the reason why not, every act, and every page that shows a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from tests.factories.records import every_kind
from tests.factories.rows import attack
from tests.factories.work import entries, person

from plainview.casework.log import commit, rows
from plainview.casework.log.committed import BY_MODEL, COMMITTED, NOT_COMMITTED, Committed
from plainview.casework.log.read import newest_entry
from plainview.casework.log.rows import verify_rows
from plainview.casework.log.write import write_entry
from plainview.casework.models import Candidate, Member, RowCommitment, Search
from plainview.casework.models.rows import Recorded, reading
from plainview.casework.search.run import view_candidates
from plainview.policy.decision import Refused


def test_every_table_is_committed_to_or_has_a_reason_why_not() -> None:
    models = {model.__name__ for model in apps.get_app_config("casework").get_models()}
    committed = {table.model.__name__ for table in COMMITTED}
    assert committed | NOT_COMMITTED.keys() == models
    assert not committed & NOT_COMMITTED.keys()


def test_exactly_the_tables_that_are_committed_to_are_checked_when_they_are_loaded() -> None:
    checked = {model for model in apps.get_app_config("casework").get_models() if issubclass(model, Recorded)}
    assert checked == set(BY_MODEL)


@pytest.mark.parametrize("table", COMMITTED, ids=[table.kind for table in COMMITTED])
def test_a_column_is_committed_to_or_the_reason_is_said(table: Committed) -> None:
    names = {field.name for field in table.model._meta.local_concrete_fields}
    assert table.apart.keys() | set(table.opened) | table.present <= names
    assert set(table.later) <= set(table.columns)
    assert names - table.apart.keys() == {table.model._meta.get_field(column).name for column in table.columns}
    assert all(table.apart.values())
    assert table.key in table.columns


def test_every_act_commits_to_what_it_wrote(workspace: Path, tmp_path: Path) -> None:
    every_kind(tmp_path)
    found = verify_rows()
    assert found.problems == []
    assert found.checked == RowCommitment.objects.exclude(sealed=b"").count()
    assert {row.kind for row in RowCommitment.objects.all()} == {table.kind for table in COMMITTED}


@pytest.mark.parametrize(("name", "most"), [("_ENTRIES", 3), ("_BYTES", 1_000)])
def test_rows_are_compared_a_few_at_a_time_and_every_one_is(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    every_kind(tmp_path)
    whole = verify_rows()
    monkeypatch.setattr(rows, name, most)
    some = list(rows._some(2))
    assert [seq for group in some for seq, _ in group] == list(range(2, newest_entry() + 1))
    assert all(sum(len(text) for _, text in group[:-1]) < rows._BYTES for group in some)
    assert max(len(group) for group in some) <= rows._ENTRIES
    assert len(some) > 2
    assert verify_rows() == whole


def test_a_commitment_says_nothing_without_its_salt(workspace: Path) -> None:
    """The same row, committed to twice, has two digests: none can be compared or guessed."""
    member = person("examiner")
    with transaction.atomic():
        for _ in range(2):
            write_entry("rows.committed", {}, acting_member=None, rows=[member])
    one, two = (entry.subject[commit.ROWS]["member"][member.public_id] for entry in entries("rows.committed"))
    assert one != two
    assert len(one) == 64


def test_more_rows_than_an_entry_has_room_for_are_in_the_next_ones(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.casework.log.write.MOST", 2)
    members = list(Member.objects.order_by("pk"))
    with transaction.atomic():
        receipt = write_entry("log.exported", {}, acting_member=None, rows=members)
    assert [len(entry.subject[commit.ROWS]["member"]) for entry in entries("rows.committed")] == [2, 1]
    assert [entry.subject["of"] for entry in entries("rows.committed")] == [receipt.entry] * 2
    assert verify_rows().ok


def test_an_erased_row_is_accounted_for_and_must_not_come_back(workspace: Path, tmp_path: Path) -> None:
    from plainview.casework.search.erase import erase_search

    search = Search.objects.get(public_id=every_kind(tmp_path))
    listed = list(Candidate.objects.filter(search=search))
    with transaction.atomic():
        erase_search(search, "its time is over")
    assert verify_rows().ok
    (said,) = (entry.subject[commit.ROWS] for entry in entries("search.erased"))
    assert said["candidate"] == {str(search.pk): None}
    assert None not in said["search"].values()
    assert verify_rows().erased == sum(digest is None for keys in said.values() for digest in keys.values())
    Candidate.objects.bulk_create(listed[:1])
    attack("UPDATE row_commitment SET sealed = %s WHERE kind = 'candidate' AND \"key\" = %s", b"", str(search.pk))
    (problem,) = verify_rows().problems
    assert (problem.table, problem.key) == ("candidate", str(search.pk))
    assert problem.says == f"is there again, although entry {entries('search.erased')[0].seq} says that it was erased"


def test_an_altered_row_is_shown_to_nobody_and_no_act_makes_it_good(workspace: Path, tmp_path: Path) -> None:
    found = every_kind(tmp_path)
    attack("UPDATE search SET purpose = 'another' WHERE public_id = %s", found)
    before = len(entries())
    with reading(commit.require_unaltered), pytest.raises(Refused) as refused:
        view_candidates(found, acting_member=person("examiner"))
    assert refused.value.rule_id == "rows.altered"
    assert f"The row {found} of the table search" in refused.value.why
    assert f"search {found}" in refused.value.next_step
    assert [entry.action for entry in entries()[before:]] == ["candidates.view.refused"]
    assert [problem.key for problem in verify_rows().problems] == [
        f"row {Search.objects.get(public_id=found).pk} (public_id {found})"
    ]


def test_a_list_that_lacks_a_candidate_is_not_shown(workspace: Path, tmp_path: Path) -> None:
    found = every_kind(tmp_path)
    attack(
        "DELETE FROM candidate WHERE id = (SELECT max(c.id) FROM candidate c JOIN search s ON s.id = c.search_id "
        "WHERE s.public_id = %s)",
        found,
    )
    with reading(commit.require_unaltered), pytest.raises(Refused) as refused:
        view_candidates(found, acting_member=person("examiner"))
    assert refused.value.rule_id == "rows.altered"


def test_what_an_act_changes_itself_is_no_finding(workspace: Path, tmp_path: Path) -> None:
    """Loaded, changed, saved, and loaded again before its entry: the first loading counts."""
    from tests.factories.power import set_roles

    with reading(commit.require_unaltered):
        set_roles("verifier@agency.example", ["examiner", "verifier"], acting_member=person("admin"))
        assert Member.objects.get(email="verifier@agency.example").roles == ["examiner", "verifier"]
        commit.require_unaltered()


def test_a_row_of_which_a_page_loads_a_part_is_checked_whole(workspace: Path) -> None:
    attack("UPDATE member SET name = 'Another' WHERE email = 'auditor@agency.example'")
    with reading(commit.require_unaltered):
        list(Member.objects.filter(email="auditor@agency.example").only("email"))
        with pytest.raises(Refused):
            commit.require_unaltered()
