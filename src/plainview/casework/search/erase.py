"""Erasing a search that was not authorised in time, or whose retention period has ended.

Owns what is erased and what stays. The log entries stay with their numbers, and so does a bare row; the openings of
their commitments, the probe, the candidates, the examinations and every text are erased. It must never erase what a
hold keeps.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.erasure.erasers import answers_go, drop_packages, pictures_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_draft, held_search
from plainview.casework.erasure.requests import erase_with
from plainview.casework.log.read import entries_about
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import (
    Candidate,
    DisclosurePackage,
    Examination,
    Lead,
    LogOpening,
    NoneOfThese,
    Outcome,
    ProbeTemplate,
    Search,
    SetAside,
    SharedLead,
    Verification,
    VerificationItem,
    Withheld,
)
from plainview.casework.models.rows import Recorded
from plainview.casework.probes.preparations import erase_draft

SEARCH_ERASED = "search.erased"
"""The action of the entry about an erasure; a restore looks for it."""


def erase_search(
    search: Search, why: str, *, cause: Mapping[str, Value] | None = None, action: str = SEARCH_ERASED
) -> Receipt:
    """Erase a search, locked by the caller, in the running transaction; its pictures are erased after the commit.

    An ended request of another agency that it answered is erased with it.

    Args:
        search: a search that is not erased yet.
        why: the reason in words, without personal data: it is public.
        cause: more public facts for the entry, such as the run and the rule.
        action: the action of the entry.

    Raises:
        Refused: hold.in_force.
    """
    lock_holds(search.case.agency)
    require_free(held_search(search), f"Search {search.public_id}")
    receipt = blank_search(search, why, cause=cause, action=action)
    erase_with(search, why, cause=cause)
    return receipt


def blank_search(
    search: Search, why: str, *, cause: Mapping[str, Value] | None = None, action: str = SEARCH_ERASED
) -> Receipt:
    """As `erase_search`, ignoring holds: for a restore, which repeats erasures that were allowed when they were made."""
    entries = [seq for seq, _ in entries_about(search)]  # before the ids that identify them are erased
    ProbeTemplate.objects.filter(search=search).delete()
    erased: list[Recorded] = [search, *Candidate.objects.filter(search=search), *_erase_looking(search)]
    drop_packages(DisclosurePackage.objects.filter(search=search))
    candidates = Candidate.objects.filter(search=search).delete()[1].get("casework.Candidate", 0)
    openings = LogOpening.objects.filter(entry_id__in=entries).delete()[0]
    probe, further = search.probe_blob, set(search.frames.values_list("blob", flat=True))
    search.frames.all().delete()
    search.purpose = search.probe_name = search.urgent_reason = search.probe_blob = ""
    search.box, search.edits, search.notes, search.quality_detail, search.quality, search.provenance = (
        [],
        [],
        [],
        {},
        0,
        {},
    )
    search.erased_at = timezone.now()
    search.save()
    approval = search.approval
    if approval is not None and not approval.search_set.filter(erased_at=None).exists():
        approval.purpose = approval.note = approval.probe_sha256 = ""
        approval.save(update_fields=["purpose", "note", "probe_sha256"])
        erased.append(approval)
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
        rows=erased,
    )
    draft = search.preparation
    if draft is not None and not draft.searches.filter(erased_at=None).exists() and not held_draft(draft):
        erase_draft(draft, why)
    pictures_go({probe} | further)
    answers_go()
    return receipt


def _erase_looking(search: Search) -> list[Recorded]:
    """Erase the reviews and examinations of the search: they describe data that must not be kept. Return what was erased."""
    looked = Examination.objects.filter(candidate__search=search)
    SharedLead.objects.filter(lead__examination__in=looked).delete()
    erased: list[Recorded] = []
    for rows in (
        SetAside.objects.filter(candidate__search=search),
        NoneOfThese.objects.filter(search=search),
        Outcome.objects.filter(lead__examination__in=looked),
        Lead.objects.filter(examination__in=looked),
        Withheld.objects.filter(examination__in=looked),
        VerificationItem.objects.filter(verification__examination__in=looked),
        Verification.everything.filter(examination__in=looked),
        looked,
    ):
        erased += rows
        rows.delete()
    return erased
