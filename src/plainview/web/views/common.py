"""Helpers that views share: the signed-in member, a picture as an answer, a refusal shown in its form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers

from plainview.casework.models import Member
from plainview.policy.decision import Refused
from plainview.policy.signing_in import IDLE


def member_of(request: HttpRequest) -> Member:
    """Return the signed-in member; the access table lets nobody else in."""
    assert isinstance(request.user, Member)  # noqa: S101
    return request.user


def from_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def picture(data: bytes, *, lasting: bool = False) -> HttpResponse:
    """Return JPEG bytes.

    Args:
        data: the picture.
        lasting: the address always shows this picture, so the browser may keep it for as long as an idle session lasts,
            for this session only (its cookie is part of the key). Without it no cache keeps it (middleware.Surroundings).
    """
    answer = HttpResponse(data, content_type="image/jpeg")
    if lasting:
        patch_cache_control(answer, private=True, max_age=int(IDLE.total_seconds()))
        patch_vary_headers(answer, ["Cookie"])
    return answer


def side_of(request: HttpRequest, otherwise: int) -> int:
    """Return the side of a square that the address names (`side`), in pixels, or another where it names none."""
    text = request.GET.get("side", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else otherwise


_SHOWN, _MOST = "plainview_shown", 50


def shown(request: HttpRequest, public_id: str = "") -> list[str]:
    """Remember in the session that this page was shown, its view being in the log; return all that were."""
    if not public_id or public_id in request.session.get(_SHOWN, [])[-_MOST // 2 :]:  # not a write at each view
        return list(request.session.get(_SHOWN, []))
    rest = [earlier for earlier in request.session.get(_SHOWN, []) if earlier != public_id]
    request.session[_SHOWN] = [*rest, public_id][-_MOST:]
    return list(request.session[_SHOWN])


def page_shown(request: HttpRequest, address: str) -> bool:
    """Say whether this session was shown the page at this address, which remembered it (`shown`)."""
    return address in request.session.get(_SHOWN, [])


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
