"""Whose request it is, and the options that every process of a server knows."""

from __future__ import annotations

import os

import pytest

from plainview.casework.workspace.folder import SERVE_ENV
from plainview.casework.workspace.serving import (
    LOCAL,
    Serving,
    caller,
    networks,
    read_name,
    read_network,
    serving,
)
from plainview.policy.decision import Refused

NEAR = networks(LOCAL)
FAR = networks(("10.0.4.0/24", "2001:db8:1::/48"))


def test_without_a_proxy_no_header_is_believed() -> None:
    headers = {
        "x-forwarded-for": "8.8.8.8",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "x",
        "forwarded": "for=1.1.1.1",
    }
    assert caller("127.0.0.1", headers, "http", ()) == ("127.0.0.1", "http", None)


def test_a_stranger_who_reaches_the_server_past_the_proxy_is_not_believed() -> None:
    assert caller("198.51.100.7", {"x-forwarded-for": "8.8.8.8"}, "http", NEAR).address == "198.51.100.7"


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),  # the caller wrote 1.2.3.4
        ("203.0.113.9, 10.0.4.8", "203.0.113.9"),  # two proxies
        ("evil, 203.0.113.9, 10.0.4.8,10.0.4.9", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),  # Azure's gateways add the port
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("2001:db8::5", "2001:db8::5"),
        ("2001:db8:1::5, 2001:db8:1::6", "2001:db8:1::5"),  # all trusted: the first one
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown, 10.0.4.8", "10.0.4.8"),
        ("203.0.113.9, unknown", "10.0.4.1"),  # nothing left of "unknown" was written by a trusted proxy
        ("", "10.0.4.1"),
        (",,,", "10.0.4.1"),
        ("'; DROP TABLE", "10.0.4.1"),
    ],
)
def test_the_chain_is_read_from_right_to_left_over_trusted_proxies(chain: str, address: str) -> None:
    assert caller("10.0.4.1", {"x-forwarded-for": chain}, "http", FAR).address == address


def test_the_header_of_the_standard_is_read_where_the_usual_one_is_missing() -> None:
    header = 'for=203.0.113.9;proto=http, For="[2001:db8:1::7]:80";Proto=https;host=faces.example'
    found = caller("10.0.4.1", {"forwarded": header}, "http", FAR)
    assert found == ("203.0.113.9", "https", "faces.example")


def test_a_mapped_address_of_the_proxy_is_the_proxy() -> None:
    assert caller("::ffff:127.0.0.1", {"x-forwarded-for": "8.8.8.8"}, "http", NEAR).address == "8.8.8.8"


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("::ffff:10.0.4.7", "10.0.4.7/32"),
        ("::ffff:10.0.4.0/120", "10.0.4.0/24"),
        ("10.0.4.7", "10.0.4.7/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::/0", "::/0"),
    ],
)
def test_a_proxy_that_is_named_by_a_mapped_address_is_trusted_by_the_other_form(text: str, network: str) -> None:
    assert read_network(text) == network
    if network.startswith("10."):
        for peer in ("10.0.4.7", "::ffff:10.0.4.7"):
            assert (
                caller(peer, {"x-forwarded-for": "8.8.8.8"}, "http", networks((read_network(text),))).address
                == "8.8.8.8"
            )


def test_the_scheme_is_the_nearest_proxys() -> None:
    assert caller("127.0.0.1", {"x-forwarded-proto": "http, https"}, "http", NEAR).scheme == "https"
    assert caller("127.0.0.1", {"x-forwarded-proto": "gopher"}, "http", NEAR).scheme == "http"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("faces.police.example", "faces.police.example"),
        ("https://Faces.Police.Example/", "faces.police.example"),
        ("faces.police.example:443", "faces.police.example"),
        ("faces.police.example:8443", "faces.police.example:8443"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
def test_a_name_is_read_as_people_type_it(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize(
    "text", ["a b", "a/b", "", "http://", "faces..example", "x:99999", "x:y", "2001:db8::1", "*", "é.example"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"serve\.name"):
        read_name(text)


def test_what_is_no_network_is_refused() -> None:
    assert read_network("10.0.4.7") == "10.0.4.7/32"
    assert read_network("10.0.4.7/24") == "10.0.4.0/24"
    with pytest.raises(Refused, match=r"serve\.trusted_proxy"):
        read_network("proxy.example")


def test_every_process_knows_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVE_ENV, raising=False)
    assert serving() == Serving()
    options = Serving(("faces.example:8443", "other.example"), "proxy", LOCAL)
    monkeypatch.setenv(SERVE_ENV, "")
    options.export()
    assert os.environ[SERVE_ENV]
    assert serving() == options
    assert options.hosts == ["faces.example", "other.example"]
    assert options.origins == ["https://faces.example:8443", "https://other.example"]
    assert Serving(("faces.example",), "").origins == []
