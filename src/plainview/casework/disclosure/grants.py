"""Opening one search to one person outside the agency until a given day, and revoking that at once.

Owns the defence account: the first grant creates it, and it ends on the last day of the last live grant. It must never
open a search without an entry in the log: every view and every download has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from plainview.casework import find
from plainview.casework.disclosure.make import choose, disclosable
from plainview.casework.disclosure.read import grant_of, live
from plainview.casework.log.guard import acting
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Agency, DisclosureGrant, Invitation, Member, Search
from plainview.casework.people.members import invite_outsider
from plainview.casework.people.sign_in import end_sessions
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role

_MAX_NAME = 200  # characters, as the column


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant, and the invitation's `code`, "" when the person already has an account. It is shown once."""

    grant: DisclosureGrant
    code: str


def grant(
    search_id: str,
    email: str,
    name: str,
    until: date,
    *,
    pictures: str = "",
    reason: str = "",
    acting_member: Member,
) -> Granted:
    """Open a search to the defence.

    Args:
        search_id: an answered search of the member's agency.
        email: the person's address; several searches for one address reach one account.
        name: the person's name, and whom they act for.
        until: the last day.
        pictures: whose pictures the page shows, a word of policy.agency.PICTURES; "" for the agency's policy.
        reason: why fewer pictures than the policy shows.
        acting_member: a supervisor.

    Raises:
        Refused: no permission, unknown search, no address, name or day, already open to this person, or the address
            belongs to a member who is not of the defence.
    """
    email, name = email.strip().lower(), " ".join(name.split())
    with acting("disclosure.grant", Permission.DISCLOSURE_GRANT, acting_member):
        search = disclosable(search_id, acting_member)
        today = timezone.now().date()
        rules.require(joining.address(email), joining.outsider_terms([Role.DEFENCE.value], until, today, granted=True))
        if not name or len(name) > _MAX_NAME:
            raise Refused(
                "disclosure.name",
                "Disclosure not granted",
                f"The name does not have 1 to {_MAX_NAME} characters.",
                "Enter the name of the person.",
            )
        chosen = choose(pictures, reason, acting_member)
        theirs = DisclosureGrant.objects.filter(agency=acting_member.agency, email=email)
        if live(theirs).filter(search=search).exists():
            raise Refused(
                "disclosure.granted",
                "Disclosure not granted",
                "This person already has access to this search.",
                "To change the last day or the pictures, revoke that grant first.",
                act=Permission.DISCLOSURE_GRANT,
            )
        new_grant = DisclosureGrant.objects.create(
            search=search,
            agency=acting_member.agency,
            email=email,
            name=name,
            pictures=chosen.shown,
            pictures_reason=chosen.reason,
            granted_by=acting_member,
            ends_on=until,
        )
        code = _account(email, acting_member)
        write_entry(
            "disclosure.granted",
            {
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "grant": new_grant.public_id,
                "ends_on": until.isoformat(),
                "pictures": chosen.shown,
            },
            {"email": email, "name": name} | ({"reason": chosen.reason} if chosen.reason else {}),
            acting_member=acting_member,
            rows=Member.objects.filter(email=email),
        )
    return Granted(new_grant, code)


def open_also(grant: DisclosureGrant, search: Search, *, acting_member: Member) -> None:
    """Open another search to the person of a grant, on the same terms, in the running transaction."""
    theirs = DisclosureGrant.objects.filter(agency=grant.agency, email=grant.email, search=search)
    if live(theirs).exists():
        return
    new_grant = DisclosureGrant.objects.create(
        search=search,
        agency=grant.agency,
        email=grant.email,
        name=grant.name,
        pictures=grant.pictures,
        pictures_reason=grant.pictures_reason,
        granted_by=acting_member,
        ends_on=grant.ends_on,
    )
    write_entry(
        "disclosure.granted",
        {
            "agency": grant.agency.public_id,
            "search": search.public_id,
            "grant": new_grant.public_id,
            "ends_on": new_grant.ends_on.isoformat(),
            "pictures": new_grant.pictures,
        },
        {"email": new_grant.email, "name": new_grant.name},
        acting_member=acting_member,
    )


def _account(email: str, by: Member) -> str:
    """Move the account's last day to that of the last live grant, or invite the person; return the invitation's code."""
    last = _last_day(email, by.agency)
    member = Member.objects.select_for_update().filter(email=email).first()
    if member is None:
        return invite_outsider(email, Role.DEFENCE, last, acting_member=by).code
    if member.agency_id != by.agency_id or member.roles != [Role.DEFENCE.value] or not member.is_active:
        raise Refused(
            "member.exists",
            "Disclosure not granted",
            "The address belongs to an account that is not a defence account of your agency, or that has ended.",
            "Use another address: one person has one account.",
        )
    member.ends_on = last
    member.save(update_fields=["ends_on"])
    return ""


def _last_day(email: str, agency: Agency) -> date:
    rows = live(DisclosureGrant.objects.filter(agency=agency, email=email))
    newest = rows.order_by("-ends_on").values_list("ends_on", flat=True).first()
    return newest if newest is not None else timezone.now().date() - timedelta(days=1)


def revoke(grant_id: str, reason: str, *, acting_member: Member) -> DisclosureGrant:
    """Close a search to a person at once; with the last one, their account and its sessions end.

    Raises:
        Refused: no permission, unknown, already revoked, or no reason in words.
    """
    with acting("disclosure.revoke", Permission.DISCLOSURE_GRANT, acting_member):
        grant = find.grant(grant_id, acting_member)
        if grant.revoked_at is not None:
            raise Refused(
                "grant.revoked", "Nothing changed", "This grant has already been revoked.", "Nothing more is needed."
            )
        rules.require(explained(reason, "The reason"))
        grant.revoked_by, grant.revoked_at, grant.revoked_why = acting_member, timezone.now(), reason.strip()
        grant.save(update_fields=["revoked_by", "revoked_at", "revoked_why"])
        _shorten(grant)
        write_entry(
            "disclosure.revoked",
            {
                "agency": acting_member.agency.public_id,
                "search": grant.search.public_id,
                "grant": grant.public_id,
            },
            {"why": grant.revoked_why},
            acting_member=acting_member,
            rows=Member.objects.filter(email=grant.email),
        )
    return grant


def _shorten(grant: DisclosureGrant) -> None:
    last = _last_day(grant.email, grant.agency)
    ended = last < timezone.now().date()
    unused = Invitation.objects.filter(email=grant.email, agency=grant.agency, member=None, roles=[Role.DEFENCE.value])
    unused.update(ends_on=last, **({"expires_at": timezone.now()} if ended else {}))
    member = Member.objects.filter(email=grant.email, agency=grant.agency, roles=[Role.DEFENCE.value]).first()
    if member is not None:
        member.ends_on = last
        member.save(update_fields=["ends_on"])
        if ended:
            end_sessions(member)


def view_disclosure(search_id: str, *, acting_member: Member) -> tuple[DisclosureGrant, Receipt]:
    """Return a search that is open to the defence, and log the view.

    Raises:
        Refused: no permission, or not open to this person.
    """
    with acting("disclosure.view", Permission.DISCLOSURE_READ, acting_member):
        grant = grant_of(search_id, acting_member)
        receipt = write_entry(
            "disclosure.viewed",
            {
                "agency": acting_member.agency.public_id,
                "search": grant.search.public_id,
                "grant": grant.public_id,
            },
            acting_member=acting_member,
        )
    return grant, receipt
