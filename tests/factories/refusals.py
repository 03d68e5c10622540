"""Which rule refused an act, for the tests of acts; `decisions` is for the tests of rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plainview.policy.decision import Refused


def rule_of(act: Callable[..., object], *arguments: object, **options: object) -> str:
    """Do something that must be refused, and return the id of the rule that refused it."""
    with pytest.raises(Refused) as caught:
        act(*arguments, **options)
    return caught.value.rule_id
