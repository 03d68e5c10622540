"""A decoder under test: what it refuses, and the child processes that it starts."""

from __future__ import annotations

import psutil
import pytest

from plainview.recognition.decode import Decoder
from plainview.recognition.errors import BadMedia


class Children:
    """The child processes that came after the test began."""

    def __init__(self) -> None:
        self._older = self._all()

    @staticmethod
    def _all() -> set[int]:
        return {child.pid for child in psutil.Process().children()}

    def now(self) -> set[int]:
        return self._all() - self._older


def refused(decoder: Decoder, data: bytes) -> BadMedia:
    with pytest.raises(BadMedia) as caught:
        decoder.decode(data)
    return caught.value
