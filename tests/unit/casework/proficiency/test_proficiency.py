"""Items with known answers: who may add them, who gets them, what comes of an answer, and what is never told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.factories.power import change_policy
from tests.factories.verification import another, answered, examined, many, strangers, told
from tests.factories.work import at, entries, gallery, person, probe

from plainview.casework.erasure.expunge import expunge
from plainview.casework.examination.assign import assign_waiting
from plainview.casework.examination.blind import waiting
from plainview.casework.leads.decide import release
from plainview.casework.models import Lead, Member, ProficiencyItem, Reference, Verification
from plainview.casework.proficiency.items import add_item, retire_item
from plainview.casework.proficiency.read import everybodys_figures, item_picture, items, own_figures
from plainview.casework.workspace.services import services
from plainview.policy.agency import SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.examination import CONTRADICTIONS, INCONCLUSIVE, NOT, POTENTIAL
from plainview.policy.proficiency import Share

BASIS = "consent of 3 March 2026"


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    found = many(tmp_path)
    change_policy(
        SAMPLE.replace("proficiency_one_in = 10", "proficiency_one_in = 2"),
        reason="every ordinary task brings an item",
        acting_member=person("admin"),
    )
    return found


def reference(name: str) -> str:
    return str(Reference.objects.get(file_name=name).public_id)


def item(is_mated: bool = True, by: str = "supervisor") -> ProficiencyItem:
    other = "FILE-collins-broad.jpg" if is_mated else "hopper.png"
    return add_item(
        reference(other), reference("collins.png"), is_mated=is_mated, basis=BASIS, acting_member=person(by)
    )


@pytest.mark.parametrize("name", ["examiner", "verifier", "auditor"])
def test_only_who_manages_them_adds_lists_and_sees_items(found: str, name: str) -> None:
    held = item()
    acts = [
        lambda: item(by=name),
        lambda: retire_item(held.public_id, reason="they are too old", acting_member=person(name)),
        lambda: items(person(name)),
        lambda: item_picture(held.public_id, "probe", person(name)),
    ]
    for act in acts:
        with pytest.raises(Refused, match=r"member\.no_permission"):
            act()
    assert len(entries("proficiency.added")) == 1
    assert entries("proficiency.add.refused")[-1].actor == person(name).public_id


def test_the_log_names_an_item_but_not_its_answer(found: str) -> None:
    held = item()
    (entry,) = entries("proficiency.added")
    assert entry.subject["item"] == held.public_id
    assert held.reference.public_id not in entry.canonical.decode()
    assert told(entry)["is_mated"] is True


@pytest.mark.parametrize(
    ("probe_of", "face_of", "basis", "rule"),
    [
        ("collins.png", "collins.png", BASIS, "proficiency.same_picture"),
        ("hopper.png", "collins.png", "ok", "examination.explain"),
    ],
)
def test_an_item_is_two_pictures_with_a_basis(found: str, probe_of: str, face_of: str, basis: str, rule: str) -> None:
    with pytest.raises(Refused) as caught:
        add_item(reference(probe_of), reference(face_of), is_mated=True, basis=basis, acting_member=person("admin"))
    assert caught.value.rule_id == rule
    assert not ProficiencyItem.objects.exists()


def test_somebody_else_gets_an_item_when_somebody_gets_an_ordinary_task(found: str) -> None:
    held, late = item(), another("late@agency.example")
    row = examined(found)
    ordinary, known = row.verifications.get(), held.verifications.get()
    assert ordinary.verifier != known.verifier
    assert known.verifier in {person("verifier"), late, person("examiner")}
    assert known.items.get(is_candidate=True).reference == held.reference
    assert Reference.objects.filter(verificationitem__verification=known).count() == 4
    probe_blob = {held.probe_blob, held.reference.blob}
    assert not [i for i in known.items.filter(is_candidate=False) if i.reference.blob in probe_blob]


def test_nobody_gets_an_item_twice_and_whoever_added_it_never(found: str) -> None:
    Member.objects.filter(pk=person("supervisor").pk).update(roles=["supervisor", "verifier"])
    held, _ = item(), another("late@agency.example")
    examined(found, 1)
    examined(found, 2)
    examined(found, 3)
    given = list(held.verifications.values_list("verifier__email", flat=True))
    assert len(given) == len(set(given)) >= 2
    assert "supervisor@agency.example" not in given
    with pytest.raises(IntegrityError), transaction.atomic():
        Verification.objects.create(proficiency=held, verifier=held.verifications.all()[0].verifier)


def test_the_only_verifier_gets_it_at_a_later_hour(found: str) -> None:
    Member.objects.filter(pk=person("examiner").pk).update(roles=["auditor"])
    held, who = item(), another("only@agency.example", "examiner")
    Member.objects.filter(pk=person("verifier").pk).update(is_active=False)
    row = examined(found, member=who)
    assert not row.verifications.exists()  # who examined does not verify
    Member.objects.filter(pk=person("verifier").pk).update(is_active=True)
    Member.objects.filter(pk=who.pk).update(is_active=False)
    assert assign_waiting() == 1
    later = held.verifications.get()
    assert [row.public_id for row in waiting(person("verifier"))] == [row.verifications.get().public_id]
    assert timedelta(hours=1) <= later.assigned_at - timezone.now() + timedelta(minutes=1) <= timedelta(hours=25)
    with at(timezone.now() + timedelta(hours=25)):
        assert len(waiting(person("verifier"))) == 2


def test_a_policy_of_none_gives_none(found: str) -> None:
    held = item()
    change_policy(
        SAMPLE.replace("proficiency_one_in = 10", "proficiency_one_in = 0"),
        reason="not wanted here",
        acting_member=person("admin"),
    )
    examined(found)
    assert not held.verifications.exists()


def test_about_one_task_in_ten_has_a_known_answer(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from plainview.casework.examination import assign

    change_policy(SAMPLE, reason="back to the default", acting_member=person("admin"))
    drawn = sum(assign._item_is_due(person("admin").agency) for _ in range(600))
    assert 28 < drawn < 105  # one beside nine ordinary ones: 67, and five standard deviations about it


@pytest.mark.long
@pytest.mark.parametrize(
    ("is_mated", "conclusion", "right", "figure"),
    [
        (True, POTENTIAL, True, "found"),
        (True, NOT, False, "missed"),
        (False, NOT, True, "told_apart"),
        (False, POTENTIAL, False, "mistaken"),
        (False, INCONCLUSIVE, False, "undecided"),
    ],
)
def test_an_answer_is_counted_and_brings_neither_a_third_person_nor_a_lead(
    found: str, tmp_path: Path, is_mated: bool, conclusion: str, right: bool, figure: str
) -> None:
    strangers(tmp_path / "strangers")
    held = item(is_mated)
    examined(found)
    task = held.verifications.get()
    before = Verification.objects.count()
    answered(task, conclusion)
    assert Verification.objects.count() == before
    about = told(entries("verification.compared")[-1])["about"]
    assert (about["proficiency"], about["right"]) == (held.public_id, right)
    mine = next(one for one in everybodys_figures(person("supervisor")) if one.member == task.verifier)
    shares = {name: getattr(mine.known, name).count for name in ("found", "missed", "told_apart", "mistaken")}
    shares["undecided"] = mine.known.undecided.count
    assert {name for name, count in shares.items() if count} == {figure}
    assert mine.agreed == Share(0, 0)
    with pytest.raises(Refused, match=r"examination\.unknown"):
        release(
            held.public_id,
            contradictions=dict.fromkeys(CONTRADICTIONS, "checked: nothing was found"),
            acting_member=person("supervisor"),
        )
    assert not Lead.objects.exists()


def test_own_figures_change_once_a_week_and_others_are_the_supervisors(found: str) -> None:
    held = item()
    row = examined(found)
    for task in (row.verifications.get(), held.verifications.get()):
        answered(task, POTENTIAL)
    verifier = row.verifications.get().verifier
    assert own_figures(verifier).verified == 0
    with at(timezone.now() + timedelta(days=7)):
        told_now = own_figures(verifier)
    assert (told_now.verified, told_now.seconds, told_now.agreed) == (1, None, Share(1, 1))
    assert told_now.agreed.text == "1 of 1: insufficient data"
    with at(timezone.now() + timedelta(days=7)):
        assert own_figures(person("examiner")).upheld == Share(1, 1)
    for name in ("examiner", "verifier", "admin", "auditor"):
        with pytest.raises(Refused, match=r"member\.no_permission"):
            everybodys_figures(person(name))


def test_a_brought_picture_is_kept_while_the_item_is_used_and_erased_with_it(found: str, tmp_path: Path) -> None:
    still = probe(tmp_path, "still.png").read_bytes() + b"\0"  # another file than the search's probe
    held = add_item(still, reference("collins.png"), is_mated=True, basis=BASIS, acting_member=person("admin"))
    blob = held.probe_blob
    assert services().blobs.get(blob) == still
    assert item_picture(held.public_id, "probe", person("admin")).startswith(b"\xff\xd8")
    examined(found)
    options = {"reason": "the consent has ended", "acting_member": person("admin")}
    with pytest.raises(Refused, match=r"proficiency\.open"):
        retire_item(held.public_id, **options)
    answered(held.verifications.get(), POTENTIAL)
    retire_item(held.public_id, **options)
    assert not services().blobs.exists(blob)
    with pytest.raises(Refused, match=r"proficiency\.retired"):
        retire_item(held.public_id, **options)
    before = Verification.objects.filter(proficiency=held).count()
    examined(found, 2)
    assert Verification.objects.filter(proficiency=held).count() == before


def test_an_erased_reference_ends_the_tasks_that_show_it(found: str) -> None:
    held, _ = item(), another("late@agency.example")
    row = examined(found)
    task, known = row.verifications.get(), held.verifications.get()
    foil = task.items.filter(is_candidate=False)[0].reference
    for gone in {foil.public_id, held.probe_reference.public_id}:
        expunge(gone, reason="by order of court", acting_member=person("admin"))
    assert task.public_id not in [one.public_id for one in waiting(task.verifier)]
    assert known.public_id not in [one.public_id for one in waiting(known.verifier)]
    assert assign_waiting() == 1  # the examination goes to somebody else, with other faces
    assert assign_waiting() == 0
    assert row.verifications.count() == 2
    held.refresh_from_db()
    assert held.probe_blob == ""


def test_another_agencys_references_are_unknown(found: str, tmp_path: Path) -> None:
    gallery(tmp_path / "g2", "second")
    with pytest.raises(Refused, match=r"reference\.unknown"):
        add_item(
            "R000000000000",
            reference("FILE-collins-broad.jpg"),
            is_mated=True,
            basis=BASIS,
            acting_member=person("admin"),
        )
