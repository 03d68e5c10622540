"""Reading examinations, verifications and leads of the member's own agency."""

from __future__ import annotations

from plainview.casework.models import Examination, Lead, Member, Verification, VerificationItem
from plainview.policy.decision import Refused


def verdicts(examination: Examination) -> list[tuple[str, str]]:
    """(verifier's id, conclusion on the candidate) of every answered verification, in order."""
    rows = VerificationItem.objects.filter(
        verification__examination=examination, verification__answered_at__isnull=False, is_candidate=True
    )
    return list(
        rows.order_by("verification__answered_at").values_list(
            "verification__verifier__public_id", "conclusion"
        )
    )


def tasks(member: Member) -> list[Verification]:
    """The acting member's own unanswered verifications, oldest first; nothing of them says which face it is about."""
    rows = Verification.objects.filter(verifier=member, answered_at=None)
    return list(rows.exclude(examination__candidate__search__erased_at__isnull=False).order_by("pk"))


def examinations(member: Member) -> list[Examination]:
    """Every examination of the member's agency, newest first."""
    rows = Examination.objects.filter(member__agency=member.agency)
    return list(rows.select_related("member", "candidate__search__case", "lead").order_by("-pk"))


def leads(member: Member) -> list[Lead]:
    """Every lead of the member's agency, newest first."""
    rows = Lead.objects.filter(released_by__agency=member.agency).prefetch_related("outcomes")
    return list(rows.select_related("examination__candidate__search__case", "released_by").order_by("-pk"))


def lead_numbered(public_id: str, member: Member) -> Lead:
    """Return a lead of the member's agency.

    Raises:
        Refused: lead.unknown.
    """
    lead = Lead.objects.filter(public_id=public_id.strip(), released_by__agency=member.agency).first()
    if lead is None:
        raise Refused(
            "lead.unknown", "Refused", f"Your agency has no lead {public_id!r}.", "See `plainview lead list`."
        )
    return lead
