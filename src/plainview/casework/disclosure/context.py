"""The context of one search: what its scores mean here, its gallery's checks and erasures, alerts, videos, views.

Owns the parts of a disclosure that are not the search itself; see `disclosure.contents`. It must never decide who reads.
"""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from typing import Any

from plainview import __version__
from plainview.audit.record import SYSTEM, Entry, parse_line
from plainview.casework.alerts.read import state_of
from plainview.casework.canaries.read import in_doubt
from plainview.casework.disclosure.contents import moment
from plainview.casework.disclosure.read import reviews_about
from plainview.casework.log.read import entries_about
from plainview.casework.models import (
    Alert,
    CanaryAlarm,
    CanaryCheck,
    Candidate,
    Case,
    Delivery,
    GalleryChange,
    Member,
    Notice,
    Search,
    Video,
)
from plainview.casework.search.meaning import cautions, meanings, nothing_stands_out
from plainview.casework.workspace.services import services
from plainview.recognition.errors import PackError
from plainview.recognition.packs import card
from plainview.scores.scoring import COSINE

_TOOLS = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "cryptography", "django")

_OWN = "a sample of this gallery's own references, each searched among the others as a person who is not in the gallery"
_GENERAL = "the model's general figures: the gallery is too small for its own"

LOOKS = {
    "candidates.viewed": "viewed the candidate list",
    "examination.viewed": "opened an examination",
    "lead.decision_viewed": "viewed it to decide",
    "lead.viewed": "viewed the lead",
    "lead.sheet_made": "printed the lead sheet",
}
"""Actions of the log that are views of a search, in words."""


def model(pack: str) -> dict[str, Any]:
    """Return the software, its versions, and the model's card with its measured error rates and group differences.

    Args:
        pack: identity of the pack that searched; where it is no longer installed, the card is the loaded one's, by name.
    """
    engine = services().engine
    with suppress(PackError):
        engine = services().engine_of(pack)
    return {
        "tool": "Plainview",
        "maker": "The Plainview authors",
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in _TOOLS},
        "card": card(engine.pack),
    }


def scores(search: Search, candidates: list[Candidate]) -> dict[str, Any]:
    """Return what the scores meant in this gallery: how often strangers score as high, the calibration, and cautions."""
    score_meanings = meanings(search, candidates)
    calibration = search.calibration
    adjusted = calibration is not None and search.scorer != COSINE and calibration.adjusted
    data = json.loads(calibration.adjusted if adjusted else calibration.data) if calibration is not None else {}
    return {
        "what_a_score_is": "the cosine of two templates; never a probability of identity",
        "ordered_by": search.scorer,
        "error_rate_of_this_gallery": [
            {
                "rank": candidate.rank,
                "says": meaning.text,
                "rate": asdict(meaning.rate) if meaning.rate is not None else None,
            }
            for candidate, meaning in zip(candidates, score_meanings, strict=True)
        ],
        "nothing_stands_out": nothing_stands_out(score_meanings),
        "cautions": [asdict(caution) for caution in cautions(search, candidates)],
        "calibration": {
            "source": _OWN if data["best"] else _GENERAL,
            "made_at": calibration.made_at.isoformat(),
            "gallery_change": calibration.seq,
            "references": calibration.size,
            "data": data,
        }
        if calibration is not None
        else None,
    }


def gallery_state(search: Search) -> dict[str, Any]:
    """Return the gallery's canary checks around the search, and the compared references that were erased since."""
    at = search.answered_at or search.requested_at
    checks = CanaryCheck.objects.filter(gallery=search.gallery, at__lte=at).order_by("-at")[:5]
    alarms = CanaryAlarm.objects.filter(gallery=search.gallery).order_by("pk")
    doubt = in_doubt(search) if search.answered_at else None
    changes = GalleryChange.objects.filter(
        gallery=search.gallery, seq__gt=search.gallery_seq or 0, is_add=False, reference__is_canary=False
    )
    return {
        "canary_checks_before": [
            {
                "at": check.at.isoformat(),
                "canaries": check.canaries,
                "sampled": check.sampled,
                "ok": check.ok,
                "entry": check.entry,
            }
            for check in checks
        ],
        "canary_alarms": [
            {
                "alarm": alarm.public_id,
                "raised_at": alarm.raised_at.isoformat(),
                "fault": alarm.fault,
                "says": alarm.says,
                "explained_at": moment(alarm.acknowledged_at),
                "explained": alarm.reason,
                "casts_doubt_on_this_search": doubt is not None and doubt.pk == alarm.pk,
            }
            for alarm in alarms
        ],
        "erased_since_the_search": sorted(set(changes.values_list("reference__public_id", flat=True))),
    }


