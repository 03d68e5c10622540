"""Through what a member acts: the command line, a page, the API, a job; every entry names it.

Owns the running context's channel. What could name a person (an operating-system user, an address) goes into
the entry as a commitment, so that it can be erased one day.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Channel:
    """One way in.

    Attributes:
        via: "cli", "web", "api" or "job"; "library" when nothing was said.
        sealed: facts about this use that may have to be erased, e.g. {"os_user": "jo"}.
    """

    via: str = "library"
    sealed: Mapping[str, str] = field(default_factory=dict)


_current: ContextVar[Channel] = ContextVar("channel", default=Channel())  # noqa: B039  frozen


def channel() -> Channel:
    """The channel of the running context."""
    return _current.get()


def enter(new: Channel) -> None:
    """Act through `new` from here on, in this context: for a process that serves one person."""
    _current.set(new)


@contextmanager
def acting_through(new: Channel) -> Iterator[None]:
    """Act through `new` inside the block."""
    token = _current.set(new)
    try:
        yield
    finally:
        _current.reset(token)


def command_line() -> Channel:
    """The channel of this process's real operating-system user."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number that has no name
        name = f"uid {uid}"
    return Channel("cli", {"os_user": name})
