"""The two answers that a rule can give: `Allow`, or `Refused` with a reason and a next step.

Owns the shape of a decision. A rule never answers with a bare bool: the person who is refused reads which rule,
why, and what to do next.

How a refusal is written: `what` names what was refused, `why` gives the reason in one sentence, `next_step` says
in one or two sentences what the person can do now. All three are neutral: a page, the API and the command line
print the same words, so none of them names a command, an option or a button. Where an act would help, `act` names
its permission, and each face adds its own way to that act from its own table: the command line a command
(cli/next_steps.py), a page a link to the page of the act (web/next_steps.py). One rule id has one meaning;
tools/refusals.py lists every refusal, and its test holds these rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plainview.policy.permissions import Permission


class OperatorAct(StrEnum):
    """An act on the server that no member's permission covers: its operator does it, or a person with a code."""

    INIT = "workspace.init"
    UPGRADE = "workspace.upgrade"
    MOVE = "workspace.move"
    KEYS_REPLACE = "workspace.keys_replace"
    MODELS_INSTALL = "model.install"
    AGENCY_ACCEPT = "agency.accept"
    AGENCY_LIST = "agency.list"
    AUDIT_EXPORT = "audit.export"


Act = Permission | OperatorAct


@dataclass(frozen=True, slots=True)
class Allow:
    """The rule does not object."""


class Refused(Exception):
    """The refusal of a rule.

    Returned by pure rules, raised by actions.

    Attributes:
        rule_id: stable identifier of the rule, e.g. "gallery.expired".
        what: what was refused, e.g. "Search refused".
        why: one sentence in plain words.
        next_step: what the person can do now, in words that fit a page, the API and the command line.
        act: the act that would help, None if there is none or if it is the refused act itself.
    """

    def __init__(self, rule_id: str, what: str, why: str, next_step: str, *, act: Act | None = None) -> None:
        super().__init__(f"{what} ({rule_id}): {why} {next_step}")
        self.rule_id = rule_id
        self.what = what
        self.why = why
        self.next_step = next_step
        self.act = act

    def under(self, agency: str) -> Refused:
        """Return the same refusal, naming the agency under whose rules the act was refused."""
        what = f"{self.what} under the rules of {agency}"
        return Refused(self.rule_id, what, self.why, self.next_step, act=self.act)


Decision = Allow | Refused
