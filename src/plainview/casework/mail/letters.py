"""The outbox: letters are written in the transaction of the act they are about, and sent later, by the worker.

Owns each letter's state and its next try. It must never send before the act is committed, lose a letter because the mail
server is down, or keep the text of one that was sent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from plainview.casework.log.write import write_entry
from plainview.casework.mail.account import account, domain, has_server, sender
from plainview.casework.mail.post import Failure, Post
from plainview.casework.models import Letter
from plainview.casework.workspace.services import services

LAST = timedelta(days=3)
"""A letter that no try has delivered is given up after this time; RFC 5321 asks for four or five days, and a letter of
ours is one that somebody waits for."""

KEEP = timedelta(days=30)
"""How long the row of a sent letter, and the text of one that was given up, are kept."""

_LONGEST_WAIT = timedelta(minutes=30)  # between two tries; a greylisting server asks for some minutes
_AT_ONCE = 50  # letters per run, so that a run ends
_TYPES = {"pdf": "application/pdf", "json": "application/json"}


def write_letters(
    kind: str,
    people: Iterable[str],
    subject: str,
    text: str,
    *,
    about: str = "",
    files: Mapping[str, bytes] | None = None,
    due_at: datetime | None = None,
) -> None:
    """Put a letter to each of these people into the outbox, in the running transaction.

    Args:
        kind: what it is about, e.g. "rights.answered".
        people: e-mail addresses; nobody sees the others.
        subject, text: without details: other people may read somebody's e-mail.
        about: the id of the record; `forget_letters` erases by it.
        files: name -> content; PDF or JSON.
        due_at: when it is sent at the earliest; None for now.
    """
    now = timezone.now()
    due = max(due_at, now) if due_at else now
    packed = {name: base64.b64encode(data).decode() for name, data in (files or {}).items()}
    rows = []
    for email in dict.fromkeys(people):
        letter = Letter(kind=kind, about=about, made_at=now, due_at=due)
        content = {"to": email, "subject": " ".join(subject.split()), "text": text, "files": packed}
        letter.sealed = services().letters.seal(json.dumps(content).encode(), letter.public_id.encode())
        rows.append(letter)
    Letter.objects.bulk_create(rows)
    if rows and due == now and not has_server():  # into the folder: no server can keep a page waiting
        transaction.on_commit(lambda: _deliver([letter.pk for letter in rows]), robust=True)


def pending_about(kind: str, about: str) -> bool:
    """Say whether a letter of this kind about this record is still waiting to be sent."""
    return _waiting().filter(kind=kind, about=about).exists()


def send_due() -> int:
    """Send the letters that are due; return how many were sent. One that fails is tried later, then given up.

    Raises:
        Refused: mail.settings; nothing is lost.
    """
    due = _waiting().filter(due_at__lte=timezone.now()).order_by("due_at", "pk")
    return _deliver(list(due.values_list("pk", flat=True)[:_AT_ONCE]))


def try_again() -> int:
    """Make every unsent letter due now, also those that were given up; return how many there are."""
    rows = Letter.objects.filter(sent_at=None).exclude(sealed=b"")
    now = timezone.now()
    rows.filter(given_up_at__isnull=False).update(made_at=now, tries=0)
    return rows.update(due_at=now, given_up_at=None)


def withhold() -> int:
    """Give up every unsent letter of a restored workspace: each may have been sent after the backup. Return how many."""
    rows = _waiting()
    return rows.update(
        given_up_at=timezone.now(), trouble="The workspace was restored; this letter may have been sent."
    )


def erase_old() -> int:
    """Erase the rows of letters that were sent or given up `KEEP` ago; return how many."""
    before = timezone.now() - KEEP
    old = Letter.objects.filter(sent_at__lte=before) | Letter.objects.filter(given_up_at__lte=before)
    return old.delete()[0]


def forget_letters(about: str) -> None:
    """Erase the letters about a record, sent or not: their person's data are erased too."""
    Letter.objects.filter(about=about).delete()


def recipient(letter: Letter) -> str:
    """Return the address of an unsent letter; empty once it was sent or erased."""
    return str(_content(letter)["to"]) if letter.sealed else ""


def _waiting() -> QuerySet[Letter]:
    return Letter.objects.filter(sent_at=None, given_up_at=None)


def _deliver(keys: Sequence[int]) -> int:
    """Send these letters over one connection, and over one more if the server ends the first."""
    server = account() if keys else None
    waiting, sent, broken = list(keys), 0, 0
    while waiting and broken < 2:
        try:
            with Post(server) if server else nullcontext() as post:
                for key in _taken(waiting):
                    sent += _attempt(key, post)
        except Failure as failure:
            broken += 1
            if failure.everybody:
                for key in _taken(waiting):
                    if _claim(key):
                        _failed(key, failure)
    return sent


def _taken(waiting: list[int]) -> Iterable[int]:
    while waiting:
        yield waiting.pop(0)


def _attempt(key: int, post: Post | None) -> bool:
    """Claim one letter, send it, record the outcome. Claimed first: a crash may send twice but never skips.

    Raises:
        Failure: the connection is gone; the letter is tried again later.
    """
    letter = _claim(key)
    if letter is None:
        return False
    try:
        message = _message(letter)
        if post is None:
            message.send()
        else:
            post.hand_over(message)
    except Failure as failure:
        _failed(key, failure)
        if failure.final or post is None or post.is_open:
            return False
        raise
    except OSError as error:
        _failed(key, Failure(f"The folder of letters cannot be written: {error.strerror}."))
        return False
    Letter.objects.filter(pk=key).update(sent_at=timezone.now(), sealed=b"", trouble="")
    return True


def _claim(key: int) -> Letter | None:
    letter = _waiting().filter(pk=key).first()
    if letter is None:
        return None
    wait = min(timedelta(minutes=2 ** min(letter.tries, 10)), _LONGEST_WAIT)
    taken = _waiting().filter(pk=key, tries=letter.tries)
    return letter if taken.update(tries=F("tries") + 1, due_at=timezone.now() + wait) else None


def _failed(key: int, failure: Failure) -> None:
    now = timezone.now()
    with transaction.atomic():
        letter = Letter.objects.select_for_update().get(pk=key)
        letter.trouble = failure.why[:300]
        if failure.final or now - letter.made_at >= LAST:
            letter.given_up_at = now
            write_entry(
                "letter.given_up",
                {"letter": letter.public_id, "kind": letter.kind, "about": letter.about or None, "tries": letter.tries},
                acting_member=None,
            )
        letter.save(update_fields=["trouble", "given_up_at"])


def _content(letter: Letter) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(services().letters.open(bytes(letter.sealed), letter.public_id.encode()))
    return content


def _message(letter: Letter) -> EmailMessage:
    content = _content(letter)
    message = compose(content["to"], content["subject"], content["text"], name=letter.public_id)
    for name, data in content["files"].items():
        message.attach(name, base64.b64decode(data), _TYPES[name.rpartition(".")[2]])
    return message


def compose(to: str, subject: str, text: str, *, name: str) -> EmailMessage:
    """Return a letter. Its Message-ID is made from `name`: a letter that is sent twice is recognised as one."""
    headers = {"Message-ID": f"<{name}@{domain()}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, text, sender(), [to], headers=headers)
