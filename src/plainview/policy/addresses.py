"""Which network addresses are public: where feeds and webhooks may lead.

Owns the classification of an address, also of one written or embedded in another form. It must never look a name up:
casework.outgoing does that, and asks here about every answer.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""Prefixes by which an IPv6 address leads to an IPv4 one; source: RFC 6052, 2.1 and RFC 8215."""

_CLOSED = (ip_network("fec0::/10"), ip_network("192.0.0.0/24"))
"""Not public, although some versions of Python call them global; source: RFC 3879 and RFC 6890."""

_NEVER = tuple(ip_network(net) for net in ("169.254.0.0/16", "fe80::/10", "0.0.0.0/8", "::/128"))
"""Link-local (there a cloud offers its machine's passwords) and unspecified: also closed where private ones are open."""


def is_public(address: str) -> bool:
    """Return True for an address of the public internet, also when another one is embedded in it (mapped, NAT64, 6to4)."""
    number = _inner(address)
    return (
        number.is_global
        and not (number.is_multicast or number.is_reserved or number.is_loopback)
        and not any(number in net for net in _CLOSED)
    )


def is_open(address: str, *, private: bool) -> bool:
    """Return True for a public address, and for a private one where those are allowed."""
    if is_public(address):
        return True
    number = _inner(address)
    return private and not number.is_multicast and not any(number in net for net in _NEVER)


def literal(host: str) -> str | None:
    """Return the address that a host name is written as, in any spelling (127.1, 2130706433, 0x7f.1, ::1); None for a name."""
    text = host.strip("[]").partition("%")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        return str(IPv4Address(socket.inet_aton(text)))
    except (OSError, UnicodeError, ValueError):
        return None


def _inner(address: str) -> IPv4Address | IPv6Address:
    number = ip_address(address.partition("%")[0])
    if isinstance(number, IPv6Address):
        if any(number in prefix for prefix in _NAT64):
            return IPv4Address(int(number) & 0xFFFFFFFF)
        return number.ipv4_mapped or number.sixtofour or number
    return number
