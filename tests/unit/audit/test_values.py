"""What this package answers cannot be changed by who gets it."""

from __future__ import annotations

from tests.factories.values import loose, modules_of, presumed

import plainview.audit
from plainview.audit.loglist import PER_DAY

MODULES = modules_of(plainview.audit)


def test_every_data_class_is_frozen_and_takes_no_other_attribute() -> None:
    assert loose(MODULES) == ["_Findings"]  # filled while a log is read


def test_what_a_data_class_is_not_told_is_nothing_or_the_usual() -> None:
    assert presumed(MODULES) == {
        "loglist.FollowedLog.per_day": PER_DAY,
        "quorum.WitnessPolicy.quorum": "none",
    }
