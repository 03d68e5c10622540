"""Drafts of a member's answers: opened with a page, overwritten while they work, erased when recorded.

Owns the sealed answers so far. It must never write an entry of its own: a draft concludes nothing, and its page is
already in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from plainview.casework.models import Candidate, Draft, Member, Verification
from plainview.casework.workspace.services import services
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft's new version, its time, and whether another tab had saved since the page read its version."""

    version: int
    saved_at: datetime
    elsewhere: bool


def open_draft(member: Member, about: Candidate | Verification) -> Draft:
    """Return the member's draft about this, created at the first call, in the running transaction."""
    draft, _ = Draft.objects.get_or_create(member=member, **_about(about))
    return draft


def write_draft(draft: Draft, place: int, answers: Answers, version: int) -> Saved:
    """Overwrite the answers about one face; the last write wins, and reports whether it overwrote another."""
    stored = Draft.objects.select_for_update().get(pk=draft.pk)
    elsewhere = stored.version != version
    stored.sealed = sealed(stored, opened(stored) | {place: answers})
    stored.version, stored.saved_at = stored.version + 1, timezone.now()
    stored.save(update_fields=["sealed", "version", "saved_at"])
    return Saved(stored.version, stored.saved_at, elsewhere)


def erase_draft(member: Member, about: Candidate | Verification) -> None:
    """Erase the draft: its answers are recorded now."""
    Draft.objects.filter(member=member, **_about(about)).delete()


def _about(about: Candidate | Verification) -> dict[str, Any]:
    return {"candidate" if isinstance(about, Candidate) else "verification": about}


_MAX_NOTES = 20_000  # characters


_MAX_ACKNOWLEDGED = 20


@dataclass
class Answers:
    """The answers about one face; a blank is not answered yet."""

    components: dict[str, str] = field(default_factory=dict)
    conclusion: str = ""
    notes: str = ""
    acknowledged: list[str] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Answers:
        """Return the valid answers in any content."""
        components, acknowledged = raw.get("components"), raw.get("acknowledged")
        conclusion, notes = raw.get("conclusion"), raw.get("notes")
        by_name = components if isinstance(components, Mapping) else {}
        named = acknowledged if isinstance(acknowledged, list) else []
        return cls(
            {name: by_name[name] for name in COMPONENTS if by_name.get(name) in ANSWERS},
            conclusion if conclusion in CONCLUSIONS else "",
            notes[:_MAX_NOTES] if isinstance(notes, str) else "",
            [str(caution_id)[:100] for caution_id in named[:_MAX_ACKNOWLEDGED]],
            marks_of(raw.get("marks")),
        )


_MAX_MARKS, _MAX_MARK_NOTE, _MAX_ID = 30, 200, 40  # marks of an examination, characters of one and of a picture's id


def marks_of(raw: object) -> list[dict[str, Any]]:
    """Return the valid marks in any content: two places in the pictures, 0 to 1, a note, and the picture of the face where a
    candidate has several.
    """
    marks = []
    for mark in raw if isinstance(raw, list) else []:
        if not isinstance(mark, Mapping):
            continue
        places = {name: _place(mark.get(name)) for name in ("probe", "face")}
        if all(places.values()):
            named = mark.get("picture")
            on = {"picture": named} if isinstance(named, str) and named.isalnum() and len(named) <= _MAX_ID else {}
            marks.append({**places, "note": " ".join(str(mark.get("note", "")).split())[:_MAX_MARK_NOTE], **on})
    return marks[:_MAX_MARKS]


def places_on(marks: Sequence[Mapping[str, Any]], which: str, picture: str) -> list[tuple[float, float] | None]:
    """Return the places of marks on the "probe" or the "face", in their order; None for one on another picture of the face."""
    return [
        tuple(mark[which]) if which == "probe" or mark.get("picture", picture) == picture else None for mark in marks
    ]


def words_of(mark: Mapping[str, Any], picture: str) -> str:
    """Return a mark's note; of one on another picture than this, also which picture it is on."""
    note = mark["note"] or "no words"
    return note if mark.get("picture", picture) == picture else f"{note} (on picture {mark['picture']})"


def _place(raw: object) -> list[float]:
    """Return [x, y] of a valid place, or []."""
    if not isinstance(raw, list) or len(raw) != 2 or any(type(value) not in (int, float) for value in raw):
        return []
    return [round(float(value), 3) for value in raw] if all(0 <= value <= 1 for value in raw) else []


def opened(draft: Draft) -> dict[int, Answers]:
    """Return the answers by position; an examination's only face has position 0."""
    if not draft.sealed:
        return {}
    answers_json = json.loads(services().drafts.open(bytes(draft.sealed), f"draft:{draft.pk}".encode()))
    return {int(place): Answers.of(raw) for place, raw in answers_json.items()}


def sealed(draft: Draft, faces: Mapping[int, Answers]) -> bytes:
    """Return the answers, sealed for storage."""
    answers_json = json.dumps({str(place): asdict(answers) for place, answers in faces.items()})
    return services().drafts.seal(answers_json.encode(), f"draft:{draft.pk}".encode())
