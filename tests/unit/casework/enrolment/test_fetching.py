"""Asking a host: only public addresses, one look-up, no redirect, no more than allowed, robots.txt first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.factories.publisher import Publisher, publisher

from plainview.casework.enrolment.fetching import Host, Robots, is_public
from plainview.casework.enrolment.manifest import Unusable

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Publisher]:
    with publisher(tmp_path) as made:
        yield made


def local(served: Publisher, **options: object) -> Host:
    fields = {"seconds_between": 0.0, "private": True, "ca_file": served.ca_file} | options
    return Host(served.host, resolver=lambda _name, _port: ["127.0.0.1"], **fields)  # type: ignore[arg-type]


def code_of(run: object, *arguments: object, **options: object) -> str:
    with pytest.raises(Unusable) as caught:
        run(*arguments, **options)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "2002:a00:1::1",
    ],
)
def test_no_address_off_the_public_internet(address: str) -> None:
    assert not is_public(address)
    code = code_of(Host, "h.example", seconds_between=0, resolver=lambda _n, _p: ["93.184.216.34", address])
    assert code == "feed.private_address"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_a_host_is_looked_up_once_and_that_address_is_asked(served: Publisher) -> None:
    looked: list[str] = []

    def resolver(name: str, _port: int) -> list[str]:
        looked.append(name)
        return ["127.0.0.1"] if len(looked) == 1 else ["10.0.0.1"]

    url = served.put("/a", b"x")
    host = Host(served.host, seconds_between=0, private=True, ca_file=served.ca_file, resolver=resolver)
    assert [host.get(url, max_bytes=10) for _ in range(3)] == [b"x"] * 3
    host.close()
    assert looked == ["localhost"]
    assert served.asked == [("/a", served.host)] * 3


def test_a_certificate_of_another_name_or_maker_is_refused(served: Publisher) -> None:
    url = served.put("/a", b"x")
    assert code_of(local(served, ca_file=None).get, url, max_bytes=10) == "feed.unreachable"
    port = served.host.partition(":")[2]
    other = Host(
        f"elsewhere.example:{port}",
        seconds_between=0,
        private=True,
        ca_file=served.ca_file,
        resolver=lambda _n, _p: ["127.0.0.1"],
    )
    assert code_of(other.get, f"https://elsewhere.example:{port}/a", max_bytes=10) == "feed.unreachable"
    assert served.asked == []


def test_every_answer_but_200_is_refused_and_no_redirect_is_followed(served: Publisher) -> None:
    host = local(served)
    target = served.put("/target", b"secret")
    for status, code in (
        (301, "feed.redirect"),
        (302, "feed.redirect"),
        (307, "feed.redirect"),
        (404, "feed.gone"),
        (410, "feed.gone"),
        (429, "feed.busy"),
        (503, "feed.busy"),
        (500, "feed.answer"),
        (401, "feed.answer"),
        (206, "feed.answer"),
    ):
        url = served.put("/a", b"x", status, Location=target)
        assert code_of(host.get, url, max_bytes=100) == code
    host.close()
    assert "/target" not in served.paths


def test_no_more_is_read_than_allowed(served: Publisher) -> None:
    host = local(served)
    assert host.get(served.put("/a", b"x" * 100), max_bytes=100) == b"x" * 100
    assert code_of(host.get, served.put("/a", b"x" * 101), max_bytes=100) == "feed.too_large"
    # A server that lies about the length: it closes the connection at the end instead.
    url = served.put("/b", b"x" * 100_000, Content_Length="", Connection="close")
    assert code_of(host.get, url, max_bytes=99_999) in {"feed.too_large", "feed.unreachable"}
    host.close()


def test_links_of_other_hosts_are_not_asked(served: Publisher) -> None:
    host = local(served)
    for url in ("https://other.example/a", f"https://x@{served.host}/a", "https://localhost/a"):
        assert code_of(host.get, url, max_bytes=10) == "feed.host"
    host.close()
    assert served.asked == []


def test_requests_are_a_pause_apart(served: Publisher) -> None:
    pauses: list[float] = []
    host = local(served, seconds_between=5.0, sleep=pauses.append)
    url = served.put("/a", b"x")
    for _ in range(3):
        host.get(url, max_bytes=10)
    host.close()
    assert len(pauses) == 2
    assert all(4 < pause <= 5 for pause in pauses)


def test_robots_are_obeyed(served: Publisher) -> None:
    served.put(
        "/robots.txt",
        b"User-agent: plainview-feed\nDisallow: /private/\nDisallow: /*.raw$\nCrawl-delay: 7\n\nUser-agent: *\nDisallow: /\n",
    )
    host = local(served)
    robots = Robots(host, served.host)
    assert robots.pause == 7
    robots.require(f"https://{served.host}/public/a.jpg")
    for path in ("/private/a.jpg", "/public/a.raw"):
        assert code_of(robots.require, f"https://{served.host}{path}") == "feed.robots"
    host.close()


def test_without_robots_all_is_allowed_but_a_failing_one_allows_nothing(served: Publisher) -> None:
    host = local(served)
    Robots(host, served.host).require(f"https://{served.host}/a.jpg")
    for status in (500, 503, 301, 403):
        served.put("/robots.txt", b"", status, Location="/x")
        assert code_of(Robots, host, served.host) == "feed.robots"
    host.close()
