"""One host, one list: a link is on that very https host or it is not fetched."""

from __future__ import annotations

import pytest

from plainview.policy.decision import Allow, Refused
from plainview.policy.feeds import feed_address, feed_link, feed_passport, feed_rate, feed_runs, host_of

HOST = "police.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://police.example/a.jpg",
        "https://police.example.evil.example/a",
        "https://evil.example/police.example",
        "https://police.example@evil.example/a",
        "https://user@police.example/a",
        "https://police.example:8443/a",
        "//police.example/a",
        "/a.jpg",
        "",
        "ftp://police.example/a",
        "https://",
        "https://police.example\\@evil/a",
        "https://police.example/a b",
        "https://police.example/a\nHost: x",
        "https://[::1/a",
        "https://police.example:x/",
        "file:///etc/passwd",
        "https://pölice.example/a",
        "https://police.example/" + "x" * 2000,
    ],
)
def test_no_other_address_is_fetched(url: str) -> None:
    refused = feed_link(url, HOST)
    assert isinstance(refused, Refused)
    assert refused.rule_id == "feed.host"


@pytest.mark.parametrize(
    "url", ["https://police.example/a.jpg?x=1", "https://POLICE.example:443/a", "https://police.example"]
)
def test_links_of_the_host(url: str) -> None:
    assert isinstance(feed_link(url, HOST), Allow)
    assert host_of(url) == HOST


def test_a_feed_states_everything() -> None:
    assert isinstance(feed_passport("Police", "law"), Allow)
    for publisher, basis in (("", "law"), ("Police", " ")):
        assert isinstance(feed_passport(publisher, basis), Refused)
    assert isinstance(feed_address("http://police.example/list"), Refused)
    assert isinstance(feed_address("https://police.example/list"), Allow)
    assert [isinstance(feed_rate(value), Allow) for value in (0.0, 0.49, 0.5, 2, 3600, 3601)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    assert isinstance(feed_runs("Police", True), Refused)
    assert isinstance(feed_runs("Police", False), Allow)


def test_a_link_has_at_most_two_thousand_characters() -> None:
    start = "https://police.example/"
    assert host_of(start + "x" * (2000 - len(start))) == HOST
    assert host_of(start + "x" * (2001 - len(start))) is None
