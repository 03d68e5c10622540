"""A member's own pages: sessions, and joining."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.models import Member
from plainview.casework.people.members import join as join_agency
from plainview.casework.people.sign_in import end_session, record_session, set_password, use_reset
from plainview.policy.decision import Refused
from plainview.web.sample import people
from plainview.web.views.common import member_of

BACKEND = "plainview.web.adapters.Backend"


@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """List the member's sessions."""
    rows = UserSession.objects.purge_and_list(member_of(request))
    return render(request, "sessions.html", {"sessions": rows})


@require_POST
def session_end(request: HttpRequest, number: int) -> HttpResponse:
    """End one of the member's own sessions."""
    end_session(number, acting_member=member_of(request))
    return redirect("sessions")


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as a made-up person, where `sample.people` offers it; elsewhere the page does not exist."""
    person = next((member for member in people(request) if member.public_id == request.POST.get("person")), None)
    if person is None:
        raise Http404
    login(request, person, backend=BACKEND)
    record_session("session.began", person, how="sample sign-in")
    there = request.POST.get("next", "")
    return redirect(there if url_has_allowed_host_and_scheme(there, allowed_hosts=None) else "home")


class JoinForm(forms.Form):
    """Name and password of a person with an invitation or a reset code."""

    name = forms.CharField(
        max_length=200,
        required=False,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label="Choose a password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Next, you set up a second factor.",
    )

    def clean_password(self) -> str:
        """Check the password with Django's validators."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Join with an invitation, or set up sign-in again with a reset code."""
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password"]
        try:
            member = _joined(code, form.cleaned_data["name"], password)
        except Refused as refused:
            form.add_error(None, ValidationError(f"{refused.why} {refused.next_step}"))
        else:
            answer: HttpResponse = perform_password_login(request, {"email": member.email}, Login(user=member))
            return answer
    return render(request, "join.html", {"form": form, "code": code})


def _joined(code: str, name: str, password: str) -> Member:
    try:
        return use_reset(code, password)
    except Refused:
        with transaction.atomic():
            return set_password(join_agency(code, name), password)
