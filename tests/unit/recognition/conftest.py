"""A decoder for each file of tests, and the child processes that came after a test began."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.factories.decoders import Children

from plainview.recognition.decode import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def children() -> Children:
    return Children()
