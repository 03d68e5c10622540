"""The other faces of a blind verification: neighbours of the candidate in its own gallery, by their templates.

Owns which neighbours may be shown: other people than the candidate and the probe, and no canary. The choice among them is
`scores.fillers`. It must never guess what anyone is: only templates and pictures are compared, through the gate.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from secrets import SystemRandom

import numpy as np
from django.db.models import Q

from plainview.casework.galleries.read import changes_after, open_template, templates_by_key
from plainview.casework.gate.compare import compare
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Candidate, Examination, ProbeTemplate, ProficiencyItem, Reference
from plainview.casework.pictures import surround
from plainview.casework.workspace.services import services
from plainview.index.base import Index, catch_up, mended
from plainview.policy.examination import FOILS
from plainview.policy.gate import PROFICIENCY, VERIFICATION
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Vector
from plainview.scores.fillers import POOL, Doubles, choose, distances_of
from plainview.scores.same_face import SAME_FACE
from plainview.storage.base import StorageError

MOST_SHOWN = 3
"""Pictures of one person that a verifier is shown at most: chosen, as many as fit beside each other on a page."""

_LOTS = SystemRandom()
_ASKED = 5 * POOL  # nearest references: many of the first may be the candidate's own


@dataclass(frozen=True, slots=True)
class _Probe:
    """What is known of the probe: its template, if it is kept, the width of its face, its year and its surroundings."""

    template: Vector | None
    width: float
    year: int | None
    surround: tuple[float, ...] | None


def of_examination(examination: Examination, face: Reference) -> list[Reference]:
    """Return the fillers for an examined candidate, in random order; fewer in a small gallery.

    Args:
        examination: the first examiner's.
        face: the picture of the candidate that the verifier is shown.

    Raises:
        IndexUnreachable: the server of the gallery's index does not answer.
    """
    search = examination.candidate.search
    stored = ProbeTemplate.objects.filter(search=search, search__pack=face.pack).first()
    template = None
    if stored is not None:
        plain = services().templates.open(bytes(stored.sealed), f"probe:{search.public_id}".encode())
        template = np.frombuffer(plain, dtype=np.float32)
    probe = _Probe(
        template,
        float(search.box[2]),
        search.captured_on.year if search.captured_on else None,
        _surround(search.probe_blob, search.box, search.edits),
    )
    # The upper half of a list may show the person of the probe, and a filler must be another one.
    listed = Candidate.objects.filter(search=search)
    near = listed.filter(rank__lte=listed.count() // 2).values_list("reference_id", "subject__lead_id")
    # An index knows a person by their lead, which need not be the nearest of their pictures.
    never = {key for keys in near for key in keys if key is not None}
    return _fillers(VERIFICATION, face, probe, set() if template is not None else never)


def of_item(item: ProficiencyItem) -> list[Reference]:
    """Return the fillers for a pair with a known answer, made as those of an examination.

    Raises:
        IndexUnreachable: the server of the gallery's index does not answer.
    """
    shown = item.probe_reference
    probe = _Probe(
        open_template(shown.public_id, shown.template) if shown is not None and shown.template else None,
        float(item.probe_box[2]),
        shown.captured_on.year if shown is not None and shown.captured_on else None,
        _surround(item.probe_blob, item.probe_box),
    )
    return _fillers(PROFICIENCY, item.reference, probe, set(), blobs={item.probe_blob})


def _fillers(
    ground: str, face: Reference, probe: _Probe, never: Collection[int], blobs: Collection[str] = ()
) -> list[Reference]:
    template = open_template(face.public_id, face.template)
    why = Comparison(ground, face.gallery.agency)
    gallery = face.gallery
    index = services().index(gallery.pk, face.pack, len(template), gallery.index_adapter)
    near = compare(why, lambda: mended(index, lambda: _neighbours(index, gallery.pk, template, face.pack)))
    others = Reference.objects.filter(pk__in=near, pack=face.pack).exclude(template=b"").select_related("subject")
    others = others.exclude(Q(blob__in={face.blob, *blobs}) | Q(pk__in=never))
    if face.subject_id is not None:  # another picture of the same person is no filler
        others = others.exclude(subject_id=face.subject_id)
    rows = {other.pk: other for other in others}
    templates = templates_by_key(rows)
    pool = [key for key in near if key in templates and _somebody_else(templates[key], template, probe)]
    pool = _with_as_many(pool, rows, pictures_of(face))[:POOL]
    if len(pool) <= FOILS:
        chosen = [rows[key] for key in pool]
        _LOTS.shuffle(chosen)
        return chosen
    faces = [face, *(rows[key] for key in pool)]
    stacked = np.stack([template, *(templates[key] for key in pool)]).astype(np.float64)
    distances = {
        "size": distances_of([math.log(probe.width), *(math.log(float(shown.box[2])) for shown in faces)]),
        "year": distances_of([probe.year, *(shown.captured_on.year if shown.captured_on else None for shown in faces)]),
    }

    def background(places: Sequence[int]) -> Doubles:
        return distances_of([probe.surround, *(_surround(faces[place].blob, faces[place].box) for place in places)])

    places = choose(distances, stacked @ stacked.T, FOILS, _LOTS, background=background)
    return [faces[place] for place in places]


def pictures_of(reference: Reference) -> int:
    """Return how many pictures a verifier is shown of a reference's person at most."""
    return min(MOST_SHOWN, reference.subject.pictures) if reference.subject else 1


def _with_as_many(pool: list[int], rows: dict[int, Reference], wanted: int) -> list[int]:
    """Return those of the pool with as many pictures as the candidate, or with the most of which there are enough people."""
    for least in range(wanted, 1, -1):
        enough = [key for key in pool if pictures_of(rows[key]) >= least]
        if len(enough) >= FOILS:
            return enough
    return pool


def _neighbours(index: Index, gallery_id: int, template: Vector, pack: str) -> list[int]:
    catch_up(index, changes_after(gallery_id, pack))
    return [scored.reference for scored in index.search(template, _ASKED)]


def _somebody_else(other: Vector, face: Vector, probe: _Probe) -> bool:
    alike = [float(other @ face)]
    if probe.template is not None and len(probe.template) == len(other):
        alike.append(float(other @ probe.template))
    return max(alike) < SAME_FACE


def _surround(blob: str, box: list[float], edits: Collection[str] = ()) -> tuple[float, ...] | None:
    try:
        return surround(blob, box, list(edits))
    except (BadMedia, StorageError):
        return None  # the picture cannot be read: a cue less
