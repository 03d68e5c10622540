"""The mail server that workspace.toml names under [mail].

Owns reading and checking these settings. It must never let a password leave for another machine unencrypted.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from plainview.casework.mail import address
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused

STARTTLS, IMPLICIT, NONE = "starttls", "implicit", "none"

_IMPLICIT_PORT, _PORT = 465, 587  # RFC 8314: submission over TLS from the first byte, and with STARTTLS
_DEFAULT_SENDER = "plainview@localhost"


@dataclass(frozen=True, slots=True)
class Account:
    """Where and how letters are handed over.

    Attributes:
        host, port: the mail server.
        tls: STARTTLS, IMPLICIT (from the first byte) or NONE.
        user, password, password_file: empty if the server asks for none.
        sender: the From line.
        ca_file: certificate authority of the server, if it is not a public one.
    """

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    password_file: str
    sender: str
    ca_file: str

    def secret(self) -> str:
        """Return the password. It is read only to send: not everybody who asks for the state may read the file.

        Raises:
            OSError, ValueError: the file cannot be read.
        """
        return Path(self.password_file).read_text("utf-8").strip() if self.password_file else self.password


def has_server() -> bool:
    """Say whether workspace.toml names a mail server; nothing else of it is read."""
    mail_settings = services().workspace.settings().get("mail", {})
    return bool(mail_settings.get("host")) if isinstance(mail_settings, dict) else True


def account() -> Account | None:
    """Return the mail server; None if workspace.toml names none: letters are then written into the folder `outbox`.

    Raises:
        Refused: mail.settings.
    """
    mail_settings = services().workspace.settings().get("mail", {})
    if not isinstance(mail_settings, dict):
        raise _invalid("`mail` is not a table.")
    host = str(mail_settings.get("host", "")).strip()
    if not host:
        return None
    port = mail_settings.get("port")
    if port is not None and (type(port) is not int or not 0 < port < 65536):
        raise _invalid("`mail.port` is not a number from 1 to 65535.")
    tls = _tls(mail_settings.get("tls", True), port)
    password, file = str(mail_settings.get("password", "")), str(mail_settings.get("password_file", ""))
    if (password or file) and tls == NONE and not _is_loopback(host):
        raise _invalid("The password would be sent unencrypted: `mail.tls` is false.")
    return Account(
        host=host,
        port=port or (_IMPLICIT_PORT if tls == IMPLICIT else _PORT),
        tls=tls,
        user=str(mail_settings.get("user", "")),
        password=password,
        password_file=file,
        sender=sender(),
        ca_file=str(mail_settings.get("ca_file", "")),
    )


def sender() -> str:
    """Return the From line of every letter.

    Raises:
        Refused: mail.settings.
    """
    mail_settings = services().workspace.settings().get("mail", {})
    text = str(mail_settings.get("from", _DEFAULT_SENDER)) if isinstance(mail_settings, dict) else _DEFAULT_SENDER
    if "@" not in parseaddr(text)[1] or "\n" in text or "\r" in text:
        raise _invalid("`mail.from` is not an e-mail address.")
    return text


def domain() -> str:
    """Return the name by which this deployment greets a mail server: that of its address, else of its sender.

    No name server is asked for the name of this machine.
    """
    name = urlsplit(address()).hostname or ""
    if "." in name and not name.replace(".", "").isdigit():
        return name
    return parseaddr(sender())[1].rpartition("@")[2]


def _tls(value: object, port: object) -> str:
    if value is True:
        return IMPLICIT if port == _IMPLICIT_PORT else STARTTLS
    if value is False:
        return NONE
    if value in (STARTTLS, IMPLICIT, NONE):
        return str(value)
    raise _invalid(f'`mail.tls` is {value!r}. Use "{STARTTLS}" or "{IMPLICIT}", or false for none.')


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(why: str) -> Refused:
    return Refused(
        "mail.settings",
        "Mail server not usable",
        why,
        f"Correct the table [mail] in {services().workspace.settings_file}; docs/howto/mail.md describes each key.",
    )
