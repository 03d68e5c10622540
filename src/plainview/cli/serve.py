"""`plainview serve`. Its options are known to every process before anything reads Django's settings."""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace.lock import as_server
from plainview.casework.workspace.serving import LOCAL, Serving, read_name, read_network
from plainview.cli import lifeline
from plainview.cli.common import say
from plainview.cli.start import open_workspace
from plainview.policy.decision import OperatorAct, Refused

_WORKER = (sys.executable, "-m", "plainview.cli.main", "worker", lifeline.OPTION)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    name: Annotated[
        str,
        typer.Option(
            help="Host name by which people reach it, with :PORT unless it is 443; several separated by commas."
        ),
    ] = "",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM. Replaced files are noticed.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(help="A proxy in front speaks TLS and sets Host, X-Forwarded-For and X-Forwarded-Proto."),
    ] = False,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address or network of the proxy, if it is not on this machine. May be repeated."),
    ] = None,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run a worker for background work.")
    ] = True,
) -> None:
    """Serve the web application, with a worker, until it is stopped."""
    options = _options(name, tls_cert, tls_key, behind_proxy, trusted_proxy or [])
    options.export()
    # Only now may anything of Django, or of uvicorn, be imported.
    workspace = open_workspace()
    state = import_module("plainview.casework.log.state")
    require_safe(host, options.secure)
    address = _address(host, port, options)
    running = import_module("plainview.serving.run")
    context = tls_context(tls_cert, tls_key) if options.secure == "tls" else None
    certificate = str(tls_cert.absolute()) if tls_cert else ""
    with as_server(workspace, address, certificate), running.listen(host, port) as listener:
        if not state.is_sample():
            import_module("plainview.casework.log.record").record_served()
        site = import_module("plainview.site.wsgi")
        if state.is_sample() and sys.stderr.isatty():  # for who tries it out: the passwords stay the last lines
            logging.getLogger("plainview.requests").setLevel(logging.WARNING)  # before `front` makes other processes
        front = site.front(options, workspace.scratch())
        worker = import_module("plainview.serving.child").Child("worker", _WORKER) if with_worker else None
        logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
        say(f"Plainview on {address}  (stop with Ctrl-C)")
        if state.is_sample():
            if sys.stderr.isatty():
                say("Requests are not listed here. In a file, each has a line: plainview serve 2>requests.log")
            say("Open it in a browser on this machine and choose a person: one click signs in. Or with a password:")
            import_module("plainview.cli.signing_in").print_people()
        sys.stdout.flush()
        running.run(front, listener, context, worker)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that still answer somebody who is gone must not keep the process


def _options(name: str, certificate: Path | None, key: Path | None, behind_proxy: bool, trusted: list[str]) -> Serving:
    """Return the options for every process.

    Raises:
        Refused: they contradict each other, or one cannot be read.
    """
    if bool(certificate) != bool(key):
        raise _contradiction("A certificate and its key are needed together.", "Give --tls-cert and --tls-key.")
    if certificate and behind_proxy:
        raise _contradiction(
            "Either this server speaks TLS or a proxy in front does.",
            "Give --tls-cert and --tls-key, or --behind-proxy.",
        )
    if trusted and not behind_proxy:
        raise _contradiction("A proxy was named, but not that there is one.", "Add --behind-proxy.")
    names = tuple(dict.fromkeys(read_name(part) for part in name.split(",") if part.strip()))
    networks = tuple(read_network(text) for part in trusted for text in part.split(",") if text.strip())
    if behind_proxy:
        return Serving(names, "proxy", networks or LOCAL)
    return Serving(names, "tls" if certificate else "")


def _contradiction(why: str, next_step: str) -> Refused:
    return Refused("serve.options", "Not served", why, next_step)


def tls_context(certificate: Path | None, key: Path | None) -> object:
    """Return the TLS context of a certificate and its key.

    Raises:
        Refused: serve.certificate: they cannot be used.
    """
    try:
        return import_module("plainview.serving.connections").Context(certificate, key)
    except (OSError, ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise Refused(
            "serve.certificate",
            "Not served",
            f"The certificate {certificate} and the key {key} cannot be used: {why}.",
            "Give a certificate chain and its own key without a passphrase, both as PEM files that this user can read.",
        ) from None


def _address(host: str, port: int, options: Serving) -> str:
    """Return the address that people open."""
    shown = f"[{host}]" if ":" in host else host
    here = f"http{'s' if options.secure == 'tls' else ''}://{shown}:{port}/"
    if not options.names:
        return here
    name = options.names[0]
    if options.secure == "proxy":
        return f"https://{name}/ (behind a proxy, on {here})"
    reached = f"{here.partition('://')[0]}://{name}"
    return f"{reached if ':' in name.rpartition(']')[2] or port == 443 else f'{reached}:{port}'}/"


def require_safe(host: str, secure: str) -> None:
    """Stop what would show a sample or a password to a network.

    Raises:
        Refused: serve.sample or serve.no_tls.
    """
    if _is_loopback(host):
        return
    if import_module("plainview.casework.log.state").is_sample():
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
