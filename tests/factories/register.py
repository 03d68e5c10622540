"""Two agencies and years of use in a second: what the log says of searches is written as the actions write it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import transaction
from tests.factories.power import invite_member
from tests.factories.work import at

from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Member
from plainview.casework.people.agencies import accept_terms, open_agency, propose_agency
from plainview.casework.people.members import join

_numbers = count(1)


def moment(month: str, day: int = 10) -> datetime:
    """Noon of a day of a month, "2027-03"."""
    return datetime(int(month[:4]), int(month[5:]), day, 12, tzinfo=UTC)


def agency(name: str, month: str, *, place: str = "North") -> Member:
    """An agency that was opened in a month; its administrator. Its supervisor is supervisor@NAME.example."""
    host = name.lower().replace(" ", "-")
    with at(moment(month)):
        accept_terms(propose_agency(name, jurisdiction=place, head_name="Ada Head", head_email=f"head@{host}.example"))
        boss = join(open_agency(name, administrator_email=f"admin@{host}.example").code, "Bea Boss")
        join(invite_member(f"supervisor@{host}.example", ["supervisor"], acting_member=boss).code, "Sue Super")
    return boss


def use(agency: Agency, month: str, times: int, offence: str = "robbery", **kind: Any) -> None:
    """So many searches in a month, each answered. Keywords: urgent, erased, candidates."""
    with at(moment(month)), transaction.atomic():
        for _ in range(times):
            search = f"S{next(_numbers):012d}"
            fact = {"search": search, "agency": agency.public_id, "offence": offence}
            write_entry("search.requested", fact | {"urgent": kind.get("urgent", False)}, acting_member=None)
            told = {"search": search, "candidates": kind.get("candidates", 20)}
            write_entry("search.answered", told, acting_member=None)
            if kind.get("erased"):
                write_entry("search.erased", {"search": search, "agency": agency.public_id}, acting_member=None)


def happened(month: str, action: str, times: int = 1, **about: Any) -> None:
    """Entries of another kind in a month; a lead's id is made when none is given."""
    with at(moment(month)), transaction.atomic():
        for _ in range(times):
            lead = {"lead": f"L{next(_numbers):012d}"} if action in ("lead.released", "outcome.reported") else {}
            write_entry(action, lead | about, acting_member=None)
