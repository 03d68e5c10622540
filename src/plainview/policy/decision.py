"""The two answers that a rule can give: `Allow`, or `Refused` with a reason and a way on.

Owns the shape of a decision. A rule never answers with a bare bool: whoever is refused is told which rule,
why, and what to do next, in the same words on a page, in the API and on the command line.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allow:
    """The rule has nothing against it."""


class Refused(Exception):
    """A rule says no.

    Returned by pure rules, raised by actions.

    Attributes:
        rule_id: stable identifier of the rule, e.g. "gallery.expired"; printed by `plainview policy show`.
        what: what was refused, e.g. "Search refused".
        why: one sentence in plain words.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, rule_id: str, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what} ({rule_id}): {why} {next_step}")
        self.rule_id = rule_id
        self.what = what
        self.why = why
        self.next_step = next_step

    def under(self, agency: str) -> Refused:
        """The same refusal, saying under whose rules, where the rules of two agencies hold."""
        return Refused(self.rule_id, f"{self.what} under the rules of {agency}", self.why, self.next_step)


Decision = Allow | Refused
