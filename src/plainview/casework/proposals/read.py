"""Reads proposals: those of an agency, those that wait for a member, and who may decide on one."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff

from django.db.models import QuerySet
from django.utils import timezone

from plainview.casework.models import Agency, Member, Proposal
from plainview.casework.people.read import newest_version
from plainview.casework.retention.read import rules_of
from plainview.policy.permissions import Permission
from plainview.policy.proposals import OPEN, Kind
from plainview.policy.retention import BEGINNING
from plainview.policy.roles import holds

_BESIDE = ("concerns", "proposed_by", "decided_by")


def proposals(member: Member) -> list[Proposal]:
    """Return every proposal of the member's agency, newest first."""
    rows = Proposal.objects.filter(agency=member.agency).select_related(*_BESIDE)
    return list(rows.order_by("-pk"))


def is_open(proposal: Proposal) -> bool:
    """Say whether a proposal can still be decided."""
    return proposal.state == OPEN and timezone.now() < proposal.expires_at


def open_proposals(agency: Agency) -> QuerySet[Proposal]:
    """Return the proposals of an agency that can still be decided, oldest first."""
    rows = Proposal.objects.filter(agency=agency, state=OPEN, expires_at__gt=timezone.now())
    return rows.select_related(*_BESIDE).order_by("pk")


def to_decide(member: Member) -> list[Proposal]:
    """Return the open proposals that this member may approve, oldest first."""
    if not holds(member.roles, Permission.PROPOSAL_DECIDE):
        return []
    return list(open_proposals(member.agency).exclude(proposed_by=member).exclude(concerns=member))


def about(member: Member) -> list[Proposal]:
    """Return the open proposals that concern the member."""
    return list(open_proposals(member.agency).filter(concerns=member))


def able(agency: Agency, permission: Permission, *, but: tuple[int | None, ...] = ()) -> list[Member]:
    """Return the active members of an agency with a permission, by address, without some (by primary key)."""
    rows = Member.objects.filter(agency=agency, is_active=True, locked_at=None).order_by("email")
    return [member for member in rows if member.pk not in but and holds(member.roles, permission)]


def approvers(proposal: Proposal) -> list[Member]:
    """Return the members who may approve a proposal."""
    return able(proposal.agency, proposal.power.approve, but=(proposal.proposed_by_id, proposal.concerns_id))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proposal would change, for people: facts in order, and the lines of a text that change."""

    facts: tuple[tuple[str, str], ...]
    difference: tuple[str, ...] = ()


def shown(proposal: Proposal) -> Shown:
    """Return what an open proposal would change, or a decided one has changed."""
    wanted, basis, kind = proposal.wanted, proposal.basis, Kind(proposal.kind)
    facts: list[tuple[str, str]] = []
    if proposal.concerns is not None:
        facts.append(("Member", f"{proposal.concerns.name} ({proposal.concerns.email})"))
    if kind is Kind.ROLES:
        facts += [("Roles now", ", ".join(basis["roles"])), ("Roles then", ", ".join(sorted(wanted["roles"])))]
        then = wanted.get("on_trial")
        if then is not None and then != basis["trial"]:
            facts.append(("On trial then", "yes" if then else "no"))
    if kind is Kind.INVITATION:
        facts += [("Address", wanted["email"]), ("Roles", ", ".join(wanted["roles"]))]
        if wanted.get("on_trial"):
            facts.append(("On trial", "yes"))
        if wanted.get("ends_on"):
            facts.append(("Last day", wanted["ends_on"]))
    if kind not in (Kind.POLICY, Kind.RETENTION):
        return Shown(tuple(facts))
    facts.append(("Based on version", str(basis["number"])))
    return Shown(tuple(facts), tuple(_difference(proposal)) if is_open(proposal) else ())


def _difference(proposal: Proposal) -> list[str]:
    if proposal.kind == Kind.POLICY:
        now = newest_version(proposal.agency).text
    else:
        version, _ = rules_of(proposal.agency)
        now = version.text if version else BEGINNING
    lines = unified_diff(
        now.splitlines(), proposal.wanted["text"].splitlines(), "in force", "proposed", lineterm="", n=1
    )
    return list(lines)
