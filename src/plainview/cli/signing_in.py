"""The commands of signing in: the sample people's credentials, and a colleague's account."""

from __future__ import annotations

import typer

from plainview.casework.people.samples import credentials
from plainview.casework.proposals.make import propose_about
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, print_json
from plainview.cli.proposals import proposed
from plainview.cli.start import open_workspace
from plainview.policy.proposals import Kind


def sample_credentials(json: Json = False) -> None:
    """Print how each sample person signs in, with the code of this moment."""
    open_workspace()
    if json:
        print_json({"people": credentials()})
    else:
        print_people()


def print_people() -> None:
    """Print how each sample person signs in: plain lines, which no terminal cuts."""
    for email, sign_in in credentials().items():
        typer.echo(f"{email}")
        typer.echo(f"  Password: {sign_in['password']}")
        typer.echo(f"  Code now: {sign_in['code']}")
        typer.echo(f"  Authenticator secret: {sign_in['totp_secret']}")


def member_release(email: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Propose to unlock a colleague's account; another member approves it."""
    member = acting_member(acting)
    proposed(propose_about(Kind.RELEASE, email, reason=reason, acting_member=member), json=json)


def member_reset(email: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Propose to remove a colleague's password and second factors; the approver gets the code for new ones."""
    member = acting_member(acting)
    proposed(propose_about(Kind.RESET, email, reason=reason, acting_member=member), json=json)
