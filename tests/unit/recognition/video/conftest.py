"""What tests of the decoder in this process need."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def as_in_the_child() -> None:
    """The decoder collects garbage before each frame: its child freezes what is there before, or it would take a second."""
    gc.collect()
    gc.freeze()
