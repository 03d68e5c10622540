"""The thresholds of open alerts, found again when a gallery's scores have another meaning.

Owns this one change of an open alert. It must never make an alert rarer or commoner than its member asked for.
"""

from __future__ import annotations

from plainview.casework.gate.calibrate import calibrate
from plainview.casework.models import AlertGallery, Gallery
from plainview.policy.decision import Refused
from plainview.scores.alerting import threshold
from plainview.scores.calibration import Calibration


def set_thresholds(gallery: Gallery) -> int:
    """Give a gallery's open alerts the thresholds of its present calibration; return how many were set.

    One that is rarer than the gallery can tell keeps its threshold.
    """
    calibration = Calibration.from_json(calibrate(gallery).data)
    done = 0
    for follows in AlertGallery.objects.filter(gallery=gallery, alert__closed_at=None).select_related("alert"):
        try:
            score = threshold(calibration, follows.alert.one_in)
        except (Refused, ValueError):
            continue
        done += AlertGallery.objects.filter(pk=follows.pk).update(threshold=score)
    return done
