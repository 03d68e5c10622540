"""What surrounded one search: what its scores mean here, its gallery's checks and erasures, alerts, videos, who looked.

Owns the parts of a disclosure that are not of the search itself; see queries.disclosed. It never asks who reads.
"""

from __future__ import annotations

import json
import platform
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
    GalleryChange,
    Member,
    Notice,
    Search,
    Video,
)
from plainview.casework.search.meaning import cautions, meanings, nothing_stands_out
from plainview.casework.workspace.services import services
from plainview.recognition.packs import card
from plainview.scores.scoring import COSINE

_TOOLS = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "cryptography", "django")

_OWN = "each of a sample of this gallery's own references, searched as a stranger among the others"
_GENERAL = "the model's general figures: the gallery is too small for its own"

LOOKS = {
    "candidates.viewed": "looked at the candidate list",
    "examination.viewed": "opened an examination",
    "lead.decision_viewed": "looked at it to decide",
    "lead.viewed": "looked at the lead",
    "lead.sheet_made": "printed the lead sheet",
}
"""Actions of the log that are looks at a search, in words."""


def model() -> dict[str, Any]:
    """The software, its versions, the model's card with its measured error rates and group differences."""
    return {
        "tool": "Plainview",
        "maker": "The Plainview authors",
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: metadata.version(name) for name in _TOOLS},
        "card": card(services().engine.pack),
    }


def scores(search: Search, candidates: list[Candidate]) -> dict[str, Any]:
    """What the scores meant in this gallery: how often a stranger reaches each, by which figures, with what to mind."""
    told = meanings(search, candidates)
    held = search.calibration
    adjusted = held is not None and search.scorer != COSINE and held.adjusted
    data = json.loads(held.adjusted if adjusted else held.data) if held is not None else {}
    return {
        "what_a_score_is": "the cosine of two templates; never a probability of identity",
        "ordered_by": search.scorer,
        "error_rate_of_this_gallery": [
            {
                "rank": row.rank,
                "says": meaning.text,
                "rate": asdict(meaning.rate) if meaning.rate is not None else None,
            }
            for row, meaning in zip(candidates, told, strict=True)
        ],
        "nothing_stands_out": nothing_stands_out(told),
        "cautions": [asdict(caution) for caution in cautions(search, candidates)],
        "calibration": {
            "source": _OWN if data["best"] else _GENERAL,
            "made_at": held.made_at.isoformat(),
            "gallery_change": held.seq,
            "references": held.size,
            "data": data,
        }
        if held is not None
        else None,
    }


def gallery_state(search: Search) -> dict[str, Any]:
    """The gallery's checks by canaries about the search, and what was erased from what was compared."""
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
                "at": row.at.isoformat(),
                "canaries": row.canaries,
                "sampled": row.sampled,
                "ok": row.ok,
                "entry": row.entry,
            }
            for row in checks
        ],
        "canary_alarms": [
            {
                "alarm": row.public_id,
                "raised_at": row.raised_at.isoformat(),
                "fault": row.fault,
                "says": row.says,
                "explained_at": moment(row.acknowledged_at),
                "explained": row.reason,
                "casts_doubt_on_this_search": doubt is not None and doubt.pk == row.pk,
            }
            for row in alarms
        ],
        "erased_since_the_search": sorted(set(changes.values_list("reference__public_id", flat=True))),
    }


def alerts(case: Case) -> list[dict[str, Any]]:
    """Every alert of the case: its probe, galleries, times, and the searches that it raised."""
    rows = Alert.objects.filter(case=case).prefetch_related("follows__gallery", "raised").order_by("pk")
    return [
        {
            "alert": row.public_id,
            "state": state_of(row),
            "member": row.member.public_id,
            "purpose": row.purpose,
            "probe_sha256": row.probe_blob,
            "created_at": row.created_at.isoformat(),
            "expires_at": row.expires_at.isoformat(),
            "closed_at": moment(row.closed_at),
            "why": row.closed_why,
            "false_alert_once_in": row.one_in,
            "galleries": [one.gallery.name for one in row.follows.all()],
            "raised": [_raised(one) for one in row.raised.all()],
        }
        for row in rows.select_related("member")
    ]


def _raised(search: Search) -> dict[str, Any]:
    """A search that an alert raised, when, and who was told of it and when."""
    told = Notice.objects.filter(search=search).select_related("member").order_by("pk")
    return {
        "search": search.public_id,
        "at": search.requested_at.isoformat(),
        "told": [
            {"who": row.member.public_id if row.member else "a webhook of the agency", "at": moment(row.sent_at)}
            for row in told
        ],
    }


def videos(search: Search) -> list[dict[str, Any]]:
    """The videos of the case as far as stills of them were searched with: the file, what was read of it, whether it is kept."""
    ids = {search.provenance.get("video"), *(row.provenance.get("video") for row in search.frames.all())}
    return [
        {
            "video": row.public_id,
            "name": row.name,
            "sha256": row.sha256,
            "bytes": row.size,
            "state": row.state,
            "container": row.container,
            "codec": row.codec,
            "width": row.width,
            "height": row.height,
            "frames": row.frames,
            "from_s": row.first_s,
            "to_s": row.last_s,
            "notes": row.notes,
            "pack": row.pack,
            "received_at": moment(row.received_at),
            "erased_at": moment(row.erased_at),
        }
        for row in Video.objects.filter(public_id__in=[one for one in ids if one], case=search.case).order_by("pk")
    ]


def reviews(search: Search) -> list[dict[str, Any]]:
    """Requests for an exoneration review of the search, and what each found."""
    return [
        {
            "review": row.public_id,
            "requester": row.requester,
            "body": row.body,
            "why": row.why,
            "asked_at": row.asked_at.isoformat(),
            "accepted": row.accepted,
            "decided_at": moment(row.decided_at),
            "note": row.note,
            "answered_at": moment(row.answered_at),
            "answer": row.answer,
        }
        for row in reviews_about(search)
    ]


def about(search: Search) -> list[Entry]:
    """The log's entries about the search, oldest first."""
    return [parse_line(canonical) for _, canonical in entries_about(search)]


def looks(entries: list[Entry]) -> dict[str, list[str]]:
    """Id of a member -> what they opened, in words, from the log."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.action in LOOKS and entry.actor != SYSTEM:
            words = found.setdefault(entry.actor, [])
            words.extend({LOOKS[entry.action]} - set(words))
    return found


def history(search: Search, entries: list[Entry]) -> list[dict[str, Any]]:
    """The entries in short: number, time, action and who, for people to read."""
    names = dict(Member.objects.filter(agency=search.case.agency).values_list("public_id", "name"))
    return [
        {"entry": row.seq, "at": row.at, "action": row.action, "who": names.get(row.actor, "the system")}
        for row in entries
    ]
