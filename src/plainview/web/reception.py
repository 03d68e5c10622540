"""What the front of the server asks the pages: how large a body a page accepts, whether a session is a member's, and the
page of a request that is not taken.

Owns the answers only. It must never open a session, nor make one last longer.
"""

from __future__ import annotations

import logging
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import timezone

from plainview.recognition.errors import new_reference
from plainview.serving.bodies import SMALL, Limit
from plainview.web.pages import ACCESS, BODIES
from plainview.web.sign_in_pages import Anyone

_log = logging.getLogger("plainview.front")

_MOST_LINES = 200  # warnings of one kind each; who sends nonsense must not fill the disk with lines about it
_warned: set[str] = set()


def limit(path: str) -> Limit:
    """Return what the page of this path accepts; a page that is not in the table accepts a small form."""
    try:
        name = resolve(path).view_name
    except Resolver404:
        return Limit(SMALL, False)
    return Limit(BODIES.get(name, SMALL), ACCESS.get(name) is not Anyone.PUBLIC)


def signed_in(session_key: str) -> bool:
    """Say whether a member is signed in with this session."""
    close_old_connections()
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return store.get(SESSION_KEY) is not None


def page(status: int, why: str) -> bytes:
    """Return the page of a request that the front did not take; the server's log has its number."""
    number = new_reference()
    _log.info("not taken", extra={"known": {"status": status, "reference": number}})
    shown = {"status": status, "why": why, "reference": number, "now": timezone.now()}
    return render_to_string("not_taken.html", shown).encode()


def warn(text: str) -> None:
    """Write a line for the operator, each only once."""
    if text not in _warned and len(_warned) < _MOST_LINES:
        _warned.add(text)
        _log.warning("%s", text)
