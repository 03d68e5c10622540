"""Credentials of the fictitious people of a sample workspace: passwords and TOTP secrets, random for each workspace.

Owns the file with them, mode 0600, in the folder of the keys. It must never work outside a sample workspace.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.db import transaction

from plainview.casework.log.state import is_sample
from plainview.casework.models import Member
from plainview.casework.workspace.services import services
from plainview.policy.decision import OperatorAct, Refused

_PERIOD = 30  # seconds that a code is valid; source: RFC 6238, and the library's default
_WORDS = 4  # groups of four letters and digits: 80 random bits


def _file() -> Path:
    return services().workspace.root / "keys" / "sample-people.json"


def make_credentials() -> None:
    """Give every sample person a password and an authenticator secret.

    Raises:
        Refused: sample.not_one.
    """
    _require_sample()
    by_email: dict[str, dict[str, str]] = {}
    with transaction.atomic():
        for member in Member.objects.filter(is_sample=True).order_by("pk"):
            password = "-".join(secrets.token_hex(3)[:5] for _ in range(_WORDS))
            secret = str(totp.generate_totp_secret())
            member.set_password(password)
            member.save(update_fields=["password"])
            totp.TOTP.activate(member, secret)
            RecoveryCodes.activate(member)
            by_email[member.email] = {"password": password, "totp_secret": secret}
        descriptor = os.open(_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(by_email, file)


def credentials() -> dict[str, dict[str, str]]:
    """Return address -> password, TOTP secret and present code.

    Raises:
        Refused: sample.not_one.
    """
    _require_sample()
    by_email: dict[str, dict[str, str]] = json.loads(_file().read_text("utf-8"))
    for credential in by_email.values():
        counter = int(time.time()) // _PERIOD
        credential["code"] = totp.format_hotp_value(totp.hotp_value(credential["totp_secret"], counter))
    return by_email


def _require_sample() -> None:
    if not is_sample():
        raise Refused(
            "sample.not_one",
            "Refused",
            "This is not a sample workspace, and only a sample workspace has sample people.",
            "Make a new workspace as a sample.",
            act=OperatorAct.INIT,
        )
