"""Opening one named search to one person outside the agency until a day, and taking it back at once.

Owns the account of the defence: it is made by the first grant, its last day is that of the last live grant, and it ends
with it. Every reading and every download is an entry.
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
    """A grant; `code` of the invitation, "" when the person has an account already. It is shown once."""

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
        name: who it is, and for whom.
        until: the last day.
        pictures: whose pictures the page shows, a word of policy.agency.PICTURES; "": what policy says.
        reason: why fewer than policy says.
        acting_member: a supervisor.

    Raises:
        Refused: no permission, unknown search, no address, name or day, open to this person already, or the address
            is that of a member who is not of the defence.
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
        row = DisclosureGrant.objects.create(
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
                "grant": row.public_id,
                "ends_on": until.isoformat(),
                "pictures": chosen.shown,
            },
            {"email": email, "name": name} | ({"reason": chosen.reason} if chosen.reason else {}),
            acting_member=acting_member,
        )
    return Granted(row, code)


def open_also(held: DisclosureGrant, search: Search, *, acting_member: Member) -> None:
    """Open another search to whom one is open, on the same terms; in the running transaction."""
    theirs = DisclosureGrant.objects.filter(agency=held.agency, email=held.email, search=search)
    if live(theirs).exists():
        return
    row = DisclosureGrant.objects.create(
        search=search,
        agency=held.agency,
        email=held.email,
        name=held.name,
        pictures=held.pictures,
        pictures_reason=held.pictures_reason,
        granted_by=acting_member,
        ends_on=held.ends_on,
    )
    write_entry(
        "disclosure.granted",
        {
            "agency": held.agency.public_id,
            "search": search.public_id,
            "grant": row.public_id,
            "ends_on": row.ends_on.isoformat(),
            "pictures": row.pictures,
        },
        {"email": row.email, "name": row.name},
        acting_member=acting_member,
    )


def _account(email: str, by: Member) -> str:
    """Let the account reach its newest last day, or invite the person; returns the invitation's code."""
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
    """Close a search to a person at once; with their last one the account ends and its sessions too.

    Raises:
        Refused: no permission, unknown, revoked already, or no reason in words.
    """
    with acting("disclosure.revoke", Permission.DISCLOSURE_GRANT, acting_member):
        row = find.grant(grant_id, acting_member)
        if row.revoked_at is not None:
            raise Refused(
                "grant.revoked", "Nothing changed", "This grant has already been revoked.", "Nothing more is needed."
            )
        rules.require(explained(reason, "The reason"))
        row.revoked_by, row.revoked_at, row.revoked_why = acting_member, timezone.now(), reason.strip()
        row.save(update_fields=["revoked_by", "revoked_at", "revoked_why"])
        _shorten(row)
        write_entry(
            "disclosure.revoked",
            {
                "agency": acting_member.agency.public_id,
                "search": row.search.public_id,
                "grant": row.public_id,
            },
            {"why": row.revoked_why},
            acting_member=acting_member,
        )
    return row


def _shorten(row: DisclosureGrant) -> None:
    last = _last_day(row.email, row.agency)
    ended = last < timezone.now().date()
    unused = Invitation.objects.filter(email=row.email, agency=row.agency, member=None, roles=[Role.DEFENCE.value])
    unused.update(ends_on=last, **({"expires_at": timezone.now()} if ended else {}))
    member = Member.objects.filter(email=row.email, agency=row.agency, roles=[Role.DEFENCE.value]).first()
    if member is not None:
        member.ends_on = last
        member.save(update_fields=["ends_on"])
        if ended:
            end_sessions(member)


def view_disclosure(search_id: str, *, acting_member: Member) -> tuple[DisclosureGrant, Receipt]:
    """Let the defence read a search that is open to them; the reading is an entry.

    Raises:
        Refused: no permission, or it is not open to them.
    """
    with acting("disclosure.view", Permission.DISCLOSURE_READ, acting_member):
        row = grant_of(search_id, acting_member)
        receipt = write_entry(
            "disclosure.viewed",
            {
                "agency": acting_member.agency.public_id,
                "search": row.search.public_id,
                "grant": row.public_id,
            },
            acting_member=acting_member,
        )
    return row, receipt
