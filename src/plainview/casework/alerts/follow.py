"""Comparing each new reference with every open alert, exactly once: the galleries' ordered logs say what is new.

Owns the mark of each gallery up to which all alerts were compared. The raised candidates, their notices and the new
mark are one transaction: neither a crash nor a second process may compare a reference twice or skip it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from plainview.casework.alerts.notices import owe_notices
from plainview.casework.alerts.opened import Open, arrays, open_alerts_of
from plainview.casework.galleries.read import additions, log_head, newest_calibration, open_template
from plainview.casework.gate import compare as gate
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.inspection import Comparison, inspect
from plainview.casework.models import (
    Alert,
    AlertGallery,
    AlertMark,
    Gallery,
    GalleryChange,
    ProbeFrame,
    Reference,
    Search,
)
from plainview.casework.probes.probe import frames_entry, frames_of, public_part, secret_part
from plainview.casework.search.answers import record_answer
from plainview.casework.search.grounds import ORDINARY
from plainview.casework.search.ranking import Ranked
from plainview.casework.workspace.insert import insert
from plainview.index.base import exact_scores, ranked
from plainview.policy import rules
from plainview.policy.agency import MAX_LIST
from plainview.policy.decision import Allow
from plainview.policy.gate import ALERT, GROUNDS
from plainview.policy.permissions import Permission
from plainview.recognition.packs import ModelPack
from plainview.recognition.types import Vector
from plainview.scores.scoring import COSINE, Listed

if TYPE_CHECKING:
    pass

_BLOCK = 1024  # references at once: 1024 x 10,000 scores are 40 MB
_MARGIN = 1e-4  # between the fast float32 product and the exact score: far above the error of 1e-6


def follow(gallery_id: int) -> int:
    """Compare a gallery's new references with its open alerts; return how many candidate lists were raised.

    Called after every enrolled batch, and every minute by the worker in case a process was killed.
    """
    raised = 0
    while True:
        with transaction.atomic():
            mark = mark_of(gallery_id)
            head = log_head(gallery_id)
            if head <= mark.seq:
                return raised
            open_alerts = open_alerts_of(gallery_id)
            if open_alerts is None:
                AlertMark.objects.filter(pk=mark.pk).update(seq=head)
                return raised
            block = _new(gallery_id, mark.seq)
            if not block:
                return raised
            raised += _compare(gallery_id, block, open_alerts, mark.seq)
            AlertMark.objects.filter(pk=mark.pk).update(seq=block[-1][0])


def follow_all() -> int:
    """Follow every gallery that has grown since its mark."""
    behind = Gallery.objects.filter(alert_mark__isnull=False).exclude(log_head=0)
    return sum(
        follow(gallery.pk)
        for gallery in behind.select_related("alert_mark")
        if gallery.alert_mark.seq < gallery.log_head
    )


def mark_of(gallery_id: int) -> AlertMark:
    """Return the gallery's mark, locked; a new mark is at the gallery's present end: nothing older is new."""
    mark = AlertMark.objects.select_for_update().filter(gallery_id=gallery_id).first()
    if mark is None:
        mark = AlertMark.objects.create(gallery_id=gallery_id, seq=log_head(gallery_id))
    return mark


def back_fill(follows: AlertGallery, *, after: int) -> int:
    """Compare a new alert with the references added after a change, up to where following begins."""
    raised = 0
    while block := [change for change in _new(follows.gallery_id, after) if change[0] <= follows.after_seq]:
        raised += _compare(
            follows.gallery_id,
            block,
            arrays(AlertGallery.objects.filter(pk=follows.pk), (), follows.gallery),
            after,
            ignore_after=True,
        )
        after = block[-1][0]
    return raised


_Change = tuple[int, int, "NDArray[np.float32] | None"]  # seq, reference, template; None: nothing to compare


def _new(gallery_id: int, after: int) -> list[_Change]:
    rows = GalleryChange.objects.filter(gallery_id=gallery_id, seq__gt=after).order_by("seq")
    changes = list(rows.values_list("seq", "reference_id")[:_BLOCK])
    if not changes:
        return []
    added = additions(gallery_id).filter(seq__gt=after, seq__lte=changes[-1][0])
    # An alert must not find a canary.
    added = added.filter(reference__is_canary=False).exclude(reference__template=b"")
    columns = ("seq", "reference__public_id", "reference__template")
    templates = {seq: open_template(public, sealed) for seq, public, sealed in added.values_list(*columns)}
    return [(seq, reference, templates.get(seq)) for seq, reference in changes]


_Hits = tuple[AlertGallery, Vector, "NDArray[np.int64]", "NDArray[np.float64]", "NDArray[np.int64]"]


def _compare(
    gallery_id: int, block: list[_Change], open_alerts: Open, after: int, *, ignore_after: bool = False
) -> int:
    """Compare a block with all open alerts, through the gate; return how many lists were raised."""
    raised = 0
    agency = Gallery.objects.select_related("agency").get(pk=gallery_id).agency
    why = Comparison(ALERT, agency)
    for follows, template, references, scores, seqs in gate.compare(
        why, lambda: _hits(block, open_alerts, ignore_after)
    ):
        first = _once_a_subject(references, scores)
        parts = _parts(references[first], scores[first], seqs[first], after, block[-1][0])
        raised += sum(1 for part in parts if _raise(follows, template, open_alerts.pack, *part))
    return raised


def _once_a_subject(references: NDArray[np.int64], scores: NDArray[np.float64]) -> list[int]:
    """Return the places of the pictures to raise: of one person's new pictures the nearest one, and every other."""
    rows = Reference.objects.filter(pk__in=references.tolist()).exclude(subject=None)
    whose = dict(rows.values_list("pk", "subject_id"))
    best: dict[tuple[bool, int], int] = {}
    for place in np.lexsort((references, -scores)).tolist():
        key = int(references[place])
        subject = whose.get(key)
        best.setdefault((False, key) if subject is None else (True, subject), place)
    return sorted(best.values())


