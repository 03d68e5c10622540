"""Points of security standards and of the law that software can meet, with the state of each.

Owns the reading of `controls.csv`, beside this file and in docs/reference. A point is met only with a file and a test; what
is met in part says what is missing.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

STATES: Final = ("met", "partly", "operator's", "not applicable", "text not read")
"""Met: a test shows it. Partly: something is missing, or no test shows it. Operator's: no program can meet it. Text not
read: the standard's own words could not be had, so no state is claimed."""


class Control(NamedTuple):
    """One point.

    Attributes:
        standard: e.g. "OWASP ASVS 5.0.0".
        number: as the standard numbers it; letters and numbers after a hyphen are ours, where one number asks several things.
        level: of the standard; "" where it has none.
        text: what it asks, in short and in our words.
        state: one of `STATES`.
        why: what is done, what is missing, or why it does not apply.
        file: where, from the root of the source; "" for none.
        test: what shows it, as pytest names it; "" for none.
    """

    standard: str
    number: str
    level: str
    text: str
    state: str
    why: str
    file: str
    test: str


@lru_cache(maxsize=1)
def controls() -> tuple[Control, ...]:
    """Return every point, by standard, in the order of its numbers."""
    text = (files("plainview.recheck") / "controls.csv").read_text("utf-8")
    return tuple(Control(**line) for line in csv.DictReader(text.splitlines()))
