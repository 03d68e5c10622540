"""Retention in one line each: a gallery with a searched and closed case, rules, a run proposed, approved and worked off."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.factories.power import set_rules
from tests.factories.stages import staged
from tests.factories.work import case, gallery, person, probe, search

from plainview.casework import jobs
from plainview.casework.cases.open_close import close_case
from plainview.casework.models import Job, Reference, RetentionRun
from plainview.casework.retention.rules import record_event
from plainview.casework.retention.runs import approve_run, propose_run
from plainview.casework.retention.work import work_off
from plainview.policy.retention import BEGINNING, After

BY_AGE = """
[[rule]]
id = "by-age"
what = "references"
after = "enrolment"
days = 365
"""

WITH_THE_CASE = """
[[rule]]
id = "searches-closed"
what = "searches"
after = "case closed"
days = 30

[[rule]]
id = "drafts-closed"
what = "drafts"
after = "case closed"
days = 30

[[rule]]
id = "videos-closed"
what = "videos"
after = "case closed"
days = 30

[[rule]]
id = "alerts-closed"
what = "alerts"
after = "case closed"
days = 30
"""

WHY = "the law of this place says so"


def rules(*more: str, automatic: bool = False) -> None:
    """The beginning rules and these."""
    text = "\n".join([BEGINNING, *more])
    if automatic:
        text = text.replace("automatic = false", "automatic = true")
    set_rules(text, reason=WHY, acting_member=person("admin"))


@staged
def searched(folder: Path) -> str:
    """A gallery of two, a case and a search in it; the search's id."""
    gallery(folder / "pictures")
    case()
    return search(probe(folder)).search.public_id


def ordered(name: str = "collins.png", kind: After = After.COURT_ORDER, on: date | None = None) -> Reference:
    """A reference of the gallery under an order, or whatever else was told of it."""
    from django.utils import timezone

    row = Reference.objects.get(file_name=name)
    record_event(
        kind,
        happened_on=on or timezone.now().date(),
        authority="District court, order 12 of 2026",
        references=[row.public_id],
        acting_member=person("admin"),
    )
    return row


def closed() -> None:
    close_case("C-1", reason="nobody was found", acting_member=person("examiner"))


def approved() -> tuple[RetentionRun, Job]:
    """A run that the administrator proposed and the supervisor approved."""
    run = propose_run(acting_member=person("admin"))
    return approve_run(run.public_id, reason="every line was looked at", acting_member=person("supervisor"))


def worked() -> RetentionRun:
    """A run proposed, approved and worked off."""
    run, job = approved()
    jobs.run(job.pk, work_off)
    run.refresh_from_db()
    return run