def _hits(block: list[_Change], open_alerts: Open, ignore_after: bool) -> list[_Hits]:
    """Compare the block's templates with all open alerts in one matrix product; return each alert with what reached it."""
    added = [(seq, reference, template) for seq, reference, template in block if template is not None]
    if not added:
        return []
    seqs = np.array([seq for seq, _, _ in added], dtype=np.int64)
    references = np.array([reference for _, reference, _ in added], dtype=np.int64)
    templates = np.stack([template for _, _, template in added])
    near = templates @ open_alerts.templates.T >= open_alerts.thresholds[None, :] - _MARGIN
    near &= open_alerts.expires[None, :] > timezone.now().timestamp()
    if not ignore_after:
        near &= seqs[:, None] > open_alerts.after[None, :]
    hits: list[_Hits] = []
    for column in np.flatnonzero(near.any(axis=0)).tolist():
        rows = np.flatnonzero(near[:, column])
        scores = exact_scores(templates[rows], open_alerts.templates[column])
        sure = scores >= open_alerts.thresholds[column]
        if sure.any():
            follows = AlertGallery.objects.select_related(
                "alert__case__agency", "alert__member__agency", "alert__policy", "gallery"
            ).get(pk=int(open_alerts.follows[column]))
            template = open_alerts.templates[column]
            hits.append((follows, template, references[rows][sure], scores[sure], seqs[rows][sure]))
    return hits


_Part = tuple[list[Listed], int, int]


