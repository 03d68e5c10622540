"""Replacing a key that is lost or known to others, where what it sealed or marked can end or be made again.

Owns which keys can be replaced, and what the loss of each costs. It must never replace a key without an entry, nor one whose
loss would lose pictures or break the signatures of the log.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from plainview.audit.durable import locked, replace_file
from plainview.casework.galleries.subjects import mark_of, number_of
from plainview.casework.log.commit import MOST
from plainview.casework.log.record import change_key
from plainview.casework.log.write import write_entry
from plainview.casework.models import BarredPicture, Subject, WorkspaceState
from plainview.casework.upkeep.alone import sole
from plainview.casework.workspace.folder import BACKUP_KEY, EXPUNGE_KEY, SECRET_KEY
from plainview.casework.workspace.keys import fingerprint, fingerprint_of, require_replaceable
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.aged import new_backup_key
from plainview.storage.seal import KEY_BYTES

_NEW: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        SECRET_KEY: lambda: secrets.token_urlsafe(48).encode(),
        BACKUP_KEY: new_backup_key,
        EXPUNGE_KEY: lambda: os.urandom(KEY_BYTES),
    }
)
"""Key -> what makes a new one."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a new key cost.

    Attributes:
        key: its name.
        entry: number of the log entry.
        sessions_ended: sessions that the key had signed.
        pictures_forgotten: erased pictures that it barred from being enrolled again, and that are no longer recognised.
        subjects_marked: subjects of galleries whose numbers are marked with the new key.
    """

    key: str
    entry: int
    sessions_ended: int = 0
    pictures_forgotten: int = 0
    subjects_marked: int = 0


def replace_key(name: str, reason: str) -> Replaced:
    """Put a new key in the place of one that is lost or known to others; the act of the operator, who has the keys.

    Killed at any moment, it is completed by running it again.

    Raises:
        Refused: keys.reason, keys.not_replaceable, keys.in_place or workspace.in_use.
    """
    if not reason.strip():
        raise Refused("keys.reason", "Key not changed", "The reason is missing.", "State the reason.")
    require_replaceable(name, "Key not changed")
    if name == EXPUNGE_KEY and _in_place(name):
        raise Refused(
            "keys.in_place",
            "Key not changed",
            f"{name} is in its place. A new one would forget which erased pictures must never be enrolled again.",
            "Leave it. Replace it only if it is lost.",
        )
    with locked(services().workspace.root / "keys" / ".rotation"):
        with sole(services().workspace, "Key not changed"):
            pass
        return put_new(name, reason.strip())


def put_new(name: str, reason: str) -> Replaced:
    """Log a new key, end or make again what the old one had sealed or marked, then put its file in place."""
    workspace, content = services().workspace, _NEW[name]()
    with transaction.atomic():
        cost = _cost(name, content)
        receipt = change_key(name, fingerprint_of(name, content), reason, action="workspace.key_replaced", **cost)
    replace_file(workspace.root / "keys" / name, content)
    services.cache_clear()
    return Replaced(name, receipt.entry, **cost)


def _cost(name: str, content: bytes) -> dict[str, int]:
    if name == SECRET_KEY:
        UserSession.objects.all().delete()
        return {"sessions_ended": Session.objects.all().delete()[0]}
    if name == EXPUNGE_KEY:
        return {"pictures_forgotten": BarredPicture.objects.count(), "subjects_marked": mark_subjects(content)}
    return {}


def mark_subjects(key: bytes) -> int:
    """Mark the numbers of subjects with another `expunge.key`, in the running transaction; return how many changed."""
    changed = []
    for subject in Subject.objects.exclude(number=b"").select_related("gallery").order_by("pk"):
        mark = mark_of(subject.gallery, number_of(subject), key)
        if subject.mark != mark:
            subject.mark = mark
            subject.save(update_fields=["mark"])
            changed.append(subject)
    for start in range(0, len(changed), MOST):
        batch = changed[start : start + MOST]
        write_entry("subject.marked_again", {"subjects": len(batch)}, acting_member=None, rows=batch)
    return len(changed)


def _in_place(name: str) -> bool:
    state = WorkspaceState.objects.first()
    with suppress(Refused, ValueError):
        return state is not None and state.keys.get(name) == fingerprint(services().workspace, name)
    return False
