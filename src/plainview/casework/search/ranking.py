"""The order of a gallery's candidate lists: its scorer, and each reference's mean similarity to the cohort.

Owns this similarity (nearness) in memory: it is computed once, when a reference enters the index, and never again by a
search. Like the index it is derived data that follows the gallery's ordered log and may be dropped. It must never keep
the template of a removed reference: when a reference of the cohort is removed, the ordering is built again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from plainview.casework.canaries.checks import look_again
from plainview.casework.canaries.read import hidden
from plainview.casework.galleries.read import changed_between, changes_after, log_head, templates_by_key
from plainview.casework.galleries.subjects import pictures_beyond_first, pictures_beyond_first_of, pictures_of
from plainview.casework.gate import compare as gate
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.gate.packs import require_same
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Gallery, GalleryCalibration
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import Services, services
from plainview.index.base import Block, Index, IndexIncomplete, Scored, catch_up, exact_scores, mended
from plainview.index.parts import lacking
from plainview.recognition.types import Vector
from plainview.scores.nearness import Nearness
from plainview.scores.scoring import Listed, Scorer, ordered, short_list


class Ordering:
    """A gallery's scorer under one calibration, with the nearness of its references. Safe to use from several threads."""

    def __init__(self, calibration: GalleryCalibration) -> None:
        self.calibration = calibration.pk
        self._gallery = calibration.gallery_id
        self._looked_to = log_head(calibration.gallery_id)  # read before the templates
        templates = templates_by_key(calibration.cohort)
        self._cohort = frozenset(templates)
        self.scorer = Scorer(np.stack(list(templates.values())) if templates else np.empty((0, 1), np.float32))
        self._nearness = Nearness()

    @property
    def nbytes(self) -> int:
        """Bytes that it keeps for the references."""
        return self._nearness.nbytes

    def following(self, read: Callable[[int], Iterator[Block]]) -> Callable[[int], Iterator[Block]]:
        """Return the reader of the gallery's log, extended to keep the nearness of the references it adds."""

        def followed(watermark: int) -> Iterator[Block]:
            for block in read(watermark):
                removed = block.references[~block.is_add].tolist()
                self._keep(block.references[block.is_add].tolist(), block.templates)
                self._nearness.drop(removed)
                yield block

        return followed

    def lost_one(self, reached: int) -> bool:
        """Say whether a reference of the cohort was removed or remade up to this row of the log, by any process."""
        if reached <= self._looked_to:
            return False
        changed = changed_between(self._gallery, self._looked_to, reached)
        self._nearness.drop(changed)
        self._looked_to = reached
        return not self._cohort.isdisjoint(changed)

    def best(
        self, search: Callable[[int], list[Scored]], template: Vector, top: int, hidden: frozenset[int]
    ) -> tuple[float, list[Listed]]:
        """Return the probe's nearness and the list: the references with the highest cosines, by score, cut to `top`.

        Equal scores are ordered by reference number, so that the same search on the same gallery gives the same list.
        `hidden` references (canaries) are left out before the list is ordered or cut. `search` returns the so many
        best of the index.
        """
        best = search(short_list(top) + len(hidden))
        nearest = [scored for scored in best if scored.reference not in hidden][: short_list(top)]
        known = self._nearness.of([scored.reference for scored in nearest])
        missing = [scored.reference for scored in nearest if scored.reference not in known]
        if missing:  # enrolled by this process before this ordering was built
            templates = templates_by_key(missing)
            if templates:
                self._keep(list(templates), np.stack(list(templates.values())))
            known |= self._nearness.of(missing)
        probe = float(self.scorer.nearness(template[np.newaxis])[0])
        return probe, ordered(nearest, probe, known, top)

    def _keep(self, references: list[int], templates: np.ndarray) -> None:
        self._nearness.keep(references, self.scorer.nearness(templates))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A gallery's answer.

    Attributes:
        reached: the row of the gallery's log that the answer reflects.
        compared: number of references compared, without canaries.
        calibration: gives the scores their meaning; None while the gallery has none.
        scorer: the scorer that ordered the list.
        nearness: the probe's; see scores.scoring.
        listed: the candidates, best first.
        pictures: of each candidate with several pictures, by its number in `listed`: (reference, exact cosine), by number.
        compared_pictures: pictures behind `compared`.
        parts, missing: parts of the index, and the numbers of those that were not compared, where some were not.
    """

    reached: int
    compared: int
    calibration: GalleryCalibration | None
    scorer: str
    nearness: float
    listed: list[Listed]
    pictures: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    compared_pictures: int | None = None
    parts: int = 0
    missing: tuple[int, ...] = ()


_PACKS = Prepared(lambda gallery: Gallery.objects.filter(pk=gallery).values_list("pack", "re_embedding"), int)


class Ready(NamedTuple):
    """A gallery whose index, calibration and canaries are ready for a comparison."""

    gallery: Gallery
    pack: str
    references: Index
    calibration: GalleryCalibration


def ready(galleries: Sequence[Gallery], pack: str, *, incomplete: bool = False) -> list[Ready]:
    """Make everything ready that a comparison needs beside the probe's template; see `compare_all` for the errors.

    Args:
        galleries: whose rows have just been read, with templates of `pack`.
        pack: identity of the model pack.
        incomplete: as of `compare_all`.
    """
    prepared = []
    for gallery in galleries:
        require_same(gallery, pack)
        dimension = services().engine_of(pack).pack.dimension
        index = services().index(gallery.pk, pack, dimension, gallery.index_adapter)
        with suppress(IndexIncomplete) if incomplete else nullcontext():
            look_again(gallery, index)
        prepared.append(Ready(gallery, pack, index, calibrate(gallery)))
    return prepared


def compare_all(
    why: Comparison,
    galleries: Sequence[Ready],
    template: Vector,
    top: int,
    *,
    record: Callable[[list[Ranked]], object] | None = None,
    incomplete: bool = False,
) -> list[Ranked]:
    """Compare a template with every reference of galleries, through the gate.

    Args:
        why: the ground of the comparison.
        galleries: made ready just now.
        template: of the probe, made by their pack.
        top: length of the lists.
        record: as of the gate.
        incomplete: where parts of an index do not answer, the list of the others is an answer, and says so.

    Raises:
        Refused: gallery.pack, where a gallery's templates are of another pack, before or after the comparison.
        NotRecorded: the entry of the comparison was not written first.
        IndexOutOfStep, BadTemplate, IndexDamaged, IndexUnreachable: as in `index.base`.
    """

    def answers() -> list[Ranked]:
        try:
            return [
                answer(index, calibration, template, top, incomplete=incomplete)
                for _, _, index, calibration in galleries
            ]
        finally:
            for gallery, pack, *_ in galleries:  # re-embedded meanwhile: what was compared says nothing
                gallery.pack, gallery.re_embedding = next(iter(_PACKS(gallery.pk)))
                require_same(gallery, pack)

    return gate.compare(why, answers, record=record)


def answer(
    index: Index, calibration: GalleryCalibration, template: Vector, top: int, *, incomplete: bool = False
) -> Ranked:
    """Bring the index up to date with the gallery's log and search it; a damaged index is built again.

    Raises:
        IndexOutOfStep, BadTemplate, IndexDamaged, IndexUnreachable: as in `index.base`.
    """
    return mended(index, lambda: _answer(index, calibration, template, top, incomplete))


def _answer(index: Index, calibration: GalleryCalibration, template: Vector, top: int, incomplete: bool) -> Ranked:
    reached, ordering = _current(index, calibration, changes_after(calibration.gallery_id, calibration.pack))
    canaries = hidden(calibration.gallery_id, reached)
    lost: list[IndexIncomplete] = []

    def search(most: int) -> list[Scored]:
        try:
            return index.search(template, most)
        except IndexIncomplete as error:
            if not incomplete or error.list_of_others is None:
                raise
            lost.append(error)
            of_others: list[Scored] = error.list_of_others
            return of_others

    nearness, listed = ordering.best(search, template, top, canaries.keys)
    pictures = {
        lead: list(zip([key for key, _ in own], _scores(own, template), strict=True))
        for lead, own in pictures_of(candidate.reference for candidate in listed).items()
    }
    if lost:
        parts, missing = lost[0].parts, lost[0].missing
        compared = lost[0].size - int((~lacking(_keys(canaries.present), parts, missing)).sum())
        more = pictures_beyond_first_of(calibration.gallery_id, lambda keys: ~lacking(keys, parts, missing))
    else:
        parts, missing = 0, ()
        compared = len(index) - len(canaries.present)
        more = pictures_beyond_first(calibration.gallery_id, reached)
    scorer = ordering.scorer.name
    return Ranked(reached, compared, calibration, scorer, nearness, listed, pictures, compared + more, parts, missing)


def _keys(references: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(references), dtype=np.int64)


def _scores(pictures: list[tuple[int, Vector]], probe: Vector) -> list[float]:
    scores: list[float] = exact_scores(np.stack([template for _, template in pictures]), probe).tolist()
    return scores


_ORDERINGS: WeakKeyDictionary[Services, dict[tuple[int, str], Ordering]] = WeakKeyDictionary()


def orderings_of(workspace: Services) -> dict[tuple[int, str], Ordering]:
    """Return the orderings that this process keeps for one workspace, by gallery and pack."""
    return _ORDERINGS.setdefault(workspace, {})


def _current(
    index: Index, calibration: GalleryCalibration, changes: Callable[[int], Iterator[Block]]
) -> tuple[int, Ordering]:
    """Bring the index up to date with the gallery's log; return the row reached and the matching ordering."""
    key = (calibration.gallery_id, calibration.pack)
    orderings = orderings_of(services())
    ordering = orderings.get(key)
    if ordering is None or ordering.calibration != calibration.pk:
        ordering = Ordering(calibration)
    reached = catch_up(index, ordering.following(changes))
    if ordering.lost_one(reached):
        ordering = Ordering(calibration)
    orderings[key] = ordering
    return reached, ordering
