"""What a refusal must be: a sentence for a person, a next step, and no word of a programmer.

Owns the check that every target of `make fuzz` puts to what a parser answers.
"""

from __future__ import annotations

import re

_LONGEST = 700  # characters of a reason: a line of a table may be named with what it contains
_PROGRAMMERS = re.compile(
    r"Traceback|NoneType|object at 0x|<class |has no attribute|not subscriptable|not iterable|indices must be|unhashable"
    r"|invalid literal for|codec can't|positional argument|unsupported operand|\bNone\b.*\bexpected\b|KeyError|TypeError"
)


def refused(code: str, why: str, next_step: str) -> str:
    """Return the code of a refusal, whose words are fit for a person."""
    assert code not in ("", "fault"), why
    assert why.strip(), code
    assert next_step.strip(), code
    assert len(why) < _LONGEST, f"{code}: a reason of {len(why)} characters"
    f"{why}{next_step}".encode()  # no half characters
    assert not _PROGRAMMERS.search(why), f"{code}: {why}"
    return code
