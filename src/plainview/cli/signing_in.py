"""The commands of signing in: the sample people's credentials, and a colleague's account."""

from __future__ import annotations

import typer

from plainview.casework.people.samples import credentials
from plainview.casework.people.sign_in import release, reset_sign_in
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, say
from plainview.cli.start import open_workspace


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


def member_release(email: str, acting: As, json: Json = False) -> None:
    """Unlock a colleague's account after failed attempts."""
    member = acting_member(acting)
    released = release(email, acting_member=member)
    answer(f"{released.email} is unlocked.", json=json, email=released.email, state="released")


def member_reset(email: str, acting: As, json: Json = False) -> None:
    """Remove a colleague's password and second factors; they set up new ones with the code."""
    member = acting_member(acting)
    code = reset_sign_in(email, acting_member=member)
    if json:
        print_json({"email": email, "code": code})
        return
    say(f"Give this code to {email}, and nobody else; they open /join/CODE/ with it:")
    typer.echo(code)