def alerts(case: Case) -> list[dict[str, Any]]:
    """Return every alert of the case: its probe, galleries, times, and the searches that it raised."""
    rows = Alert.objects.filter(case=case).prefetch_related("follows__gallery", "raised").order_by("pk")
    return [
        {
            "alert": alert.public_id,
            "state": state_of(alert),
            "member": alert.member.public_id,
            "purpose": alert.purpose,
            "probe_sha256": alert.probe_blob,
            "further_sha256": [frame["blob"] for frame in alert.further],
            "created_at": alert.created_at.isoformat(),
            "expires_at": alert.expires_at.isoformat(),
            "closed_at": moment(alert.closed_at),
            "why": alert.closed_why,
            "false_alert_once_in": alert.one_in,
            "galleries": [follow.gallery.name for follow in alert.follows.all()],
            "raised": [_raised(search) for search in alert.raised.all()],
        }
        for alert in rows.select_related("member")
    ]


def _raised(search: Search) -> dict[str, Any]:
    """Return a search that an alert raised, its time, and who was notified and when."""
    notices = Notice.objects.filter(search=search).select_related("member").order_by("pk")
    messages = Delivery.objects.filter(type="alert.raised", data__search=search.public_id).order_by("pk")
    return {
        "search": search.public_id,
        "at": search.requested_at.isoformat(),
        "told": [
            {
                "who": notice.member.public_id if notice.member else "a webhook of the agency",
                "at": moment(notice.sent_at),
            }
            for notice in notices
        ]
        + [{"who": "a webhook of the agency", "at": moment(message.sent_at)} for message in messages],
    }


def videos(search: Search) -> list[dict[str, Any]]:
    """Return the videos that the search's stills come from: the file, the part that was read, whether it is erased."""
    ids = {search.provenance.get("video"), *(frame.provenance.get("video") for frame in search.frames.all())}
    return [
        {
            "video": video.public_id,
            "name": video.name,
            "sha256": video.sha256,
            "bytes": video.size,
            "state": video.state,
            "container": video.container,
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "frames": video.frames,
            "from_s": video.first_s,
            "to_s": video.last_s,
            "notes": video.notes,
            "pack": video.pack,
            "received_at": moment(video.received_at),
            "erased_at": moment(video.erased_at),
        }
        for video in Video.objects.filter(
            public_id__in=[video_id for video_id in ids if video_id], case=search.case
        ).order_by("pk")
    ]


def reviews(search: Search) -> list[dict[str, Any]]:
    """Return the requests for an exoneration review of the search, and the result of each."""
    return [
        {
            "review": review.public_id,
            "requester": review.requester,
            "body": review.body,
            "why": review.why,
            "asked_at": review.asked_at.isoformat(),
            "accepted": review.accepted,
            "decided_at": moment(review.decided_at),
            "note": review.note,
            "answered_at": moment(review.answered_at),
            "answer": review.answer,
        }
        for review in reviews_about(search)
    ]


def about(search: Search) -> list[Entry]:
    """Return the log's entries about the search, oldest first."""
    return [parse_line(canonical) for _, canonical in entries_about(search)]


def looks(entries: list[Entry]) -> dict[str, list[str]]:
    """Return id of a member -> the pages that they opened, in words, from the log."""
    looks_by_member: dict[str, list[str]] = {}
    for entry in entries:
        if entry.action in LOOKS and entry.actor != SYSTEM:
            words = looks_by_member.setdefault(entry.actor, [])
            words.extend({LOOKS[entry.action]} - set(words))
    return looks_by_member


def history(search: Search, entries: list[Entry]) -> list[dict[str, Any]]:
    """Return the entries in short, for people to read: number, time, action and member."""
    names = dict(Member.objects.filter(agency=search.case.agency).values_list("public_id", "name"))
    return [
        {"entry": entry.seq, "at": entry.time, "action": entry.action, "who": names.get(entry.actor, "the system")}
        for entry in entries
    ]
