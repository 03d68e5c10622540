"""The token itself: whose it is, what it may do, and when it ends."""

from __future__ import annotations

from django.http import HttpRequest
from pydantic import Field

from plainview.api.common import Moment, Out, member_of, token_of
from plainview.casework.people.tokens import scopes_held


class MeOut(Out):
    """The token, and the member for whom it stands."""

    member: str
    email: str
    agency: str
    roles: list[str]
    token: str = Field(description="Id of the token, as on the page of tokens and in the log.")
    service: str = Field(description="Name of the service that acts with the token; empty for a member's own programs.")
    scopes: list[str]
    expires: Moment


def me(request: HttpRequest) -> MeOut:
    """Return whose token this is and what it may do."""
    token, member = token_of(request), member_of(request)
    return MeOut(
        member=member.public_id,
        email=member.email,
        agency=member.agency.name,
        roles=member.roles,
        token=token.public_id,
        service=token.service,
        scopes=list(scopes_held(token)),
        expires=token.expires_at,
    )
