"""Reading cases, approvals and searches of the member's own agency."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils import timezone

from plainview.casework.models import Approval, Case, Member, Search
from plainview.policy import rules
from plainview.policy.decision import Refused


def case_numbered(number: str, member: Member) -> Case:
    """Return a case of the member's agency.

    Raises:
        Refused: case.unknown.
    """
    case = Case.objects.filter(agency=member.agency, number=number.strip()).first()
    rules.require(rules.case_found(number, case is not None))
    assert case is not None  # noqa: S101  require() has raised otherwise
    return case


def cases(member: Member) -> list[Case]:
    """The cases of the member's agency, newest first."""
    return list(Case.objects.filter(agency=member.agency).select_related("opened_by").order_by("-pk"))


SHOWN = 100
"""Cases on one page: chosen, more are found by typing."""


def find_cases(member: Member, text: str = "", *, closed: bool = True) -> list[Case]:
    """Up to SHOWN cases of the agency whose number or offence holds the text, newest first, with `search_count`."""
    rows = Case.objects.filter(agency=member.agency)
    for word in text.split():
        rows = rows.filter(Q(number__icontains=word) | Q(offence__icontains=word))
    if not closed:
        rows = rows.filter(closed_at=None)
    counted = rows.annotate(search_count=Count("search")).select_related("opened_by")
    return list(counted.order_by("-pk")[:SHOWN])


def case_keyed(key: int, member: Member) -> Case:
    """Return a case of the member's agency by its key, as addresses of pages carry it.

    Raises:
        Refused: case.unknown.
    """
    case = Case.objects.filter(agency=member.agency, pk=key).select_related("opened_by").first()
    rules.require(rules.case_found(str(key), case is not None))
    assert case is not None  # noqa: S101  require() has raised otherwise
    return case


def searches_under(case: Case) -> list[Search]:
    """Every search of a case, newest first, with `found`, the number of its candidates."""
    rows = Search.objects.filter(case=case).annotate(found=Count("candidate"))
    return list(rows.select_related("member", "gallery").order_by("-pk"))


def search_numbered(public_id: str, member: Member) -> Search:
    """Return a search of the member's agency.

    Raises:
        Refused: search.unknown.
    """
    rows = Search.objects.select_related("case", "member", "gallery")
    search = rows.filter(public_id=public_id.strip(), case__agency=member.agency).first()
    if search is None:
        raise Refused("search.unknown", "Refused", f"Your agency has no search {public_id!r}.", "Check its id.")
    return search


def require_open_to_view(search: Search) -> Search:
    """Return the search, unless its time to be authorised is over and it is there only because a hold keeps it.

    Raises:
        Refused: search.sealed.
    """
    late = search.authorise_by is not None and search.authorised_at is None and search.erased_at is None
    if late and (search.sealed_at is not None or search.authorise_by <= timezone.now()):  # type: ignore[operator]
        raise Refused(
            "search.sealed",
            "Nothing shown",
            "Nobody authorised this urgent search in time. If it is still there, a hold keeps it from being erased.",
            "It cannot be looked at or worked with; a supervisor can disclose it to the court that needs it.",
        )
    return search


def approvals_waiting(member: Member) -> list[Approval]:
    """Requests of the member's agency that no supervisor has decided, oldest first."""
    rows = Approval.objects.filter(case__agency=member.agency, granted=None, expires_at__gt=timezone.now())
    return list(rows.select_related("case", "member").order_by("pk"))


def urgent_waiting(member: Member) -> list[Search]:
    """Urgent searches of the member's agency that wait to be authorised, the next to be erased first."""
    rows = Search.objects.filter(
        case__agency=member.agency,
        authorise_by__isnull=False,
        authorised_at=None,
        erased_at=None,
        sealed_at=None,
    )
    return list(rows.select_related("case", "member").order_by("authorise_by"))
