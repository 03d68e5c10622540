"""The guard of every connection to other people's hosts: public addresses, one look-up, its own certificate, limits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests.factories.publisher import Publisher, publisher

from plainview.casework.outgoing import Connection, Host, Limits, Reply, Unanswered
from plainview.policy.addresses import is_public

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

CLOSED = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "fe80::1%eth0",
    "fec0::1",
    "feff::1",
    "fd00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0:7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "2001::1",
    "2001:db8::1",
    "100::1",
]
"""Addresses off the public internet, plain and in the forms of public reports: OneUptime #2578, documenso #3166,
ssrfcheck #11, YOURLS #4145, sutando #981."""

LINK_LOCAL = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "0.0.0.0",  # noqa: S104
    "::",
    "224.0.0.1",
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Publisher]:
    with publisher(tmp_path) as made:
        yield made


def local(served: Publisher) -> Connection:
    return Connection(private=True, ca_file=served.ca_file, resolver=lambda _name, _port: ["127.0.0.1"])


def code_of(run: Callable[[], object]) -> str:
    with pytest.raises(Unanswered) as caught:
        run()
    return caught.value.code


def get(host: Host, url: str, **limits: float) -> Reply:
    return host.exchange("GET", url, headers={}, limits=Limits(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", CLOSED)
def test_no_address_off_the_public_internet(address: str) -> None:
    assert not is_public(address)
    resolver = lambda _name, _port: ["93.184.216.34", address]  # noqa: E731
    assert code_of(lambda: Host("https://h.example/", Connection(resolver=resolver))) == "address"


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", LINK_LOCAL)
def test_link_local_addresses_stay_closed_where_private_ones_are_open(address: str) -> None:
    open_to_private = Connection(private=True, resolver=lambda _name, _port: [address])
    assert code_of(lambda: Host("https://h.example/", open_to_private)) == "address"
    Host("https://h.example/", Connection(private=True, resolver=lambda _name, _port: ["10.0.0.1"])).close()


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost"]
)
def test_other_spellings_of_this_machine_are_what_they_lead_to(host: str) -> None:
    assert code_of(lambda: Host(f"https://{host}/", Connection())) in ("address", "unreachable")


def test_a_name_without_address_and_one_that_is_no_name() -> None:
    def nobody(_name: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert code_of(lambda: Host("https://h.example/", Connection(resolver=nobody))) == "unreachable"
    assert code_of(lambda: Host("https://h.example/", Connection(resolver=lambda _n, _p: []))) == "address"


def test_a_name_of_other_scripts_is_looked_up_in_its_ascii_form() -> None:
    seen: list[str] = []

    def resolver(name: str, _port: int) -> list[str]:
        seen.append(name)
        return ["93.184.216.34"]

    host = Host("https://bücher.example:8443/x", Connection(resolver=resolver))
    assert (seen, host.netloc) == (["xn--bcher-kva.example"], "xn--bcher-kva.example:8443")
    assert (
        Host("https://[2606:2800::1]/", Connection(resolver=lambda _n, _p: ["2606:2800::1"])).netloc == "[2606:2800::1]"
    )


def test_a_host_is_looked_up_once_and_that_address_is_asked(served: Publisher) -> None:
    looked: list[str] = []

    def resolver(name: str, _port: int) -> list[str]:
        looked.append(name)
        return ["127.0.0.1"] if len(looked) == 1 else ["10.0.0.1"]

    url = served.put("/a", b"x")
    host = Host(url, Connection(private=True, ca_file=served.ca_file, resolver=resolver))
    assert [get(host, url).body for _ in range(3)] == [b"x"] * 3
    host.close()
    assert looked == ["localhost"]
    assert served.asked == [("/a", served.host)] * 3


def test_nothing_of_the_environment_is_used(served: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine localhost login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    url = served.put("/a", b"x")
    host = Host(url, local(served))
    assert get(host, url).status == 200
    host.close()
    assert "authorization" not in served.headers[0]


def test_a_certificate_of_another_name_or_maker_is_refused(served: Publisher) -> None:
    url = served.put("/a", b"x")
    port = served.host.partition(":")[2]
    own = Host(url, Connection(private=True, resolver=lambda _n, _p: ["127.0.0.1"]))
    other = Host(f"https://elsewhere.example:{port}/", local(served))
    for host in (own, other):
        assert code_of(lambda host=host: get(host, url)) == "unreachable"  # type: ignore[misc]
        host.close()
    assert served.asked == []


def test_no_redirect_is_followed(served: Publisher) -> None:
    target = served.put("/target", b"secret")
    url = served.put("/a", b"", 302, Location=target)
    host = Host(url, local(served))
    reply = get(host, url)
    host.close()
    assert (reply.status, reply.headers["location"]) == (302, target)
    assert served.paths == ["/a"]


def test_no_more_is_read_than_allowed(served: Publisher) -> None:
    host = Host(f"https://{served.host}/", local(served))
    assert get(host, served.put("/a", b"x" * 100), max_bytes=100).body == b"x" * 100
    assert code_of(lambda: get(host, served.put("/a", b"x" * 101), max_bytes=100)) == "too_large"
    # A server that lies about the length: it closes the connection at the end instead.
    url = served.put("/b", b"x" * 100_000, Content_Length="", Connection="close")
    assert code_of(lambda: get(host, url, max_bytes=99_999)) in {"too_large", "unreachable"}
    host.close()


def test_a_packed_answer_is_measured_unpacked(served: Publisher) -> None:
    import gzip

    url = served.put("/a", gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip")
    host = Host(url, local(served))
    assert get(host, url, max_bytes=1_000_000).body == b"x" * 1_000_000
    assert code_of(lambda: get(host, url, max_bytes=999_999)) == "too_large"
    host.close()


def test_a_cut_answer_is_not_taken_for_a_whole_one(served: Publisher) -> None:
    url = served.put("/a", b"half", Content_Length="8", Connection="close")
    host = Host(url, local(served))
    assert code_of(lambda: get(host, url)) == "unreachable"
    host.close()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_an_answer_that_trickles_in_is_cut_off(head: bytes) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def trickle() -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(1000)
            peer.sendall(head)
            while not done.wait(0.02):
                try:
                    peer.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=trickle)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    host = Host(url, Connection(private=True))
    with pytest.raises(Unanswered) as caught:
        get(host, url, read_s=5.0, whole_s=0.3)
    done.set()
    thread.join()
    host.close()
    listening.close()
    assert "too long" in caught.value.why


def test_the_wait_that_a_host_asks_for() -> None:
    assert Reply(429, {"retry-after": "120"}).retry_after == 120.0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = Reply(503, {"retry-after": later}).retry_after
    assert wait is not None
    assert 80 < wait <= 90
    assert Reply(503, {"retry-after": "Fri, 01 Jan 1999 00:00:00 GMT"}).retry_after == 0.0
    assert Reply(503, {"retry-after": "soon"}).retry_after is None
    assert Reply(503).retry_after is None
