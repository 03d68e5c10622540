"""Saving a probe as an alert: under the same authorisation as a search, until it expires.

Owns creating an alert. It must never compare references: follow.py does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.alerts.follow import back_fill, mark_of
from plainview.casework.alerts.opened import opened
from plainview.casework.galleries.read import additions
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.log.guard import refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.inspection import Comparison, inspect
from plainview.casework.models import Alert, AlertGallery, AlertPreference, Gallery, Member
from plainview.casework.probes.probe import (
    Embedding,
    Probe,
    as_further,
    columns_of,
    frames_entry,
    frames_made_of,
    frames_of,
    further_again,
    probe_of,
    stored_meanwhile,
    template_of,
)
from plainview.casework.search.grounds import ORDINARY
from plainview.casework.search.run import Authorised, Request, authorised
from plainview.casework.workspace.services import services
from plainview.policy import alerts as limits
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.gate import ALERT, GROUNDS
from plainview.policy.permissions import Permission
from plainview.scores.alerting import most_rare, threshold
from plainview.scores.calibration import Calibration
from plainview.scores.cautions import PHOTOGRAPHS_ALIKE


def create_alert(
    probe: Probe,
    request: Request,
    galleries: Sequence[str],
    *,
    days: int,
    one_in: int = limits.DEFAULT_ONE_IN,
    since: date | None = None,
    acting_member: Member,
) -> Alert:
    """Save a probe as an alert: every new reference of the galleries is compared with it from now on.

    Args:
        probe: a prepared probe.
        request: case, purpose and origin; its gallery is not used.
        galleries: names of galleries of the member's agency.
        days: days until it expires.
        one_in: accept at most one false alert in this many new references.
        since: also compare references enrolled from this day (UTC) on, at once.
        acting_member: an examiner.

    Raises:
        Refused: any rule of a search, or a rule of alerts.
    """
    with refusals_recorded("alert.create", acting_member), transaction.atomic():
        standing(acting_member, Permission.ALERT_CREATE)
        wanted = [replace(request, gallery=name) for name in dict.fromkeys(galleries)]
        may = [authorised(wanted_request, ORDINARY, probe, acting_member) for wanted_request in wanted]
        if not may:
            rules.require(rules.gallery_found("", False))
        rules.require(limits.alert_days(days, may[0].policy.alert_days), limits.alert_rarity(one_in))
        scores = [_threshold(allowed.gallery, one_in) for allowed in may]
        alert = _saved(probe, request, may[0], days, one_in, acting_member)
        write_entry(
            "alert.created",
            {
                "alert": alert.public_id,
                "agency": acting_member.agency.public_id,
                "case": may[0].case.pk,
                "offence": may[0].case.offence,
                "origin": alert.origin,
                "galleries": [allowed.gallery.pk for allowed in may],
                "thresholds": [f"{score:.6f}" for score in scores],
                "one_in": one_in,
                "expires_at": alert.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "since": since.isoformat() if since else None,
                "pack": alert.pack,
            },
            {
                "purpose": alert.purpose,
                "case_number": may[0].case.number,
                "probe_sha256": alert.probe_blob,
                "edits": alert.edits,
                **frames_entry(frames_of(alert.further)),
            },
            acting_member=acting_member,
        )
        for allowed, score in zip(may, scores, strict=True):
            mark_of(allowed.gallery.pk)
            allowed.gallery.refresh_from_db(fields=["log_head"])
            follows = AlertGallery.objects.create(
                alert=alert, gallery=allowed.gallery, after_seq=allowed.gallery.log_head, threshold=score
            )
            if since is not None:
                back_fill(follows, after=_before(allowed.gallery, since))
        # Not only what it raises: the probe is already for looking at somebody.
        why = Comparison(
            ALERT,
            acting_member.agency,
            member=acting_member,
            templates=(opened(alert.public_id, alert.sealed, services().engine.pack),),
        )
        inspect(why, GROUNDS[ALERT].rules)
    return alert


def alert_from_search(
    search_id: str,
    galleries: Sequence[str],
    *,
    days: int,
    one_in: int = limits.DEFAULT_ONE_IN,
    since: date | None = None,
    acting_member: Member,
) -> Alert:
    """Save the probe of a search as an alert: the same pictures, edits, faces, purpose and case.

    Raises:
        Refused: unknown or erased, or as `create_alert`.
    """
    search = find.viewable_search(search_id, acting_member)
    if search.erased_at is not None:
        raise Refused(
            "search.unknown",
            "Not found",
            "This search was erased.",
            "Prepare its photograph again.",
            act=Permission.SEARCH_RUN,
        )
    data = services().blobs.get(search.probe_blob)
    probe = probe_of(search.probe_name, data, search.face_number, edits=search.edits)
    return create_alert(
        replace(probe, provenance=search.provenance, further=further_again(search.frames.order_by("number"))),
        Request(search.case.number, search.purpose, "", origin=search.origin),
        galleries,
        days=days,
        one_in=one_in,
        since=since,
        acting_member=acting_member,
    )


def _threshold(gallery: Gallery, one_in: int) -> float:
    calibration = Calibration.from_json(calibrate(gallery).data)
    rules.require(limits.alert_reached(most_rare(calibration), one_in, gallery.name))
    return threshold(calibration, one_in)


def _before(gallery: Gallery, day: date) -> int:
    """Return the last change of the gallery's log before this day."""
    older = additions(gallery.pk).filter(reference__enrolment__started_at__date__lt=day)
    return older.order_by("-seq").values_list("seq", flat=True).first() or 0


def _saved(probe: Probe, request: Request, may: Authorised, days: int, one_in: int, member: Member) -> Alert:
    engine = services().engine
    template, alike = template_of(Embedding(probe, engine))
    alert = Alert(
        case=may.case,
        member=member,
        purpose=request.purpose.strip(),
        origin=request.origin,
        policy=may.version,
        **columns_of(probe),
        further=as_further(frames_made_of(probe.further)),
        pack=engine.pack.identity,
        pack_sha256=engine.pack.recogniser.sha256,
        one_in=one_in,
        expires_at=timezone.now() + timedelta(days=days),
    )
    if alike is not None:
        alert.quality_detail = {**alert.quality_detail, PHOTOGRAPHS_ALIKE: alike}
    alert.sealed = services().templates.seal(template.tobytes(), f"alert:{alert.public_id}".encode())
    with stored_meanwhile(probe):
        alert.save()
    return alert


def set_preference(
    *,
    digest_hours: int,
    quiet_from: int | None,
    quiet_until: int | None,
    time_zone: str = "",
    acting_member: Member,
) -> AlertPreference:
    """Set how the member is notified: about alerts, and about their tasks.

    Raises:
        Refused: an hour or a time zone that does not exist.
    """
    with refusals_recorded("alert.preference", acting_member), transaction.atomic():
        standing(acting_member, Permission.ALERT_OWN)
        rules.require(limits.hours_exist(digest_hours, quiet_from, quiet_until), limits.zone_exists(time_zone))
        preference, _ = AlertPreference.objects.update_or_create(
            member=acting_member,
            defaults={
                "digest_hours": digest_hours,
                "quiet_from": quiet_from,
                "quiet_until": quiet_until,
                "time_zone": time_zone,
            },
        )
        write_entry(
            "alert.preference",
            {
                "digest_hours": digest_hours,
                "quiet_from": quiet_from,
                "quiet_until": quiet_until,
                "time_zone": time_zone,
            },
            acting_member=acting_member,
        )
    return preference
