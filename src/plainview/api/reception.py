"""What the front of the server asks the API: how large a body an operation accepts, and whether a token is one of ours.

Owns the answers only. It must never note a use of a token, nor run an act.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import close_old_connections
from django.urls import Resolver404, resolve

from plainview.api.entry import ROUTES
from plainview.api.rekognition import entry as rekognition
from plainview.api.rekognition.signature import parts_of
from plainview.casework.people.bearers import is_bearer, is_key
from plainview.serving.bodies import SMALL, Limit


def concerns(path: str) -> bool:
    """Say whether a request is for the API."""
    return path.startswith("/api/") or path.rstrip("/") == rekognition.PATH


def limit(path: str) -> Limit:
    """Return what the operation of this path accepts at most, from a member with a token."""
    if path.rstrip("/") == rekognition.PATH:
        return Limit(rekognition.MOST_BYTES, True)
    try:
        route = resolve(path, "plainview.api.entry").route
    except Resolver404:
        return Limit(SMALL, False)
    return Limit(max((operation.body for operation in ROUTES.get(str(route), ())), default=SMALL), True)


def credential(headers: Mapping[str, str]) -> str:
    """Return what the caller shows: the whole header, so that nobody else can be taken for this caller."""
    return headers.get("authorization", "")


def known(credential: str) -> bool:
    """Say whether the token is one that may be used now."""
    close_old_connections()
    signed = parts_of(credential)
    if signed is not None:  # the signature covers the body, so it is checked once that is there
        return is_key(signed.key)
    kind, _, text = credential.partition(" ")
    return kind.lower() == "bearer" and is_bearer(text)
