"""Enrolling pictures into a gallery, batch by batch, so that an interruption loses no more than one batch.

Owns the order: authorise, then go through the list once; batches.py stores the pictures. A bad file is listed with its
reason and never ends the run. A run that is started again continues where it stopped, because pictures already in the
gallery are recognised by their bytes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.enrolment.batches import LISTED, Batches, EnrolmentResult, Options, count_doubtful, holds
from plainview.casework.enrolment.items import Item, Items
from plainview.casework.enrolment.preparing import Failed, InGallery, Ready, prepare
from plainview.casework.enrolment.spread import on_cluster
from plainview.casework.erasure.erasers import erase_pending
from plainview.casework.erasure.expunged import is_barred
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.gate.packs import engine_of
from plainview.casework.log.guard import refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.flags import inspect_near_duplicates
from plainview.casework.models import Enrolment, Gallery, Member, Reference
from plainview.policy import rules
from plainview.policy.permissions import Permission

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine

__all__ = ["EnrolmentResult", "Options", "begin", "enrol"]

Progress = Callable[[EnrolmentResult], None]


def enrol(
    gallery_name: str,
    items: Items | Iterable[Item],
    *,
    acting_member: Member,
    progress: Progress | None = None,
    options: Options | None = None,
    cores: int | None = None,
    run: Enrolment | None = None,
    read: Callable[[Item], bytes] = Item.read,
) -> EnrolmentResult:
    """Enrol every picture of `items` that is not in the gallery yet.

    Args:
        gallery_name: a gallery of the member's agency.
        items: the pictures, one at a time; see casework.enrolment.items.
        acting_member: the member who enrols.
        progress: called after every picture with the counts so far.
        options: see `Options`.
        cores: overrides the option of the same name.
        run: a run begun earlier (`begin`), perhaps interrupted; pictures that it has enrolled count as enrolled.
        read: returns an item's bytes; raises BadMedia or Unusable.

    Raises:
        Refused: no permission, gallery unknown or expired, its templates are from another pack, or the list is bad.
    """
    options = options or Options(cores=cores)
    with refusals_recorded("gallery.enrol", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        gallery = find.gallery(gallery_name, acting_member)
        rules.require(rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()))
        # A missing model stops here, before anything is written.
        engine = engine_of(gallery)
    began = time.perf_counter()
    erase_pending()
    result = EnrolmentResult()
    if options.rehearsal:
        _rehearse(items, gallery, engine, result, options, progress, acting_member)
    else:
        if run is None:
            with transaction.atomic():
                source: dict[str, Any] = {}
                if isinstance(items, Items):
                    source = {"kind": items.kind, "name": items.name, "reading": items.reading.as_json() or None}
                run = begin(gallery, acting_member, **source)
        elif run.entry is None:  # begun by a version that did not keep the number of its entry
            with transaction.atomic():
                _record(run)
        _run(items, run, gallery, engine, result, options, progress, read)
    result.failed.sort(key=lambda failure: failure["path"])
    result.seconds = time.perf_counter() - began
    return result


def begin(gallery: Gallery, member: Member, *, kind: str = "list", name: str = "", **asked: Any) -> Enrolment:
    """Write a run and its entry in the running transaction.

    Args:
        gallery, member: where the pictures go, and who enrols them.
        kind, name: the source; see casework.enrolment.items.Items.
        asked: more columns of the run.
    """
    run = Enrolment.objects.create(gallery=gallery, member=member, source_kind=kind, source_name=name, **asked)
    _record(run)
    return run


def _record(run: Enrolment) -> None:
    subject: dict[str, Value] = {"enrolment": run.pk, "gallery": run.gallery_id, "source": run.source_kind}
    named: dict[str, Value] = {"source_name": run.source_name} if run.source_name else {}
    if run.reading:
        subject |= {key: run.reading[key] for key in ("rows", "rows_without_picture", "pictures_without_row")}
        named["read_as"] = " ".join(run.reading["sentences"])
    run.entry = write_entry("enrolment.began", subject, named, acting_member=run.member).entry
    run.save(update_fields=["entry"])


def _run(
    items: Iterable[Item],
    run: Enrolment,
    gallery: Gallery,
    engine: Engine,
    result: EnrolmentResult,
    options: Options,
    progress: Progress | None,
    read: Callable[[Item], bytes],
) -> None:
    member = run.member
    result.references = Reference.objects.filter(enrolment=run).count()
    before = set(Reference.objects.filter(enrolment=run).values_list("blob", flat=True))
    batches = Batches(run, gallery, engine.pack.identity, result, options, member)
    for outcome in _outcomes(items, engine, options, batches.holds, read, rehearsal=False, idle=batches.store_early):
        if isinstance(outcome, Ready):
            batches.add(outcome)
        elif isinstance(outcome, InGallery) and outcome.digest in before:
            before.discard(outcome.digest)  # enrolled by this run before it was interrupted
            result.enrolled += 1
        elif isinstance(outcome, InGallery) and batches.other_subject(outcome.item, outcome.digest):
            why = "The picture is already in the gallery, under the number of another subject."
            _count(Failed(outcome.item, "other_subject", why), result, options)
        else:
            _count(outcome, result, options)
        if progress is not None:
            progress(result)
    batches.store()
    result.stopped = options.stopped()
    if result.references:
        gallery.refresh_from_db(fields=["log_head"])
        calibrate(gallery)
    with transaction.atomic():
        run.finished_at, run.stopped = timezone.now(), result.stopped
        run.images, run.duplicates, run.near_duplicates = (
            result.enrolled,
            result.duplicates,
            result.near_total,
        )
        run.failed, run.failed_total = result.failed, result.failed_total
        run.doubtful = [{"reference": face["reference_id"], "advice": face["advice"]} for face in result.doubtful]
        run.doubtful_total = result.doubtful_total
        run.save()
        write_entry(
            "enrolment.finished",
            {"enrolment": run.pk, "gallery": gallery.pk, **_counts(result)},
            acting_member=member,
        )
        inspect_near_duplicates(run)


def _rehearse(
    items: Iterable[Item],
    gallery: Gallery,
    engine: Engine,
    result: EnrolmentResult,
    options: Options,
    progress: Progress | None,
    member: Member,
) -> None:
    seen: set[int] = set()  # eight bytes of each digest: a rehearsal stores nothing, so it cannot look digests up

    def in_gallery(digest: str) -> bool:
        return int(digest[:16], 16) in seen or holds(gallery.pk, digest)

    for outcome in _outcomes(items, engine, options, in_gallery, Item.read, rehearsal=True):
        if isinstance(outcome, Ready):
            seen.add(int(outcome.digest[:16], 16))
            result.enrolled += 1
            result.references += len(outcome.faces)
            result.several_faces += len(outcome.faces) > 1
            count_doubtful(outcome, (), result)
        else:
            _count(outcome, result, options)
        if progress is not None:
            progress(result)
    result.stopped = options.stopped()
    with transaction.atomic():
        write_entry("enrolment.rehearsed", {"gallery": gallery.pk, **_counts(result)}, acting_member=member)


def _outcomes(
    items: Iterable[Item],
    engine: Engine,
    options: Options,
    in_gallery: Callable[[str], bool],
    read: Callable[[Item], bytes],
    *,
    rehearsal: bool,
    idle: Callable[[int], None] = lambda _: None,
) -> Iterable[Ready | InGallery | Failed]:
    spread = on_cluster(options.ray, engine.pack.identity) if options.ray else None
    cores = options.cores or (spread.workers if spread else len(os.sched_getaffinity(0)))
    return prepare(
        items,
        read=read,
        in_gallery=in_gallery,
        barred=is_barred,
        engine=engine,
        cores=cores,
        rehearsal=rehearsal,
        stopped=options.stopped,
        spread=spread.submit if spread else None,
        idle=idle,
    )


def _count(outcome: InGallery | Failed, result: EnrolmentResult, options: Options) -> None:
    if isinstance(outcome, InGallery):
        result.duplicates += 1
        options.settled([outcome.item], "duplicate")
        return
    failure = {"path": outcome.item.name, "code": outcome.code, "why": outcome.why}
    result.failed_total += 1
    if len(result.failed) < LISTED:
        result.failed.append(failure)
    options.failures(failure)
    options.settled([outcome.item], outcome.code)


def _counts(result: EnrolmentResult) -> dict[str, int | bool]:
    return {
        "images": result.enrolled,
        "duplicates": result.duplicates,
        "failed": result.failed_total,
        "near_duplicates": result.near_total,
        "stopped": result.stopped,
    }
