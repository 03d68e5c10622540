"""Blind verification: a task is shown without score, rank, name or first verdict, and answered once.

Owns the recording of answers. What an answer reveals (the candidate's position, agreement) is sealed in an entry of the
system itself. It must never let the public log or a verifier's own record show whether a task had a known answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from plainview.casework.examination.assign import assign_verifier, draw_again
from plainview.casework.examination.blind import blind_pictures, own_task, shown_references
from plainview.casework.examination.drafts import Answers, Saved, erase_draft, open_draft, write_draft
from plainview.casework.examination.seen import names_of, who_has_seen
from plainview.casework.log.guard import acting
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Draft, Member, Verification
from plainview.casework.news.tell import supervisors, tell
from plainview.casework.people.read import binding, training_facts
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import trained
from plainview.policy.wording import counted


@dataclass(frozen=True, slots=True)
class BlindTask:
    """Everything that a verifier sees: the probe's face, and the pictures of the faces by position; JPEG files of the same
    size and length.
    """

    public_id: str
    probe: bytes
    faces: dict[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class BlindDesk:
    """A verifier's page: the task's id, its positions, the pictures at each, their draft, and the receipt of the view."""

    public_id: str
    positions: tuple[int, ...]
    pictures: int
    draft: Draft
    receipt: Receipt


def open_verification(public_id: str, *, acting_member: Member) -> BlindDesk:
    """Open a task for the member to whom it is assigned; the view is an entry, and the first one starts the clock.

    Raises:
        Refused: no permission, or no such task of theirs.
    """
    draw_again(acting_member)
    with acting("verification.show", Permission.VERIFICATION_RECORD, acting_member):
        task = own_task(public_id, acting_member)
        if task.shown_at is None:
            task.shown_at = timezone.now()
            task.save(update_fields=["shown_at"])
        draft = open_draft(acting_member, task)
        receipt = write_entry(
            "verification.shown", {"verification": task.public_id}, acting_member=acting_member, rows=[task]
        )
        items = list(task.items.select_related("reference").order_by("position"))
    pictures = min((len(shown) for shown in shown_references(items)), default=1)
    return BlindDesk(task.public_id, tuple(item.position for item in items), pictures, draft, receipt)


def show_verification(public_id: str, *, acting_member: Member) -> BlindTask:
    """Open a task and make its pictures.

    Raises:
        Refused: as `open_verification`, or a face was erased.
    """
    open_verification(public_id, acting_member=acting_member)
    probe, faces = blind_pictures(own_task(public_id, acting_member))
    return BlindTask(public_id, probe, faces)


def save_draft(public_id: str, position: int, answers: Answers, version: int, *, acting_member: Member) -> Saved:
    """Save the answers about one face so far.

    Raises:
        Refused: no permission, not theirs, or no such face.
    """
    with acting("verification.draft", Permission.VERIFICATION_RECORD, acting_member):
        task = own_task(public_id, acting_member)
        if not task.items.filter(position=position).exists():
            raise Refused(
                "verification.unknown",
                "Not found",
                "This task has no such face.",
                "Choose a face of your task.",
                act=Permission.VERIFICATION_RECORD,
            )
        return write_draft(open_draft(acting_member, task), position, answers, version)


def answer_verification(
    public_id: str,
    answers: Mapping[int, str],
    components: Mapping[int, Mapping[str, str]],
    *,
    acting_member: Member,
) -> Verification:
    """Record the verifier's conclusion on each face; a disagreement goes to a third person if there is one.

    Args:
        public_id: the task.
        answers: position -> conclusion, for every face.
        components: position -> the 19 components, for every face concluded as a potential candidate.
        acting_member: the verifier.

    Raises:
        Refused: no permission or training, not theirs, not viewed yet, or an answer is missing.
    """
    draw_again(acting_member)
    with acting("verification.record", Permission.VERIFICATION_RECORD, acting_member):
        task = own_task(public_id, acting_member)
        items = list(task.items.order_by("position"))
        _, policy = binding(acting_member.agency)
        rules.require(
            trained(Role.VERIFIER, training_facts(acting_member), policy, timezone.now().date()),
            looking.verifier_independent(acting_member.public_id, _worked_on(task)),
        )
        if task.shown_at is None:
            raise Refused(
                "verification.not_shown",
                "Verification not recorded",
                "The faces have not been viewed.",
                "View the faces first.",
                act=Permission.VERIFICATION_RECORD,
            )
        if set(answers) != {item.position for item in items}:
            raise Refused(
                "verification.incomplete",
                "Verification not recorded",
                f"{counted(len(items), 'face needs a conclusion', 'faces each need a conclusion')}.",
                f"Choose for each face one of: {', '.join(looking.CONCLUSIONS)}.",
            )
        for item in items:
            item.conclusion = answers[item.position]
            item.components = dict(components.get(item.position, {}))
            rules.require(looking.face_answered(item.conclusion, item.components))
            item.save(update_fields=["conclusion", "components"])
        task.answered_at = timezone.now()
        task.save(update_fields=["answered_at"])
        verdict = next(item.conclusion for item in items if item.is_candidate)
        named = sum(item.conclusion == looking.POTENTIAL for item in items if not item.is_candidate)
        write_entry(
            "verification.recorded",
            {
                "verification": task.public_id,
                "agency": acting_member.agency.public_id,
                "faces": len(items),
                "seconds": int((task.answered_at - task.shown_at).total_seconds()),
            },
            {"conclusions": {str(item.position): item.conclusion for item in items}},
            acting_member=acting_member,
            rows=[task, *items],
        )
        # An entry of the system: members may open their own entries, and the verifier must not learn this.
        write_entry(
            "verification.compared",
            {"verification": task.public_id, "agency": acting_member.agency.public_id},
            {"about": {**_outcome(task, verdict), "conclusion": verdict, "foils_named": named}},
            acting_member=None,
        )
        erase_draft(acting_member, task)
        examination = task.examination
        if examination is not None and verdict != examination.conclusion and examination.verifications.count() == 1:
            assign_verifier(examination)
        elif examination is not None and examination.conclusion == looking.POTENTIAL:
            tell("verified", examination.public_id, supervisors(examination.member))
    return task


def _worked_on(task: Verification) -> set[str]:
    """Return the id of its verifier if they have seen what it is about."""
    if task.examination is None:
        return set()
    return names_of(who_has_seen(task.examination.candidate.search, [task.verifier_id]))


def _outcome(task: Verification, verdict: str) -> dict[str, str | bool]:
    """Return the comparison of the answer with the first verdict or with the known answer."""
    if task.proficiency is not None:
        right = looking.POTENTIAL if task.proficiency.is_mated else looking.NOT
        return {"proficiency": task.proficiency.public_id, "right": verdict == right}
    assert task.examination is not None  # noqa: S101  a constraint of the table
    return {
        "examination": task.examination.public_id,
        "agrees": verdict == task.examination.conclusion,
    }
