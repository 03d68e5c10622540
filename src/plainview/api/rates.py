"""How many requests a token may send: counted over all processes of the server, and said in the headers of every answer.

Owns the count. The requests of a minute are cut into portions, and a process takes a portion from the shared cache
before it answers any request of it, so that most requests ask nobody. It must never count before the token is known, so
that nobody can use up another's requests.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from django.core.cache import cache

from plainview.api.problems import Unusable
from plainview.casework.models import Token

PER_MINUTE = 600
"""Requests a minute for each token: chosen, ten a second; bulk enrolment is one request."""

PORTIONS = 24
"""Portions of a minute's requests: chosen, so that one write of the cache serves 25 requests, and a process that stops
in the middle of a portion leaves 4 % of the minute unused."""

RULE = "api.rate"

_WINDOW = 60  # seconds; a window begins with a full minute, for every process the same one


@dataclass
class _Count:
    """What this process knows of a token's minute: requests left in its portion, and the portion that may be free."""

    window: int
    left: int = 0
    following: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_lock = threading.Lock()
_counts: dict[str, _Count] = {}


def spend(token: Token) -> dict[str, str]:
    """Count a request; return the headers that say how many are left, as far as this process knows.

    Raises:
        Unusable: 429.
    """
    now = time.time()
    window = int(now // _WINDOW)
    with _lock:
        if len(_counts) > 10_000:  # tokens that are no longer used
            for key in [key for key, count in _counts.items() if count.window != window]:
                del _counts[key]
        count = _counts.get(token.public_id)
        if count is None or count.window != window:
            count = _counts[token.public_id] = _Count(window)
    with count.lock:
        allowed = count.left > 0 or _take(token, count)
        if allowed:
            count.left -= 1
        remaining = count.left + _size() * (_portions() - count.following)
    seconds = str(max(1, round(_WINDOW - now % _WINDOW)))
    # draft-ietf-httpapi-ratelimit-headers in its widely used form (version 6).
    left = {
        "RateLimit-Limit": str(PER_MINUTE),
        "RateLimit-Remaining": str(max(0, min(remaining, PER_MINUTE))),
        "RateLimit-Reset": seconds,
    }
    if not allowed:
        why = f"The token has sent {PER_MINUTE} requests in this minute."
        next_step = f"Send the next one in {seconds} seconds."
        raise Unusable(429, RULE, why, next_step, headers={**left, "Retry-After": seconds})
    return left


def _size() -> int:
    return max(1, PER_MINUTE // PORTIONS)


def _portions() -> int:
    return PER_MINUTE // _size()


def _take(token: Token, count: _Count) -> bool:
    """Take the next portion that no process has taken; say whether there was one."""
    while count.following < _portions():
        key = f"api-rate:{token.public_id}:{count.window}:{count.following}"
        count.following += 1
        # A cache that cannot be written says "not added" too; a request is not refused for that.
        if cache.add(key, 1, timeout=2 * _WINDOW) or cache.get(key) is None:
            count.left = _size()
            return True
    return False
