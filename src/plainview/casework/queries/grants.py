"""Reading what was opened to whom: a person's live grants, and of a search its grants, packages and downloads.

Owns what "live" means: not revoked, and not after its last day. A grant that is not live is as unknown as none.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from plainview.casework.models import DisclosureGrant, DisclosurePackage, Member, Search
from plainview.policy.agency import PICTURES
from plainview.policy.decision import Refused


def live(rows: QuerySet[DisclosureGrant], today: date | None = None) -> QuerySet[DisclosureGrant]:
    """Of these grants, those that count today."""
    return rows.filter(revoked_at=None, ends_on__gte=today or timezone.now().date())


def grants_to(member: Member) -> list[DisclosureGrant]:
    """What is open to this person now, the newest first; searches that were erased are left out."""
    rows = live(DisclosureGrant.objects.filter(agency=member.agency, email=member.email))
    rows = rows.filter(search__erased_at=None).select_related("search__case", "search__gallery")
    return list(rows.order_by("-pk"))


def grant_of(search_id: str, member: Member) -> DisclosureGrant:
    """The member's live grant to a search.

    Raises:
        Refused: disclosure.unknown, when there is none: also for a search that exists.
    """
    found = [row for row in grants_to(member) if row.search.public_id == search_id.strip()]
    if not found:
        raise Refused(
            "disclosure.unknown",
            "Refused",
            "No such search is disclosed to you.",
            "Look at the list of what is, or ask the agency.",
        )
    return found[0]


def grant_numbered(public_id: str, member: Member) -> DisclosureGrant:
    """A grant of the member's agency.

    Raises:
        Refused: grant.unknown.
    """
    rows = DisclosureGrant.objects.filter(agency=member.agency, public_id=public_id.strip())
    row = rows.select_related("search", "agency").first()
    if row is None:
        raise Refused("grant.unknown", "Refused", "There is no such grant.", "Look at the search's disclosure.")
    return row


def grants_of(search: Search) -> list[DisclosureGrant]:
    """Everybody to whom a search was opened, the newest first."""
    return list(
        DisclosureGrant.objects.filter(search=search).select_related("granted_by", "revoked_by").order_by("-pk")
    )


def packages_of(search: Search) -> list[DisclosurePackage]:
    """The packages of a search with who took them, the newest first."""
    rows = DisclosurePackage.objects.filter(search=search).select_related("asked_by")
    return list(rows.prefetch_related("downloads__member").order_by("-pk"))


def packages_open_to(grant: DisclosureGrant) -> list[DisclosurePackage]:
    """The packages that a grant opens: those that are kept and show no more pictures than the grant does."""
    enough = PICTURES[PICTURES.index(grant.pictures) :]
    rows = DisclosurePackage.objects.filter(~Q(blob=""), search=grant.search, pictures__in=enough)
    return list(rows.order_by("-pk"))


def package_numbered(public_id: str, member: Member) -> DisclosurePackage:
    """A package of the member's agency that is kept.

    Raises:
        Refused: package.unknown.
    """
    rows = DisclosurePackage.objects.filter(search__case__agency=member.agency, public_id=public_id.strip())
    row = rows.exclude(blob="").select_related("search").first()
    if row is None:
        raise _unknown()
    return row


def package_open_to(public_id: str, member: Member) -> DisclosurePackage:
    """A package that a live grant of the member opens.

    Raises:
        Refused: package.unknown.
    """
    for grant in grants_to(member):
        for row in packages_open_to(grant):
            if row.public_id == public_id.strip():
                return row
    raise _unknown()


def _unknown() -> Refused:
    return Refused("package.unknown", "Refused", "There is no such package.", "Look at the list of packages.")
