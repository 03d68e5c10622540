"""Drawing searches for review at random, and recording the finding on each.

Owns the order: a draw is announced in the log before its seed exists, and recorded before it is shown. It must never be
possible to draw again until the result suits without every draw being in the log.
"""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.read import root_at
from plainview.casework.log.write import write_entry
from plainview.casework.models import AuditSample, AuditSampleItem, Member, Search
from plainview.casework.sampling.read import population
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.sampling import draw, finding_follows, sample_asked, seed_of


def draw_sample(
    wanted: int, nonce: str, *, since: date | None = None, stratified: bool = False, acting_member: Member
) -> AuditSample:
    """Announce a draw, then make it and record it.

    Args:
        wanted: how many searches.
        nonce: words that the auditor chooses, part of the seed.
        since: draw only from searches of this day and later.
        stratified: draw from each member's searches in proportion, at least one of each if the sample is large enough.
        acting_member: an auditor of the agency, or an external one.

    Raises:
        Refused: no permission, no size, no words, or no searches to draw from.
    """
    nonce = " ".join(nonce.split())
    announcement: dict[str, Value] = {
        "agency": acting_member.agency.public_id,
        "wanted": wanted,
        "nonce": nonce,
        "stratified": stratified,
        "since": since.isoformat() if since else "",
    }
    with acting("sample.draw", Permission.AUDIT_SAMPLE, acting_member):
        rules.require(sample_asked(wanted, nonce))
        announced = write_entry("sample.announced", announcement, acting_member=acting_member)
    with acting("sample.draw", Permission.AUDIT_SAMPLE, acting_member):
        size = announced.size
        rows = population(acting_member.agency, size, since)
        if not rows:
            raise Refused(
                "sample.empty", "Sample not drawn", "No search was made in this time.", "Choose an earlier first day."
            )
        root = root_at(size).hex()
        seed = seed_of(
            root,
            nonce,
            agency=acting_member.agency.public_id,
            wanted=wanted,
            since=since.isoformat() if since else "",
            stratified=stratified,
        )
        drawn = draw(rows, wanted, seed, stratified=stratified)
        sample = AuditSample(
            agency=acting_member.agency,
            member=acting_member,
            wanted=wanted,
            since=since,
            stratified=stratified,
            nonce=nonce,
            seed=seed,
            size=size,
            root=root,
            population=len(rows),
            asked_entry=announced.entry,
        )
        receipt = write_entry(
            "sample.drawn",
            {
                "agency": acting_member.agency.public_id,
                "sample": sample.public_id,
                "announced": announced.entry,
                "root": root,
                "seed": seed,
                "population": len(rows),
                "searches": drawn,
            },
            acting_member=acting_member,
        )
        sample.entry = receipt.entry
        sample.save()
        keys = dict(Search.objects.filter(public_id__in=drawn).values_list("public_id", "pk"))
        AuditSampleItem.objects.bulk_create(
            AuditSampleItem(sample=sample, position=place, search_id=keys[name])
            for place, name in enumerate(drawn, start=1)
        )
    return sample


def record_finding(
    sample_id: str, position: int, finding: str, reason: str, *, acting_member: Member
) -> AuditSampleItem:
    """Record the finding on one drawn search; only a question can be decided later, any other finding is final.

    Raises:
        Refused: no permission, unknown, no such finding, already decided, or a question or breach without a note.
    """
    with acting("sample.finding", Permission.AUDIT_SAMPLE, acting_member):
        sample = find.sample(sample_id, acting_member)
        rows = AuditSampleItem.objects.select_for_update().filter(sample=sample, position=position)
        item = rows.select_related("search").first()
        if item is None:
            raise Refused(
                "sample.unknown",
                "Not found",
                f"The sample has no place {position}.",
                "Choose a position from the list of the sample.",
                act=Permission.AUDIT_SAMPLE,
            )
        rules.require(finding_follows(item.finding, finding, reason))
        receipt = write_entry(
            "sample.found",
            {
                "agency": acting_member.agency.public_id,
                "sample": sample.public_id,
                "position": position,
                "search": item.search.public_id,
                "finding": finding,
            },
            {"note": reason.strip()} if reason.strip() else {},
            acting_member=acting_member,
        )
        item.finding, item.note, item.entry = finding, reason.strip(), receipt.entry
        item.found_by, item.found_at = acting_member, timezone.now()
        item.save()
    return item
