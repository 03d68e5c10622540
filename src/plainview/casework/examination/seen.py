"""What members have seen of a search, and taking a task from a verifier who has seen what it is about.

Owns the table of views: it follows the log as an index follows a gallery, so that no act has to write it and it can be
made again at any time. It must never decide who is independent: policy.examination names the entries that count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from plainview.audit.record import parse_line
from plainview.casework.examination.blind import live_tasks
from plainview.casework.examination.same_probe import of_one_face, of_one_probe, seen_by
from plainview.casework.log.read import beginning
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import (
    Draft,
    Examination,
    Lead,
    LogEntry,
    Member,
    Search,
    SharedRequest,
    Verification,
    View,
    ViewMark,
)
from plainview.policy.examination import SEEN_BY

_ROWS = 2000
_BEGINNINGS = tuple(map(beginning, SEEN_BY))


def follow() -> None:
    """Bring the table of views up to date with the log."""
    with transaction.atomic():
        mark, _ = ViewMark.objects.select_for_update().get_or_create(pk=1)
        reached = mark.seq
        views = []
        for seq, action, actor, subject in _entries(mark.seq):
            reached = seq
            if action:
                views += [(seq, action, actor, search) for search in _searches(subject)]
        if reached == mark.seq:
            return
        members = dict(Member.objects.values_list("public_id", "pk"))
        View.objects.bulk_create(
            View(entry=seq, member_id=members[actor], search=search, action=action)
            for seq, action, actor, search in views
            if actor in members
        )
        mark.seq = reached
        mark.save(update_fields=["seq"])


def disagreements() -> list[int]:
    """Compare the table with the log; return the numbers of entries whose views are missing, added or altered."""
    follow()
    members = dict(Member.objects.values_list("public_id", "pk"))
    of_log = {
        (seq, action, members[actor], search)
        for seq, action, actor, subject in _entries(-1)
        if action and actor in members
        for search in _searches(subject)
    }
    of_table = set(View.objects.values_list("entry", "action", "member_id", "search"))
    return sorted({view[0] for view in of_log ^ of_table})


def rebuild() -> None:
    """Make the table again from the log."""
    with transaction.atomic():
        View.objects.all().delete()
        ViewMark.objects.all().delete()
        follow()


def _entries(after: int) -> Iterator[tuple[int, str, str, Mapping[str, object]]]:
    """Yield number, action, actor and public facts of every later entry; the action is "" if it is no view."""
    rows = LogEntry.objects.filter(seq__gt=after).order_by("seq").values_list("seq", "canonical")
    for seq, canonical in rows.iterator(_ROWS):
        if not bytes(canonical).startswith(_BEGINNINGS):
            yield seq, "", "", {}
            continue
        entry = parse_line(bytes(canonical))
        yield seq, entry.action, entry.actor, entry.subject


def _searches(subject: Mapping[str, object]) -> set[str]:
    """Return the searches that an entry is about, by whatever it names."""
    named = {str(subject["search"])} if subject.get("search") else set()
    several = subject.get("searches")
    if isinstance(several, list):
        named |= {str(search) for search in several}
    of_examination = "candidate__search__public_id"
    for field, rows, path in (
        ("examination", Examination.objects.filter(public_id=subject.get("examination")), of_examination),
        ("lead", Lead.objects.filter(public_id=subject.get("lead")), f"examination__{of_examination}"),
        (
            "shared_request",
            SharedRequest.objects.filter(public_id=subject.get("shared_request")),
            "searches__public_id",
        ),
    ):
        unanswered = "result" in subject and not subject["result"]  # a request that was opened before it was answered
        if not named and subject.get(field) and not unanswered:
            named |= {str(public) for public in rows.values_list(path, flat=True) if public}
    return named


def who_has_seen(search: Search, among: Collection[int]) -> set[int]:
    """Return the keys of those members who have seen this search's list or scores, or those of another with its probe.

    Those who ran, approved or authorised one of these searches are among them, and those who examined another candidate.

    Args:
        search: that a task is about.
        among: the members who might get the task: only of what they have seen are the faces compared.
    """
    follow()
    seen = _saw(of_one_probe(search), among)
    others = set(among) - seen
    return seen | (_saw(of_one_face(search, seen_by(others)), others) if others else set())


def _saw(searches: QuerySet[Search], among: Collection[int]) -> set[int]:
    """Return which of these members have seen one of the searches."""
    seen = set(View.objects.filter(search__in=searches.values("public_id")).values_list("member_id", flat=True))
    for members in searches.values_list("member_id", "approval__decided_by_id", "authorised_by_id"):
        seen |= {member for member in members if member is not None}
    examined = Examination.objects.filter(candidate__search__in=searches)
    return (seen | set(examined.values_list("member_id", flat=True))) & set(among)


def withdraw_seen(verifier: Member | None = None) -> list[Verification]:
    """Take every open task from a verifier who has seen what it is about; the caller draws again.

    Args:
        verifier: look at this member's tasks only.
    """
    rows = live_tasks().filter(answered_at=None, examination__isnull=False)
    if verifier is not None:
        rows = rows.filter(verifier=verifier)
    withdrawn = []
    for task in rows.select_related("verifier__agency", "examination__candidate__search__case"):
        assert task.examination is not None  # noqa: S101  filtered above
        if not who_has_seen(task.examination.candidate.search, [task.verifier_id]):
            continue
        with transaction.atomic():
            taken = Verification.objects.filter(pk=task.pk, answered_at=None).update(withdrawn_at=timezone.now())
            if not taken:
                continue
            Draft.objects.filter(verification=task).delete()
            write_entry(
                "verification.withdrawn",
                {
                    "verification": task.public_id,
                    "agency": task.verifier.agency.public_id,
                    "verifier": task.verifier.public_id,
                },
                # Sealed as at the assignment: the public copy does not say what a task is about.
                {"about": {"examination": task.examination.public_id}},
                acting_member=None,
                rows=[task],
            )
        withdrawn.append(task)
    return withdrawn


def tell_withdrawn() -> int:
    """Write to the verifiers whose task was withdrawn; return how many letters there are."""
    due = Verification.everything.filter(withdrawn_at__isnull=False, told_at=None).select_related("verifier")
    letters = 0
    for task in due.order_by("pk"):
        with transaction.atomic():
            if not Verification.everything.filter(pk=task.pk, told_at=None).update(told_at=timezone.now()):
                continue
            write_letters(
                "verification.withdrawn",
                [task.verifier.email],
                "Plainview: a verification was withdrawn",
                f"Verification {task.public_id} is no longer yours: you have seen the search that it is about, so you "
                "cannot verify it blind. Another member verifies it. You need not do anything.\n\n"
                f"{address()}/verifications/\n",
                about=task.public_id,
            )
        letters += 1
    return letters


def names_of(members: Iterable[int]) -> set[str]:
    """Return the public ids of members by their keys."""
    return set(Member.objects.filter(pk__in=list(members)).values_list("public_id", flat=True))
