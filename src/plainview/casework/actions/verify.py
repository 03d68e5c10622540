"""Blind verification: the verifier's task is shown without score, rank, name or first verdict, and answered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from plainview.casework.actions.examine import assign_verifier
from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Member, Verification
from plainview.casework.queries.people import training_facts
from plainview.casework.queries.policy import binding
from plainview.casework.services import services
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import trained
from plainview.recognition.crop import face_square
from plainview.recognition.types import Pixels

_SIDE = 640  # pixels of each square: probe and faces at one scale


@dataclass(frozen=True, slots=True)
class BlindTask:
    """All that a verifier sees: the probe's face, and the faces by position; pixels as `recognition.types.Pixels`."""

    public_id: str
    probe: Pixels
    faces: dict[int, Pixels]


def show_verification(public_id: str, *, acting_member: Member) -> BlindTask:
    """Show a verification to whom it was assigned; the first view starts its clock.

    Raises:
        Refused: no permission, or no such task of theirs.
    """
    with acting("verification.show", Permission.VERIFICATION_RECORD, acting_member):
        task = _own_task(public_id, acting_member)
        if task.shown_at is None:
            task.shown_at = timezone.now()
            task.save(update_fields=["shown_at"])
        write_entry("verification.shown", {"verification": task.public_id}, acting_member=acting_member)
    search = task.examination.candidate.search
    faces = {item.position: _face(item.reference.blob, item.reference.box) for item in task.items.all()}
    return BlindTask(task.public_id, _face(search.probe_blob, search.box), faces)


def answer_verification(
    public_id: str,
    answers: Mapping[int, str],
    components: Mapping[int, Mapping[str, str]],
    *,
    acting_member: Member,
) -> Verification:
    """Record what the verifier concludes on each face; a disagreement goes to a third person where there is one.

    Args:
        public_id: the task.
        answers: position -> conclusion, for every face.
        components: position -> the 19 components, for every face concluded to be a potential candidate.
        acting_member: the verifier.

    Raises:
        Refused: no permission or training, not theirs, not shown yet, or an answer is missing.
    """
    with acting("verification.record", Permission.VERIFICATION_RECORD, acting_member):
        task = _own_task(public_id, acting_member)
        examination, items = task.examination, list(task.items.all())
        _, policy = binding(acting_member.agency)
        search = examination.candidate.search
        rules.require(
            trained(Role.VERIFIER, training_facts(acting_member), policy, timezone.now().date()),
            looking.verifier_independent(
                acting_member.public_id, [examination.member.public_id, search.member.public_id]
            ),
        )
        if task.shown_at is None:
            raise Refused(
                "verification.not_shown", "Not recorded", "The faces were not looked at.",
                "Look at them first with `plainview verify show`.",
            )  # fmt: skip
        if set(answers) != {item.position for item in items}:
            raise Refused(
                "verification.incomplete", "Not recorded", f"Each of the {len(items)} faces needs a conclusion.",
                f"Conclude on each: {', '.join(looking.CONCLUSIONS)}.",
            )  # fmt: skip
        for item in items:
            item.conclusion = answers[item.position]
            item.components = dict(components.get(item.position, {}))
            rules.require(looking.conclusion_known(item.conclusion))
            if item.conclusion == looking.POTENTIAL:
                rules.require(
                    looking.components_answered(item.components),
                    looking.conclusion_fits(item.conclusion, item.components),
                )
            item.save(update_fields=["conclusion", "components"])
        task.answered_at = timezone.now()
        task.save(update_fields=["answered_at"])
        verdict = next(item.conclusion for item in items if item.is_candidate)
        agrees = verdict == examination.conclusion
        write_entry(
            "verification.recorded",
            {
                "verification": task.public_id, "examination": examination.public_id, "conclusion": verdict,
                "agrees": agrees, "seconds": int((task.answered_at - task.shown_at).total_seconds()),
                "foils_named": sum(i.conclusion == looking.POTENTIAL for i in items if not i.is_candidate),
            },
            acting_member=acting_member,
        )  # fmt: skip
        if not agrees and examination.verifications.count() == 1:
            assign_verifier(examination)
    return task


def _own_task(public_id: str, member: Member) -> Verification:
    rows = Verification.objects.select_related(
        "examination__candidate__search__member",
        "examination__candidate__reference",
        "examination__member__agency",
    )
    task = rows.filter(public_id=public_id.strip(), verifier=member, answered_at=None).first()
    if task is None or task.examination.candidate.search.erased_at is not None:
        raise Refused(
            "verification.unknown",
            "Refused",
            "You have no such task.",
            "See `plainview verify list` for yours.",
        )
    return task


def _face(blob: str, box: list[float]) -> Pixels:
    """The face with some of its surroundings, from a fresh decode: no name, no metadata comes with it."""
    return face_square(services().decoder.decode(services().blobs.get(blob)).pixels, box, _SIDE)
