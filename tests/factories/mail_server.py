"""A real mail server (aiosmtpd) in a process of its own: with TLS or without, slow, refusing, greylisting.

`python -m tests.factories.mail_server FOLDER TLS BEHAVIOUR [CHAIN KEY]` prints its port and stores the letters that it
takes in FOLDER, each with its envelope.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from tests.factories.certificates import Certificates

USER, PASSWORD = "plainview", "a password of the mail server"


class Mailbox:
    """aiosmtpd's handler."""

    def __init__(self, folder: Path, behaviour: str) -> None:
        self.folder, self.behaviour, self.seen = folder, behaviour, 0

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen += 1
        if self.behaviour == "greylists" and self.seen == 1:
            return f"451 4.7.1 Greylisted, {address} please come back"
        if self.behaviour == "refuses" or address.startswith("nobody"):
            return f"550 5.1.1 <{address}> User unknown"
        if self.behaviour == "ends early" and self.seen == 2:
            return "421 4.7.0 Too many letters in one session"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        number = len(list(self.folder.iterdir()))
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "user": (session.auth_data or LoginPassword(b"", b"")).login.decode(),
            "encrypted": session.ssl is not None,
            "text": (envelope.content or b"").decode("utf-8", "replace"),
        }
        (self.folder / f"{number}.json").write_text(json.dumps(letter))
        return "250 OK"


def _authenticated(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
    return AuthResult(success=known, handled=False, auth_data=data)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A greeting that never ends: one byte every second."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(1)


async def _hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _main(folder: Path, tls: str, behaviour: str, files: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    mailbox, context = Mailbox(folder, behaviour), None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="mail.test",
            authenticator=_authenticated,
            auth_require_tls=tls == "starttls",
            require_starttls=tls == "starttls",
            tls_context=context if tls == "starttls" else None,
        )

    loop = asyncio.get_running_loop()
    if behaviour in ("drips", "hangs"):
        server = await asyncio.start_server(_drip if behaviour == "drips" else _hang, "127.0.0.1", 0)
    else:
        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if tls == "implicit" else None)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextlib.contextmanager
def mail_server(
    folder: Path, tls: str = "none", behaviour: str = "takes", certificates: Certificates | None = None
) -> Iterator[int]:
    """Run one; yields its port."""
    files = [str(certificates.chain), str(certificates.key)] if certificates else []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.factories.mail_server", str(folder), tls, behaviour, *files],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "the mail server did not start"
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.__exit__(None, None, None)


def received(folder: Path) -> list[dict[str, Any]]:
    """The letters that the server took, in order."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"), key=lambda path: int(path.stem))]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
