"""Whatever a parser of others raises becomes a refusal; what we raise ourselves passes."""

from __future__ import annotations

import pytest

from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import Unreadable, foreign, reason


@pytest.mark.parametrize("kind", [IndexError, KeyError, MemoryError, RecursionError, type("Odd", (Exception,), {})])
def test_every_foreign_exception_becomes_the_refusal(kind: type[Exception]) -> None:
    with pytest.raises(Unreadable, match=kind.__name__), foreign():
        raise kind
    with pytest.raises(ZeroDivisionError, match="first"), foreign(lambda error: ZeroDivisionError(reason(error))):
        raise kind("first\nsecond")


def test_our_own_exception_passes_as_it_is() -> None:
    own = BadMedia("empty", "It is empty.", "Send another.")
    with pytest.raises(BadMedia) as caught, foreign():
        raise own
    assert caught.value is own


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_the_end_of_the_process_is_no_flaw_of_a_file(kind: type[BaseException]) -> None:
    with pytest.raises(kind), foreign():
        raise kind
