"""Finding members, their training and their trial; always within one agency, but for signing in."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from plainview.casework.models import Agency, Invitation, Member, Search, Token, Training, Trial
from plainview.policy.decision import Refused
from plainview.policy.search import TrainingFacts, TrialFacts


def member_by_email(email: str) -> Member:
    """Return the member with this address.

    Raises:
        Refused: member.unknown.
    """
    member = Member.objects.select_related("agency").filter(email=email.strip().lower()).first()
    if member is None:
        raise _unknown(email, "Check --as EMAIL, or ask your agency administrator.")
    return member


def colleague(email: str, member: Member) -> Member:
    """Return a member of the same agency; another agency's is as unknown as nobody.

    Raises:
        Refused: member.unknown.
    """
    found = Member.objects.select_related("agency").filter(agency=member.agency, email=email.strip().lower())
    other = found.first()
    if other is None:
        raise _unknown(email, "See `plainview member list` for the members of your agency.")
    return other


def _unknown(email: str, next_step: str) -> Refused:
    return Refused("member.unknown", "Refused", f"Nobody with the address {email!r} is a member here.", next_step)


def members(member: Member) -> list[Member]:
    """Every member of the acting member's agency, by address."""
    return list(Member.objects.filter(agency=member.agency).prefetch_related("trainings", "trials").order_by("email"))


def member_numbered(public_id: str, member: Member) -> Member:
    """Return a member of the acting member's agency by id.

    Raises:
        Refused: member.unknown.
    """
    rows = Member.objects.select_related("agency").filter(agency=member.agency, public_id=public_id.strip())
    found = rows.first()
    if found is None:
        raise _unknown(public_id, "Look at the list of members.")
    return found


def invitations(member: Member) -> list[Invitation]:
    """Invitations of the acting member's agency that can still be used, newest first."""
    rows = Invitation.objects.filter(agency=member.agency, member=None, expires_at__gt=timezone.now())
    return list(rows.select_related("invited_by").order_by("-pk"))


def training_facts(member: Member, *, known_at: datetime | None = None) -> tuple[TrainingFacts, ...]:
    """The member's completed courses; with `known_at` only those that were on record then."""
    rows = Training.objects.filter(member=member)
    if known_at is not None:
        rows = rows.filter(recorded_at__lte=known_at)
    return tuple(TrainingFacts(*row) for row in rows.values_list("course", "hours", "expires_on"))


def trial_facts(member: Member) -> TrialFacts | None:
    """The member's newest trial with the searches used in it, None when no supervisor approved one."""
    trial = Trial.objects.filter(member=member).order_by("-pk").first()
    if trial is None:
        return None
    used = Search.objects.filter(member=member, requested_at__gte=trial.approved_at).count()
    return TrialFacts(trial.starts_on, trial.ends_on, trial.search_limit, used)


def agency_named(name: str) -> Agency:
    """Return the agency of this name, for the operator.

    Raises:
        Refused: agency.unknown.
    """
    agency = Agency.objects.filter(name=name.strip()).first()
    if agency is None:
        raise Refused("agency.unknown", "Refused", f"There is no agency {name!r}.", "See `plainview agency list`.")
    return agency


def agencies() -> list[tuple[Agency, int]]:
    """Every agency with the number of its active members, for the operator."""
    counted = Agency.objects.annotate(active=Count("member", filter=Q(member__is_active=True))).order_by("name")
    return [(agency, agency.active) for agency in counted]


def tokens(member: Member) -> list[Token]:
    """The acting member's own tokens, newest first."""
    return list(Token.objects.filter(member=member).order_by("-pk"))
