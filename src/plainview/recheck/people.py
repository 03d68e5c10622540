"""The people of a disclosure package: which of the enclosed pictures are of one person, and the mean of each.

Owns the making of a person's template from the enclosed pictures, so that no mean is believed. What it reads is hostile:
a lead that is not among the pictures, or is led itself, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import exact_scores
from plainview.scores.subjects import mean_template


class People:
    """The references of a package as a search compares them, a person once.

    Attributes:
        leads: int64, shape (people,): the number under which each was compared, in the order of the references.
        rows: int64, shape (people,): the place of each lead among the references.
        templates: float32, shape (people, dimension), length 1: the mean of each person's pictures.
        pictures: lead -> [(reference, exact cosine with the probe)] of people with several pictures.
    """

    def __init__(
        self,
        references: Sequence[Mapping[str, Any]],
        keys: NDArray[np.int64],
        templates: NDArray[np.float32],
        probe: NDArray[np.float32],
    ) -> None:
        """Group the references by their lead.

        Raises:
            KeyError, TypeError, ValueError: a lead is no reference of the package, or has another lead.
        """
        lead_of = [int(reference.get("lead", reference["key"])) for reference in references]
        groups: dict[int, list[int]] = {}
        for number, lead in enumerate(lead_of):
            groups.setdefault(lead, []).append(number)
        place = {int(key): number for number, key in enumerate(keys.tolist())}
        if any(lead_of[place[lead]] != lead for lead in groups):
            raise ValueError("a lead has a lead")
        self.leads = np.array(list(groups), dtype=np.int64)
        self.rows = np.array([place[lead] for lead in groups], dtype=np.int64)
        self.templates = np.empty((len(groups), templates.shape[1]), dtype=np.float32)
        self.pictures: dict[int, list[tuple[str, float]]] = {}
        for person, (lead, rows) in enumerate(groups.items()):
            self.templates[person] = mean_template(templates[rows])
            if len(rows) > 1:
                scores = exact_scores(templates[rows], probe).tolist()
                named = [str(references[number]["reference"]) for number in rows]
                self.pictures[lead] = list(zip(named, scores, strict=True))

    def nearest(self, public: Mapping[int, str]) -> dict[int, str]:
        """Return the id of the picture that a list names for each person: the nearest one, of equal ones the first."""
        named = {lead: public[lead] for lead in self.leads.tolist()}
        for lead, pictures in self.pictures.items():
            named[lead] = max(pictures, key=lambda picture: picture[1])[0]
        return named
