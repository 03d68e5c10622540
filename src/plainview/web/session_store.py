"""Where sessions are kept: Django's own table, read by a query that is compiled once."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from plainview.casework.workspace.prepared import Prepared

_SESSIONS = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime)


class SessionStore(db.SessionStore):
    """As Django's."""

    def _get_session_from_db(self) -> Session | None:
        session: Session | None = _SESSIONS.first(self.session_key or "", timezone.now())
        if session is None:
            self._session_key = None
        return session
