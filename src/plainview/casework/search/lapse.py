"""An urgent search that nobody authorised in time: its evidence is sealed for the auditor, everything else is erased.

Owns the sealed evidence and its end, the flag, and the letters to the searcher, the supervisors and the auditors. It must
never show the evidence to anyone else, nor keep it longer than `EVIDENCE_DAYS`, except under a hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.erasers import pictures_go
from plainview.casework.erasure.holds import lock_holds
from plainview.casework.erasure.read import held_search
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.models import Candidate, LapsedSearch, LogOpening, Member, Search
from plainview.casework.workspace.services import services
from plainview.policy import misuse
from plainview.policy.agency import EVIDENCE_DAYS
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.wording import day


def seal_evidence(search: Search) -> LapsedSearch:
    """Seal probe, purpose and list of a search, locked by the caller, before it is erased; and flag it, once."""
    now = timezone.now()
    lapsed, created = LapsedSearch.objects.get_or_create(
        search=search,
        defaults={"sealed": b"", "lapsed_at": now, "until": now + timedelta(days=EVIDENCE_DAYS)},
    )
    if not created:
        return lapsed
    lapsed.sealed = services().openings.seal(json.dumps(_evidence(search)).encode(), _context(search))
    lapsed.blobs = sorted({search.probe_blob, *search.frames.values_list("blob", flat=True)} - {""})
    lapsed.save(update_fields=["sealed", "blobs"])
    write_entry(
        "search.lapsed",
        {
            "search": search.public_id,
            "agency": search.case.agency.public_id,
            "member": search.member.public_id,
            "evidence_until": lapsed.until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        acting_member=None,
    )
    raise_flag(misuse.not_authorised(now, _times(search.member, now)), search.member, search)
    return lapsed


def _times(member: Member, now: datetime) -> list[datetime]:
    since = now - timedelta(days=misuse.LIMITS.unauthorised_days)
    rows = LapsedSearch.objects.filter(search__member=member, lapsed_at__gte=since)
    return list(rows.values_list("lapsed_at", flat=True))


def _evidence(search: Search) -> dict[str, Any]:
    listed = Candidate.objects.filter(search=search).select_related("reference").order_by("rank")
    entries = [entry for entry in (search.request_entry, search.answer_entry) if entry is not None]
    openings = LogOpening.objects.filter(entry_id__in=entries).order_by("entry_id", "name")
    return {
        "case": search.case.number,
        "gallery": search.gallery.name,
        "purpose": search.purpose,
        "urgent_reason": search.urgent_reason,
        "probe": {"name": search.probe_name, "sha256": search.probe_blob, "box": search.box, "edits": search.edits},
        "list": [
            {
                "rank": candidate.rank,
                "score": str(candidate.score),
                "adjusted": str(candidate.adjusted),
                "reference": candidate.reference.public_id,
            }
            for candidate in listed
        ],
        # With these the auditor checks purpose, probe and list against the log.
        "openings": [
            json.loads(
                services().openings.open(bytes(opening.sealed), f"opening:{opening.entry_id}:{opening.name}".encode())
            )
            | {"entry": opening.entry_id}
            for opening in openings
        ],
    }


def _context(search: Search) -> bytes:
    return f"lapsed:{search.public_id}".encode()


def lapsed_searches(member: Member) -> list[LapsedSearch]:
    """Return the agency's urgent searches that were not authorised in time, newest first; without their evidence."""
    rows = LapsedSearch.objects.filter(search__case__agency=member.agency)
    return list(rows.select_related("search__member", "search__case").order_by("-pk"))


def view_evidence(public_id: str, *, acting_member: Member) -> tuple[LapsedSearch, Mapping[str, Any]]:
    """Open the sealed evidence; the view is an entry.

    Raises:
        Refused: no permission, unknown, or its time is over.
    """
    with acting("search.lapse_view", Permission.URGENT_REVIEW, acting_member):
        lapsed = find.lapsed(public_id, acting_member)
        opened = services().openings.open(bytes(lapsed.sealed), _context(lapsed.search))
        write_entry(
            "search.lapse_viewed",
            {"agency": acting_member.agency.public_id, "search": lapsed.search.public_id},
            acting_member=acting_member,
        )
    evidence: dict[str, Any] = json.loads(opened)
    return lapsed, evidence


def erase_evidence() -> int:
    """Erase the evidence whose time is over, unless a hold keeps the search; return how many were erased."""
    erased = 0
    over = LapsedSearch.objects.filter(until__lte=timezone.now(), erased_at=None)
    for lapsed in over.select_related("search__case__agency"):
        with transaction.atomic():
            search = lapsed.search
            lock_holds(search.case.agency)
            if held_search(search):
                continue
            blobs = set(lapsed.blobs)
            lapsed.sealed, lapsed.blobs, lapsed.erased_at = b"", [], timezone.now()
            lapsed.save(update_fields=["sealed", "blobs", "erased_at"])
            write_entry(
                "search.lapse_erased",
                {"search": search.public_id, "agency": search.case.agency.public_id},
                acting_member=None,
            )
            pictures_go(blobs)
        erased += 1
    return erased


def tell_lapsed() -> int:
    """Write to the searcher, the supervisors and the auditors; return the number of searches."""
    due = LapsedSearch.objects.filter(told_at=None).select_related("search__member__agency", "search__case__agency")
    searches = 0
    for lapsed in due.order_by("pk"):
        with transaction.atomic():
            if not LapsedSearch.objects.filter(pk=lapsed.pk, told_at=None).update(told_at=timezone.now()):
                continue
            write_letters(
                "search.lapsed",
                _recipients(lapsed.search),
                "Plainview: an urgent search was not authorised",
                _letter(lapsed),
                about=lapsed.search.public_id,
            )
        searches += 1
    return searches


def _recipients(search: Search) -> list[str]:
    members = Member.objects.filter(agency=search.case.agency, is_active=True).order_by("pk")
    able = [
        member.email
        for member in members
        if holds(member.roles, Permission.SEARCH_AUTHORISE) or holds(member.roles, Permission.URGENT_REVIEW)
    ]
    return list(dict.fromkeys([search.member.email, *able]))


def _letter(lapsed: LapsedSearch) -> str:
    return (
        f"Nobody authorised urgent search {lapsed.search.public_id} in time. Its candidate list is gone, for everyone. "
        f"Probe, purpose and list are sealed for the auditor until {day(lapsed.until)}, then erased. The auditor has a "
        "flag about it.\n\n"
        f"{address()}/\n\nFor confidentiality, this letter contains no details.\n"
    )