def _parts(
    references: NDArray[np.int64], scores: NDArray[np.float64], seqs: NDArray[np.int64], after: int, upto: int
) -> Iterator[_Part]:
    """Yield candidate lists of at most MAX_LIST, each with the range of changes (after, upto] that it covers."""
    if len(references) <= MAX_LIST:
        best = ranked(references, scores, MAX_LIST)
        yield [Listed(scored.reference, scored.score, scored.score) for scored in best], after, upto
        return
    middle = int(seqs[len(seqs) // 2 - 1])
    first = seqs <= middle
    yield from _parts(references[first], scores[first], seqs[first], after, middle)
    yield from _parts(references[~first], scores[~first], seqs[~first], middle, upto)


def _inserted(search: Search, frames: list[ProbeFrame], entry: int) -> list[Search]:
    search.request_entry = entry
    insert(search)
    for frame in frames:
        frame.search = search
    ProbeFrame.objects.bulk_create(frames)
    return [search]


def _raise(
    follows: AlertGallery, template: Vector, pack: ModelPack, listed: list[Listed], after: int, upto: int
) -> bool:
    """Record the candidates as a search by the alert, if every rule still allows it, and the notices about it."""
    alert, gallery = follows.alert, follows.gallery
    if not listed or not _may_still(alert, gallery):
        return False
    search = Search(
        case=alert.case,
        member=alert.member,
        gallery=gallery,
        purpose=alert.purpose,
        origin=alert.origin,
        policy=alert.policy,
        top=len(listed),
        probe_blob=alert.probe_blob,
        probe_name=alert.probe_name,
        edits=alert.edits,
        notes=alert.notes,
        provenance=alert.provenance,
        face_number=alert.face_number,
        box=alert.box,
        quality=alert.quality,
        quality_detail=alert.quality_detail,
        captured_on=alert.captured_on,
        pack=pack.identity,
        pack_sha256=pack.recogniser.sha256,
        alert=alert,
        after_seq=after,
    )
    frames = frames_of(alert.further)
    asked = write_entry(
        "search.requested",
        {
            "search": search.public_id,
            "agency": alert.member.agency.public_id,
            "case": alert.case.pk,
            "offence": alert.case.offence,
            "origin": search.origin,
            "gallery": gallery.pk,
            "policy": alert.policy.number,
            "approval": None,
            "urgent": False,
            "top": search.top,
            "pack": search.pack,
            "pack_sha256": search.pack_sha256,
            "edits": len(search.edits),
            "alert": alert.public_id,
            "after_seq": after,
            **({"frames": 1 + len(frames)} if frames else {}),
            **({"still": public_part(search.provenance)} if search.provenance else {}),
        },
        {
            "purpose": search.purpose,
            "case_number": alert.case.number,
            "probe_sha256": search.probe_blob,
            **({"edits": search.edits} if search.edits else {}),
            **secret_part(search.provenance),
            **frames_entry(frames),
        },
        acting_member=None,
        rows=lambda entry: _inserted(search, frames, entry),
    )
    answer = Ranked(
        reached=upto,
        compared=_compared(gallery.pk, after, upto),
        calibration=newest_calibration(gallery.pk, pack.identity),
        scorer=COSINE,
        nearness=0.0,
        listed=listed,
    )
    record_answer(search, answer, asked, ORDINARY, acting_member=None)
    why = Comparison(ALERT, alert.member.agency, member=alert.member, templates=(template,), search=search)
    inspect(why, GROUNDS[ALERT].rules)
    owe_notices(search)
    return True


def _compared(gallery_id: int, after: int, upto: int) -> int:
    changes = additions(gallery_id).filter(seq__gt=after, seq__lte=upto)
    return Reference.objects.filter(pk__in=changes.values("reference_id")).exclude(template=b"").count()


def _may_still(alert: Alert, gallery: Gallery) -> bool:
    """Say whether the rules that may have changed still allow it: member, agency, case, passport, the alert itself."""
    member, today = alert.member, timezone.now().date()
    closed = alert.case.closed_at.date() if alert.case.closed_at and not alert.unsolved else None
    answers = (
        rules.may(member.roles, member.is_active, Permission.SEARCH_RUN),
        rules.agency_open(member.agency.is_open),
        rules.case_open(alert.case.number, closed),
        rules.gallery_current(gallery.name, gallery.expires_on, today),
    )
    open_now = alert.closed_at is None and alert.expires_at > timezone.now()
    return open_now and all(isinstance(answer, Allow) for answer in answers)
