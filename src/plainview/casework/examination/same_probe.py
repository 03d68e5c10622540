"""Which searches are about the same probe: the same picture, draft or alert, or the same face by the templates kept of them.

Owns only this question; seen.py asks it to find who has seen a list like the one that a task is about. It must never show
a score or a face, nor compare with a gallery: kept templates of probes are compared with one another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from django.db.models import Q, QuerySet

from plainview.casework.models import Alert, Examination, ProbeFrame, ProbeTemplate, Search, View
from plainview.casework.workspace.services import services
from plainview.recognition.types import Vector
from plainview.scores.same_face import TRIPWIRE
from plainview.storage.seal import SealBroken

_ROWS = 2000


def of_one_probe(search: Search) -> QuerySet[Search]:
    """Return the searches of the agency with a picture of this probe, and those of its draft or alert; itself included."""
    same = Q(pk=search.pk)
    pictures = {search.probe_blob, *search.frames.values_list("blob", flat=True)} - {""}
    if pictures:
        beside = ProbeFrame.objects.filter(blob__in=pictures).values("search")
        same |= (Q(probe_blob__in=pictures) | Q(pk__in=beside)) & Q(case__agency=search.case.agency_id)
    if search.preparation_id is not None:
        same |= Q(preparation=search.preparation_id)
    if search.alert_id is not None:
        same |= Q(alert=search.alert_id)
    return Search.objects.filter(same)


def seen_by(members: Collection[int]) -> Q:
    """Return the condition of the searches that any of these members ran, approved, authorised, opened or examined."""
    views = View.objects.filter(member__in=members).values("search")
    examined = Examination.objects.filter(member__in=members).values("candidate__search")
    by = Q(member__in=members) | Q(approval__decided_by__in=members) | Q(authorised_by__in=members)
    return by | Q(public_id__in=views) | Q(pk__in=examined)


def of_one_face(search: Search, among: Q) -> QuerySet[Search]:
    """Return those of the agency's searches in `among` whose probe is the face of this one, in whatever picture.

    They are few: at the threshold of a tripwire, about one pair of strangers in 100,000 counts as one face.
    """
    own = _own(search)
    if own is None:
        return Search.objects.none()
    template, network = own
    searches = Search.objects.filter(among, case__agency=search.case.agency_id).exclude(pk=search.pk)
    templates = ProbeTemplate.objects.filter(search__in=searches, search__pack_sha256=network)
    alerts = Alert.objects.filter(pk__in=searches.exclude(alert=None).values("alert"), pack_sha256=network)
    of_searches = templates.values_list("search_id", "search__public_id", "sealed").iterator(_ROWS)
    of_alerts = alerts.exclude(sealed=b"").values_list("pk", "public_id", "sealed").iterator(_ROWS)
    alike, raised = (
        [key for key, other in opened if float(other @ template) >= TRIPWIRE]
        for opened in (_opened("probe", of_searches), _opened("alert", of_alerts))
    )
    return searches.filter(Q(pk__in=alike) | Q(alert__in=raised))


def _own(search: Search) -> tuple[Vector, str] | None:
    """Return the template kept of a search's probe, or of its alert's, and its network; None if neither was kept."""
    templates = ProbeTemplate.objects.filter(search=search).values_list("pk", "search__public_id", "sealed")
    for _, template in _opened("probe", templates):
        return template, search.pack_sha256
    for alert in Alert.objects.filter(raised=search).exclude(sealed=b""):
        for _, template in _opened("alert", [(alert.pk, alert.public_id, alert.sealed)]):
            return template, alert.pack_sha256
    return None


def _opened(kind: str, rows: Iterable[tuple[int, str, bytes | memoryview]]) -> Iterator[tuple[int, Vector]]:
    """Yield key and template of sealed rows; a damaged one tells nothing."""
    for key, public, sealed in rows:
        try:
            plain = services().templates.open(bytes(sealed), f"{kind}:{public}".encode())
        except SealBroken:
            continue
        yield key, np.frombuffer(plain, dtype=np.float32)
