"""What a rule answered, for the tests of rules."""

from __future__ import annotations

from plainview.policy.decision import Allow, Refused


def rule_of(answer: object) -> str | None:
    """Return the id of the rule that refused, or None for an `Allow`; any other answer is no decision."""
    assert isinstance(answer, Allow | Refused), answer
    return answer.rule_id if isinstance(answer, Refused) else None
