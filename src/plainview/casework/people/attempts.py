"""Wrong passwords: they slow the person who types them, and the member is told.

Owns the counters. It must never lock an account, end a session, or say whether an address belongs to a member: an address
without an account is slowed in the same way.

An attempt counts under the address that was typed and the place where it was typed: a browser in which the member has
signed in before (web.devices), else the network address. So a stranger slows only the stranger, and all strangers
together are slowed too. The idea is OWASP's "Slow Down Online Guessing Attacks with Device Cookies".
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Letter, Member, SignInDelay
from plainview.policy import signing_in
from plainview.policy.wording import counted

DEVICE = "device "
"""How the place of a known browser begins."""

_EVERYWHERE = "everywhere"
LETTER = "sign_in.attempts"
_ONE_LETTER = timedelta(days=1)


def place_of(network_address: str) -> str:
    """Return the place of a network address: IPv4 whole, IPv6 its /64, which one customer has."""
    try:
        ip = ipaddress.ip_address(network_address)
    except ValueError:
        return network_address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def wait(tried: str, place: str) -> timedelta:
    """Return how long the next password for this address has to wait at this place."""
    now = timezone.now()
    sources = {_key(tried, place): False}
    if not place.startswith(DEVICE):
        sources[_key(tried, _EVERYWHERE)] = True
    waits = [
        signing_in.wait(delay.failures, delay.last_at, now, everywhere=sources[delay.source])
        for delay in SignInDelay.objects.filter(source__in=sources)
    ]
    return max(waits, default=timedelta())


def count(tried: str, place: str, member: Member | None) -> None:
    """Count a wrong password, in the running transaction; write to the member at the fifth, once a day."""
    now = timezone.now()
    here = _add(_key(tried, place), now)
    _add(_key(tried, _EVERYWHERE), now)
    if member is not None and here >= signing_in.MAX_FAILURES and not _written(member):
        write_letters(LETTER, [member.email], "Wrong passwords for your account", _letter(here), about=member.public_id)


def forget(tried: str, place: str) -> None:
    """Forget the wrong passwords of a place where the right one was typed."""
    SignInDelay.objects.filter(source=_key(tried, place)).delete()


def of_today(member: Member) -> int:
    """Return how many wrong passwords were typed for the member in the last day, everywhere."""
    delay = SignInDelay.objects.filter(source=_key(member.email, _EVERYWHERE)).first()
    return delay.failures if delay is not None and timezone.now() - delay.last_at < signing_in.FORGOTTEN else 0


def sweep() -> int:
    """Remove counters that no longer count; return how many."""
    return SignInDelay.objects.filter(last_at__lte=timezone.now() - signing_in.FORGOTTEN).delete()[0]


def _key(tried: str, place: str) -> str:
    source = f"{tried.strip().lower()[:254]} {place}"
    return salted_hmac("plainview.attempts", source, algorithm="sha256").hexdigest()


def _add(source: str, now: datetime) -> int:
    delay, _ = SignInDelay.objects.get_or_create(source=source, defaults={"last_at": now})
    if now - delay.last_at >= signing_in.FORGOTTEN:
        SignInDelay.objects.filter(source=source).update(failures=0)
    SignInDelay.objects.filter(source=source).update(failures=F("failures") + 1, last_at=now)
    return SignInDelay.objects.get(source=source).failures


def _written(member: Member) -> bool:
    since = timezone.now() - _ONE_LETTER
    return Letter.objects.filter(kind=LETTER, about=member.public_id, made_at__gt=since).exists()


def _letter(failures: int) -> str:
    return (
        f"{counted(failures, 'wrong password')} were typed for your account at one place.\n"
        "Your open sessions go on, and your account is not locked: the next attempts from there have to wait.\n\n"
        "If that was you, nothing more is needed. If not, tell your administrator, and change your password if you "
        f"use it anywhere else.\nYour record has every attempt: {address()}/me/\n"
    )
