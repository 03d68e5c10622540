"""Members who send a request again to read from a stored answer what has been erased since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.programs import Answer, Program, program
from tests.factories.sharing import reached, theirs, world
from tests.factories.verification import another
from tests.factories.work import case, entries, person, probe

from plainview.casework.models import Preparation
from plainview.casework.probes.preparations import discard, discard_stale
from plainview.casework.sharing.ends import take_back

NAME = "informer.png"


@pytest.fixture
def picture(workspace: Path, tmp_path: Path) -> Path:
    case()
    return probe(tmp_path, NAME)


def prepared(who: Program, image: Path) -> Answer:
    return who.form("/probes", image, headers={"Idempotency-Key": "k"}, case="C-1")


def require_erased(answer: Answer) -> None:
    assert (answer.status, answer.rule) == (409, "idempotency.erased")
    assert NAME.encode() not in answer.raw


def by_its_member() -> None:
    discard(Preparation.objects.earliest("pk").public_id, acting_member=person("examiner"))


def by_the_clock() -> None:
    Preparation.objects.filter(pk=Preparation.objects.earliest("pk").pk).update(
        changed_at=timezone.now() - timedelta(days=99)
    )
    assert discard_stale()


@pytest.mark.parametrize("erase", [by_its_member, by_the_clock])
def test_an_erased_draft_is_in_no_stored_answer_and_answers_to_others_stay(
    picture: Path, erase: Callable[[], None]
) -> None:
    mine, others = program(), program(another("other@agency.example", "examiner"))
    first, second = prepared(mine, picture), prepared(others, picture)
    assert NAME.encode() in first.raw
    assert prepared(mine, picture).raw == first.raw
    erase()
    require_erased(prepared(mine, picture))
    assert prepared(others, picture).raw == second.raw
    assert len(entries("preparation.made")) == 2, "nothing was done twice"


def test_a_removed_photograph_is_in_no_stored_answer(picture: Path, tmp_path: Path) -> None:
    who, first = program(), probe(tmp_path, "first.png")
    draft = who.form("/probes", first, case="C-1").json["id"]
    (added := tmp_path / NAME).write_bytes(first.read_bytes() + b"\0")  # another file of the same picture

    def add() -> Answer:
        return who.form(f"/probes/{draft}/photographs", added, headers={"Idempotency-Key": "p"})

    assert NAME.encode() in add().raw
    assert who.send("DELETE", f"/probes/{draft}/photographs/2").status == 204
    require_erased(add())


def test_a_request_that_was_taken_back_is_in_no_stored_answer_of_the_searching_agency(
    workspace: Path, tmp_path: Path
) -> None:
    request, who = reached(tmp_path, world()), program()

    def take() -> Answer:
        return who.post(f"/shared/{request.public_id}/take", Idempotency_Key="t")

    assert take().raw == take().raw
    take_back(request.public_id, reason="it is solved by now", acting_member=theirs("examiner"))
    assert take().rule == "idempotency.erased"
