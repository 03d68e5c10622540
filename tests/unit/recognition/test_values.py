"""What this package answers cannot be changed by who gets it."""

from __future__ import annotations

from tests.factories.values import loose, modules_of

import plainview.recognition

MODULES = modules_of(plainview.recognition)


def test_every_data_class_is_frozen_and_takes_no_other_attribute() -> None:
    assert loose(MODULES) == ["Open"]  # filled while a video is read
