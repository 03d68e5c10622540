"""What the public register says about every agency that was ever open: its figures and its rules.

Owns the assembly, and the count of the log, which continues where it last ended. Figures come from the log alone
(`recheck.tally`, `recheck.figures`). It must never name a person, a case or a search, nor a rule that is not in force.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from plainview.audit.checkpoint import parse
from plainview.audit.record import written
from plainview.casework.galleries.read import newest_calibration
from plainview.casework.log.state import is_sample
from plainview.casework.models import (
    Agency,
    Attestation,
    Gallery,
    LogEntry,
    PublishedRegister,
    Reference,
)
from plainview.casework.people.read import binding
from plainview.casework.retention.read import rules_of
from plainview.casework.witnesses.read import in_public
from plainview.casework.workspace.services import services
from plainview.policy.retention import What
from plainview.policy.small_cells import SMALLEST, roughly
from plainview.policy.table import table
from plainview.recheck.figures import contradicted, counted_until, figures
from plainview.recheck.tally import COUNTED, Stated, Tally
from plainview.recognition.packs import card
from plainview.scores.calibration import Calibration

FORMAT = "plainview-register-2"

CACHE_KEY = FORMAT
"""Cache key of the newest register; an act that must be visible at once removes it."""

FRESH = 300
"""Seconds for which a cached register is shown."""

_counted: dict[str, tuple[Tally, str]] = {}  # log -> its counts so far, and the hash of the last entry in them
_lock = threading.Lock()
_WORDS = tuple(f'"{action}"'.encode() for action in sorted(COUNTED))


def current(checkpoint: Callable[[], str]) -> dict[str, Any]:
    """Return the register for the public pages, at most `FRESH` seconds old.

    Args:
        checkpoint: returns the log's newest signed checkpoint; called only when the register is made.
    """
    cached: dict[str, Any] | None = cache.get(CACHE_KEY)
    if cached is None or cached["log"] != services().origin:
        newest = published().first()
        cached = register(checkpoint(), newest.sha256 if newest else None)
        cache.set(CACHE_KEY, cached, FRESH)
    return cached


def published() -> QuerySet[PublishedRegister]:
    """Return the registers of past months, newest first; their bytes are read only on access."""
    return PublishedRegister.objects.defer("data").order_by("-month")


def register(checkpoint: str, previous: str | None) -> dict[str, Any]:
    """Return the register as of a checkpoint of the log; `previous` is the SHA-256 of the register before it."""
    tally = tally_of(parse(checkpoint).size)
    agencies = Agency.objects.exclude(opened_at=None).order_by("name")
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "smallest_cell": SMALLEST,
        "sample": is_sample(),
        "agencies": [_agency(agency, tally) for agency in agencies],
        "models": [card(services().engine.pack)],
        "log": services().origin,
        "log_key": services().first_key.text,
        "witnesses": in_public(),
        "checkpoint": checkpoint,
        "previous_sha256": previous,
    }


def tally_of(size: int) -> Tally:
    """Return the counts of the first `size` entries; entries that this process has counted are not read again."""
    with _lock:
        tally, leaf = _counted.get(services().origin, (Tally(), ""))
        if tally.size > size or _leaf(tally.size) != leaf:
            tally = Tally()
        tally = deepcopy(tally)  # another thread may still read the stored one
        rows = LogEntry.objects.filter(seq__gte=tally.size, seq__lt=size).order_by("seq")
        for canonical in rows.values_list("canonical", flat=True).iterator():
            data = bytes(canonical)
            if any(word in data for word in _WORDS):
                entry = json.loads(data)  # the workspace's own table; a copy of a log is parsed strictly
                if entry["action"] in COUNTED:
                    tally.add(Stated(entry["seq"], written(entry), entry["action"], entry["subject"]))
        tally.size = size
        _counted[services().origin] = (tally, _leaf(size))
    return tally


def _leaf(size: int) -> str:
    """Return the hash of the last of the first `size` entries, which differs in another log."""
    leaf = LogEntry.objects.filter(seq=size - 1).values_list("leaf", flat=True).first()
    return bytes(leaf).hex() if leaf else ""


def opened_on(agency: Agency, tally: Tally) -> str:
    """Return the day on which the agency was first opened, according to the log."""
    return tally.opened.get(agency.public_id) or f"{agency.opened_at:%Y-%m-%d}"


def _agency(agency: Agency, tally: Tally) -> dict[str, Any]:
    opened, until = opened_on(agency, tally), counted_until(timezone.now(), sample=agency.is_sample)
    first = opened[:7]
    version, policy = binding(agency)
    agency_figures = figures(tally, agency.public_id, first, until, sample=agency.is_sample)
    return {
        "id": agency.public_id,
        "name": agency.name,
        "jurisdiction": agency.jurisdiction,
        "sample": agency.is_sample,
        "opened_on": opened,
        "suspended": agency.suspended_at is not None,
        **agency_figures,
        "rules": {rule.rule_id: rule.says for rule in table(policy) if rule.rule_id in agency_figures["refusals"]},
        "attested": [_attested(attestation, tally) for attestation in attestations(agency)],
        "galleries": [_gallery(gallery, agency) for gallery in Gallery.objects.filter(agency=agency).order_by("name")],
        "retention": retention_in_words(agency),
        "policy": {
            "version": version.number,
            "offences": list(policy.offences),
            "unlisted_offences": policy.unlisted_offences,
            "purposes": list(policy.purposes),
            "urgent_hours": policy.urgent_hours,
            "preapproval": list(policy.preapproval),
            "quality_floor": policy.quality_floor,
        },
    }


def attestations(agency: Agency) -> QuerySet[Attestation]:
    """Return the agency's attestations, newest months first."""
    return Attestation.objects.filter(agency=agency).select_related("agency").order_by("-first", "-pk")


