"""The channel through which a member acts: command line, page, API or job; every entry names it.

Owns the running context's channel. It must never put a fact that could name a person (an operating-system user, an
address) in the public part of an entry: the entry has a commitment, so that the fact can be erased.
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
    """A channel.

    Attributes:
        via: "cli", "web", "api" or "job"; "library" if none was entered.
        sealed: facts about this use that may have to be erased, e.g. {"os_user": "jo"}.
        token: id of the token that stands for the member; "" if the member acts without one.
        scopes: what that token may do (policy.tokens); None without a token.
    """

    via: str = "library"
    sealed: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    scopes: tuple[str, ...] | None = None


_current: ContextVar[Channel] = ContextVar("channel", default=Channel())  # noqa: B039  frozen


def channel() -> Channel:
    """Return the channel of the running context."""
    return _current.get()


def enter(new: Channel) -> None:
    """Act through `new` from now on, in this context: for a process that serves one person."""
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
    """Return the channel of this process's real operating-system user."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a user number without a name
        name = f"uid {uid}"
    return Channel("cli", {"os_user": name})
