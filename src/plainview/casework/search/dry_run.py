"""Dry run of a new policy: which of the agency's own recent searches it would have refused.

Owns the comparison. It must never change a policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from plainview.casework.canaries.read import alarm_open
from plainview.casework.models import Agency, Member, Search
from plainview.casework.people.read import _parsed, training_facts
from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.search import SearchFacts, decisions

DRY_RUN_DAYS = 90


@dataclass
class DryRun:
    """The effect of a policy on the searches that were run.

    Attributes:
        since: beginning of the period.
        searches: number of searches in it.
        refused: how many of these the new policy refuses.
        by_rule: rule id -> searches that it is the first to refuse.
        examples: (search id, rule id, why), at most 20.
    """

    since: datetime
    searches: int = 0
    refused: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str, str]] = field(default_factory=list)


_EXAMPLES = 20


def dry_run(policy: AgencyPolicy, member: Member, *, days: int = DRY_RUN_DAYS) -> DryRun:
    """Run the searches of the last `days` days of the member's agency against another policy.

    Each search is judged by the facts of its day: the member's training, the case, the passport and the approval.
    A rule that also refuses under the policy of that day is left out, because it is not part of the change.
    """
    result = DryRun(timezone.now() - timedelta(days=days))
    for search, facts in _searches(member.agency, result.since):
        result.searches += 1
        before = _first(facts, _parsed(search.policy.text))
        after = _first(facts, policy)
        if after is None or (before is not None and before.rule_id == after.rule_id):
            continue
        result.refused += 1
        result.by_rule[after.rule_id] += 1
        if len(result.examples) < _EXAMPLES:
            result.examples.append((search.public_id, after.rule_id, after.why))
    return result


def _first(facts: SearchFacts, policy: AgencyPolicy) -> Refused | None:
    return next((answer for answer in decisions(facts, policy) if isinstance(answer, Refused)), None)


def _searches(agency: Agency, since: datetime) -> Iterator[tuple[Search, SearchFacts]]:
    rows = Search.objects.filter(case__agency=agency, requested_at__gte=since, erased_at=None)
    for search in rows.select_related("case", "gallery", "member", "policy").order_by("pk").iterator():
        yield search, _facts(search)


def _facts(search: Search) -> SearchFacts:
    return SearchFacts(
        roles=tuple(search.member.roles),
        is_active=True,
        agency_open=True,
        on_trial=False,
        trial=None,
        trainings=training_facts(search.member, known_at=search.requested_at),
        case_number=search.case.number,
        case_found=True,
        case_closed_on=None,
        offence=search.case.offence,
        purpose=search.purpose,
        origin=search.origin,
        quality=search.quality,
        top=search.top,
        gallery_name=search.gallery.name,
        gallery_found=True,
        gallery_expires_on=search.gallery.expires_on,
        gallery_offences=tuple(search.gallery.offences),
        gallery_alarm=alarm_open(search.gallery, at=search.requested_at),
        approved=search.approval_id is not None,
        urgent=bool(search.urgent_reason),
        review=search.review_id is not None,
        today=search.requested_at.date(),
    )
