"""Answers of the API that are the same for a day: what a request with an idempotency key was answered.

Owns the table of answers. The first request of a key is answered and kept, sealed; the same request gets the same
answer again, and another request with that key is refused. What is erased is not answered from here either. It must never run an act.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from plainview.casework.models import ApiAnswer, Token
from plainview.casework.people.tokens import digest
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused

LASTS = timedelta(hours=24)
"""How long a key gets the same answer: as Stripe's API, which made the header known."""

_UNANSWERED = timedelta(minutes=10)
"""Time after which a request without an answer counts as lost, e.g. when the machine stopped: longer than any answers."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer: HTTP status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


def begin(token: Token, key: str, request_sha256: str) -> ApiAnswer | Stored:
    """Take the key for this request, or return the answer that it had.

    Args:
        token: whose key it is; the same words of another token are another key.
        key: the text of the header.
        request_sha256: hash of method, path and body.

    Raises:
        Refused: idempotency.reused for another request, idempotency.running while the first is being answered,
            idempotency.erased if its answer was erased (erasure.erasers).
    """
    now = timezone.now()
    with transaction.atomic():
        rows = ApiAnswer.objects.filter(token=token, key_sha256=digest(key))
        rows.filter(made_at__lt=now - LASTS).delete()
        rows.filter(status=None, made_at__lt=now - _UNANSWERED).delete()
        try:
            with transaction.atomic():
                return ApiAnswer.objects.create(token=token, key_sha256=digest(key), request_sha256=request_sha256)
        except IntegrityError:
            answer = rows.get()
    if answer.request_sha256 != request_sha256:
        raise Refused(
            "idempotency.reused",
            "Request refused",
            "This idempotency key was used for another request.",
            "Use a new key for each request, and the same one only when you send the same request again.",
        )
    if answer.status is None:
        raise Refused(
            "idempotency.running",
            "Request refused",
            "The first request with this idempotency key is still being answered.",
            "Send it again in a few seconds.",
        )
    if not answer.sealed:
        raise Refused(
            "idempotency.erased",
            "Request refused",
            "This request was answered, and its answer was erased since: something that it may name was erased.",
            "Nothing was done twice. Read what you need again.",
        )
    return Stored(answer.status, dict(answer.headers), services().openings.open(bytes(answer.sealed), _context(answer)))


def finish(answer: ApiAnswer, stored: Stored) -> None:
    """Keep the answer of the key."""
    answer.status, answer.headers = stored.status, stored.headers
    answer.sealed = services().openings.seal(stored.body, _context(answer))
    answer.save(update_fields=["status", "headers", "sealed"])


def give_up(answer: ApiAnswer) -> None:
    """Free the key of a request that failed: the next one is answered again."""
    answer.delete()


def forget() -> int:
    """Delete the answers that are older than a day; return how many."""
    return ApiAnswer.objects.filter(made_at__lt=timezone.now() - LASTS).delete()[0]


def _context(answer: ApiAnswer) -> bytes:
    return f"answer:{answer.token_id}:{answer.key_sha256}".encode()
