"""How many requests a token may send: counted, and said in the headers of every answer.

Owns the count of this process, in memory: a count in the database would cost more than most requests. It must never
count before the token is known, so that nobody can use up another's requests.
"""

from __future__ import annotations

import threading
import time

from plainview.api.problems import Unusable
from plainview.casework.models import Token

PER_MINUTE = 600
"""Requests a minute for each token, in each process of the server: chosen, ten a second; bulk enrolment is one request."""

RULE = "api.rate"

_WINDOW = 60.0
_lock = threading.Lock()
_used: dict[str, tuple[float, int]] = {}


def spend(token: Token) -> dict[str, str]:
    """Count a request; return the headers that say how many are left.

    Raises:
        Unusable: 429.
    """
    now = time.monotonic()
    with _lock:
        began, count = _used.get(token.public_id, (now, 0))
        if now - began >= _WINDOW:
            began, count = now, 0
            for key in [key for key, (start, _) in _used.items() if now - start >= _WINDOW]:
                del _used[key]
        _used[token.public_id] = (began, count + 1)
    seconds = str(max(1, round(_WINDOW - (now - began))))
    # draft-ietf-httpapi-ratelimit-headers in its widely used form (version 6).
    left = {
        "RateLimit-Limit": str(PER_MINUTE),
        "RateLimit-Remaining": str(max(0, PER_MINUTE - count - 1)),
        "RateLimit-Reset": seconds,
    }
    if count >= PER_MINUTE:
        why = f"The token has sent {PER_MINUTE} requests in this minute."
        next_step = f"Send the next one in {seconds} seconds."
        raise Unusable(429, RULE, why, next_step, headers={**left, "Retry-After": seconds})
    return left
