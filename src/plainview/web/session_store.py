"""Where sessions are kept: Django's own table, read by a query that is compiled once.

Two requests of one browser may run at the same time. Django's store writes the whole session, so that the slower one takes
back what the quicker one wrote: the challenge of a security key, for example. Ours writes what its own request changed.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from plainview.casework.workspace.prepared import Prepared

_SESSIONS = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime)


class SessionStore(db.SessionStore):
    """As Django's, but for requests at the same time."""

    _known: dict[str, Any] | None = None  # what this store last read from its row, or wrote to it

    def load(self) -> dict[str, Any]:
        """As Django's."""
        data: dict[str, Any] = super().load()
        self._known = deepcopy(data)
        return data

    def save(self, must_create: bool = False) -> None:
        """Write what changed here over what is stored now.

        Raises:
            UpdateError: the session was ended meanwhile.
        """
        if self.session_key is None:
            self.create()
            return
        with transaction.atomic():
            if not must_create:
                self._join()
            super().save(must_create)
        self._known = deepcopy(dict(self.items()))

    def _join(self) -> None:
        own: dict[str, Any] = self._session  # type: ignore[attr-defined]  # left out by django-stubs
        session = self.model.objects.select_for_update().filter(session_key=self.session_key).first()
        if session is None or self._known is None:
            return
        stored = session.get_decoded()
        for key in own.keys() | stored.keys():
            if (key in own) == (key in self._known) and own.get(key) == self._known.get(key):  # not changed here
                if key in stored:
                    own[key] = stored[key]
                else:
                    own.pop(key, None)

    def _get_session_from_db(self) -> Session | None:
        session: Session | None = _SESSIONS.first(self.session_key or "", timezone.now())
        if session is None:
            self._session_key = None
        return session
