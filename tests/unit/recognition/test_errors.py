"""A failure of our own says so, with a number under which the operator finds the details and nobody else."""

from __future__ import annotations

import logging
import re

import pytest

from plainview.recognition.errors import fault, logged

REFERENCE = r"[0-9A-F]{4}-[0-9A-F]{4}"


def test_a_fault_has_a_reference_that_is_in_the_log_with_the_details(caplog: pytest.LogCaptureFixture) -> None:
    refusals = [fault("decoder", f"exit status {status}") for status in (3, 4)]
    references = [re.findall(REFERENCE, str(refusal)) for refusal in refusals]
    assert references[0] != references[1]
    for status, refusal, (reference,), line in zip((3, 4), refusals, references, caplog.messages, strict=True):
        assert refusal.code == "fault"
        assert "exit status" not in str(refusal)
        assert line == f"Reference {reference}: decoder failed: exit status {status}"


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    raise ValueError("the name of a person")


def test_the_log_has_the_kind_of_an_error_and_its_newest_places_and_never_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ValueError, match="person") as error:
        deep(9)
    reference = logged(logging.getLogger("plainview"), "it failed", error.value)
    (record,) = caplog.records
    raised, called = deep.__code__.co_firstlineno + 3, deep.__code__.co_firstlineno + 2
    places = ", called from ".join([f"test_errors.py:{raised}"] + 5 * [f"test_errors.py:{called}"])
    assert record.getMessage() == f"Reference {reference}: it failed at {places}"
    assert record.known == {"reference": reference, "error": "ValueError"}  # type: ignore[attr-defined]
