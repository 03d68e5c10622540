"""Asking a publisher politely: robots.txt first, a pause between two requests, the wait that is asked for, its own hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.factories.publisher import Publisher, publisher

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds.fetching import Fetcher
from plainview.casework.outgoing import Connection

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.usefixtures("workspace")]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Publisher]:
    with publisher(tmp_path) as made:
        yield made


def fetcher(
    served: Publisher, *others: Publisher, pause: float = 0.0, sleep: Callable[[float], None] = lambda _: None
) -> Fetcher:
    connection = Connection(private=True, ca_file=served.ca_file, resolver=lambda _name, _port: ["127.0.0.1"])
    return Fetcher({served.host, *(other.host for other in others)}, pause, connection, sleep)


def code_of(made: Fetcher, url: str, **options: object) -> str:
    with pytest.raises(Unusable) as caught:
        made.get(url, **{"max_bytes": 1000, **options})  # type: ignore[arg-type]
    return caught.value.code


def test_every_answer_but_200_is_a_failure_of_its_own_kind(served: Publisher) -> None:
    made = fetcher(served)
    for status, code in (
        (404, "feed.gone"),
        (410, "feed.gone"),
        (401, "feed.denied"),
        (403, "feed.denied"),
        (429, "feed.busy"),
        (503, "feed.busy"),
        (500, "feed.answer"),
        (206, "feed.answer"),
    ):
        assert code_of(made, served.put("/a", b"x", status)) == code
    assert code_of(made, served.put("/a", b"", 304)) == "feed.answer"
    assert made.get(served.put("/a", b"", 304), max_bytes=9, headers={"If-None-Match": '"1"'}).status == 304
    made.close()


def test_redirects_lead_only_to_the_publishers_own_hosts(served: Publisher, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with publisher(tmp_path / "other", served.ca_file) as images:
        target = images.put("/picture", b"secret")
        url = served.put("/a", b"", 302, Location=target)
        assert code_of(fetcher(served), url) == "feed.redirect"
        assert images.asked == []
        made = fetcher(served, images)
        assert made.get(url, max_bytes=10).body == b"secret"
        assert images.paths == ["/robots.txt", "/picture"]
        images.put("/robots.txt", b"User-agent: *\nDisallow: /\n")
        assert code_of(fetcher(served, images), url) == "feed.robots"
    served.put("/b", b"", 301, Location="/c")
    served.put("/c", b"here", 200)
    assert fetcher(served).get(f"https://{served.host}/b", max_bytes=10).body == b"here"
    served.put("/loop", b"", 301, Location="/loop")
    assert code_of(fetcher(served), f"https://{served.host}/loop") == "feed.redirect"
    for elsewhere in (
        "http://127.0.0.1/",
        "//elsewhere.example/x",
        "file:///etc/passwd",
        "",
        "https://u@" + served.host,
    ):
        assert code_of(fetcher(served), served.put("/d", b"", 307, Location=elsewhere)) == "feed.redirect"


def test_links_of_other_hosts_are_not_asked(served: Publisher) -> None:
    made = fetcher(served)
    for url in (
        "https://other.example/a",
        f"https://x@{served.host}/a",
        "https://localhost/a",
        f"http://{served.host}/a",
    ):
        assert code_of(made, url) == "feed.host"
    assert served.asked == []


def test_requests_are_a_pause_apart(served: Publisher) -> None:
    pauses: list[float] = []
    made = fetcher(served, pause=5.0, sleep=pauses.append)
    url = served.put("/a", b"x")
    for _ in range(2):
        made.get(url, max_bytes=10)
    assert len(pauses) == 2  # robots.txt, then two requests
    assert all(4 < pause <= 5 for pause in pauses)


def test_a_host_that_asks_to_wait_is_given_the_time_and_asked_again(served: Publisher) -> None:
    answers = [(429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "3"}, b""), (200, {}, b"x")]
    served.lists["/a"] = lambda _query: answers.pop(0)
    waits: list[float] = []
    assert fetcher(served, sleep=waits.append).get(f"https://{served.host}/a", max_bytes=10).body == b"x"
    assert waits == [7.0, 3.0]
    served.lists["/b"] = lambda _query: (429, {"Retry-After": "3600"}, b"")
    with pytest.raises(Unusable) as caught:
        fetcher(served, sleep=waits.append).get(f"https://{served.host}/b", max_bytes=10)
    assert (caught.value.code, waits) == ("feed.busy", [7.0, 3.0])
    assert "wait 3600 seconds" in caught.value.why


def test_robots_are_obeyed_and_programs_say_who_they_are(served: Publisher) -> None:
    served.put(
        "/robots.txt",
        b"User-agent: plainview-feed\nDisallow: /private/\nDisallow: /*.raw$\nCrawl-delay: 7\n\nUser-agent: *\nDisallow: /\n",
    )
    pauses: list[float] = []
    made = fetcher(served, sleep=pauses.append)
    assert made.get(served.put("/public/a.jpg", b"x"), max_bytes=10).body == b"x"
    assert 6 < pauses[0] <= 7
    for path in ("/private/a.jpg", "/public/a.raw"):
        assert code_of(made, f"https://{served.host}{path}") == "feed.robots"
    assert served.headers[0]["user-agent"].startswith("plainview-feed/")
    assert "http://127.0.0.1:8000" in served.headers[0]["user-agent"]


def test_without_robots_all_is_allowed_but_a_failing_one_allows_nothing(served: Publisher) -> None:
    url = served.put("/a.jpg", b"x")
    assert fetcher(served).get(url, max_bytes=10).body == b"x"
    for status in (500, 503, 403):
        served.put("/robots.txt", b"", status)
        assert code_of(fetcher(served), url) == "feed.robots"
    served.put("/robots.txt", b"", 301, Location="https://elsewhere.example/robots.txt")
    assert code_of(fetcher(served), url) == "feed.robots"
    served.put("/robots.txt", b"", 301, Location="/robots2.txt")
    served.put("/robots2.txt", b"User-agent: *\nAllow: /\n")
    assert fetcher(served).get(url, max_bytes=10).body == b"x"
