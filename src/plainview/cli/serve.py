"""`plainview serve`, and the commands of signing in."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces

from plainview.casework.people.samples import credentials
from plainview.casework.people.sign_in import release, reset_sign_in
from plainview.casework.upkeep.beats import Part, beat
from plainview.casework.workspace.folder import SERVE_ENV, Workspace
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_table, say
from plainview.cli.start import open_workspace
from plainview.policy.decision import OperatorAct, Refused

_LINES = {"()": "plainview.site.journal.JsonLines"}  # how each line of the server's log is written
_THREADS = 4  # requests at the same time: each search of a large gallery keeps one core busy


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    name: Annotated[str, typer.Option(help="Host name by which people reach it.")] = "",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    behind_proxy: Annotated[bool, typer.Option(help="A proxy in front speaks TLS and sets X-Forwarded-Proto.")] = False,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run a worker for background work.")
    ] = True,
) -> None:
    """Serve the web application, with a worker, until it is stopped."""
    workspace = open_workspace()
    secure = "proxy" if behind_proxy else "tls" if tls_cert and tls_key else ""
    require_safe(workspace, host, secure)
    if not workspace.is_sample:
        workspace.served_mark.touch(mode=0o600)
    os.environ[SERVE_ENV] = f"{name or host} {secure}"
    address = f"http{'s' if secure == 'tls' else ''}://{host}:{port}/"
    say(f"Plainview on {address}  (stop with Ctrl-C)")
    if workspace.is_sample:
        _print_people()

    beat(Part.SERVER, str(tls_cert.absolute()) if tls_cert else "")
    with _running_worker() if with_worker else nullcontext():
        Granian(
            "plainview.site.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=_THREADS,
            log_access=False,
            log_dictconfig={"formatters": {"generic": _LINES, "access": _LINES}},
            ssl_cert=tls_cert,
            ssl_key=tls_key,
        ).serve()


@contextmanager
def _running_worker() -> Iterator[None]:
    """Run a worker in a process of its own for as long as the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "plainview.cli.main", "worker"], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


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
            "The passwords of a sample workspace are known, so it is served on this machine only.",
            "Serve it on 127.0.0.1, or create a real workspace.",
            act=OperatorAct.INIT,
        )
    if not secure:
        raise Refused(
            "serve.no_tls",
            "Not served",
            f"On {host} passwords would be sent unencrypted.",
            "Serve with a certificate and its key, or behind a proxy that speaks TLS.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sample_credentials(json: Json = False) -> None:
    """Print how each sample person signs in, with the code of this moment."""
    open_workspace()
    if json:
        print_json({"people": credentials()})
    else:
        _print_people()


def _print_people() -> None:
    rows = [
        (email, sign_in["password"], sign_in["code"], sign_in["totp_secret"])
        for email, sign_in in credentials().items()
    ]
    print_table(("Sample person", "Password", "Current code", "Authenticator secret"), rows)


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
