"""The urgent path: a search made because life is at risk is authorised in time, or it and its data are erased.

Owns the erasure of a search. Its entries stay in the log with their numbers; the openings of their commitments,
the probe, the candidates and every text go.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework.actions.erasers import drop_packages, erase_pending
from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.actions.preparations import erase_draft
from plainview.casework.models import (
    Candidate,
    DisclosurePackage,
    Examination,
    Lead,
    LogOpening,
    Member,
    Outcome,
    ProbeTemplate,
    Search,
    Verification,
    VerificationItem,
    Withheld,
)
from plainview.casework.queries.blobs import needed
from plainview.casework.queries.cases import search_numbered
from plainview.casework.queries.log import entries_about
from plainview.casework.queries.pictures import forget_pictures
from plainview.casework.services import services
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def authorise_urgent(public_id: str, *, note: str, acting_member: Member) -> Search:
    """Authorise a colleague's urgent search before its time runs out.

    Raises:
        Refused: no permission, one's own, not waiting (any more), or no note.
    """
    sweep()
    with acting("search.authorise", Permission.SEARCH_AUTHORISE, acting_member):
        search = search_numbered(public_id, acting_member)
        rules.require(
            joining.another_person(acting_member.public_id, search.member.public_id, "Authorisation")
        )
        if search.authorise_by is None or search.authorised_at is not None or search.erased_at is not None:
            raise Refused(
                "search.not_waiting", "Nothing authorised", "This search does not wait for an authorisation.",
                "See `plainview urgent list`.",
            )  # fmt: skip
        if not note.strip():
            raise Refused(
                "search.note",
                "Nothing authorised",
                "No reason was stated.",
                "State with --note why it was right.",
            )
        search.authorised_by, search.authorised_at = acting_member, timezone.now()
        search.save(update_fields=["authorised_by", "authorised_at"])
        write_entry(
            "search.authorised",
            {"search": search.public_id},
            {"note": note.strip()},
            acting_member=acting_member,
        )
    return search


def sweep() -> list[str]:
    """Erase every urgent search whose time has run out; return their ids. Every search asks this first."""
    late = Search.objects.filter(authorise_by__lte=timezone.now(), authorised_at=None, erased_at=None)
    erased = []
    for search in late.select_related("case__agency", "member"):
        with transaction.atomic():
            # Read again with the lock held: another process may have erased or authorised it meanwhile.
            held = Search.objects.select_for_update().get(pk=search.pk)
            if held.erased_at is None and held.authorised_at is None:
                _erase(held, "urgent search was not authorised in time")
                erased.append(held.public_id)
    return erased


def _erase(search: Search, why: str) -> None:
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
    write_entry(
        "search.erased",
        {
            "search": search.public_id, "agency": search.case.agency.public_id, "member": search.member.public_id,
            "why": why, "candidates": candidates, "openings": openings,
        },
        acting_member=None,
    )  # fmt: skip
    draft = search.preparation
    if draft is not None and not draft.searches.filter(erased_at=None).exists():
        erase_draft(draft, why)
    gone = ({probe} | further) - needed({probe} | further)
    transaction.on_commit(lambda: _delete_blobs(gone))
    transaction.on_commit(erase_pending)


def _erase_looking(search: Search) -> None:
    """What people saw in it goes with it: it was made from what must not be kept."""
    looked = Examination.objects.filter(candidate__search=search)
    Outcome.objects.filter(lead__examination__in=looked).delete()
    Lead.objects.filter(examination__in=looked).delete()
    Withheld.objects.filter(examination__in=looked).delete()
    VerificationItem.objects.filter(verification__examination__in=looked).delete()
    Verification.objects.filter(examination__in=looked).delete()
    looked.delete()


def _delete_blobs(digests: set[str]) -> None:
    for digest in digests:
        services().blobs.delete(digest)
    forget_pictures()
