"""Where messages may go: https, the public internet, and nothing that only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.decisions import rule_of

from plainview.policy.addresses import is_open, is_public, literal
from plainview.policy.decision import Allow, Refused
from plainview.policy.webhooks import EVENTS, MAX_ADDRESS, webhook_address, webhook_events, webhook_rotation

GOOD = [
    " https://agency.example/hook ",
    "https://agency.example:8443/hook?x=1",
    "https://user:secret@agency.example/hook",  # pragma: allowlist secret
    "https://bücher.example/hook",
    "https://[2606:2800::1]/hook",
    "https://93.184.216.34/",
]
BAD = [
    "",
    "hook",
    "https://",
    "ftp://agency.example",
    "http://agency.example",
    "https://[::1",
    "https://agency.example:x/",
    "https://agency.example/#part",
    "https://agency.exa\nmple/",
    "file:///etc/passwd",
    "https://agency.example/" + "x" * 480,
]
INSIDE = [
    "https://169.254.169.254/",
    "https://127.0.0.1/",
    "https://10.0.0.1/hook",
    "https://[::1]/",
    "https://[fec0::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://localhost/",
    "https://a.localhost:8443/",
    "https://user@192.168.0.1/",
    "https://224.0.1.1/",  # many machines at once
    "https://[ff0e::1]/",
    "https://240.0.0.1/",  # nobody's
]


def of_address(url: str, **options: bool) -> str:
    decision = webhook_address(url, **{"sample": False, **options})
    return rule_of(decision) or ""


@pytest.mark.parametrize("url", GOOD)
def test_https_addresses_are_allowed(url: str) -> None:
    assert isinstance(webhook_address(url, sample=False), Allow)


@pytest.mark.parametrize("url", BAD)
def test_anything_else_is_refused(url: str) -> None:
    assert of_address(url) == of_address(url, sample=True) == "webhook.address"


@pytest.mark.parametrize("url", INSIDE)
def test_addresses_that_are_written_as_numbers_are_what_they_lead_to(url: str) -> None:
    assert of_address(url) == of_address(url, sample=True) == "webhook.network"


def test_an_address_has_500_characters_at_most() -> None:
    longest = "https://agency.example/".ljust(MAX_ADDRESS, "x")
    assert MAX_ADDRESS == 500
    assert (of_address(longest), of_address(longest + "x")) == ("", "webhook.address")


def test_a_sample_workspace_may_post_to_its_own_machine_and_an_intranet_to_itself() -> None:
    for url in ("http://127.0.0.1:9/hook", "http://localhost:9/", "http://[::1]:9/"):
        assert of_address(url, sample=True) == ""
        assert of_address(url) == "webhook.address"
    assert of_address("http://10.0.0.1/", sample=True) == "webhook.address"
    assert of_address("https://10.0.0.1/hook", private=True) == ""
    assert of_address("https://169.254.169.254/", private=True) == "webhook.network"


def test_events_and_hours_are_within_limits() -> None:
    assert isinstance(webhook_events(list(EVENTS)), Allow)
    assert isinstance(webhook_events([]), Allow)
    assert isinstance(webhook_events(["search.answered", "search.done"]), Refused)
    assert [rule_of(webhook_rotation(hours)) for hours in (0, 168)] == [None, None]
    assert [rule_of(webhook_rotation(hours)) for hours in (-1, 169)] == ["webhook.rotation"] * 2


def test_a_literal_is_told_from_a_name() -> None:
    assert literal("agency.example") is None
    assert literal("[::1]") == "::1"
    assert literal("1") == "0.0.0.1"
    assert literal("") is None
    assert not is_public("0.0.0.1")
    assert not is_open("0.0.0.1", private=True)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    assert isinstance(webhook_address(text, sample=True), Allow | Refused)
    assert isinstance(webhook_address(f"https://{text}/", sample=True), Allow | Refused)
