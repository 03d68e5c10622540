"""The parts of a report that come from one agency's records: purposes, agreement, training, reviews.

Owns what a report may contain, because it is sent by e-mail. It must never contain a case, free text that may be about a
person, or the number of open flags unless all its readers may know it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from plainview.audit.monitor import REVIEW_EVERY
from plainview.casework.models import (
    Agency,
    Flag,
    Lead,
    LogReview,
    Member,
    Outcome,
    ProficiencyItem,
    Verification,
    VerificationItem,
)
from plainview.casework.people.desk import SOON
from plainview.casework.people.read import binding, training_facts
from plainview.casework.people.trial_letter import report_of
from plainview.casework.reports.read import searches_of
from plainview.policy.examination import CONCLUSIONS, POTENTIAL, REMIND_DAYS
from plainview.policy.permissions import Permission
from plainview.policy.reporting import COMMON_CASES, PROFICIENCY_DAYS, Period, trained_until
from plainview.policy.roles import holds


def of_period(agency: Agency, period: Period, size: int, *, by_examiner: bool) -> dict[str, Any]:
    """Return the figures that the records add to those of the log for one period.

    `size`: number of entries of the log to include; `by_examiner`: the readers may see figures for each examiner.
    """
    agreement = _agreement(agency, period)
    if not by_examiner:
        agreement["by_examiner"] = {}
    return {"purposes": _purposes(agency, period, size), "agreement": agreement}


def as_of_now(agency: Agency, *, open_flags: bool) -> dict[str, Any]:
    """Return what is due in the agency now. `open_flags`: the readers may see the number of open flags."""
    return {
        "training": _training(agency),
        "proficiency": _proficiency(agency),
        "review": _review(agency),
        "outcomes_due": _outcomes_due(agency),
        "flags_open": Flag.objects.filter(agency=agency, outcome="").count() if open_flags else None,
        "trials": _trials(agency),
    }


def _purposes(agency: Agency, period: Period, size: int) -> dict[str, Any]:
    """Return the counts of purposes in the policy's list and of those that several cases state; the rest as one number."""
    _, policy = binding(agency)
    counts: Counter[str] = Counter()
    cases: dict[str, set[int]] = {}
    rows = searches_of(agency, period, size).filter(erased_at=None)
    for text, case in rows.values_list("purpose", "case_id"):
        word = " ".join(text.split()).lower()
        counts[word] += 1
        cases.setdefault(word, set()).add(case)
    named = {
        word: count for word, count in counts.items() if word in policy.purposes or len(cases[word]) >= COMMON_CASES
    }
    return {"named": dict(sorted(named.items())), "own_words": counts.total() - sum(named.values())}


def _agreement(agency: Agency, period: Period) -> dict[str, Any]:
    """Return the conclusions of the first verifier of each examination in the period; later ones are third opinions."""
    begins = datetime.combine(period.since, time(), UTC)
    ends = datetime.combine(period.until + timedelta(days=1), time(), UTC)
    rows = VerificationItem.objects.filter(
        is_candidate=True,
        verification__examination__member__agency=agency,
        verification__answered_at__gte=begins,
        verification__answered_at__lt=ends,
    )
    earlier = Verification.objects.filter(
        examination=OuterRef("verification__examination"),
        answered_at__lt=OuterRef("verification__answered_at"),
    )
    conclusions = list(
        rows.annotate(is_third=Exists(earlier)).values_list(
            "verification__examination__member__public_id", "conclusion", "is_third"
        )
    )
    first = [(examiner, word) for examiner, word, is_third in conclusions if not is_third]
    by_examiner = {
        examiner: {
            "verified": sum(who == examiner for who, _ in first),
            "agreed": sum(who == examiner and word == POTENTIAL for who, word in first),
        }
        for examiner in sorted({who for who, _ in first})
    }
    return {
        "verified": len(first),
        "agreed": sum(word == POTENTIAL for _, word in first),
        "conclusions": {word: sum(said == word for _, said in first) for word in CONCLUSIONS},
        "third_looks": len(conclusions) - len(first),
        "by_examiner": by_examiner,
    }


def _training(agency: Agency) -> list[dict[str, Any]]:
    """Return every active member whose role needs training, with its last day, most urgent first."""
    _, policy = binding(agency)
    today = timezone.now().date()
    trainings = []
    for member in Member.objects.filter(agency=agency, is_active=True).order_by("name"):
        for role in policy.training:
            if role.value in member.roles:
                until = trained_until(role, training_facts(member), policy)
                trainings.append(
                    {
                        "member": member.public_id,
                        "role": role.value,
                        "until": until.isoformat() if until else None,
                        "state": _state(until, today),
                    }
                )
    return sorted(trainings, key=lambda training: training["until"] or "")


def _state(until: date | None, today: date) -> str:
    if until is None:
        return "missing"
    if until < today:
        return "expired"
    return "due" if until - today <= SOON else "current"


def _proficiency(agency: Agency) -> dict[str, Any]:
    """Return the verifiers with the day of their last answer on a face with a known answer."""
    today = timezone.now().date()
    rows = Member.objects.filter(agency=agency, is_active=True).order_by("name")
    known = Verification.objects.filter(verifier__agency=agency, proficiency__isnull=False)
    last = dict(known.values_list("verifier_id").annotate(Max("answered_at")))
    people = []
    for member in rows:
        if holds(member.roles, Permission.VERIFICATION_RECORD):
            done = last.get(member.pk)
            due = done is None or today - done.date() >= timedelta(days=PROFICIENCY_DAYS)
            people.append({"member": member.public_id, "last": done.date().isoformat() if done else None, "due": due})
    return {"items": ProficiencyItem.objects.filter(agency=agency, retired_at=None).count(), "people": people}


def _review(agency: Agency) -> dict[str, Any]:
    """Return the days of the last review of the log and of the next one due."""
    review = LogReview.objects.filter(agency=agency).order_by("-up_to").first()
    since = review.at if review else agency.opened_at
    due = since + REVIEW_EVERY if since else None
    return {
        "last": review.at.date().isoformat() if review else None,
        "up_to": review.up_to if review else None,
        "due": due.date().isoformat() if due else None,
        "overdue": due is not None and due < timezone.now(),
    }


def _outcomes_due(agency: Agency) -> int:
    before = timezone.now() - timedelta(days=REMIND_DAYS)
    rows = Lead.objects.filter(released_by__agency=agency, released_at__lte=before)
    return rows.exclude(Exists(Outcome.objects.filter(lead=OuterRef("pk")))).count()


def _trials(agency: Agency) -> dict[str, Any]:
    """Return the current weekly report on trials."""
    weekly = report_of(agency)
    return {
        "since": weekly.since.isoformat(),
        "until": weekly.until.isoformat(),
        "text": weekly.text(),
        "trials": len(weekly.trials),
    }
