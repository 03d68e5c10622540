"""How django-allauth meets Plainview: no open sign-up, every failure recorded, secrets sealed.

Owns nothing but these seams; passwords, codes and keys are checked by the library.
"""

from __future__ import annotations

import base64
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest

from plainview.casework.models import Member
from plainview.casework.people.sign_in import may_sign_in, record_failure
from plainview.casework.workspace.services import services
from plainview.policy.decision import Allow, Refused
from plainview.policy.signing_in import REAUTHENTICATE
from plainview.web.middleware import refusal_page
from plainview.web.views.common import client_address

_CONTEXT = b"mfa secret"


class Backend(AuthenticationBackend):
    """Passwords; a member who may not sign in is answered as a wrong password is."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Active, not locked, of an open agency; sample people in sample workspaces only."""
        return isinstance(user, Member) and isinstance(may_sign_in(user), Allow)

    def get_user(self, user_id: Any) -> Any:
        """The member of a session, whatever became of them: `middleware.Clock` ends it on record."""
        return Member.objects.select_related("agency").filter(pk=user_id).first()

    @classmethod
    def _stash_user(cls, user: Any) -> None:
        """Keep nothing: the library would show "inactive", which tells a guesser that the password is right."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a wrong password."""
        super().authentication_failed(request, **credentials)
        tried = str(credentials.get("email", ""))
        member = Member.objects.select_related("agency").filter(email=tried.strip().lower()).first()
        record_failure(member, tried, "password")

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Count a wrong password here too."""
        good = bool(super().reauthenticate(user, password))
        if not good:
            record_failure(user, user.email, "password")
        return good

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """A sign-in is itself fresh for some minutes; the library would ask again at once."""
        request = context.request
        records = get_authentication_records(request, request.user)
        return not any(time.time() - row["at"] < REAUTHENTICATE.total_seconds() for row in records)

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the entries name it."""
        return client_address(request) or "127.0.0.1"

    def send_notification_mail(self, *arguments: Any, **options: Any) -> None:
        """Nothing by mail: the member's own record shows it."""


class MfaAdapter(DefaultMFAAdapter):
    """Second factors, sealed in the database."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return base64.b64encode(services().openings.seal(text.encode(), _CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed."""
        return services().openings.open(base64.b64decode(encrypted_text), _CONTEXT).decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows."""
        return "Plainview (SAMPLE)" if services().workspace.is_sample else "Plainview"

    def send_notification_mail(self, *arguments: Any, **options: Any) -> None:
        """Nothing by mail."""


class SocialAdapter(DefaultSocialAccountAdapter):
    """Agencies' own sign-in (OIDC, SAML): it lets in members whom the agency invited, and nobody else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the member by the address that the agency's own provider vouches for.

        Raises:
            ImmediateHttpResponse: no member, another agency's, or one who may not sign in.
        """
        app = sociallogin.provider.app if sociallogin.provider else None
        agency = str((app.settings if app else {}).get("agency", ""))
        addresses = [row.email.strip().lower() for row in sociallogin.email_addresses if row.verified]
        members = Member.objects.select_related("agency").filter(email__in=addresses, agency__public_id=agency)
        member = members.first()
        answer = may_sign_in(member) if member is not None else _unknown()
        if isinstance(answer, Refused):
            record_failure(member, ", ".join(addresses), "sso")
            raise ImmediateHttpResponse(refusal_page(request, answer))
        if sociallogin.is_existing:
            if member is None or sociallogin.user.pk != member.pk:
                raise ImmediateHttpResponse(refusal_page(request, _unknown()))
            return
        sociallogin.connect(request, member)


def _unknown() -> Refused:
    return Refused(
        "member.unknown",
        "Not signed in",
        "Your agency has not invited anyone with this address.",
        "Ask your agency administrator.",
    )
