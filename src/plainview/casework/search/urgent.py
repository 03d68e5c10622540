"""The urgent path: a search made because life is at risk is authorised in time, or erased with its data.

Owns the time limit. It must never decide what is erased and what stays: erase.py does; lapse.py keeps the evidence.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.holds import lock_holds
from plainview.casework.erasure.read import held_search
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Search
from plainview.casework.search.erase import erase_search
from plainview.casework.search.lapse import erase_evidence, seal_evidence
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def authorise_urgent(public_id: str, *, reason: str, acting_member: Member) -> Search:
    """Authorise a colleague's urgent search before its time runs out.

    Raises:
        Refused: no permission, the member's own search, no longer waiting, or no reason.
    """
    sweep()
    with acting("search.authorise", Permission.SEARCH_AUTHORISE, acting_member):
        search = find.search(public_id, acting_member)
        rules.require(joining.another_person(acting_member.public_id, search.member.public_id, "Authorisation"))
        over = search.authorised_at or search.erased_at or search.sealed_at
        if search.authorise_by is None or over is not None:
            raise Refused(
                "search.not_waiting",
                "Search not authorised",
                "This search is not waiting for authorisation.",
                "Check which urgent searches are waiting.",
                act=Permission.SEARCH_AUTHORISE,
            )
        if not reason.strip():
            raise Refused(
                "search.note",
                "Search not authorised",
                "The reason is missing.",
                "State why the urgent search was justified.",
            )
        search.authorised_by, search.authorised_at = acting_member, timezone.now()
        search.save(update_fields=["authorised_by", "authorised_at"])
        write_entry(
            "search.authorised",
            {"search": search.public_id},
            {"note": reason.strip()},
            acting_member=acting_member,
            rows=[search],
        )
    return search


def _anything_due(now: datetime) -> bool:
    # Plain SQL: every search runs this, and two queries of the ORM take ten times as long for the same "nothing".
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM search WHERE authorise_by IS NOT NULL AND authorise_by <= %s "
            "AND authorised_at IS NULL AND erased_at IS NULL) "
            "OR EXISTS (SELECT 1 FROM lapsed_search WHERE until <= %s AND erased_at IS NULL)",
            [connection.ops.adapt_datetimefield_value(now)] * 2,
        )
        return bool(cursor.fetchone()[0])


def sweep() -> list[str]:
    """Seal the evidence of every urgent search whose time has run out, and erase the search; return their ids.

    Every search calls this first. Evidence whose own time is over is erased too.

    A search that a hold keeps is sealed instead: it stays, and nobody can open it. It is erased when its last hold ends.
    """
    erased: list[str] = []
    now = timezone.now()
    if not _anything_due(now):
        return erased
    erase_evidence()
    late = Search.objects.filter(authorise_by__lte=now, authorised_at=None, erased_at=None)
    for search in late.select_related("case__agency", "member"):
        with transaction.atomic():
            lock_holds(search.case.agency)
            # Read again under the lock: another process may have erased or authorised the search meanwhile.
            rows = Search.objects.select_for_update(of=("self",)).select_related("case__agency", "member")
            locked = rows.get(pk=search.pk)
            if locked.erased_at is not None or locked.authorised_at is not None:
                continue
            seal_evidence(locked)
            holds = held_search(locked)
            if holds:
                _seal(locked, [hold.public_id for hold in holds])
            else:
                erase_search(locked, "urgent search was not authorised in time")
                erased.append(locked.public_id)
    return erased


def _seal(search: Search, holds: list[str]) -> None:
    if search.sealed_at is not None:
        return
    search.sealed_at = timezone.now()
    search.save(update_fields=["sealed_at"])
    write_entry(
        "search.sealed",
        {
            "search": search.public_id,
            "agency": search.case.agency.public_id,
            "why": "urgent search was not authorised in time, and is held",
            "holds": list(holds),
        },
        acting_member=None,
        rows=[search],
    )
