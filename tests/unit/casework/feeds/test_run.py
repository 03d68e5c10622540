"""A feed enrols what its list names and nothing else; it can be cut short, run again and stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import pytest
from tests.factories.models import collins, hopper, scaled
from tests.factories.publisher import Publisher, publisher
from tests.factories.work import entries, person
from tests.factories.work import gallery as filled

from plainview.casework.enrolment.enrol import EnrolmentResult, Options
from plainview.casework.erasure.expunge import expunge
from plainview.casework.feeds.add import Terms, add_feed, stop_feed
from plainview.casework.feeds.mapping import OWN
from plainview.casework.feeds.read import feeds
from plainview.casework.feeds.run import run_feed
from plainview.casework.galleries.passports import PassportChange, change_passport, create_gallery
from plainview.casework.models import Enrolment, Feed, FeedLink, Reference
from plainview.casework.outgoing import Connection
from plainview.policy.decision import Allow, Refused
from plainview.policy.feeds import feed_rate

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]
NO_PAUSE = 0.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Publisher]:
    with publisher(tmp_path) as made:
        yield made


@pytest.fixture
def feed(workspace: Path, served: Publisher, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """A list of two portraits, a broken picture, and links that must not be followed."""
    monkeypatch.setattr("plainview.policy.feeds.MIN_SECONDS_BETWEEN", NO_PAUSE)
    assert isinstance(feed_rate(NO_PAUSE), Allow)
    for name, picture in (("c", collins()), ("h", hopper())):
        served.put(f"/{name}.png", cv2.imencode(".png", picture.pixels)[1].tobytes())
    served.put("/broken.jpg", b"<html><img src='/hidden.png'></html>")
    served.put("/hidden.png", cv2.imencode(".png", scaled(collins(), 0.7).pixels)[1].tobytes())
    served.put("/robots.txt", b"User-agent: *\nDisallow: /forbidden/\n")
    served.put("/forbidden/x.png", b"x")
    served.put("/moved.png", b"", 302, Location="https://elsewhere.example/hidden.png")
    rows = [
        {"image": link(served, "/c.png"), "page": link(served, "/page-of-c"), "captured_on": "1999-07-01"},
        {"image": "https://elsewhere.example/x.png"},
        {"image": link(served, "/broken.jpg")},
        {"image": link(served, "/forbidden/x.png")},
        {"image": link(served, "/moved.png")},
        {"image": link(served, "/gone.png")},
        {"image": link(served, "/h.png"), "page": "https://elsewhere.example/page"},
        {"image": link(served, "/c.png")},
        {"image": link(served, "/h.png?again")},
    ]
    served.put("/h.png?again", cv2.imencode(".png", hopper().pixels)[1].tobytes())
    served.put("/list.json", json.dumps(rows).encode())
    passport: dict[str, Any] = {
        "legal_basis": "law",
        "source": "feed",
        "owner": "o",
        "expires_on": date(2999, 1, 1),
    }
    create_gallery("g", **passport, acting_member=person("admin"))
    terms = Terms(link(served, "/list.json"), "Police of Example", seconds_between=NO_PAUSE)
    return add_feed("g", terms, legal_basis="Publication Act s. 2", acting_member=person("admin"))


def link(served: Publisher, path: str) -> str:
    return f"https://{served.host}{path}"


def run(feed: Feed, served: Publisher, **options: Any) -> EnrolmentResult:
    connection = Connection(private=True, ca_file=served.ca_file)
    done = run_feed(feed.public_id, acting_member=person("admin"), connection=connection, **options)
    return done.enrolment


def rule_of(run: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        run(*arguments, **options)
    return caught.value.rule_id


def test_the_list_is_enrolled_and_nothing_else_is_asked(feed: Feed, served: Publisher) -> None:
    result = run(feed, served)
    assert (result.enrolled, result.duplicates) == (2, 1)
    codes = {row["path"].rpartition("/")[2]: row["code"] for row in result.failed}
    assert codes == {
        "broken.jpg": "format_not_allowed",
        "x.png": codes["x.png"],
        "moved.png": "feed.redirect",
        "gone.png": "feed.gone",
    }
    assert sorted(row["code"] for row in result.failed if row["path"].endswith("x.png")) == [
        "feed.host",
        "feed.robots",
    ]
    assert served.paths == [
        "/robots.txt",
        "/list.json",
        "/c.png",
        "/broken.jpg",
        "/moved.png",
        "/gone.png",
        "/h.png",
        "/h.png?again",
    ]
    row = Reference.objects.get(source_url=link(served, "/c.png"))
    assert (row.page_url, row.captured_on) == (link(served, "/page-of-c"), date(1999, 7, 1))
    number = link(served, "/c.png")  # the form has no numbers: the link stands for one
    assert row.provenance == {"publisher": "Police of Example", "feed": feed.public_id, "notice": number}
    assert Enrolment.objects.get().source_kind == "feed"
    (state,) = feeds(person("admin"))
    assert (state.dealt_with, state.enrolled) == (5, 2)


def test_a_second_run_asks_only_for_what_is_open(feed: Feed, served: Publisher) -> None:
    assert run(feed, served, limit=1).enrolled == 1
    assert served.paths == ["/robots.txt", "/list.json", "/c.png"]
    assert run(feed, served).enrolled == 1
    served.asked.clear()
    again = run(feed, served)
    assert (again.enrolled, again.duplicates) == (0, 0)
    assert set(served.paths) == {"/robots.txt", "/list.json", "/moved.png"}


def test_a_run_cut_short_in_a_batch_loses_no_link(
    feed: Feed, served: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.enrolment.batches.Batches._tell", dies)
        patch.setattr("plainview.casework.enrolment.batches.Batches._write", dies)
        with pytest.raises(KeyboardInterrupt):
            run(feed, served)
    assert not FeedLink.objects.filter(outcome="enrolled").exists()
    assert run(feed, served).enrolled == 2


def test_an_expunged_picture_is_not_fetched_again_and_its_link_is_nowhere(feed: Feed, served: Publisher) -> None:
    run(feed, served)
    row = Reference.objects.get(source_url=link(served, "/c.png"))
    expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    served.asked.clear()
    assert run(feed, served).enrolled == 0
    assert "/c.png" not in served.paths
    marks = "".join(FeedLink.objects.values_list("mark", flat=True))
    assert "c.png" not in marks


def test_a_stopped_feed_asks_nothing_and_a_running_one_ends(feed: Feed, served: Publisher) -> None:
    admin = person("admin")

    def stop_after_first(result: EnrolmentResult) -> None:
        if Feed.objects.get().stopped_at is None:
            stop_feed(feed.public_id, reason="the basis has ended", acting_member=admin)

    result = run(feed, served, progress=stop_after_first)
    assert result.stopped
    assert "/h.png?again" not in served.paths
    served.asked.clear()
    assert rule_of(run, feed, served) == "feed.stopped"
    assert served.asked == []
    assert entries("feed.run.refused")[-1].subject["rule"] == "feed.stopped"


def test_what_stops_a_run_before_any_picture(feed: Feed, served: Publisher) -> None:
    served.put("/list.json", b"<html>")
    assert rule_of(run, feed, served) == "feed.list"
    served.put("/robots.txt", b"User-agent: *\nDisallow: /\n")
    assert rule_of(run, feed, served) == "feed.robots"
    served.put("/robots.txt", b"", 500)
    assert rule_of(run, feed, served) == "feed.robots"
    assert rule_of(run_feed, feed.public_id, acting_member=person("admin")) == "feed.private_address"
    change_passport("g", PassportChange(expires_on=date(2999, 1, 2)), reason="w", acting_member=person("admin"))
    assert Reference.objects.count() == 0
    assert len(entries("feed.run.refused")) == 4


def test_adding_is_refused_without_publisher_basis_or_https(feed: Feed, served: Publisher) -> None:
    fields = {"legal_basis": "b", "acting_member": person("admin")}
    terms = Terms("https://police.example/list.csv", "P")
    wrong = {
        "feed.passport": replace(terms, publisher=" "),
        "feed.address": replace(terms, list_url="http://police.example/list.csv"),
        "feed.rate": replace(terms, seconds_between=-1),
        "feed.known": replace(terms, list_url=feed.list_url),
        "feed.times": replace(terms, grace_days=91),
        "feed.hosts": replace(terms, hosts=("https://police.example",)),
        "feed.mapping": replace(terms, mapping=replace(OWN, image="images[")),
    }
    for rule, source in wrong.items():
        assert rule_of(add_feed, "g", source, **fields) == rule
    assert rule_of(add_feed, "g", terms, **(fields | {"legal_basis": ""})) == "feed.passport"
    assert rule_of(add_feed, "none", terms, **fields) == "gallery.unknown"
    assert rule_of(add_feed, "g", terms, **(fields | {"acting_member": person("examiner")})) == "member.no_permission"
    assert rule_of(stop_feed, feed.public_id, reason=" ", acting_member=person("admin")) == "gallery.why"
    assert served.asked == []


def test_two_runs_of_one_feed_do_not_go_on_together(feed: Feed, served: Publisher) -> None:
    seen: list[str] = []
    run(feed, served, progress=lambda _: seen.append(rule_of(run, feed, served)))
    assert set(seen) == {"feed.running"}


def test_options_of_enrolment_hold_for_feeds(feed: Feed, served: Publisher, tmp_path: Path) -> None:
    filled(tmp_path / "other", "other")
    told: list[dict[str, str]] = []
    result = run(feed, served, options=Options(failures=told.append, cores=1))
    assert result.failed_total == len(told) == 5
