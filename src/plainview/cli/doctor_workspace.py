"""What `plainview doctor` checks inside a workspace; Django has been started on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plainview.casework.canaries.state import GalleryState, state
from plainview.casework.erasure.expunge import finish, forget_pages
from plainview.casework.examination.seen import disagreements, rebuild
from plainview.casework.log.read import verify_log
from plainview.casework.models import Gallery
from plainview.casework.workspace.services import services
from plainview.cli.common import moment
from plainview.cli.doctor_check import Check, guarded


def checks() -> tuple[list[Check], dict[str, Any]]:
    """Return the findings, and the facts that scripts read."""
    facts: dict[str, Any] = {}
    findings = [
        *guarded("declared use", _declared_use),
        *guarded("erasures", lambda: _erasures(facts)),
        *guarded("log", lambda: _log(facts)),
        *guarded("views", _views),
        *guarded("canaries", lambda: _canaries(facts)),
    ]
    services().close()
    return findings, facts


def _declared_use() -> Iterator[Check]:
    engine = services().engine  # raises when the pack's licence forbids what the workspace declares
    yield Check("declared use", "ok", f"The workspace may use {engine.pack.identity}.")


def _erasures(facts: dict[str, Any]) -> Iterator[Check]:
    finish(*Gallery.objects.all())  # what an interrupted expunge left, in the indexes too
    facts["journal_emptied"] = forget_pages()
    if facts["journal_emptied"]:
        yield Check("erasures", "ok", "All are finished.")
    else:
        yield Check(
            "erasures",
            "warn",
            "A long-running read keeps the database's journal from being emptied.",
            "Run this again once it has ended.",
        )


def _log(facts: dict[str, Any]) -> Iterator[Check]:
    report = verify_log()
    facts["log_entries"] = report.entries
    if report.ok:
        yield Check("log", "ok", f"It is whole: {report.entries} entries.")
    else:
        yield Check("log", "fail", "; ".join(report.problems), "Keep the log as it is and inform your auditor.")


def _views() -> Iterator[Check]:
    wrong = disagreements()
    if not wrong:
        yield Check("views", "ok", "Who has seen which search agrees with the log.")
        return
    rebuild()
    entries = ", ".join(str(entry) for entry in wrong[:5])
    yield Check(
        "views",
        "fail",
        f"The table of who has seen which search differed from the log in {len(wrong)} entries ({entries}); it was made again.",
        "Somebody has changed the database. Inform your auditor.",
    )


def _canaries(facts: dict[str, Any]) -> Iterator[Check]:
    galleries = state()
    facts["canaries"] = {
        "galleries": len(galleries),
        "without": [gallery.gallery for gallery in galleries if not gallery.canaries],
        "overdue": [gallery.gallery for gallery in galleries if gallery.overdue],
        "alarms": [alarm.public_id for gallery in galleries for alarm in gallery.alarms],
    }
    for gallery in galleries:
        yield from _faults(gallery)
    without = facts["canaries"]["without"]
    if without:
        yield Check(
            "canaries",
            "warn",
            f"These galleries have no canary: {', '.join(without)}. A damaged index or a different model would go unnoticed.",
            "Add a pair with `plainview canary add`.",
        )
    fine = sum(bool(gallery.canaries) and not gallery.alarms and not gallery.overdue for gallery in galleries)
    if not galleries:
        yield Check("canaries", "ok", "There is no gallery yet.")
    elif fine:
        yield Check("canaries", "ok", f"{fine} {'gallery' if fine == 1 else 'galleries'} without an alarm.")


def _faults(gallery: GalleryState) -> Iterator[Check]:
    where = f"{gallery.gallery} ({gallery.agency})"
    for alarm in gallery.alarms:
        yield Check(
            "canaries",
            "fail",
            f"ALARM {alarm.public_id} in {where}: {alarm.says}",
            "Close it with `plainview canary acknowledge` once it is explained.",
        )
    if gallery.overdue:
        last = f"the last one was on {moment(gallery.checked_at)}" if gallery.checked_at else "there was none"
        yield Check("canaries", "fail", f"The check of {where} is overdue: {last}.", "Run `plainview canary run`.")
