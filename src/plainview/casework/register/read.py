"""What the public register says of every agency that was ever open: its figures, and what it works under.

Owns the assembly, and the count of the log that is kept and gone on from. Figures come from the log alone
(casework.tally, casework.figures). Nothing here names a person, a case or a search, and nothing that is not in force.
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
from plainview.casework.galleries.read import newest_calibration
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
from plainview.casework.workspace.services import services
from plainview.policy.retention import What
from plainview.policy.small_cells import SMALLEST, roughly
from plainview.policy.table import table
from plainview.recheck.figures import contradicted, counted_until, figures
from plainview.recheck.tally import COUNTED, Stated, Tally
from plainview.recognition.packs import card
from plainview.scores.calibration import Calibration

FORMAT = "plainview-register-2"

KEPT = FORMAT
"""Key of the cache under which the newest register lies; an act that it must show at once removes it."""

FRESH = 300
"""Seconds for which a register is shown again without being made anew."""

_counted: dict[str, tuple[Tally, str]] = {}  # log -> its counts so far, and the hash of the last entry in them
_lock = threading.Lock()
_WORDS = tuple(f'"{action}"'.encode() for action in sorted(COUNTED))


def current(checkpoint: Callable[[], str]) -> dict[str, Any]:
    """The register for the pages that everybody reads, at most `FRESH` seconds old.

    Args:
        checkpoint: gives the log's newest signed checkpoint; asked only when the register is made.
    """
    held: dict[str, Any] | None = cache.get(KEPT)
    if held is None or held["log"] != services().origin:
        newest = published().first()
        held = register(checkpoint(), newest.sha256 if newest else None)
        cache.set(KEPT, held, FRESH)
    return held


def published() -> QuerySet[PublishedRegister]:
    """The registers of past months, the newest first; their bytes are read when they are asked for."""
    return PublishedRegister.objects.defer("data").order_by("-month")


def register(checkpoint: str, previous: str | None) -> dict[str, Any]:
    """The register as of a checkpoint of the log; `previous` is the SHA-256 of the one before it."""
    tally = tally_of(parse(checkpoint).size)
    agencies = Agency.objects.exclude(opened_at=None).order_by("name")
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "smallest_cell": SMALLEST,
        "sample": services().workspace.is_sample,
        "agencies": [_agency(agency, tally) for agency in agencies],
        "models": [card(services().engine.pack)],
        "log": services().origin,
        "log_key": services().first_key.text,
        "checkpoint": checkpoint,
        "previous_sha256": previous,
    }


def tally_of(size: int) -> Tally:
    """The counts of the first `size` entries; those that this process has counted before are not read again."""
    with _lock:
        tally, leaf = _counted.get(services().origin, (Tally(), ""))
        if tally.size > size or _leaf(tally.size) != leaf:
            tally = Tally()
        tally = deepcopy(tally)  # another thread may still read the one that is kept
        rows = LogEntry.objects.filter(seq__gte=tally.size, seq__lt=size).order_by("seq")
        for canonical in rows.values_list("canonical", flat=True).iterator():
            data = bytes(canonical)
            if any(word in data for word in _WORDS):
                held = json.loads(data)  # the workspace's own table; a copy of a log is parsed strictly
                if held["action"] in COUNTED:
                    tally.add(Stated(held["seq"], held["at"], held["action"], held["subject"]))
        tally.size = size
        _counted[services().origin] = (tally, _leaf(size))
    return tally


def _leaf(size: int) -> str:
    """The hash of the last of so many entries: another log has another."""
    row = LogEntry.objects.filter(seq=size - 1).values_list("leaf", flat=True).first()
    return bytes(row).hex() if row else ""


def opened_on(agency: Agency, tally: Tally) -> str:
    """The day on which the agency was first opened, by the log."""
    return tally.opened.get(agency.public_id) or f"{agency.opened_at:%Y-%m-%d}"


def _agency(agency: Agency, tally: Tally) -> dict[str, Any]:
    opened, until = opened_on(agency, tally), counted_until(timezone.now(), sample=agency.is_sample)
    first = opened[:7]
    version, policy = binding(agency)
    told = figures(tally, agency.public_id, first, until, sample=agency.is_sample)
    return {
        "id": agency.public_id,
        "name": agency.name,
        "jurisdiction": agency.jurisdiction,
        "sample": agency.is_sample,
        "opened_on": opened,
        "suspended": agency.suspended_at is not None,
        **told,
        "rules": {row.rule_id: row.says for row in table(policy) if row.rule_id in told["refusals"]},
        "attested": [_attested(row, tally) for row in attestations(agency)],
        "galleries": [_gallery(row, agency) for row in Gallery.objects.filter(agency=agency).order_by("name")],
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
    """What the agency has attested, the newest months first."""
    return Attestation.objects.filter(agency=agency).select_related("agency").order_by("-first", "-pk")


def _attested(row: Attestation, tally: Tally) -> dict[str, Any]:
    return {
        "office": row.office,
        "from": row.first,
        "until": row.last,
        "entry": row.entry,
        "made_on": row.made_at.date().isoformat(),
        "contradicted": contradicted(tally, row.agency.public_id, row.first, row.last),
    }


def _gallery(gallery: Gallery, agency: Agency) -> dict[str, Any]:
    held = Reference.objects.filter(gallery=gallery).exclude(template=b"").count()
    return {
        "name": gallery.name,
        "references": held if agency.is_sample else roughly(held),
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
    """Which score a stranger's best candidate reaches in one of a hundred searches here; None in a small gallery."""
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
    """The agency's rules of retention in words; a case's own rules are not told, they would name it."""
    _, held = rules_of(agency)
    return {
        "automatic": held.automatic,
        "galleries": {
            gallery.name: [row.says for row in held.of(What.REFERENCES, gallery=gallery.name)]
            for gallery in Gallery.objects.filter(agency=agency).order_by("name")
        },
        "cases": [row.says for row in held.rules if row.what is not What.REFERENCES and not row.case],
    }
