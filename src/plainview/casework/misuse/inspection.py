"""Inspecting every comparison for signs of misuse: each rule that its ground names, in the order of the table.

Owns which facts a rule sees. It must never tell the member anything, nor lose their answer: a failure here is an entry
of its own. It keeps the template of a search's probe and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from plainview.casework.log.read import newest_entry
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.misuse.read import History, history_of, requests_searched
from plainview.casework.models import Agency, Member, ProbeTemplate, Search, Tripwire
from plainview.casework.workspace.insert import insert
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import services
from plainview.policy import misuse
from plainview.policy.gate import HISTORY
from plainview.recognition.types import Vector
from plainview.scores.same_face import TRIPWIRE, same_faces

_TRIPWIRE_ONCE_IN = "100,000 pairs"  # FMR 1e-5, see scores.same_face.TRIPWIRE
_LOOK_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison with a gallery, as the gate and the misuse rules see it.

    Attributes:
        ground: of `policy.gate.GROUNDS`.
        agency: whose gallery it is.
        entries: numbers of the entries that came first, where the ground needs them.
        member: who asked; None for Plainview itself.
        templates: the faces that were compared, where a rule looks at them; see `Vector`.
        search: the recorded search, if it is one; with its case and member.
        face_share: width of the probe's face / width of its picture.
        history: of `read_ahead`, read again if anything has happened since.
    """

    ground: str
    agency: Agency
    entries: tuple[int, ...] = ()
    member: Member | None = None
    templates: tuple[Vector, ...] = ()
    search: Search | None = None
    face_share: float = 0.0
    history: History | None = None


def read_ahead(search: Search) -> History:
    """Read what the rules will look at, while something else is waited for."""
    return history_of(search, since=timezone.now() - _LOOK_BACK)


def inspect(why: Comparison, rules: Collection[str]) -> None:
    """Let the rules look at a comparison; findings become flags. The steps are the same whether or not there is a finding."""
    try:
        with transaction.atomic():
            for finding in _findings(why, rules):
                assert why.member is not None  # noqa: S101  only a member's comparison has rules
                raise_flag(finding, why.member, why.search)
    except Exception as error:  # in any case the member keeps the answer, and the auditor learns of the failure
        with transaction.atomic():
            write_entry(
                "flag.inspection_failed",
                {
                    "agency": why.agency.public_id,
                    "search": why.search.public_id if why.search else None,
                    "ground": why.ground,
                    "error": type(error).__name__,
                },
                acting_member=None,
            )


def _findings(why: Comparison, rules: Collection[str]) -> list[misuse.Finding]:
    findings = _by_history(why) if set(HISTORY) & set(rules) else []
    for rule in rules:
        findings += _LOOKS[rule](why) if rule in _LOOKS else []
    return findings


def _by_history(why: Comparison) -> list[misuse.Finding]:
    search, template = why.search, why.templates[0]
    assert search is not None  # noqa: S101  only searches have a history
    sealed = services().templates.seal(template.tobytes(), f"probe:{search.public_id}".encode())
    insert(ProbeTemplate(search=search, sealed=sealed))
    history = why.history
    if history is None or history.newest != newest_entry():
        history = read_ahead(search)
    templates = history.templates
    # Templates of this case only: other cases need no comparison of faces.
    faces = same_faces(np.stack([*templates.values(), template])) if templates else [0]
    of_search = dict(zip(templates, faces, strict=False))
    facts = [
        misuse.SearchFact(
            earlier.public_id,
            earlier.member_public,
            str(earlier.case_id),
            earlier.at,
            of_search.get(earlier.pk, -1 - earlier.pk),
        )
        for earlier in history.searches
    ]
    new = misuse.SearchFact(
        search.public_id,
        search.member.public_id,
        str(search.case_id),
        search.requested_at,
        faces[-1],
        search.origin,
        search.quality,
        why.face_share,
    )
    return misuse.findings(new, facts)


_TRIPWIRES = Prepared(lambda agency: Tripwire.objects.filter(owner__agency_id=agency).order_by("pk"), int)


def _tripwires(why: Comparison) -> list[misuse.Finding]:
    if not why.templates:
        return []
    rows = list(_TRIPWIRES(why.agency.pk))
    if not rows:
        return []
    opened = [
        np.frombuffer(services().templates.open(bytes(wire.sealed), f"tripwire:{wire.public_id}".encode()), np.float32)
        for wire in rows
    ]
    scores = (np.stack(opened) @ np.stack(why.templates).T).max(axis=1)
    return [
        misuse.tripwire(wire.public_id, float(score), _TRIPWIRE_ONCE_IN)
        for wire, score in zip(rows, scores, strict=True)
        if score >= TRIPWIRE
    ]


def _about_oneself(why: Comparison) -> list[misuse.Finding]:
    assert why.member is not None  # noqa: S101  a person is never searched for by Plainview itself
    now = timezone.now()
    since = now - timedelta(days=misuse.LIMITS.about_oneself_days)
    finding = misuse.about_oneself(now, requests_searched(why.member, since=since))
    return [finding] if finding else []


_LOOKS: Mapping[str, Callable[[Comparison], list[misuse.Finding]]] = {
    misuse.TRIPWIRE: _tripwires,
    misuse.ABOUT_ONESELF: _about_oneself,
}
"""Rule -> who looks at once. The rules of the history look together. Near duplicates are counted when their enrolment
ends, and what nobody authorised is flagged when its time is over."""
