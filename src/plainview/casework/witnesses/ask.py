"""Asking witnesses over the network for their cosignatures: the client of c2sp.org/tlog-witness.

Owns when a witness is asked, what its answer means, and the alarms: a witness that remembers another history, more of
the log than there is, or less than it once cosigned. It must never take an answer for a cosignature before the key, the
checkpoint and the log agree, nor let one slow witness keep the others waiting for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview import __version__
from plainview.audit.checkpoint import parse
from plainview.audit.cosignature import Cosignature
from plainview.audit.merkle import consistency_proof_by
from plainview.audit.quorum import TrustedWitness
from plainview.audit.submission import (
    MAX_REPLY,
    PATH,
    BadSubmission,
    cosigned_by,
    format_submission,
    stated_size,
)
from plainview.casework.log.read import frontier_at, leaf_at
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.models import LogWitness
from plainview.casework.outgoing import Connection, Host, Limits, Reply, Unanswered
from plainview.casework.witnesses.add import store
from plainview.casework.witnesses.read import Newest, newest_of
from plainview.casework.witnesses.rule import record_rule
from plainview.casework.workspace.services import services

ASK_EVERY = timedelta(minutes=10)
"""How often a witness is asked while the log grows: chosen, well within the quotas of witness-network.org's lists."""

REFRESH = timedelta(days=1)
"""How old a cosignature of the whole log may be before the witness is asked again, so that it says that it is there."""

LONGEST_WAIT = timedelta(hours=1)
"""The longest wait after failures, which doubles from a minute; and what a witness may ask for at most: chosen, so that
a witness that is back is noticed long before searches stop."""

BEHIND, AHEAD, FORK, PROOF = "behind", "ahead", "fork", "proof"
"""Alarms: the witness lost memory of what it cosigned; it cosigned more than there is; it has another history of this
size; it refuses the proof."""

_LIMITS = Limits(connect_s=3, read_s=5, whole_s=10, max_bytes=MAX_REPLY)

_SAYS = {
    400: "It does not understand the request.",
    403: "It does not trust the key of this log.",
    404: "It does not follow this log yet.",
    429: "It asks to wait.",
    503: "It asks to wait.",
}
_ALARMS = {
    BEHIND: "It has lost its memory of entries that it cosigned.",
    AHEAD: "It cosigned more entries than the log has now.",
    FORK: "It cosigned another history of the same size.",
    PROOF: "It says that the log does not extend what it cosigned.",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of an attempt: a sentence, an alarm or "", seconds to wait, the cosigned checkpoint and who signed."""

    says: str
    alarm: str = ""
    wait: float | None = None
    note: str = ""
    cosignature: Cosignature | None = None


def ask_due(connection: Connection | None = None) -> int:
    """Ask the witnesses that are due; return how many cosigned."""
    record_rule()
    asked = [witness for witness in services().workspace.witness_policy.witnesses if witness.url]
    return sum(_ask(witness, connection) for witness in asked) if asked else 0


def ask_now(connection: Connection | None = None) -> int:
    """Ask every witness without waiting for its time; return how many cosigned."""
    LogWitness.objects.update(due_at=timezone.now())
    return ask_due(connection)


def _ask(witness: TrustedWitness, connection: Connection | None) -> bool:
    """Ask one witness if it is due; return whether it cosigned. Claimed first, so that two workers do not both ask."""
    now = timezone.now()
    known, _ = LogWitness.objects.get_or_create(vkey=witness.key.text, defaults={"due_at": now})
    if known.due_at > now:
        return False
    note, last = newest_checkpoint(), newest_of(witness.key)
    if last is not None and last.size == parse(note).size and now - last.at < REFRESH and not known.alarm:
        return False
    mine = LogWitness.objects.filter(pk=known.pk, due_at=known.due_at)
    if not mine.update(due_at=now + LONGEST_WAIT):
        return False
    try:
        answer = _exchange(witness, last, note, connection or Connection.of_workspace("witness"))
    except Unanswered as error:
        answer = _Answer(error.why)
    _settle(witness, known, answer)
    return bool(answer.note)


def _settle(witness: TrustedWitness, known: LogWitness, answer: _Answer) -> None:
    tries = 0 if answer.note else known.tries + 1
    wait = ASK_EVERY if answer.note else min(timedelta(minutes=2 ** min(tries, 6)), LONGEST_WAIT)
    if answer.wait is not None:
        wait = max(wait, min(timedelta(seconds=answer.wait), LONGEST_WAIT))
    if answer.cosignature is not None:
        store(answer.note, [answer.cosignature])
    with transaction.atomic():
        if answer.alarm and answer.alarm != known.alarm:
            write_entry(
                "witness.alarm",
                {"witness": witness.key.text, "alarm": answer.alarm, "cosigned": known.size},
                acting_member=None,
            )
        # An alarm stays until the operator has settled it with the witness and it cosigns again.
        alarm = "" if answer.note else answer.alarm or known.alarm
        LogWitness.objects.filter(pk=known.pk).update(
            tries=tries, due_at=timezone.now() + wait, answer=answer.says[:200], alarm=alarm
        )


def _exchange(witness: TrustedWitness, last: Newest | None, note: str, connection: Connection) -> _Answer:
    """Send the checkpoint from the size that the witness is believed to have; once more from the size that it states."""
    host, size = Host(witness.url, connection), last.size if last is not None else 0
    try:
        reply = _post(host, witness, size, note)
        stated = _stated(reply)
        if last is not None and stated is not None and stated < size:
            _post(host, witness, stated, last.note)  # its own cosignature: an honest witness sees what it lost
            return _Answer(f"{_ALARMS[BEHIND]} It has {stated} entries, and cosigned {size}.", BEHIND)
        if stated is not None and stated > parse(note).size:
            return _Answer(f"{_ALARMS[AHEAD]} It cosigned {stated}.", AHEAD)
        if stated is not None:
            reply = _post(host, witness, stated, note)
    finally:
        host.close()
    return _read(witness, reply, note)


def _read(witness: TrustedWitness, reply: Reply, note: str) -> _Answer:
    if reply.status == 200:
        try:
            cosigned, cosignature = cosigned_by(witness.key, note, reply.body)
        except BadSubmission as error:
            return _Answer(f"The answer cannot be used: {error}.")
        if abs(timezone.now().timestamp() - cosignature.at) > REFRESH.total_seconds():
            return _Answer("Its cosignature states a time that is a day off.")
        return _Answer("It cosigned.", note=cosigned, cosignature=cosignature)
    if reply.status == 409:
        return (
            _Answer("It has another size than before.") if _stated(reply) is not None else _Answer(_ALARMS[FORK], FORK)
        )
    if reply.status == 422:
        return _Answer(_ALARMS[PROOF], PROOF)
    says = _SAYS.get(reply.status, f"It answered with the status {reply.status}.")
    return _Answer(says, wait=reply.retry_after if reply.status in (429, 503) else None)


def _post(host: Host, witness: TrustedWitness, size: int, note: str) -> Reply:
    newest = parse(note).size
    proof = consistency_proof_by(size, newest, leaf_at, frontier_at) if 0 < size < newest else []
    return host.exchange(
        "POST",
        f"{witness.url.rstrip('/')}/{PATH}",
        headers={"Content-Type": "text/plain; charset=utf-8", "User-Agent": f"plainview-log/{__version__}"},
        body=format_submission(size, proof, note),
        limits=_LIMITS,
    )


def _stated(reply: Reply) -> int | None:
    return stated_size(reply.headers.get("content-type", ""), reply.body) if reply.status == 409 else None
