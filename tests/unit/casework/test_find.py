"""Whoever looks for a thing by its id: their own agency's is answered, another agency's is as unknown as none."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone
from tests.factories.models import collins
from tests.factories.work import person
from tests.integration.test_authorisation_matrix import others, things  # noqa: F401  fixtures

from plainview.casework import find
from plainview.casework.jobs import ask
from plainview.casework.kind import Kind
from plainview.casework.models import (
    Case,
    DisclosureGrant,
    Enrolment,
    Examination,
    Gallery,
    Member,
    Reference,
    Search,
    Still,
    SubjectFinding,
    SubjectRequest,
    Verification,
    Video,
)
from plainview.casework.probes.preparations import prepare
from plainview.casework.search.lapse import seal_evidence
from plainview.policy.decision import Refused
from plainview.policy.roles import Role

KINDS: dict[str, Kind[Any]] = {name: kind for name, kind in vars(find).items() if isinstance(kind, Kind)}
"""The whole table."""


def session_of(member: Member) -> UserSession:
    return UserSession.objects.create(
        user=member, ip="127.0.0.1", user_agent="x", session_key="MARKER", last_seen_at=timezone.now()
    )


def lapsed_of(held: dict[str, str]) -> str:
    """The id of the search, with the sealed evidence that nobody authorised it."""
    with transaction.atomic():
        return seal_evidence(Search.objects.get(public_id=held["search"])).search.public_id


def own(held: dict[str, str]) -> dict[str, tuple[str | int, Member]]:
    """Kind -> the id of such a thing of the first agency, and who may reach it."""
    examiner, victim = person("examiner"), Member.objects.get(email=held["email"])
    case, request = Case.objects.get(number=held["case"]), SubjectRequest.objects.get(public_id=held["asked"])
    face = SubjectFinding.objects.create(request=request, reference=Reference.objects.get(public_id=held["reference"]))
    task = Verification.objects.get(public_id=held["verification"])
    counsel = DisclosureGrant.objects.get(public_id=held["grant"])
    draft = prepare(case.number, "MARKER.png", collins_png(), acting_member=examiner)
    gallery = Gallery.objects.get(name=held["gallery"])
    return {
        "case": (case.number, examiner),
        "case_by_key": (case.pk, examiner),
        "preparation": (draft.public_id, examiner),
        "approval": (held["approval"], examiner),
        "search": (held["search"], examiner),
        "lapsed": (lapsed_of(held), examiner),
        "video": (held["video"], examiner),
        "still": (Still.objects.all()[0].public_id, examiner),
        "alert": (held["alert"], examiner),
        "webhook": (held["webhook"], examiner),
        "delivery": (held["delivery"], examiner),
        "verification": (task.public_id, task.verifier),
        "examination_unsealed": (held["examination"], examiner),
        "lead": (held["lead"], examiner),
        "proficiency_item": (held["item"], examiner),
        "gallery": (gallery.name, examiner),
        "gallery_by_key": (gallery.pk, examiner),
        "enrolment_by_key": (Enrolment.objects.order_by("pk")[0].pk, examiner),
        "proposal": (held["proposal"], examiner),
        "reference": (held["reference"], examiner),
        "feed": (held["feed"], examiner),
        "canary": (held["canary"], examiner),
        "alarm": (held["alarm"], examiner),
        "hold": (held["hold"], examiner),
        "retention_run": (held["run"], examiner),
        "agreement": (held["agreement"], examiner),
        "shared_request": (held["request"], examiner),
        "grant": (counsel.public_id, examiner),
        "package": (held["kept"], examiner),
        "disclosure": (counsel.search.public_id, Member(agency=counsel.agency, email=counsel.email)),
        "review": (held["review"], examiner),
        "sample": (held["sample"], examiner),
        "flag": (held["flag"], examiner),
        "schedule": (held["schedule"], examiner),
        "rights_request": (request.public_id, examiner),
        "finding": (face.pk, examiner),
        "member_by_id": (victim.public_id, examiner),
        "colleague": (f" {victim.email.upper()}", examiner),
        "job": (ask("trial", 1, acting_member=examiner).public_id, examiner),
        "token": (held["token"], victim),
        "session": (session_of(victim).pk, victim),
        "tripwire": (held["tripwire"], victim),
    }


def collins_png() -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", collins().pixels)[1])


def refused(kind: Kind[Any], key: str | int, member: Member) -> tuple[str, str, str, str]:
    """The refusal's words, with the id that was asked for taken out."""
    with pytest.raises(Refused) as caught:
        kind(key, member)
    said = caught.value
    assert repr(key.strip() if isinstance(key, str) else key) in said.why or kind.by == "email"
    why = said.why.replace(repr(key.strip().lower() if kind.by == "email" else key), "ID")
    return said.rule_id, said.what, why, said.next_step


