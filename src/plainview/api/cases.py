"""Cases: open, close, list.

Owns their fields on the API. The acts are those of the pages and commands (casework.cases).
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Moment, Out, Short, Text, member_of, part_of
from plainview.casework import find
from plainview.casework.cases.open_close import close_case, open_case
from plainview.casework.models import Case


class CaseIn(In):
    """A case to open."""

    number: Short = Field(description="The agency's own number of the case.", examples=["C-1"])
    offence: Short = Field(description="Offence under investigation.", examples=["robbery"])
    jurisdiction: Short = Field(default="", description="Jurisdiction; by default the agency's own.")


class CaseOut(Out):
    """A case."""

    id: int = Field(description="As in the address of its page.")
    number: str
    offence: str
    jurisdiction: str
    state: str = Field(description="open or closed")
    opened_by: str = Field(description="E-mail address of the member.")
    opened_at: Moment
    closed_at: Moment | None


class CasesOut(Out):
    """A part of the list of cases."""

    items: list[CaseOut]
    next: str | None


class Closing(In):
    """Why a case is closed."""

    reason: Text = Field(default="", description="The reason; it is stored.")


def shown(case: Case) -> CaseOut:
    """Return a case as the API shows it."""
    return CaseOut(
        id=case.pk,
        number=case.number,
        offence=case.offence,
        jurisdiction=case.jurisdiction,
        state="closed" if case.closed_at else "open",
        opened_by=case.opened_by.email,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
    )


def case_open(request: HttpRequest, case: Body[CaseIn]) -> CaseOut:
    """Open a case."""
    member = member_of(request)
    return shown(open_case(case.number, case.offence, jurisdiction=case.jurisdiction, acting_member=member))


def case_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's cases, the newest first."""
    rows = Case.objects.filter(agency=member_of(request).agency).select_related("opened_by")
    return part_of(rows, page, shown)


def case_show(request: HttpRequest, id: int) -> CaseOut:  # noqa: A002  the name in the path
    """Return a case."""
    return shown(find.case_by_key(id, member_of(request)))


def case_close(request: HttpRequest, id: int, closing: Body[Closing]) -> CaseOut:  # noqa: A002
    """Close a case; nothing can be searched under it from then on."""
    member = member_of(request)
    case = find.case_by_key(id, member)
    close_case(case.number, reason=closing.reason, acting_member=member)
    return shown(find.case_by_key(id, member))
