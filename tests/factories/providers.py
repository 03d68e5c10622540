"""Real providers of sign-in on loopback, each in a process of its own: oidc-provider (Node), and pysaml2's IdP."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

INSTALLED = Path(sys.prefix) / "providers"
"""Where `make providers` puts oidc-provider with its dependencies."""

_PROGRAM = Path(__file__).parents[1] / "deployed" / "providers" / "oidc.mjs"
CLIENT, SECRET = "plainview", "a secret of the client"


@contextlib.contextmanager
def oidc_provider(
    folder: Path, redirect: str, accounts: Mapping[str, Mapping[str, Any]], *, in_id_token: bool = False
) -> Iterator[str]:
    """Run oidc-provider with these accounts (name -> claims); yields its address. `make providers` installs it."""
    node = shutil.which("node")
    assert node, "the tests need node: see `make providers`"
    assert (INSTALLED / "node_modules" / "oidc-provider").is_dir(), "run `make providers`"
    program = folder / "oidc.mjs"  # a module finds its dependencies beside itself
    shutil.copy(_PROGRAM, program)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    settings = folder / "oidc.json"
    settings.write_text(json.dumps({"redirect": redirect, "accounts": accounts, "inIdToken": in_id_token}))
    with _running([node, str(program), str(settings)], folder / "oidc.log") as address:
        yield address


@contextlib.contextmanager
def saml_provider(folder: Path, port: int, metadata: str, accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Run pysaml2's IdP, which knows the service by its metadata; yields its address. It needs xmlsec1.

    See tests.factories.saml_idp.
    """
    assert shutil.which("xmlsec1"), "the tests need xmlsec1: see `make providers`"
    (folder / "port").write_text(str(port))
    (folder / "sp.xml").write_text(metadata)
    (folder / "accounts.json").write_text(json.dumps(accounts))
    with _running([sys.executable, "-m", "tests.factories.saml_idp", str(folder)], folder / "saml.log") as address:
        yield address


def free_port() -> int:
    """A free port of this machine, found in a process of its own: the tests themselves may open no socket."""
    find = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    return int(subprocess.run([sys.executable, "-c", find], capture_output=True, text=True, check=True).stdout)


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[str]:
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
        )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 120)[0], log.read_text()
        line = process.stdout.readline().strip()
        assert line, log.read_text()
        yield line
    finally:
        process.kill()
        process.__exit__(None, None, None)
