"""Reads cases and searches of the member's own agency."""

from __future__ import annotations

from django.db.models import Count, Q

from plainview.casework.models import Case, Member, Search


def cases(member: Member) -> list[Case]:
    """Return the cases of the member's agency, newest first."""
    return list(Case.objects.filter(agency=member.agency).select_related("opened_by").order_by("-pk"))


def has_case(member: Member, number: str) -> bool:
    """Say whether the member's agency has a case of exactly this number."""
    return Case.objects.filter(agency=member.agency, number=number).exists()


SHOWN = 100
"""Cases on one page: chosen; typing a text finds others."""


def find_cases(member: Member, text: str = "", *, closed: bool = True) -> list[Case]:
    """Return up to SHOWN cases of the agency whose number or offence contains the text, newest first, with `search_count`."""
    rows = Case.objects.filter(agency=member.agency)
    for word in text.split():
        rows = rows.filter(Q(number__icontains=word) | Q(offence__icontains=word))
    if not closed:
        rows = rows.filter(closed_at=None)
    counted = rows.annotate(search_count=Count("search")).select_related("opened_by")
    return list(counted.order_by("-pk")[:SHOWN])


def searches_under(case: Case) -> list[Search]:
    """Return every search of a case, newest first, with `found`, the number of its candidates."""
    rows = Search.objects.filter(case=case).annotate(found=Count("candidate"))
    return list(rows.select_related("member", "gallery").order_by("-pk"))


def probe_faces(case: Case) -> list[Search]:
    """Return one search for each probe of a case, the newest first, with `times`, how often it was searched with."""
    rows = Search.objects.filter(case=case, erased_at=None, sealed_at=None, answered_at__isnull=False).order_by("-pk")
    faces: dict[tuple[str, str], Search] = {}
    for search in rows:
        first = faces.setdefault((search.probe_blob, str(search.box)), search)
        first.times = getattr(first, "times", 0) + 1  # type: ignore[attr-defined]
    return list(faces.values())
