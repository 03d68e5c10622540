"""The pictures of a data set as arrays: templates, people, groups; and how two sets of templates are scored.

Owns the bridge between names and numbers and the one function through which the evaluation chooses a scorer.
It must never give a scorer anything but templates: no name, no label, no group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation.dataset import Item
from plainview.evaluation.embedding import Measured
from plainview.evaluation.metrics import Floats, Ints
from plainview.recognition.types import Vector
from plainview.scores.scoring import COSINE, scorer_of

Labels = NDArray[Any]
"""str objects, shape (pictures,); empty: unlabelled."""


class Scorer(Protocol):
    """Compares templates. Scores of different probes and references must be comparable with one threshold."""

    @property
    def name(self) -> str:
        """What is recorded with the figures."""

    def scores(self, probes: Floats, references: Floats) -> Floats:
        """Score every probe against every reference.

        Args:
            probes: float32, shape (m, d), rows of length 1.
            references: float32, shape (n, d), rows of length 1.

        Returns:
            float32, shape (m, n); higher is more similar.
        """


class CosineScorer:
    """The plain cosine of two templates."""

    name = COSINE

    def scores(self, probes: Floats, references: Floats) -> Floats:
        """See `Scorer`."""
        return probes @ references.T


MakeScorer = Callable[[Floats], Scorer]
"""From the templates of the gallery (float32, shape (n, d)) to the scorer that searches of it use."""


def raw_scorer(gallery: Floats) -> Scorer:
    """The cosine, whatever the gallery."""
    return CosineScorer()


def search_scorer(gallery: Floats) -> Scorer:
    """What orders the lists of searches of this gallery (float32, shape (n, d)): see `evaluation.scoring`."""
    return scorer_of(gallery)


@dataclass(frozen=True, slots=True)
class Samples:
    """Every picture of a data set, usable or not.

    Attributes:
        names: paths inside the data set.
        templates: float32, shape (n, d): of the pictures as references; a row of NaN is a failure to acquire.
        person: int64, shape (n,): index into `people`.
        people: the names of the people.
        masked: bool, shape (n,): a real cover; such a picture is a probe of the masked protocol only.
        quality: int64, shape (n,): 0 to 100.
        years: float64, shape (n,): age or date in years; NaN: not stated.
        groups: column -> `Labels`.
        ignored: pairs of people (indices) whose comparison says nothing, because a person ruled the two names
            to be one human being.
        as_probes: as `templates`, of the pictures as probes; None: the same.
    """

    names: tuple[str, ...]
    templates: Floats
    person: Ints
    people: tuple[str, ...]
    masked: NDArray[np.bool_]
    quality: Ints
    years: NDArray[np.float64]
    groups: dict[str, Labels]
    ignored: tuple[tuple[int, int], ...] = ()
    as_probes: Floats | None = None

    @property
    def probes(self) -> Floats:
        """float32, shape (n, d): the templates of the pictures as probes."""
        return self.templates if self.as_probes is None else self.as_probes

    @property
    def usable(self) -> NDArray[np.bool_]:
        """bool, shape (n,): has a template."""
        return np.isfinite(self.templates[:, 0])


Kind = Literal["template", "reference", "plain"]
"""What a picture's template is for: to search with, to be searched for, or to measure without either."""


def templates_of(measured: Sequence[Measured], dimension: int, kind: Kind = "template") -> Floats:
    """Return float32, shape (n, dimension), with rows of NaN for failures."""
    rows = np.full((len(measured), dimension), np.nan, np.float32)
    for target, measurement in zip(rows, measured, strict=True):
        template: Vector | None = getattr(measurement, kind)
        if template is not None:
            target[:] = template
    return rows


def gather(
    items: Sequence[Item],
    measured: Sequence[Measured],
    columns: Iterable[str],
    dimension: int,
    same_people: Iterable[tuple[str, str]] = (),
    *,
    plain: bool = False,
) -> Samples:
    """Put the pictures of a data set into arrays.

    Args:
        items: the pictures.
        measured: the result for each item.
        columns: the group columns.
        dimension: of the templates.
        same_people: pairs of names of one human being.
        plain: take the plain templates, see `Measured`.
    """
    people = tuple(sorted({item.person for item in items}))
    number = {person: i for i, person in enumerate(people)}
    ignored = {
        (min(number[a], number[b]), max(number[a], number[b]))
        for a, b in same_people
        if a in number and b in number and a != b
    }
    return Samples(
        names=tuple(item.name for item in items),
        templates=templates_of(measured, dimension, "plain" if plain else "reference"),
        as_probes=templates_of(measured, dimension, "plain" if plain else "template"),
        person=np.array([number[item.person] for item in items], np.int64),
        people=people,
        masked=np.array([item.masked for item in items], bool),
        quality=np.array([measurement.quality for measurement in measured], np.int64),
        years=np.array([np.nan if item.years is None else item.years for item in items], np.float64),
        groups={column: np.array([item.groups.get(column, "") for item in items], object) for column in columns},
        ignored=tuple(sorted(ignored)),
    )
