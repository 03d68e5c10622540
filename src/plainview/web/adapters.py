"""Adapters of django-allauth: no open sign-up, every failure recorded, secrets sealed.

Owns only these adapters; the library checks passwords, codes and keys.
"""

from __future__ import annotations

import base64
import time
from math import ceil
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from plainview.casework.log.state import is_sample
from plainview.casework.models import Member
from plainview.casework.people import attempts
from plainview.casework.people.sign_in import PASSWORD, SSO, may_sign_in, record_failure
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import services
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission
from plainview.policy.signing_in import REAUTHENTICATE
from plainview.policy.wording import counted
from plainview.web import devices
from plainview.web.middleware import refusal_page
from plainview.web.single_sign_on import ProviderSession, addresses_of
from plainview.web.views.common import client_address

_CONTEXT = b"mfa secret"


_MEMBERS = Prepared(lambda key: Member.objects.select_related("agency").filter(pk=key), int)


class Backend(AuthenticationBackend):
    """Sign-in by password; a member who may not sign in gets the answer of a wrong password."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Say whether the member is active, not locked and of an open agency; sample people only in sample workspaces."""
        return isinstance(user, Member) and isinstance(may_sign_in(user), Allow)

    def get_user(self, user_id: Any) -> Any:
        """Return the member of a session, even one who may no longer sign in: `middleware.Clock` ends it on record."""
        return _MEMBERS.first(int(user_id))

    @classmethod
    def _stash_user(cls, user: Any) -> None:
        """Store nothing: the library would show "inactive", which reveals that a guessed password is right."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody signs up."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Let the password wait after wrong ones from the same place; the answer is the same for an unknown address.

        Raises:
            ValidationError: it has to wait.
        """
        super().pre_authenticate(request, **credentials)
        tried = str(credentials.get("email", ""))
        pause = attempts.wait(tried, devices.place(request, tried))
        if pause:
            minutes = counted(ceil(pause.total_seconds() / 60), "minute")
            raise ValidationError(f"Too many wrong passwords. Try again in {minutes}.", code="sign_in.wait")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Forget the wrong passwords of this place once the right one was typed."""
        member = super().authenticate(request, **credentials)
        if member is not None:
            tried = str(credentials.get("email", ""))
            attempts.forget(tried, devices.place(request, tried))
        return member

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a wrong password."""
        super().authentication_failed(request, **credentials)
        tried = str(credentials.get("email", ""))
        member = Member.objects.select_related("agency").filter(email=tried.strip().lower()).first()
        record_failure(member, tried, PASSWORD, place=devices.place(request, tried))

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Count a wrong password here too; the session goes on."""
        place = devices.place(context.request, user.email)
        if attempts.wait(user.email, place):
            return False
        good = bool(super().reauthenticate(user, password))
        if not good:
            record_failure(user, user.email, PASSWORD, place=place)
        return good

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """Accept a recent sign-in as fresh for some minutes; the library would ask again at once."""
        request = context.request
        records = get_authentication_records(request, request.user)
        return not any(time.time() - record["at"] < REAUTHENTICATE.total_seconds() for record in records)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address as the entries name it."""
        return client_address(request) or "127.0.0.1"

    def send_notification_mail(self, *arguments: Any, **options: Any) -> None:
        """Send nothing: the member's own record shows it."""


class MfaAdapter(DefaultMFAAdapter):
    """Second factors, sealed in the database."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return base64.b64encode(services().openings.seal(text.encode(), _CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret that `encrypt` sealed."""
        return services().openings.open(base64.b64decode(encrypted_text), _CONTEXT).decode()

    def get_totp_issuer(self) -> str:
        """Return the name that an authenticator app shows."""
        return "Plainview (SAMPLE)" if is_sample() else "Plainview"

    def send_notification_mail(self, *arguments: Any, **options: Any) -> None:
        """Send nothing."""


class SocialAdapter(DefaultSocialAccountAdapter):
    """Agencies' own sign-in (OIDC, SAML), for members whom the agency invited and nobody else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return False: nobody signs up."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the member by the address that the agency's own provider has verified.

        Raises:
            ImmediateHttpResponse: no member, another agency's, or one who may not sign in.
        """
        app = sociallogin.provider.app
        agency = str(app.settings.get("agency", ""))
        try:
            addresses = addresses_of(sociallogin, app)
        except Refused as refused:
            record_failure(None, "", SSO)
            raise ImmediateHttpResponse(refusal_page(request, refused)) from None
        members = Member.objects.select_related("agency").filter(email__in=addresses, agency__public_id=agency)
        member = members.first()
        answer = may_sign_in(member) if member is not None else _unknown()
        if isinstance(answer, Refused):
            record_failure(member, ", ".join(addresses), SSO)
            raise ImmediateHttpResponse(refusal_page(request, answer))
        if sociallogin.is_existing:
            if member is None or sociallogin.user.pk != member.pk:
                raise ImmediateHttpResponse(refusal_page(request, _unknown()))
            SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
            return
        if SocialAccount.objects.filter(user=member, provider=sociallogin.account.provider).exists():
            record_failure(member, ", ".join(addresses), SSO)
            raise ImmediateHttpResponse(refusal_page(request, _other_account()))
        sociallogin.account.extra_data = {}  # name, groups and what else the provider said: nothing of it is kept
        sociallogin.connect(request, member)

    def get_requests_session(self) -> ProviderSession:
        """Return what asks a provider."""
        return ProviderSession()


def _other_account() -> Refused:
    return Refused(
        "sso.other_account",
        "Not signed in",
        "Your account here belongs to another account of the provider, with the same address.",
        "Ask an administrator of your agency to reset your sign-in. If it happens each time, your provider sends "
        "another identifier at each sign-in: it must send a persistent one.",
        act=Permission.MEMBER_RELEASE,
    )


def _unknown() -> Refused:
    return Refused(
        "member.unknown",
        "Not signed in",
        "Your agency has not invited anyone with this address.",
        "Ask your agency administrator.",
    )
