"""One publisher, one list: a link is on one of its very https hosts or it is not fetched."""

from __future__ import annotations

import pytest

from plainview.policy.decision import Allow, Refused
from plainview.policy.feeds import (
    feed_address,
    feed_hosts,
    feed_link,
    feed_passport,
    feed_rate,
    feed_runs,
    feed_tried,
    feed_withdrawal,
    host_of,
)

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
    refused = feed_link(url, {HOST})
    assert isinstance(refused, Refused)
    assert refused.rule_id == "feed.host"


@pytest.mark.parametrize(
    "url", ["https://police.example/a.jpg?x=1", "https://POLICE.example:443/a", "https://police.example"]
)
def test_links_of_the_host(url: str) -> None:
    assert isinstance(feed_link(url, {HOST}), Allow)
    assert host_of(url) == HOST


def test_a_feed_states_everything() -> None:
    assert isinstance(feed_passport("Police", "law"), Allow)
    for publisher, basis in (("", "law"), ("Police", " ")):
        assert isinstance(feed_passport(publisher, basis), Refused)
    assert isinstance(feed_address("http://police.example/list"), Refused)
    assert isinstance(feed_address("https://police.example/list"), Allow)
    assert [isinstance(feed_rate(value), Allow) for value in (0.0, 0.09, 0.1, 2, 3600, 3601)] == [
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


def test_a_feed_names_few_hosts_and_its_times_have_limits() -> None:
    assert isinstance(feed_hosts(["a.example", "b.example:8443"]), Allow)
    assert isinstance(feed_hosts([]), Allow)
    for hosts in (
        ["A.example"],
        ["https://a.example"],
        ["a.example/x"],
        [""],
        ["u@a.example"],
        [f"h{n}" for n in range(6)],
    ):
        assert isinstance(feed_hosts(hosts), Refused), hosts
    assert isinstance(feed_hosts([f"h{n}" for n in range(5)]), Allow)
    assert [isinstance(feed_withdrawal(days, 0), Allow) for days in (-1, 0, 90, 91)] == [False, True, True, False]
    assert [isinstance(feed_withdrawal(7, hours), Allow) for hours in (-1, 0, 720, 721)] == [False, True, True, False]


def test_a_mapping_is_tried_before_it_runs() -> None:
    assert isinstance(feed_tried("Police", tried=True), Allow)
    assert isinstance(feed_tried("Police", tried=False), Refused)
