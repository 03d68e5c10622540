"""What runs before and after every page: the channel, the clocks, the second factor, the access table, refusals.

Owns their order. It must never let a view run that the table does not name.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from allauth.usersessions.middleware import UserSessionsMiddleware
from django.contrib.auth import SESSION_KEY, logout
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from plainview.audit.logfile import LogFolderError
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.log.commit import require_unaltered
from plainview.casework.log.guard import permit, record_opened, require_shown_unaltered
from plainview.casework.models import Member
from plainview.casework.models.rows import reading, unread
from plainview.casework.people.sign_in import may_sign_in, record_session
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.signing_in import idle, used_up
from plainview.recognition.foreign import refer
from plainview.serving.front import MEMBER
from plainview.storage.base import StorageError, is_full
from plainview.web import devices
from plainview.web.pages import ACCESS
from plainview.web.sign_in_answers import cannot_be_read
from plainview.web.sign_in_pages import Anyone
from plainview.web.times import zone_of
from plainview.web.views.common import client_address
from plainview.web.views.status import record_failed_page

Handler = Callable[[HttpRequest], HttpResponse]

_ANONYMOUS = 15 * 60  # seconds: to type a password, find the telephone and type its code
_SEEN = "plainview_seen"
_BEGAN = "plainview_began"
_SEEN_STEP = 20  # seconds: the session is written at most this often; a session may end this much early
_MAX_AGENT = 300  # characters of a browser's name that are stored
_MAX_BACK = 2000  # characters of an address: the head of an answer must fit into a proxy's 4 kB
_RECORD_FAILED = (LogFolderError, StorageError, DatabaseError)


class Surroundings:
    """The outermost layer: the entry's channel, and a page for every refusal and for a log that cannot be written."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer through the channel "web"."""
        agent = request.META.get("HTTP_USER_AGENT", "")[:_MAX_AGENT]
        sealed = {"address": client_address(request), "user_agent": agent}
        with acting_through(Channel("web", sealed)), reading(require_unaltered), timezone.override(zone_of(request)):
            response = self._checked(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            allowed = response.headers["Allow"]
            response = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
            response.headers["Allow"] = allowed
        _shorten(request)
        devices.remember(request, response)
        if request.method == "POST" and request.resolver_match and request.resolver_match.view_name == "account_logout":
            response.headers["Clear-Site-Data"] = '"cache"'  # the pictures of this session (views.common.picture)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _checked(self, request: HttpRequest) -> HttpResponse:
        """Answer, unless a row that the answer was made from is not as the log has it."""
        response = self.get_response(request)
        try:
            require_shown_unaltered(request.user if isinstance(request.user, Member) else None)
        except (Refused, *_RECORD_FAILED) as error:
            with unread():
                return _page_for(request, error) or response
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for an error of a view, or None."""
        return _page_for(request, error)


def _page_for(request: HttpRequest, error: Exception) -> HttpResponse | None:
    if _of_an_answer(request, error):
        error = _unreadable_answer(error)
    if isinstance(error, Refused):
        # Another agency's record is answered as if it did not exist.
        return refusal_page(request, error, 404 if error.rule_id.endswith(".unknown") else 403)
    if isinstance(error, _RECORD_FAILED) or is_full(error):
        return record_failed_page(request, error)
    return None


def _unreadable_answer(error: Exception) -> Refused:
    refused = Refused(
        "sso.answer",
        "Not signed in",
        "The answer of your agency's provider cannot be read.",
        "Begin the sign-in again. If it happens again, tell the platform operator.",
    )
    refer(refused, error)
    return refused


def _of_an_answer(request: HttpRequest, error: Exception) -> bool:
    """Say whether the answer of a sign-in service could not be read: SAML, or an identifier that is empty or too long."""
    match = request.resolver_match
    if match is None or not (match.view_name or "").startswith(("saml_", "openid_connect_")):
        return False
    places = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(name.startswith(("onelogin.", "allauth.socialaccount.providers.base.provider")) for name in places)


def refusal_page(request: HttpRequest, refused: Refused, status: int = 403) -> HttpResponse:
    """Return the page with the rule, the reason and the next step."""
    return render(request, "refused.html", {"refused": refused}, status=status)


def _shorten(request: HttpRequest) -> None:
    """Let what is stored for somebody who is not signed in expire in minutes; from the sign-in on, at the end of a shift."""
    session, answered = request.session, getattr(request, "saml_acs_session", None)
    if session.modified and not session.is_empty():
        if SESSION_KEY not in session:
            session.set_expiry(_ANONYMOUS)
        elif "_session_expiry" in session:
            session.set_expiry(None)
    # The answer of a sign-in service has a session of its own; the page that reads it erases it, and changes nothing.
    if answered is not None and answered.modified and answered.session_key:
        answered.set_expiry(_ANONYMOUS)
        answered.save()


def _sign_in(request: HttpRequest) -> str:
    """Return the address of the sign-in that leads back to this page, as it was filtered."""
    if request.method != "GET":
        return "/accounts/login/"
    back = request.get_full_path()
    return f"/accounts/login/?{urlencode({'next': back if len(back) <= _MAX_BACK else request.path}, safe='/')}"


def _sign_in_service(request: HttpRequest) -> HttpResponse | None:
    """Let answers of an agency's own sign-in service in only for a known one, and not endlessly: they are stored.

    None passes that would take more time or memory than a form.
    """
    match = request.resolver_match
    if match is None or not (match.view_name or "").startswith("saml_"):
        return None
    get_app_or_404(request, match.kwargs["organization_slug"])
    if match.view_name == "saml_acs" and not ratelimit.consume(request, action="saml_acs"):
        return render(request, "429.html", status=429)
    if error := cannot_be_read(request):
        return refusal_page(request, _unreadable_answer(error))
    return None


class Clock:
    """Ends a session that was idle or lasted a whole shift, or whose member may no longer be signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """End the session or let the request pass; errors raised here get no page from the framework."""
        try:
            ended = self._ended(request)
        except _RECORD_FAILED as error:
            return record_failed_page(request, error)
        return ended or self.get_response(request)

    def _ended(self, request: HttpRequest) -> HttpResponse | None:
        member = request.user
        if isinstance(member, Member):
            now = timezone.now()
            seen = request.session.get(_SEEN)
            last = datetime.fromisoformat(seen) if seen else now
            answer = may_sign_in(member)
            if isinstance(answer, Refused):
                record_session("session.ended", member, how=answer.rule_id)
                logout(request)
                return refusal_page(request, answer)
            if idle(last, now):
                record_session("session.ended", member, how="idle")
                logout(request)
                return redirect("/accounts/login/?idle=1")
            began = request.session.get(_BEGAN)
            if began is not None and used_up(datetime.fromisoformat(began), now):
                record_session("session.ended", member, how="12 hours")
                logout(request)
                return redirect("/accounts/login/?long=1")
            request.META[MEMBER] = True
            asked = request.path != reverse("news-now")  # the page asks by itself: that is no activity of a person
            if seen is None or (asked and abs((now - last).total_seconds()) >= _SEEN_STEP):
                request.session[_SEEN] = now.isoformat()
                request.session.setdefault(_BEGAN, now.isoformat())
        return None


class Seen:
    """Keeps when and where a session was last seen, as often as `Clock` does: at each request it would be a durable write."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self._kept: Handler = UserSessionsMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Write the row if the session itself is about to be written."""
        return self._kept(request) if request.session.modified else self.get_response(request)


_FACTORS = Prepared(lambda member: Authenticator.objects.filter(user=member).values_list("pk")[:1], int)


class Access:
    """Enforces the table of pages: no URL without a row, no access beyond its row. The second factor comes first."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; `process_view` does the work."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, options: object
    ) -> HttpResponse | None:
        """Let the view run, redirect to sign-in or set-up, or refuse."""
        if "%00" in request.META.get("QUERY_STRING", ""):  # no text of ours has one, and PostgreSQL looks for none
            raise Http404
        try:
            return self._stopped(request)
        except (Refused, *_RECORD_FAILED) as error:
            return _page_for(request, error)

    def _stopped(self, request: HttpRequest) -> HttpResponse | None:
        match = request.resolver_match
        need = ACCESS.get(match.view_name if match else "")
        if need is None or match is None:
            return refusal_page(
                request,
                Refused(
                    "url.unlisted",
                    "Refused",
                    "This page has no access rule, so nobody may open it.",
                    "Report the page to the platform operator.",
                ),
            )
        if need is Anyone.CLOSED:
            raise Http404
        if need is Anyone.PUBLIC:
            return _sign_in_service(request)
        member = request.user
        if not isinstance(member, Member):
            return redirect(_sign_in(request))
        if need is not Anyone.SETUP and _FACTORS.first(member.pk) is None:
            return redirect("mfa_activate_totp")
        if isinstance(need, Permission):
            permit(need.value, need, member)
        # A picture belongs to a page: it is shown only after that page was opened, or opens it.
        if need is not Anyone.SETUP and match.view_name != "news-now" and not request.path.endswith(".jpg"):
            record_opened(member, match.view_name, request.path)
        return None