def _attested(attestation: Attestation, tally: Tally) -> dict[str, Any]:
    return {
        "office": attestation.office,
        "from": attestation.first,
        "until": attestation.last,
        "entry": attestation.entry,
        "made_on": attestation.made_at.date().isoformat(),
        "contradicted": contradicted(tally, attestation.agency.public_id, attestation.first, attestation.last),
    }


def _gallery(gallery: Gallery, agency: Agency) -> dict[str, Any]:
    rows = Reference.objects.filter(gallery=gallery).exclude(template=b"")
    count, people = rows.count(), rows.exclude(subject=None).values("subject").distinct().count()
    return {
        "name": gallery.name,
        "references": count if agency.is_sample else roughly(count),
        **({"people": people if agency.is_sample else roughly(people)} if people else {}),
        "legal_basis": gallery.legal_basis,
        "source": gallery.source,
        "owner": gallery.owner,
        "ends_on": gallery.expires_on.isoformat(),
        "ended": gallery.expires_on < timezone.now().date(),
        "offences": gallery.offences,
        "model": gallery.pack,
        "measured": _measured(gallery),
    }


def _measured(gallery: Gallery) -> dict[str, Any] | None:
    """Return the score that strangers reach in 1 of 100 searches of this gallery; None when the gallery is too small."""
    newest = newest_calibration(gallery.pk, gallery.pack)
    best = Calibration.from_json(newest.data).best if newest else ()
    if newest is None or not best:
        return None
    return {
        "on": newest.made_at.date().isoformat(),
        "references": roughly(newest.size),
        "score_one_in_100": f"{best[len(best) * 99 // 100]:.3f}",
    }


def retention_in_words(agency: Agency) -> dict[str, Any]:
    """Return the agency's retention rules in words, without rules for a single case, which would name it."""
    _, agency_rules = rules_of(agency)
    return {
        "automatic": agency_rules.automatic,
        "galleries": {
            gallery.name: [rule.says for rule in agency_rules.of(What.REFERENCES, gallery=gallery.name)]
            for gallery in Gallery.objects.filter(agency=agency).order_by("name")
        },
        "cases": [rule.says for rule in agency_rules.rules if rule.what is not What.REFERENCES and not rule.case],
    }
