"""How people reach the served workspace: names, TLS, the proxies that are trusted, the address behind a connection.

Owns the options of `plainview serve` for every process that it starts, and the ONE function that says whose request it
is. No Django here. It must never believe a header of a connection that does not come from a trusted proxy.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from plainview.casework.workspace.folder import SERVE_ENV
from plainview.policy.decision import Refused

LOCAL = ("127.0.0.1/32", "::1/128")
"""The proxies that are trusted unless `--trusted-proxy` names others: those on this machine."""

_MOST_HOPS = 20  # addresses of X-Forwarded-For that are read: a longer chain is not one of real proxies

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Caller(NamedTuple):
    """Whose request it is.

    Attributes:
        address: of the person's own network, without port or brackets.
        scheme: "https" or "http", as the person typed it.
        host: the Host that the person typed, None if it is the request's own.
    """

    address: str
    scheme: str
    host: str | None


@dataclass(frozen=True, slots=True)
class Serving:
    """The options of `plainview serve`; the default is a process that is not a server.

    Attributes:
        names: host names by which people reach it, each with the port if it is not the usual one.
        secure: "tls" (this process speaks TLS), "proxy" (a proxy in front does) or "".
        trusted: networks of the proxies whose headers are believed; empty if there is no proxy.
    """

    names: tuple[str, ...] = ()
    secure: str = ""
    trusted: tuple[str, ...] = ()

    @property
    def hosts(self) -> list[str]:
        """Return the names without ports."""
        return [split_host(name)[0] for name in self.names]

    @property
    def origins(self) -> list[str]:
        """Return what a browser sends as Origin from this deployment's own pages, if they come over TLS."""
        return [f"https://{name}" for name in self.names] if self.secure else []

    def export(self) -> None:
        """Let this process, and all that it starts, know the options."""
        os.environ[SERVE_ENV] = json.dumps(asdict(self))


def serving() -> Serving:
    """Return the options that `plainview serve` exported, at this moment; without them the default."""
    text = os.environ.get(SERVE_ENV)
    if not text:
        return Serving()
    read = json.loads(text)
    return Serving(tuple(read["names"]), read["secure"], tuple(read["trusted"]))


def is_server() -> bool:
    """Say whether this process is a server or was started by one."""
    return SERVE_ENV in os.environ


def split_host(name: str) -> tuple[str, str]:
    """Return host and port ("" if none) of "host", "host:port", "[v6]" or "[v6]:port"."""
    if name.startswith("["):
        host, _, rest = name.partition("]")
        return host + "]", rest.removeprefix(":")
    host, _, port = name.partition(":")
    return host, port


def read_name(text: str) -> str:
    """Return a name as `Serving.names` has it.

    Raises:
        Refused: serve.name.
    """
    name = text.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    host, port = split_host(name)
    known = host.strip("[]")
    labels = known.split(".") if ":" not in known else []
    good = all(0 < len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels)
    if ":" in known:
        good = host.startswith("[") and _address(known) is not None
    if not host or not host.isascii() or not good or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise Refused(
            "serve.name",
            "Not served",
            f"{text!r} is not a host name.",
            'Give the name as people type it, such as "faces.police.example" or "faces.police.example:8443".',
        )
    return host if port in ("", "443") else f"{host}:{port}"


def read_network(text: str) -> str:
    """Return the network of a trusted proxy.

    Raises:
        Refused: serve.trusted_proxy.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
        mapped = network.network_address.ipv4_mapped if network.version == 6 else None
        # A socket for both versions shows such an address for an IPv4 proxy; `_address` reads it as IPv4 too.
        return f"{mapped}/{network.prefixlen - 96}" if mapped and network.prefixlen >= 96 else str(network)
    except ValueError:
        raise Refused(
            "serve.trusted_proxy",
            "Not served",
            f"{text!r} is neither an address nor a network.",
            "Give the proxy's address or network, such as 10.0.4.7 or 10.0.4.0/24.",
        ) from None


def caller(peer: str, headers: Mapping[str, str], own_scheme: str, trusted: tuple[Network, ...]) -> Caller:
    """Say whose request it is.

    From right to left over the addresses that the proxies wrote: the first that is not a trusted proxy is the
    caller's. Whatever is further left was written by the caller and proves nothing.

    Args:
        peer: the address at the other end of the connection.
        headers: lower-case name -> value; several of one name are joined by commas.
        own_scheme: "https" if this process speaks TLS.
        trusted: networks of the proxies.
    """
    address = _address(peer)
    if address is None or not is_proxy(peer, trusted):
        return Caller(str(address or peer), own_scheme, None)
    forwarded = _forwarded(headers["forwarded"]) if "forwarded" in headers else []
    hops = headers.get("x-forwarded-for", "").split(",") if "x-forwarded-for" in headers else []
    hops = hops or [hop.get("for", "") for hop in forwarded]
    last = forwarded[-1] if forwarded else {}
    scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() or last.get("proto", "").lower()
    host = headers.get("x-forwarded-host", "").rpartition(",")[2].strip() or last.get("host") or None
    nearest: ipaddress.IPv4Address | ipaddress.IPv6Address = address
    for text in reversed(hops[-_MOST_HOPS:]):
        hop = _address(text)
        if hop is None:  # "unknown", a hidden name, nonsense: the proxy before it is the last that is known
            break
        nearest = hop
        if not _within(hop, trusted):
            break
    return Caller(str(nearest), scheme if scheme in ("https", "http") else own_scheme, host)


def is_proxy(peer: str, trusted: tuple[Network, ...]) -> bool:
    """Say whether this address is one of a trusted proxy."""
    address = _address(peer)
    return address is not None and _within(address, trusted)


def networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the trusted proxies' networks."""
    return tuple(ipaddress.ip_network(text) for text in trusted)


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, trusted: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read "1.2.3.4", "1.2.3.4:567", "2001:db8::1", "[2001:db8::1]:567", quoted or with a zone; None if it is no address."""
    text = text.strip().strip('"').strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _forwarded(header: str) -> list[dict[str, str]]:
    """Return the elements of a Forwarded header (RFC 7239), parameter -> value."""
    elements = []
    for element in header.split(","):
        pairs = (pair.partition("=") for pair in element.split(";"))
        elements.append({name.strip().lower(): value.strip().strip('"') for name, _, value in pairs})
    return elements