@pytest.mark.long
def test_another_agencys_thing_is_as_unknown_as_none(
    things: dict[str, str],  # noqa: F811
    others: dict[Role, Member],  # noqa: F811
) -> None:
    keys = own(things)
    assert set(keys) == set(KINDS), "a row of the table without its line here"
    for name, (key, member) in keys.items():
        kind = KINDS[name]
        assert kind(key, member).pk, name
        assert kind.rows(member).exists(), name
        nowhere: str | int = 10**9 if isinstance(key, int) else "X0"
        for other in others.values():
            words = refused(kind, key, other)
            assert words == refused(kind, nowhere, other), name
            assert words[0] == kind.rule, name
            assert "MARKER" not in str(words), name
            assert not kind.rows(other).filter(pk=kind(key, member).pk).exists(), name
            # Whatever rows a caller offers, another agency's are not answered.
            with pytest.raises(Refused):
                kind(key, other, among=kind.model._default_manager.all())


def test_what_is_a_persons_own_is_no_colleagues(things: dict[str, str]) -> None:  # noqa: F811
    keys = own(things)
    for name in ("preparation", "verification", "job", "token", "session", "tripwire", "disclosure"):
        assert refused(KINDS[name], keys[name][0], person("admin"))[0] == KINDS[name].rule


def test_what_is_gone_is_unknown(things: dict[str, str]) -> None:  # noqa: F811
    now, keys = timezone.now(), own(things)
    ends: dict[str, dict[str, Any]] = {
        "preparation": {"discarded_at": now},
        "lapsed": {"erased_at": now},
        "video": {"state": Video.State.ERASED},
        "webhook": {"removed_at": now},
        "reference": {"template": b""},
        "canary": {"retired_at": now, "retired_seq": 99},
        "package": {"blob": ""},
        "disclosure": {"revoked_at": now},
        "schedule": {"stopped_at": now},
        "token": {"revoked_at": now},
    }
    assert {*ends, "enrolment_by_key", "examination_unsealed"} == {n for n, kind in KINDS.items() if kind.there}
    for name, change in ends.items():
        kind, (key, member) = KINDS[name], keys[name]
        kind.model._base_manager.filter(pk=kind(key, member).pk).update(**change)
        assert refused(kind, key, member)[0] == kind.rule, name
    key, member = keys["examination_unsealed"]
    search = find.examination(str(key), member).candidate.search
    type(search).objects.filter(pk=search.pk).update(erased_at=now)
    assert refused(find.examination_unsealed, key, member)[0] == "examination.unknown"


def test_a_canarys_reference_and_its_enrolment_are_nobodys(things: dict[str, str]) -> None:  # noqa: F811
    hidden = Reference.everything.get(is_canary=True)
    assert refused(find.reference, hidden.public_id, person("admin"))[0] == "reference.unknown"
    assert refused(find.enrolment_by_key, hidden.enrolment_id, person("admin"))[0] == "enrolment.unknown"


def test_an_enrolment_is_looked_up_under_its_own_gallery(things: dict[str, str]) -> None:  # noqa: F811
    run = Enrolment.objects.order_by("pk")[0]
    assert find.enrolment(run.gallery_id, run.pk, person("admin")) == run
    with pytest.raises(Refused, match=r"enrolment\.unknown"):
        find.enrolment(run.gallery_id + 1, run.pk, person("admin"))


def test_a_sealed_search_is_found_but_not_shown(things: dict[str, str]) -> None:  # noqa: F811
    search = find.search(things["search"], person("examiner"))
    search.authorise_by, search.authorised_at = timezone.now(), None
    search.save()
    assert find.search(search.public_id, person("examiner")) == search
    for look in (
        lambda: find.viewable_search(search.public_id, person("examiner")),
        lambda: find.candidate(search.public_id, 1, person("examiner")),
        lambda: find.examination(Examination.objects.all()[0].public_id, person("examiner")),
    ):
        with pytest.raises(Refused, match=r"search\.sealed"):
            look()


def test_an_erased_candidate_is_named_and_not_shown(things: dict[str, str]) -> None:  # noqa: F811
    search = find.search(things["search"], person("examiner"))
    candidate = find.candidate(search.public_id, 1, person("examiner"))
    Reference.objects.filter(pk=candidate.reference_id).update(template=b"")
    with pytest.raises(Refused, match=r"reference\.expunged"):
        find.candidate(search.public_id, 1, person("examiner"))
    assert find.candidate_of(search, 1) == candidate
    with pytest.raises(Refused, match=r"candidate\.unknown"):
        find.candidate_of(search, 99)
