"""Repeated failed sign-ins: the first of an hour have entries of their own, the rest one entry together.

Owns the counters. Somebody who tries passwords all day must not fill the log, nor be able to hide in it: every attempt
is counted, for an account under that account and for addresses without an account under the network.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from plainview.audit.record import Value
from plainview.casework.log.channel import channel
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, SignInRepeat

FIRST = 10
"""Failures of an hour with entries of their own: twice as many as lock an account."""

WINDOW = timedelta(hours=1)
"""Time from the first failure to the summary."""

EVERYWHERE = 200
"""Failures of an hour at addresses without an account, from all networks, with entries of their own: a network costs
nothing to somebody who has a /32 of IPv6."""


def network_of(address: str) -> str:
    """Return the network that one customer has: IPv4 /24, IPv6 /48; "" if the address cannot be read."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def deserves_entry(member: Member | None) -> bool:
    """Count a failure, in the running transaction; say whether it gets an entry of its own."""
    if member is not None:
        return _count(f"member {member.pk}", member, FIRST)
    network = network_of(channel().sealed.get("address", ""))
    return _count(f"network {network}", None, FIRST) and _count("everywhere", None, EVERYWHERE)


def _count(source: str, member: Member | None, first: int) -> bool:
    key = salted_hmac("plainview.failures", source, algorithm="sha256").hexdigest()
    SignInRepeat.objects.get_or_create(source=key, defaults={"began_at": timezone.now(), "member": member})
    rows = SignInRepeat.objects.filter(source=key)
    if rows.filter(failures__lt=first).update(failures=F("failures") + 1):
        return True
    rows.update(failures=F("failures") + 1, unrecorded=F("unrecorded") + 1)
    return False


def summarise() -> int:
    """Write one entry for each counter whose hour is over and that counted more; return how many were written."""
    over = SignInRepeat.objects.filter(began_at__lte=timezone.now() - WINDOW).select_related("member__agency")
    written = 0
    for repeat in list(over):
        with transaction.atomic():
            current = SignInRepeat.objects.select_for_update().filter(pk=repeat.pk).first()
            if current is None:
                continue
            if current.unrecorded:
                about: dict[str, Value] = {"failures": current.unrecorded}
                if repeat.member is not None:
                    about |= {"member": repeat.member.public_id, "agency": repeat.member.agency.public_id}
                write_entry("sign_in.failed_more", about, acting_member=None)
                written += 1
            current.delete()
    return written
