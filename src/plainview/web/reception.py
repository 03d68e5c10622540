"""What the front of the server asks the pages: how large a body a page accepts, and whether a session is a member's.

Owns the answers only. It must never open a session, nor make one last longer.
"""

from __future__ import annotations

import logging
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import close_old_connections
from django.urls import Resolver404, resolve

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


def warn(text: str) -> None:
    """Write a line for the operator, each only once."""
    if text not in _warned and len(_warned) < _MOST_LINES:
        _warned.add(text)
        _log.warning("%s", text)
