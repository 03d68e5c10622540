"""What the public register says: counts, passports, outcomes and flags of every agency, with small cells suppressed.

Owns the numbers and their suppression. Nothing here names a person, a case or a search.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncMonth

from plainview.audit.record import parse_line
from plainview.casework.models import Agency, Gallery, Lead, LogEntry, Member, Outcome, Reference, Search
from plainview.casework.queries.flags import flag_figures
from plainview.casework.queries.policy import binding
from plainview.casework.services import services
from plainview.recognition.packs import card

SMALLEST = 5
"""Counts from 1 up to one less than this are not shown in cells: chosen, as official statistics commonly do."""


def register() -> dict[str, Any]:
    """The register of this deployment: every agency that was ever open."""
    refused = _refusals()
    agencies = Agency.objects.exclude(opened_at=None).order_by("name")
    return {
        "format": "plainview-register-1",
        "smallest_cell": SMALLEST,
        "agencies": [_agency(agency, refused.get(agency.public_id, Counter())) for agency in agencies],
        "models": [card(services().engine.pack)],
    }


def _agency(agency: Agency, refused: Counter[str]) -> dict[str, Any]:
    searches = Search.objects.filter(case__agency=agency)
    total = searches.count()
    without = searches.filter(answered_at__isnull=False, erased_at=None, candidate=None).count()
    leads = Lead.objects.filter(released_by__agency=agency)
    newest = [lead.outcomes.order_by("-pk").first() for lead in leads.prefetch_related("outcomes")]
    version, policy = binding(agency)
    roles = Counter(
        role for row in Member.objects.filter(agency=agency, is_active=True) for role in row.roles
    )
    return {
        "name": agency.name, "jurisdiction": agency.jurisdiction, "sample": agency.is_sample,
        "opened_on": agency.opened_at.date().isoformat() if agency.opened_at else None,
        "suspended": agency.suspended_at is not None,
        "searches": total,
        "zero_use": total == 0,
        "without_candidate": shown(without), "urgent": shown(searches.filter(authorise_by__isnull=False).count()),
        "erased_unauthorised": shown(searches.filter(erased_at__isnull=False, authorise_by__isnull=False, authorised_at=None).count()),
        "by_month": _by_month(searches),
        "refusals": {rule: shown(count) for rule, count in sorted(refused.items())},
        "leads": shown(leads.count()),
        "outcomes": {
            word: shown(count) for word, count in sorted(Counter(row.outcome for row in newest if row).items())
        },
        "wrong_person_reports": Outcome.objects.filter(lead__in=leads, outcome="wrong person").count(),
        "flags": {
            rule: {outcome: shown(count) for outcome, count in sorted(counts.items())}
            for rule, counts in sorted(flag_figures(agency).items())
        },
        "members": dict(sorted(roles.items())),
        "galleries": [_gallery(gallery) for gallery in Gallery.objects.filter(agency=agency).order_by("name")],
        "policy": {
            "version": version.number, "offences": list(policy.offences), "unlisted_offences": policy.unlisted_offences,
            "urgent_hours": policy.urgent_hours, "preapproval": list(policy.preapproval),
            "quality_floor": policy.quality_floor,
        },
    }  # fmt: skip


def _gallery(gallery: Gallery) -> dict[str, Any]:
    held = Reference.objects.filter(gallery=gallery).exclude(template=b"").count()
    return {
        "name": gallery.name, "references": held, "legal_basis": gallery.legal_basis, "source": gallery.source,
        "owner": gallery.owner, "ends_on": gallery.expires_on.isoformat(), "offences": gallery.offences,
    }  # fmt: skip


def _by_month(searches: Any) -> list[dict[str, Any]]:
    rows = (
        searches.annotate(month=TruncMonth("requested_at"))
        .values("month", "case__offence")
        .annotate(count=Count("pk", distinct=True))
        .order_by("month", "case__offence")
    )
    months: dict[str, dict[str, int]] = {}
    for row in rows:
        months.setdefault(f"{row['month']:%Y-%m}", {})[row["case__offence"]] = row["count"]
    return [
        {"month": month, "searches": shown(sum(cells.values())), "offences": suppressed(cells)}
        for month, cells in months.items()
    ]


def shown(count: int) -> int | None:
    """The count, or None when it is so small that it could point at somebody."""
    return None if 0 < count < SMALLEST else count


def suppressed(cells: dict[str, int]) -> dict[str, int | None]:
    """Hide small cells, and one more where a single hidden one could be computed from the sum."""
    hidden = {name for name, count in cells.items() if 0 < count < SMALLEST}
    if len(hidden) == 1 and len(cells) > 1:
        others = {name: count for name, count in cells.items() if name not in hidden}
        hidden.add(min(others, key=lambda name: (others[name], name)))
    return {name: None if name in hidden else count for name, count in sorted(cells.items())}


def _refusals() -> dict[str, Counter[str]]:
    """Refused searches by agency and rule, from the log itself."""
    found: dict[str, Counter[str]] = {}
    rows = LogEntry.objects.order_by("seq").values_list("canonical", flat=True)
    for canonical in rows.iterator():
        data = bytes(canonical)
        if b'"search.refused"' not in data:
            continue
        entry = parse_line(data)
        if entry.action == "search.refused":
            found.setdefault(str(entry.subject.get("agency")), Counter())[str(entry.subject.get("rule"))] += 1
    return found
