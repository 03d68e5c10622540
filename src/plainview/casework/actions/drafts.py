"""Keeping what a member has answered so far: opened with a page, overwritten as they go on, erased when recorded.

Saving writes no entry of its own: nothing is concluded by it, and the page that it belongs to is in the log already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from plainview.casework.models import Candidate, Draft, Member, Verification
from plainview.casework.queries.drafts import Answers, opened, sealed


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft's new version, when it was saved, and whether another tab or window had saved since `version` was read."""

    version: int
    saved_at: datetime
    elsewhere: bool


def open_draft(member: Member, about: Candidate | Verification) -> Draft:
    """The member's draft about this, made at the first call; in the running transaction."""
    draft, _ = Draft.objects.get_or_create(member=member, **_about(about))
    return draft


def write_draft(draft: Draft, place: int, answers: Answers, version: int) -> Saved:
    """Overwrite the answers about one face; the last write wins, and says if it overwrote another one."""
    held = Draft.objects.select_for_update().get(pk=draft.pk)
    elsewhere = held.version != version
    held.sealed = sealed(held, opened(held) | {place: answers})
    held.version, held.saved_at = held.version + 1, timezone.now()
    held.save(update_fields=["sealed", "version", "saved_at"])
    return Saved(held.version, held.saved_at, elsewhere)


def erase_draft(member: Member, about: Candidate | Verification) -> None:
    """Erase the draft: what it held is recorded now."""
    Draft.objects.filter(member=member, **_about(about)).delete()


def _about(about: Candidate | Verification) -> dict[str, Any]:
    return {"candidate" if isinstance(about, Candidate) else "verification": about}
