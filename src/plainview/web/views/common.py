"""Helpers that views share: the signed-in member, a picture as an answer, a refusal shown in its form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse

from plainview.casework.models import Member
from plainview.policy.decision import Refused


def member_of(request: HttpRequest) -> Member:
    """Return the signed-in member; the access table lets nobody else in."""
    assert isinstance(request.user, Member)  # noqa: S101
    return request.user


def from_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def picture(data: bytes) -> HttpResponse:
    """Return JPEG bytes as an answer that no cache keeps (middleware.Surroundings)."""
    return HttpResponse(data, content_type="image/jpeg")


_SHOWN, _MOST = "plainview_shown", 50


def shown(request: HttpRequest, public_id: str) -> None:
    """Remember in the session that this page was shown; its view is in the log."""
    rest = [earlier for earlier in request.session.get(_SHOWN, []) if earlier != public_id]
    request.session[_SHOWN] = [*rest, public_id][-_MOST:]


def require_shown(request: HttpRequest, public_id: str) -> None:
    """Refuse a picture whose page was not shown in this session: its view would not be in the log.

    Raises:
        Http404: the page was not shown.
    """
    if public_id not in request.session.get(_SHOWN, []):
        raise Http404


def say(form: forms.Form, refused: Refused, field: str | None = None) -> None:
    """Show a refusal in the form, so the member can correct it without losing their answers."""
    form.add_error(field, ValidationError(f"{refused.why} {refused.next_step}", code=refused.rule_id))


@contextmanager
def beside(form: forms.Form, field: str | None = None) -> Iterator[None]:
    """Show a refusal of the block's act in the form, at this field, and continue after the block.

    Raises:
        Refused: the record that the address names is unknown; there is no page to show the form on.
    """
    try:
        yield
    except Refused as refused:
        if refused.rule_id.endswith(".unknown"):
            raise
        say(form, refused, field)


def client_address(request: HttpRequest) -> str:
    """Return the caller's address: `workspace.serving.caller` decided it before Django (serving.front), for everything."""
    return str(request.META.get("REMOTE_ADDR", ""))
