"""Signs of misuse reach the auditor and nobody else, with their evidence, and the searcher's answer is the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.models import collins, hopper, scaled
from tests.factories.refusals import rule_of
from tests.factories.work import at, entries, person, ready, search, write

from plainview.casework.cases.open_close import close_case
from plainview.casework.misuse.flags import decide_flag, view_flag
from plainview.casework.misuse.read import flags, tripwires
from plainview.casework.misuse.tripwires import add_tripwire, remove_tripwire
from plainview.casework.models import Flag, ProbeTemplate, Tripwire
from plainview.casework.search.as_json import answer_json
from plainview.policy import misuse


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    return ready(tmp_path)


def wire(tmp_path: Path, name: str = "auditor") -> Tripwire:
    return add_tripwire(write(collins(), tmp_path / "me.png"), "my sister", consent=True, acting_member=person(name))


def test_a_tripwire_tells_the_auditor_and_not_the_searcher(image: Path, tmp_path: Path) -> None:
    before = answer_json(search(image))
    row = wire(tmp_path, "verifier")
    after = answer_json(search(image))
    for told in (before, after):
        for varying in ("search_id", "audit"):
            told.pop(varying)
    assert before == after
    (flag,) = flags(person("auditor"))
    assert flag.rule == "misuse.tripwire"
    _, told = view_flag(flag.public_id, acting_member=person("auditor"))
    assert row.public_id in str(told["says"])
    assert entries("flag.viewed")[0].actor == person("auditor").public_id
    (raised,) = entries("flag.raised")
    assert person("examiner").public_id.encode() not in raised.canonical
    search(write(scaled(hopper(), 0.7), tmp_path / "other.png"))
    assert Flag.objects.count() == 1


def test_a_tripwire_is_its_owners_alone_and_erased_when_removed(image: Path, tmp_path: Path) -> None:
    picture = write(collins(), tmp_path / "me.png")
    verifier, examiner = person("verifier"), person("examiner")
    assert rule_of(add_tripwire, picture, "x", consent=False, acting_member=verifier) == "tripwire.consent"
    assert rule_of(add_tripwire, picture, " ", consent=True, acting_member=verifier) == "tripwire.label"
    row = wire(tmp_path, "verifier")
    assert [(t.public_id, label) for t, label in tripwires(verifier)] == [(row.public_id, "my sister")]
    assert tripwires(examiner) == []
    assert rule_of(remove_tripwire, row.public_id, acting_member=examiner) == "tripwire.unknown"
    remove_tripwire(row.public_id, acting_member=verifier)
    assert not Tripwire.objects.exists()
    search(image)
    assert not Flag.objects.exists()


def test_flags_are_decided_by_an_auditor_in_words_and_once(image: Path, tmp_path: Path) -> None:
    wire(tmp_path)
    search(image)
    (flag,) = flags(person("auditor"))
    decide: dict[str, Any] = {"acting_member": person("auditor")}
    assert rule_of(decide_flag, flag.public_id, "dismissed", "ok", **decide) == "examination.explain"
    assert rule_of(decide_flag, flag.public_id, "guilty", "he did it", **decide) == "flag.outcome"
    assert (
        rule_of(decide_flag, flag.public_id, "dismissed", "it was nothing", acting_member=person("supervisor"))
        == "member.no_permission"
    )
    decide_flag(flag.public_id, "dismissed", "the sister was the victim", **decide)
    assert rule_of(decide_flag, flag.public_id, "upheld", "on second thought", **decide) == "flag.decided"
    assert [(flag.rule, flag.outcome) for flag in flags(person("auditor"))] == [("misuse.tripwire", "dismissed")]
    assert flags(person("auditor"), undecided=True) == []


def test_attempts_under_a_closed_case_are_seen(image: Path) -> None:
    close_case("C-1", acting_member=person("examiner"))
    for _ in range(2):
        assert rule_of(search, image) == "case.closed"
    assert not Flag.objects.exists()
    assert rule_of(search, image) == "case.closed"
    assert [flag.rule for flag in Flag.objects.all()] == ["misuse.closed_case"]
    with at(timezone.now() + timedelta(days=8)):
        assert rule_of(search, image) == "case.closed"
        assert Flag.objects.count() == 1


def test_one_face_again_and_again_is_seen_by_its_template(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misuse, "LIMITS", misuse.Limits(same_face=3, faces_in_case=1))
    monkeypatch.setattr(misuse.findings, "__defaults__", (misuse.LIMITS,))
    for factor in (0.8, 0.75, 0.7):  # other files of the same face
        search(write(scaled(collins(), factor), tmp_path / f"{factor}.png"))
    assert [flag.rule for flag in Flag.objects.all()] == ["misuse.same_face_again"]
    search(write(scaled(hopper(), 0.7), tmp_path / "other.png"))
    assert [flag.rule for flag in Flag.objects.order_by("pk")] == [
        "misuse.same_face_again",
        "misuse.unrelated_faces",
    ]


def test_an_inspection_that_fails_loses_no_answer_and_is_on_record(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(misuse, "findings", broken)
    assert search(image).candidates
    (entry,) = entries("flag.inspection_failed")
    assert entry.subject["error"] == "ZeroDivisionError"
    assert not ProbeTemplate.objects.exists()
