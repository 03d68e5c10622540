"""Erasing a search: the urgent one that nobody authorised in time, and the one whose time is over by a retention rule.

Owns what goes and what stays. Its entries stay in the log with their numbers, and a bare row; the openings of their
commitments, the probe, the candidates, what people saw in it and every text go. What a hold keeps is never erased.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.erasure.erasers import drop_packages, pictures_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_draft, held_search
from plainview.casework.log.read import entries_about
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import (
    Candidate,
    DisclosurePackage,
    Examination,
    Lead,
    LogOpening,
    Outcome,
    ProbeTemplate,
    Search,
    SharedLead,
    Verification,
    VerificationItem,
    Withheld,
)
from plainview.casework.probes.preparations import erase_draft

SEARCH_ERASED = "search.erased"
"""The action of the entry about it; a restore looks for it."""


def erase_search(
    search: Search, why: str, *, cause: Mapping[str, Value] | None = None, action: str = SEARCH_ERASED
) -> Receipt:
    """Erase a search, locked by the caller, in the running transaction; its pictures go after the commit.

    Args:
        search: one that was not erased.
        why: in words, without personal data: it is public.
        cause: what else the entry says publicly, such as the run and the rule.
        action: the entry's.

    Raises:
        Refused: hold.in_force.
    """
    lock_holds(search.case.agency)
    require_free(held_search(search), f"Search {search.public_id}")
    return blank_search(search, why, cause=cause, action=action)


def blank_search(
    search: Search, why: str, *, cause: Mapping[str, Value] | None = None, action: str = SEARCH_ERASED
) -> Receipt:
    """As `erase_search`, without asking for holds: for a restore, which repeats what was free to be erased then."""
    entries = [seq for seq, _ in entries_about(search)]  # before the ids by which they are found are gone
    ProbeTemplate.objects.filter(search=search).delete()
    _erase_looking(search)
    drop_packages(DisclosurePackage.objects.filter(search=search))
    candidates = Candidate.objects.filter(search=search).delete()[1].get("casework.Candidate", 0)
    openings = LogOpening.objects.filter(entry_id__in=entries).delete()[0]
    probe, further = search.probe_blob, set(search.frames.values_list("blob", flat=True))
    search.frames.all().delete()
    search.purpose = search.probe_name = search.urgent_reason = search.probe_blob = ""
    search.box, search.edits, search.quality_detail, search.quality, search.provenance = [], [], {}, 0, {}
    search.erased_at = timezone.now()
    search.save()
    approval = search.approval
    if approval is not None and not approval.search_set.filter(erased_at=None).exists():
        approval.purpose = approval.note = approval.probe_sha256 = ""
        approval.save(update_fields=["purpose", "note", "probe_sha256"])
    receipt = write_entry(
        action,
        {
            "search": search.public_id,
            "agency": search.case.agency.public_id,
            "member": search.member.public_id,
            "why": why,
            "candidates": candidates,
            "openings": openings,
            **(cause or {}),
        },
        acting_member=None,
    )
    draft = search.preparation
    if draft is not None and not draft.searches.filter(erased_at=None).exists() and not held_draft(draft):
        erase_draft(draft, why)
    pictures_go({probe} | further)
    return receipt


def _erase_looking(search: Search) -> None:
    """What people saw in it goes with it: it was made from what must not be kept."""
    looked = Examination.objects.filter(candidate__search=search)
    Outcome.objects.filter(lead__examination__in=looked).delete()
    SharedLead.objects.filter(lead__examination__in=looked).delete()
    Lead.objects.filter(examination__in=looked).delete()
    Withheld.objects.filter(examination__in=looked).delete()
    VerificationItem.objects.filter(verification__examination__in=looked).delete()
    Verification.objects.filter(examination__in=looked).delete()
    looked.delete()
