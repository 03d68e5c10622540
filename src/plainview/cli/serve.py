"""`plainview serve`, and the commands of signing in."""

from __future__ import annotations

import ipaddress
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plainview.casework.workspace.folder import SERVE_ENV, Workspace
from plainview.cli.common import As, Json, acting_member, console, open_workspace, print_json
from plainview.cli.people import member_app
from plainview.cli.worker import beside
from plainview.policy.decision import Refused

_THREADS = 4  # requests at the same time: each search of a large gallery keeps one core busy


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    name: Annotated[str, typer.Option(help="Host name by which people reach it.")] = "",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option(help="A proxy before it speaks TLS and sets X-Forwarded-Proto.")
    ] = False,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run a worker for background work beside it.")
    ] = True,
) -> None:
    """Serve the web application, one process and a worker beside it, until it is stopped."""
    workspace = open_workspace()
    secure = "proxy" if behind_proxy else "tls" if tls_cert and tls_key else ""
    require_safe(workspace, host, secure)
    if not workspace.is_sample:
        workspace.served_mark.touch(mode=0o600)
    os.environ[SERVE_ENV] = f"{name or host} {secure}"
    address = f"http{'s' if secure == 'tls' else ''}://{host}:{port}/"
    console.print(f"Plainview on {address}  (stop with Ctrl-C)", soft_wrap=True)
    if workspace.is_sample:
        _print_people()
    from granian import Granian
    from granian.constants import Interfaces

    with beside() if with_worker else nullcontext():
        Granian(
            "plainview.site.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=_THREADS,
            log_access=False,
            ssl_cert=tls_cert,
            ssl_key=tls_key,
        ).serve()


def require_safe(workspace: Workspace, host: str, secure: str) -> None:
    """Stop what would show a sample or a password to a network.

    Raises:
        Refused: serve.sample or serve.no_tls.
    """
    if _is_loopback(host):
        return
    if workspace.is_sample:
        raise Refused(
            "serve.sample",
            "Not served",
            "A sample workspace has known people and listens on this machine only.",
            "Serve it on 127.0.0.1, or make a real workspace with `plainview init`.",
        )
    if not secure:
        raise Refused(
            "serve.no_tls",
            "Not served",
            f"On {host} passwords would travel in the clear.",
            "Give --tls-cert and --tls-key, or --behind-proxy when a proxy before it speaks TLS.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@member_app.command("sample-credentials")
def sample_credentials(json: Json = False) -> None:
    """Print how each sample person signs in, with the code of this moment."""
    open_workspace()
    from plainview.casework.people.samples import credentials

    if json:
        print_json({"people": credentials()})
    else:
        _print_people()


def _print_people() -> None:
    from plainview.casework.people.samples import credentials

    table = Table("Sample person", "Password", "Code now", "Authenticator secret")
    for email, row in credentials().items():
        table.add_row(email, row["password"], row["code"], row["totp_secret"])
    console.print(table)


@member_app.command("release")
def member_release(email: str, acting: As) -> None:
    """Unlock a colleague's account after failed attempts."""
    member = acting_member(acting)
    from plainview.casework.people.sign_in import release

    console.print(f"{release(email, acting_member=member).email} is released.")


@member_app.command("reset-sign-in")
def member_reset(email: str, acting: As) -> None:
    """Take a colleague's password and second factors away; they set up new ones with the code."""
    member = acting_member(acting)
    from plainview.casework.people.sign_in import reset_sign_in

    code = reset_sign_in(email, acting_member=member)
    console.print(f"Give this code to {email}, and nobody else; they open /join/CODE/ with it:")
    typer.echo(code)


def register(app: typer.Typer) -> None:
    """Add the commands; those of members are in the group `member`."""
    app.command()(serve)
