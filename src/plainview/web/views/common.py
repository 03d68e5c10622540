"""What views share: the member who asks, a picture as an answer, a refusal beside the form that caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse

from plainview.casework.models import Member
from plainview.policy.decision import Refused


def member_of(request: HttpRequest) -> Member:
    """The signed-in member; the access table let nobody else in."""
    assert isinstance(request.user, Member)  # noqa: S101
    return request.user


def from_htmx(request: HttpRequest) -> bool:
    """True when a part of the page is asked for, which replaces only what the page names."""
    return request.headers.get("HX-Request") == "true"


def picture(data: bytes) -> HttpResponse:
    """JPEG bytes as an answer that no cache keeps (middleware.Surroundings)."""
    return HttpResponse(data, content_type="image/jpeg")


_SHOWN, _MOST = "plainview_shown", 50


def shown(request: HttpRequest, public_id: str) -> None:
    """Remember in the session that the page of this thing was shown, which is in the log."""
    rest = [held for held in request.session.get(_SHOWN, []) if held != public_id]
    request.session[_SHOWN] = [*rest, public_id][-_MOST:]


def require_shown(request: HttpRequest, public_id: str) -> None:
    """Stop a picture whose page was not shown in this session: its view would not be in the log.

    Raises:
        Http404: it was not.
    """
    if public_id not in request.session.get(_SHOWN, []):
        raise Http404


def say(form: forms.Form, refused: Refused, field: str | None = None) -> None:
    """Put a refusal into the form, so that the member corrects it without losing what was written."""
    form.add_error(field, ValidationError(f"{refused.why} {refused.next_step}", code=refused.rule_id))


@contextmanager
def beside(form: forms.Form, field: str | None = None) -> Iterator[None]:
    """Put a refusal of the block's act into the form, at this field, and go on after the block.

    Raises:
        Refused: the thing that the address names is unknown; there is no page to show the form on.
    """
    try:
        yield
    except Refused as refused:
        if refused.rule_id.endswith(".unknown"):
            raise
        say(form, refused, field)


def client_address(request: HttpRequest) -> str:
    """The address of the other end of the connection; a proxy is believed only if `serve` was told of it."""
    return str(request.META.get("REMOTE_ADDR", ""))
