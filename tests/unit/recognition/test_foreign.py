"""Whatever a parser of others raises becomes a refusal; what we raise ourselves passes."""

from __future__ import annotations

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator

import pytest

from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import LOG, Unreadable, foreign, reason, refer
from plainview.site.journal import LINES, JsonLines


@pytest.mark.parametrize("kind", [IndexError, KeyError, MemoryError, RecursionError, type("Odd", (Exception,), {})])
def test_every_foreign_exception_becomes_the_refusal(kind: type[Exception]) -> None:
    with pytest.raises(Unreadable, match=r"."), foreign():
        raise kind
    with pytest.raises(EOFError, match=r"^(it|its|reading) |^first$"), foreign(lambda error: EOFError(reason(error))):
        raise kind("first\nsecond")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("cohort_erased"), "it lacks 'cohort_erased'"),
        (KeyError("There is no item named 'x' in the archive"), "its content does not have the expected form"),
        (TypeError("'int' object is not subscriptable"), "its content does not have the expected form"),
        (AttributeError("'int' object has no attribute 'encode'"), "its content does not have the expected form"),
        (ValueError("invalid literal for int() with base 10: 'N'"), "its content does not have the expected form"),
        (ValueError("its format is 'x'"), "its format is 'x'"),
        (OSError("broken"), "broken"),
        (OSError("half a \ud800 character\nand more"), "half a ? character"),
        (RecursionError("maximum recursion depth exceeded"), "it is nested too deeply"),
        (MemoryError(), "reading it takes too much memory"),
    ],
)
def test_a_person_reads_no_word_that_is_for_programmers(error: Exception, said: str) -> None:
    assert reason(error) == said


def test_what_a_parser_repeats_of_the_file_is_cut_and_what_it_says_of_python_is_not_repeated() -> None:
    # Both found by make fuzz in packages: zipfile repeats a name of any length, numpy's header is a Python literal.
    said = reason(zipfile.BadZipFile(f"File name in directory 'a' and header {'x' * 30_000} differ."))
    assert said == f"File name in directory 'a' and header {'x' * 162}…"
    assert reason(ValueError("malformed node or string on line 1: <ast.Name object at 0x7f19>")) == reason(
        TypeError("")
    )


def test_bytes_that_are_no_text_are_called_so() -> None:
    with pytest.raises(Unreadable, match=r"^its text is not valid UTF-8$"), foreign():
        b"\x99".decode()


def test_our_own_exception_passes_as_it_is() -> None:
    own = BadMedia("empty", "It is empty.", "Send another.")
    with pytest.raises(BadMedia) as caught, foreign():
        raise own
    assert caught.value is own


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_the_end_of_the_process_is_no_flaw_of_a_file(kind: type[BaseException]) -> None:
    with pytest.raises(kind), foreign():
        raise kind


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """The log of a server, which opens the boundary's logger; it names no message of an exception."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    LOG.addHandler(handler)
    LOG.setLevel(LINES["loggers"][LOG.name]["level"])
    yield stream
    LOG.setLevel(logging.CRITICAL)
    LOG.removeHandler(handler)


def test_what_a_server_refuses_has_a_number_that_its_log_has(output: io.StringIO) -> None:
    with pytest.raises(BadMedia) as caught, foreign(lambda _: BadMedia("empty", "It is empty.", "Send another.")):
        {}["no such table"]
    (number,) = re.findall(r"It is empty\. Reference ([0-9A-F]{4}-[0-9A-F]{4})\.", caught.value.why)
    (line,) = map(json.loads, output.getvalue().splitlines())
    assert (line["reference"], line["error"]) == (number, "KeyError")
    assert line["event"].startswith(f"Reference {number}: empty, a parser raised KeyError at test_foreign.py:")
    assert "no such table" not in output.getvalue()
    with pytest.raises(Unreadable, match=r"broken; reference [0-9A-F]{4}-[0-9A-F]{4}"), foreign():
        raise EOFError("broken")


def test_a_command_at_a_terminal_has_no_number(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Unreadable, match=r"^broken$"), foreign():
        raise EOFError("broken")
    assert caplog.text == ""


def test_a_refusal_is_logged_by_its_code_its_rule_or_its_kind(output: io.StringIO) -> None:
    class Ruled(Exception):
        rule_id = "two_people"

    for refusal, kind in (
        (BadMedia("empty", "It is empty.", "Send another."), "empty"),
        (Ruled(), "two_people"),
        (Unreadable("broken"), "Unreadable"),
    ):
        assert refer(refusal, None) is refusal
        event = json.loads(output.getvalue().splitlines()[-1])["event"]
        assert re.match(rf"Reference [0-9A-F]{{4}}-[0-9A-F]{{4}}: {kind}, a process was lost", event)
