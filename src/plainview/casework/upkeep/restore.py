"""Restoring a backup: erased data stays erased, and the log continues where it was last published.

Owns the order, inside the folder that is being assembled: tables, log, expunge list, tokens and sessions, the entry
that says what was restored and what was lost, and last the check of everything. It must never make the folder usable
before that check.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from plainview.audit.logfile import CHECKPOINTS_NAME, COSIGNATURES_NAME, LOG_NAME
from plainview.audit.record import parse_line
from plainview.casework.alerts.erase import blank_alert
from plainview.casework.erasure.expunge import blank, finish, forget_pages
from plainview.casework.erasure.expunged import KINDS, Line, about_erasing, lines_of
from plainview.casework.erasure.requests import blank_request, request_locked
from plainview.casework.log.continuity import require_reaches, take_over
from plainview.casework.log.read import newest_entry, verify_log
from plainview.casework.log.record import follow_log
from plainview.casework.log.write import publish, write_entry
from plainview.casework.mail.letters import withhold
from plainview.casework.models import (
    Alert,
    BarredPicture,
    LogEntry,
    Member,
    Preparation,
    Proposal,
    Reference,
    Search,
    SharedRequest,
    Video,
)
from plainview.casework.probes.preparations import erase_draft
from plainview.casework.search.erase import blank_search
from plainview.casework.upkeep.adopt import adopt, adopt_rows, leave_old_files
from plainview.casework.upkeep.opening import require_not_newer
from plainview.casework.upkeep.replace import Replaced, mark_subjects, put_new
from plainview.casework.upkeep.spent import Ended, end_spent
from plainview.casework.upkeep.upgrade import bring_tables_up
from plainview.casework.videos.erase import blank_rows
from plainview.casework.workspace.schema import applied
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.sharing import EXPIRED

_QUIET = frozenset(
    {
        "log.heartbeat",
        "log.exported",
        "backup.began",
        "backup.rehearsed",
        "clock.ahead",
        "workspace.keys_recorded",
        "workspace.upgraded",
        "workspace.served",
        *KINDS,
    }
)
"""Actions that need not be repeated if they are lost; erasures are applied again."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore.

    Attributes:
        backup: the backup's id; made_at: its time.
        entries: entries of the log in the backup.
        taken_over: entries added from the newer copy of the log, by action.
        log_known: there was a newer copy of the log, so the log has one history.
        erased_again: ids of references, searches, alerts, videos and drafts that were erased after the backup.
        missing_pictures: pictures of references that are not in the backup.
        ended: secrets that no longer count, see `spent`.
        entry: number of the entry about the restore.
        replaced: keys that were replaced, because no copy of them was left.
    """

    backup: str
    made_at: str
    entries: int
    taken_over: dict[str, int] = field(default_factory=dict)
    log_known: bool = False
    erased_again: tuple[str, ...] = ()
    missing_pictures: int = 0
    ended: Ended = field(default_factory=lambda: Ended(0, 0, 0, 0, (), (), {}))
    entry: int = 0
    replaced: tuple[Replaced, ...] = ()

    @property
    def lost(self) -> dict[str, int]:
        """Return the acts that the log proves and the records lack, by action."""
        return {action: n for action, n in sorted(self.taken_over.items()) if action not in _QUIET}


def settle(
    about: dict[str, Any],
    *,
    log: Path | None,
    kept_checkpoint: str | None,
    listed: list[Line],
    lost_keys: Collection[str] = (),
) -> Restored:
    """Make the unpacked workspace, which is the current one, usable.

    Args:
        about: the backup's own description.
        log: the newest available copy of the public log.
        kept_checkpoint: a published signed checkpoint, if one is available.
        listed: the newest available expunge list; erasures known from the log are added.
        lost_keys: keys of which no copy is left: they are replaced.

    Raises:
        Refused: the log is behind or differs, or the restored log does not verify.
    """
    require_not_newer()
    before = applied()
    bring_tables_up()
    entries = newest_entry() + 1
    since = take_over(log) if log is not None else []
    taken = Counter(entry.action for entry in since)
    if since and log is not None:
        for name in (LOG_NAME, CHECKPOINTS_NAME, COSIGNATURES_NAME):
            if (log / name).is_file():
                shutil.copyfile(log / name, services().workspace.audit / name)
    if kept_checkpoint is not None:
        require_reaches(kept_checkpoint)
    publish()
    adopt()
    adopt_rows(before)
    leave_old_files()
    replaced = tuple(put_new(name, "no copy of it was left when the backup was restored") for name in lost_keys)
    if follow_log():
        with transaction.atomic():
            mark_subjects(services().expunge_key)
    erased = _erase_again(listed)
    withhold()
    missing = _missing()
    with transaction.atomic():
        ended = end_spent(since, log_known=log is not None)
        receipt = write_entry(
            "workspace.restored",
            {
                "backup": str(about["backup"]),
                "made_at": str(about["made_at"]),
                "entries": entries,
                "taken_over": sum(taken.values()),
                "log_known": log is not None,
                "erased_again": len(erased),
                "missing_pictures": missing,
                "tokens_ended": ended.tokens,
                "invitations_ended": ended.invitations,
                "resets_ended": ended.resets,
                "recovery_codes_ended": ended.recovery_codes,
                "proposals_ended": len(ended.proposals),
                "deactivated_again": len(ended.deactivated),
                "sign_ins_reset": len(ended.codes),
            },
            acting_member=None,
            rows=[
                *Member.objects.filter(email__in=ended.deactivated),
                *Proposal.objects.filter(public_id__in=ended.proposals),
            ],
        )
    finish()
    forget_pages()
    report = verify_log()
    if not report.ok:
        raise Refused(
            "restore.log_unsound",
            "Nothing restored",
            f"The restored log is damaged: {report.problems[0]}.",
            "Keep the backup as it is and try another one.",
        )
    return Restored(
        str(about["backup"]),
        str(about["made_at"]),
        entries,
        dict(taken),
        log is not None,
        erased,
        missing,
        ended,
        receipt.entry,
        replaced,
    )


def _erase_again(listed: list[Line]) -> tuple[str, ...]:
    """Erase everything that the expunge list or the log names as erased and the backup still has.

    Holds are ignored: each erasure was allowed when it was made, by an entry that the log still has.
    """
    rows = LogEntry.objects.order_by("seq").values_list("canonical", flat=True)
    known = lines_of(parse_line(bytes(text)) for text in rows.iterator(500) if about_erasing(bytes(text)))
    erased = []
    for line in {line.reference: line for line in (*known, *listed)}.values():
        with transaction.atomic():
            if line.never_again:
                BarredPicture.objects.get_or_create(mark=line.picture)
            if _AGAIN.get(line.kind, _nothing)(line):
                erased.append(line.reference)
    return tuple(erased)


def _nothing(line: Line) -> bool:
    return False


def _reference(line: Line) -> bool:
    rows = Reference.objects.select_related("gallery", "enrolment")
    reference = rows.filter(public_id=line.reference).first()
    if reference is None or not reference.template:
        return False
    changed = blank(reference)
    write_entry(
        "reference.expunged_again",
        {"reference": line.reference, "first_in": line.entry, "change": reference.gallery.log_head},
        acting_member=None,
        rows=changed,
    )
    return True


def _search(line: Line) -> bool:
    rows = Search.objects.select_related("case__agency", "member")
    search = rows.filter(public_id=line.reference, erased_at=None).first()
    if search is not None:
        blank_search(search, _RESTORED, cause={"first_in": line.entry}, action="search.erased_again")
    return search is not None


def _alert(line: Line) -> bool:
    rows = Alert.objects.select_related("case__agency").exclude(probe_blob="")
    alert = rows.filter(public_id=line.reference).first()
    if alert is not None:
        alert.closed_at = alert.closed_at or timezone.now()
        blank_alert(alert, _RESTORED, cause={"first_in": line.entry}, action="alert.erased_again")
    return alert is not None


def _request(line: Line) -> bool:
    rows = SharedRequest.objects.exclude(probe_blob="")
    if not rows.filter(public_id=line.reference).exists():
        return False
    request = request_locked(line.reference)
    if request.closed_at is None:
        request.closed_as, request.closed_at = EXPIRED, timezone.now()
    blank_request(request, _RESTORED, cause={"first_in": line.entry}, action="shared.erased_again")
    return True


def _video(line: Line) -> bool:
    rows = Video.objects.select_related("case__agency").exclude(state=Video.State.ERASED)
    video = rows.filter(public_id=line.reference).first()
    if video is not None:
        blank_rows(video, _RESTORED, cause={"first_in": line.entry}, action="video.erased_again", acting_member=None)
    return video is not None


def _draft(line: Line) -> bool:
    draft = Preparation.objects.filter(public_id=line.reference, discarded_at=None).first()
    if draft is not None:
        erase_draft(draft, _RESTORED, cause={"first_in": line.entry})
    return draft is not None


_RESTORED = "already erased before the restore"
_AGAIN = {
    "reference": _reference,
    "search": _search,
    "alert": _alert,
    "shared_request": _request,
    "video": _video,
    "preparation": _draft,
}


def _missing() -> int:
    """Return the number of pictures that references name and the store lacks."""
    digests = Reference.objects.exclude(template=b"").values_list("blob", flat=True).distinct()
    return sum(not services().blobs.exists(digest) for digest in digests.iterator(2000))
