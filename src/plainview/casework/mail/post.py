"""Handing letters to the mail server by SMTP: encrypted, within seconds, one recipient at a time.

Owns the connection and the words for its failures. It must never fall back to an unencrypted connection, nor let a slow
server hold the worker longer than `LIMIT`.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from types import TracebackType

from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from plainview.casework.mail.account import IMPLICIT, STARTTLS, Account, domain

SECONDS = 10
"""Longest wait for one answer of the mail server."""

LIMIT = 30
"""Longest time in seconds for signing in, and for one letter: a server may send one byte every nine seconds."""


@dataclass(eq=False)
class Failure(Exception):
    """A letter, or every letter, that was not taken.

    Attributes:
        why: in a sentence, without an address or a word of the server.
        answer: what the server said, for the operator's eyes; may name people.
        final: True if the server will never take this letter.
        everybody: True if no other letter would be taken now.
    """

    why: str
    answer: str = ""
    final: bool = False
    everybody: bool = False


def _unreadable(sentence: str, error: OSError | ValueError) -> Failure:
    """Return the failure of a file that the settings name: the server said nothing, the system did."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not what it should be"
    return Failure(f"{sentence}: {why}.", everybody=True)


class _Client(smtplib.SMTP):
    """SMTP over TLS from the first byte, if the account says so."""

    def __init__(self, account: Account, context: ssl.SSLContext) -> None:
        super().__init__(local_hostname=domain(), timeout=SECONDS)
        self._host = account.host  # the name that the certificate must have
        self._context = context if account.tls == IMPLICIT else None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        return self._context.wrap_socket(plain, server_hostname=host) if self._context else plain


class Post:
    """A signed-in connection. Use it as a context manager.

    Raises:
        Failure: the server cannot be reached, is not who it should be, or does not take the password.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self._client: _Client | None = None

    def __enter__(self) -> Post:
        account = self.account
        try:
            context = ssl.create_default_context(cafile=account.ca_file or None)
        except OSError as error:  # includes ssl.SSLError
            raise _unreadable("The file in `mail.ca_file` cannot be used", error) from None
        try:
            password = account.secret()
        except (OSError, ValueError) as error:
            raise _unreadable("The file in `mail.password_file` cannot be read", error) from None
        client = self._client = _Client(account, context)
        try:
            with _limited(client), _explained(account):
                client.connect(account.host, account.port)
                client.ehlo_or_helo_if_needed()
                if account.tls == STARTTLS:
                    client.starttls(context=context)
                if account.user:
                    client.login(account.user, password)
        except Failure as failure:
            self._close()
            failure.everybody = True
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            with _limited(self._client), contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self._close()

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def is_open(self) -> bool:
        """Say whether the server still listens."""
        return self._client is not None and self._client.sock is not None

    def says(self) -> str:
        """Return how the connection is encrypted, in words."""
        connected = self._client.sock if self._client else None
        if not isinstance(connected, ssl.SSLSocket):
            return "not encrypted"
        return f"{connected.version()}, certificate valid until {(connected.getpeercert() or {}).get('notAfter', '?')}"

    def hand_over(self, letter: EmailMessage) -> None:
        """Hand one letter with one recipient over.

        Raises:
            Failure: it was not taken.
        """
        client, encoding = self._client, "utf-8"
        assert client is not None  # noqa: S101
        try:
            sender = parseaddr(sanitize_address(letter.from_email, encoding))[1]
            to = parseaddr(sanitize_address(letter.to[0], encoding))[1]
            data = letter.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        except (ValueError, UnicodeError) as error:
            raise Failure("The letter cannot be written: an address is not valid.", str(error), final=True) from None
        with _limited(client), _explained(self.account):
            client.sendmail(sender, [to], data)


@contextlib.contextmanager
def _limited(client: smtplib.SMTP) -> Iterator[None]:
    """End the connection when the block takes longer than LIMIT."""

    def end() -> None:
        with contextlib.suppress(OSError):
            if client.sock:
                client.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(LIMIT, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _explained(account: Account) -> Iterator[None]:
    """Turn what smtplib and the network raise into a Failure."""
    try:
        yield
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise _failure(error, account) from None


def _failure(error: Exception, account: Account) -> Failure:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return Failure(
            f"The mail server {'does not accept this address' if code >= 500 else 'is not ready for this address'} ({code}).",
            _text(said),
            final=code >= 500,
        )
    if isinstance(error, smtplib.SMTPResponseException):
        code, answer = error.smtp_code, _text(error.smtp_error)
        if isinstance(error, smtplib.SMTPDataError):
            return Failure(f"The mail server does not accept this letter ({code}).", answer, final=code >= 500)
        why = {
            smtplib.SMTPAuthenticationError: "The mail server does not accept the user name and password",
            smtplib.SMTPSenderRefused: "The mail server does not accept the sender",
        }.get(type(error), "The mail server does not take letters now")
        return Failure(f"{why} ({code}).", answer)
    if isinstance(error, UnicodeError):
        return Failure("The mail server cannot take an address with such characters.", final=True)
    return Failure(_network(error, account), str(error))


def _network(error: Exception, account: Account) -> str:
    where = f"{account.host}, port {account.port}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return (
            f"{where} offers no STARTTLS."
            if account.tls == STARTTLS and "STARTTLS" in str(error)
            else f"{where} offers no sign-in."
        )
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return f"{where} closed the connection, or took longer than {LIMIT} seconds."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {where} is not trusted: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        other = "starttls" if account.tls == IMPLICIT else "implicit"
        return f"{where} does not speak TLS in this way; perhaps `mail.tls` is {other}."
    if isinstance(error, TimeoutError):
        hint = "" if account.tls == IMPLICIT else " If it speaks TLS from the first byte, set `mail.tls` to implicit."
        return f"{where} did not answer within {SECONDS} seconds.{hint}"
    if isinstance(error, socket.gaierror):
        return f"The name {account.host} has no address."
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refused the connection."
    return f"{where} cannot be reached."


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
