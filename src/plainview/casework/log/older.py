"""What entries of older versions say about rows that only an upgrade committed to.

Older entries state some facts of a row: the roles of a member, the hash of a policy, the list of candidates. Owns the
comparison of these facts with the rows that nothing has changed since the upgrade. It never changes a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Model

from plainview.audit.record import Opening
from plainview.casework.log.committed import BY_MODEL, Problem
from plainview.casework.models import (
    Approval,
    Candidate,
    Examination,
    Lead,
    LogOpening,
    Member,
    PolicyVersion,
    Reference,
    RowCommitment,
    Search,
    Verification,
    VerificationItem,
)
from plainview.casework.workspace.services import services
from plainview.storage.seal import SealBroken

_ROWS = 500


class Fact(NamedTuple):
    """What an entry says about a row: the model, its id, the name of the fact, and its value; None was erased."""

    model: type[Model]
    key: str
    name: str
    value: object


Sealed = Callable[[str], Any]
"""Returns what a commitment of the entry was made to, None if its opening was erased."""


def differences_before(adopting: Sequence[int], before: Iterable[tuple[int, bytes]]) -> Iterator[Problem]:
    """Yield the rows that differ from what the log said of them before it adopted them.

    Args:
        adopting: the entries that commit to what an older version left. A row that an act has changed since is left out: a
            newer entry commits to it.
        before: (number, canonical bytes) of the entries before these, without those whose rows a restore has lost.
    """
    facts: dict[type[Model], dict[str, dict[str, tuple[object, int]]]] = {model: {} for model in _STATES}
    of_search: dict[str, list[tuple[type[Model], str]]] = {}
    for seq, text in before:
        entry = json.loads(text)
        subject = entry["subject"]
        if entry["action"] in ("search.erased", "search.erased_again"):
            for model, key in of_search.pop(subject["search"], ()):
                facts[model].pop(key, None)
        sealed = partial(_opened, seq)
        for fact in _READ.get(entry["action"], _nothing)(subject, sealed):
            facts[fact.model].setdefault(fact.key, {})[fact.name] = (fact.value, seq)
            if fact.model is not Search and "search" in subject:
                of_search.setdefault(subject["search"], []).append((fact.model, fact.key))
    for model, said in facts.items():
        keys = list(said)
        for first in range(0, len(keys), _ROWS):
            yield from _differ(model, {key: said[key] for key in keys[first : first + _ROWS]}, adopting)


def _differ(
    model: type[Model], said: Mapping[str, Mapping[str, tuple[object, int]]], adopting: Sequence[int]
) -> Iterator[Problem]:
    table = BY_MODEL[model]
    rows = {_name(record): record for record in _rows(model, said)}
    own_keys = [str(getattr(record, table.key)) for record in rows.values()]
    untouched = set(
        RowCommitment.objects.filter(
            kind=table.kind, key__in=own_keys, entry__range=(adopting[0], adopting[-1])
        ).values_list("key", flat=True)
    )
    for key, facts in said.items():
        record = rows.get(key)
        if record is None:
            newest = max(entry for _, entry in facts.values())
            yield Problem(table.kind, key, f"deleted before the upgrade, although entry {newest} recorded it")
        elif str(getattr(record, table.key)) in untouched:
            now = _STATES[model](record)
            for name, (value, entry) in facts.items():
                if value is not None and now[name] != value:
                    yield Problem(table.kind, key, f"altered before the upgrade: {name} is not as in entry {entry}")


def _rows(model: type[Model], said: Iterable[str]) -> Iterable[Model]:
    if model is PolicyVersion:
        agencies = {key.partition(" ")[0] for key in said}
        return PolicyVersion.objects.filter(agency__public_id__in=agencies).select_related("agency")
    return model._base_manager.filter(public_id__in=list(said))


def _name(record: Any) -> str:
    return f"{record.agency.public_id} {record.number}" if isinstance(record, PolicyVersion) else str(record.public_id)


def _opened(entry: int, name: str) -> Any:
    sealed = LogOpening.objects.filter(entry_id=entry, name=name).values_list("sealed", flat=True).first()
    with suppress(SealBroken):
        if sealed is not None:
            opening = services().openings.open(bytes(sealed), f"opening:{entry}:{name}".encode())
            return Opening.from_json(opening).value
    return None


def _nothing(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    return iter(())


def _member(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    roles = subject.get("roles") or [subject["role"]]
    yield Fact(Member, subject["member"], "roles", sorted(roles))


def _deactivated(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    yield Fact(Member, subject["member"], "is_active", value=False)


def _policy(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    yield Fact(PolicyVersion, f"{subject['agency']} {subject['number']}", "text", subject["sha256"])


def _requested(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    for name in ("case", "gallery", "origin", "top", "pack", "pack_sha256"):
        yield Fact(Search, subject["search"], name, subject.get(name))
    yield Fact(Search, subject["search"], "purpose", sealed("purpose"))
    yield Fact(Search, subject["search"], "probe", sealed("probe_sha256"))


def _answered(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    for name in ("gallery_size", "gallery_seq"):
        yield Fact(Search, subject["search"], name, subject[name])
    yield Fact(Search, subject["search"], "candidates", sealed("list_sha256"))


def _examined(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    yield Fact(Examination, subject["examination"], "conclusion", subject["conclusion"])
    yield Fact(Examination, subject["examination"], "notes", sealed("notes"))


def _verified(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    conclusions = sealed("conclusions")
    if conclusions is not None:  # erased with its search otherwise, and the row with it
        yield Fact(Verification, subject["verification"], "conclusions", conclusions)


def _released(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    yield Fact(Lead, subject["lead"], "examination", subject["examination"])
    yield Fact(Lead, subject["lead"], "contradictions", sealed("contradictions"))


def _decided(granted: bool) -> Callable[[Mapping[str, Any], Sealed], Iterator[Fact]]:
    return lambda subject, _: iter((Fact(Approval, subject["approval"], "granted", granted),))


def _expunged(subject: Mapping[str, Any], sealed: Sealed) -> Iterator[Fact]:
    yield Fact(Reference, subject["reference"], "template", b"")


_READ: Mapping[str, Callable[[Mapping[str, Any], Sealed], Iterator[Fact]]] = {
    "member.joined": _member,
    "member.roles_changed": _member,
    "member.deactivated": _deactivated,
    "policy.changed": _policy,
    "search.requested": _requested,
    "search.answered": _answered,
    "examination.recorded": _examined,
    "verification.recorded": _verified,
    "lead.released": _released,
    "approval.granted": _decided(granted=True),
    "approval.denied": _decided(granted=False),
    "reference.expunged": _expunged,
    "reference.expunged_again": _expunged,
}
"""Action -> what its entries state about a row."""


def _of_search(search: Search) -> dict[str, object]:
    listed = Candidate.objects.filter(search=search).order_by("rank")
    columns = listed.values_list("rank", "reference__public_id", "score", "adjusted")
    rows = [[rank, public_id, str(score), str(adjusted)] for rank, public_id, score, adjusted in columns]
    return {
        "case": search.case_id,
        "gallery": search.gallery_id,
        "origin": search.origin,
        "top": search.top,
        "pack": search.pack,
        "pack_sha256": search.pack_sha256,
        "purpose": search.purpose,
        "probe": search.probe_blob,
        "gallery_size": search.gallery_size,
        "gallery_seq": search.gallery_seq,
        "candidates": hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
    }


def _of_verification(task: Verification) -> dict[str, object]:
    items = VerificationItem.objects.filter(verification=task).values_list("position", "conclusion")
    return {"conclusions": {str(position): conclusion for position, conclusion in items}}


_STATES: Mapping[type[Model], Callable[[Any], Mapping[str, object]]] = {
    Member: lambda record: {"roles": sorted(record.roles), "is_active": record.is_active},
    PolicyVersion: lambda record: {"text": hashlib.sha256(record.text.encode()).hexdigest()},
    Search: _of_search,
    Examination: lambda record: {"conclusion": record.conclusion, "notes": record.notes},
    Verification: _of_verification,
    Lead: lambda record: {"examination": record.examination.public_id, "contradictions": record.contradictions},
    Approval: lambda record: {"granted": record.granted},
    Reference: lambda record: {"template": bytes(record.template)},
}
"""Model -> the same facts as its row has them."""
