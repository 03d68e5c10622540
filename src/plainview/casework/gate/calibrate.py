"""Keeping a gallery's calibration and cohort current: both are remade when the gallery grows or the pack changes.

Owns when this happens. It must never compute them itself: scores.calibration and scores.scoring do.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
from django.db import transaction

from plainview.casework.galleries.read import gallery_templates, newest_calibration
from plainview.casework.galleries.subjects import pictures_of
from plainview.casework.gate.compare import compare
from plainview.casework.gate.packs import engine_of
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Gallery, GalleryCalibration
from plainview.policy.gate import CALIBRATION
from plainview.recognition.types import Vector
from plainview.scores.calibration import Calibration
from plainview.scores.scoring import Scorer, cohort_rows

GROWTH = 0.1
"""Share by which a gallery changes before it is calibrated again: chosen; the rate itself scales to every size."""


def calibrate(gallery: Gallery) -> GalleryCalibration:
    """Return the gallery's calibration under its pack, remade if it is missing or out of date.

    The caller has just read the gallery's row, whose `log_head` says how far the gallery has grown.
    """
    pack = engine_of(gallery).pack
    newest = newest_calibration(gallery.pk, pack.identity)
    if newest is not None and abs(gallery.log_head - newest.seq) <= GROWTH * max(newest.size, 1):
        return newest
    templates = gallery_templates(gallery.pk, pack.identity)
    pictures = _pictures(templates)
    table = pack.calibration.cosine_at_fmr if pack.calibration else ()
    rows = np.stack(list(templates.values())) if templates else np.empty((0, pack.dimension), dtype=np.float32)
    chosen, keys = cohort_rows(len(rows)), list(templates)
    cohort = [keys[place] for place in chosen]

    def fitted() -> tuple[str, str]:
        scorer = Scorer(rows[chosen])
        adjusted = Calibration.fit(rows, table, scorer=scorer, pictures=pictures).to_json() if cohort else ""
        return Calibration.fit(rows, table, pictures=pictures).to_json(), adjusted

    data, adjusted = compare(Comparison(CALIBRATION, gallery.agency), fitted)
    with transaction.atomic():
        calibration = GalleryCalibration.objects.create(
            gallery=gallery,
            pack=pack.identity,
            seq=gallery.log_head,
            size=len(rows),
            data=data,
            adjusted=adjusted,
            cohort=cohort,
        )
        write_entry(
            "gallery.calibrated",
            {
                "gallery": gallery.pk,
                "pack": pack.identity,
                "seq": calibration.seq,
                "size": calibration.size,
                "sha256": hashlib.sha256(data.encode()).hexdigest(),
                "adjusted_sha256": hashlib.sha256(adjusted.encode()).hexdigest(),
                "cohort_sha256": hashlib.sha256(json.dumps(cohort).encode()).hexdigest(),
            },
            acting_member=None,
        )
    return calibration


def _pictures(templates: dict[int, Vector]) -> dict[int, Vector]:
    """Return one picture's template, drawn with a fixed seed, of each subject with several, by its row in `templates`."""
    random, place = np.random.default_rng(0), {lead: number for number, lead in enumerate(templates)}
    several = sorted(pictures_of(templates).items())
    return {place[lead]: own[int(random.integers(len(own)))][1] for lead, own in several}
