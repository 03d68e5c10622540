"""The presets against servers that answer in the publishers' own shapes, with their errors, limits and changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.utils import timezone
from tests.factories.models import collins, hopper, scaled
from tests.factories.notices import AKAMAI, JSON, Fbi, Interpol, congress, fbi_item, moved, rss
from tests.factories.publisher import Publisher, publisher
from tests.factories.work import at, entries, person

from plainview.casework.erasure.holds import place_hold
from plainview.casework.feeds.add import Terms, add_feed
from plainview.casework.feeds.mapping import of_table
from plainview.casework.feeds.presets import PRESETS, preset
from plainview.casework.feeds.read import withdrawals
from plainview.casework.feeds.run import FeedRun, ask_due, run_feed
from plainview.casework.feeds.trial import Trial, try_feed
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Feed, FeedWithdrawal, Reference
from plainview.casework.outgoing import Connection
from plainview.policy.decision import Refused
from plainview.worker.tasks import run_job

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]


@pytest.fixture
def served(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr("plainview.casework.feeds.run.time.sleep", lambda _: None)
    monkeypatch.setattr("plainview.policy.feeds.MIN_SECONDS_BETWEEN", 0.0)
    (tmp_path / "server").mkdir()
    with publisher(tmp_path / "server") as made:
        yield made


def add(served: Publisher, terms: Terms, gallery: str = "g") -> Feed:
    passport: dict[str, Any] = {"legal_basis": "law", "source": "feed", "owner": "o", "expires_on": date(2999, 1, 1)}
    create_gallery(gallery, **passport, acting_member=person("admin"))
    return add_feed(
        gallery, replace(terms, seconds_between=0.0), legal_basis="Publication Act s. 2", acting_member=person("admin")
    )


def connection(served: Publisher) -> Connection:
    return Connection(private=True, ca_file=served.ca_file, resolver=lambda _name, _port: ["127.0.0.1"])


def tried(feed: Feed, served: Publisher) -> Trial:
    return try_feed(feed.public_id, acting_member=person("admin"), connection=connection(served))


def run(feed: Feed, served: Publisher, **options: Any) -> FeedRun:
    return run_feed(feed.public_id, acting_member=person("admin"), connection=connection(served), **options)


def rule_of(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.rule_id, caught.value.why


def put(served: Publisher, path: str, picture: np.ndarray) -> None:
    served.put(path, cv2.imencode(".png", picture)[1].tobytes())


def faces() -> list[np.ndarray]:
    """Four pictures that are not near duplicates of each other by their bytes."""
    return [collins().pixels, hopper().pixels, scaled(collins(), 0.6).pixels, scaled(hopper(), 0.6).pixels]


@pytest.fixture
def fbi(served: Publisher) -> Fbi:
    """Three notices: two pictures and a drawing; one missing person; one without pictures."""
    for number, picture in enumerate(faces()):
        put(served, f"/wanted/{number}.png", picture)
    api = Fbi(served)
    api.items = [
        fbi_item("u0", served.host, [("/wanted/0.png", "Photograph taken in 2015"), ("/wanted/2.png", None)]),
        fbi_item("u1", served.host, [("/wanted/1.png", ""), ("/wanted/x.png", "Age-enhanced photograph")]),
        fbi_item("m0", served.host, [("/wanted/3.png", None)], subjects=["ViCAP Missing Persons"]),
        fbi_item("none", served.host, [], images=None, subjects=None),
    ]
    return api


def notices() -> set[str]:
    return {row["notice"] for row in Reference.objects.exclude(template=b"").values_list("provenance", flat=True)}


def test_every_preset_is_a_feed_and_its_mapping_is_readable() -> None:
    for name, terms in PRESETS.items():
        terms.check()
        assert terms.purpose
        assert terms.terms
        assert preset(name).preset == name
    narrowed = preset("interpol-red", "nationality=DE&ageMin=30")
    assert narrowed.list_url.endswith("/red?nationality=DE&ageMin=30")
    assert rule_of(lambda: preset("fbi"))[0] == rule_of(lambda: preset("fbi-wanted", "x"))[0] == "feed.preset"


def test_each_kind_of_the_fbi_is_its_own_feed(served: Publisher, fbi: Fbi) -> None:
    assert len({terms.purpose for name, terms in PRESETS.items() if name.startswith("fbi")}) == 4
    fbi.items += [
        fbi_item("i0", served.host, [("/i.png", None)], poster_classification="information", subjects=[]),
        fbi_item(
            "n0",
            served.host,
            [("/n.png", None)],
            poster_classification="default",
            subjects=["ViCAP Unidentified Persons"],
        ),
        fbi_item("v0", served.host, [("/v.png", None)], person_classification="Victim", subjects=[]),
    ]
    taken = {}
    for name in ("fbi-wanted", "fbi-missing", "fbi-seeking-information", "fbi-unidentified"):
        feed = add(served, moved(preset(name), served), gallery=name)
        taken[name] = [notice.number for notice in tried(feed, served).notices]
    assert taken == {
        "fbi-wanted": ["u0", "u1", "none"],
        "fbi-missing": ["m0"],
        "fbi-seeking-information": ["i0"],
        "fbi-unidentified": ["n0"],
    }


def test_the_wanted_list_is_tried_then_enrolled_page_by_page(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, moved(preset("fbi-wanted"), served))
    assert rule_of(lambda: run(feed, served))[0] == "feed.untried"
    fbi.items += [fbi_item(f"x{n}", served.host, [], images=[]) for n in range(60)]
    trial = tried(feed, served)
    assert (trial.total, len(trial.listing.notices)) == (64, 49)
    first = trial.notices[0]
    assert (first.number, first.kind, first.page) == ("u0", "ten", "https://www.fbi.gov/wanted/topten/u0")
    assert first.pictures[0][1:] == ("Photograph taken in 2015", "")
    assert (trial.rehearsal.enrolled, Reference.objects.count()) == (3, 0)
    served.asked.clear()
    done = run(feed, served)
    assert (done.enrolment.enrolled, done.left_out, done.listing.pages) == (3, 1, 2)
    assert done.listing.incomplete == []
    assert served.paths[:3] == [
        "/robots.txt",
        "/wanted/v1/list?pageSize=50&page=1",
        "/wanted/v1/list?pageSize=50&page=2",
    ]
    row = Reference.objects.get(source_url__endswith="/wanted/0.png")
    assert row.page_url == "https://www.fbi.gov/wanted/topten/u0"
    assert row.provenance["notice"] == "u0"
    assert row.provenance["caption"] == "Photograph taken in 2015"
    listed = entries("feed.listed")[-1].subject
    assert (listed["complete"], listed["notices"], listed["pages"]) == (True, 63, 2)
    assert entries("feed.tried")


def test_what_disappears_from_a_complete_list_is_erased_after_the_days_of_grace_with_proof(
    served: Publisher, fbi: Fbi
) -> None:
    feed = add(served, moved(preset("fbi-wanted"), served))
    tried(feed, served)
    run(feed, served)
    assert notices() == {"u0", "u1"}
    gone = fbi.items.pop(0)
    first = run(feed, served)
    assert (first.settled.withdrawn, first.settled.erased) == (1, 0)
    assert "to be erased" in " ".join(first.notes)
    assert notices() == {"u0", "u1"}
    with at(timezone.now() + timedelta(days=6)):
        assert run(feed, served).settled.erased == 0
    later = timezone.now() + timedelta(days=7, minutes=1)
    with at(later):
        last = run(feed, served)
    assert (last.settled.erased, last.settled.references) == (1, 2)
    assert notices() == {"u1"}
    row = withdrawals(feed.public_id, person("admin"))[0]
    erased = entries("reference.expunged")
    assert row.erased_entries == [entry.seq for entry in erased]
    assert {entry.subject["withdrawn_in"] for entry in erased} == {row.entry}
    assert entries("feed.withdrawn")[-1].seq == row.entry
    # It is published again: it is fetched again.
    fbi.items.insert(0, gone)
    with at(later):
        assert run(feed, served).enrolment.enrolled == 2
    assert notices() == {"u0", "u1"}


def test_a_notice_that_returns_in_time_is_kept(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, moved(preset("fbi-wanted"), served))
    tried(feed, served)
    run(feed, served)
    gone = fbi.items.pop(0)
    run(feed, served)
    fbi.items.append(gone)
    assert run(feed, served).settled.returned == 1
    with at(timezone.now() + timedelta(days=30)):
        assert run(feed, served).settled.erased == 0
    assert notices() == {"u0", "u1"}
    assert not FeedWithdrawal.objects.exists()


def test_what_the_publisher_calls_over_is_erased_too_and_a_hold_keeps_it(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, replace(moved(preset("fbi-wanted"), served), grace_days=0))
    tried(feed, served)
    run(feed, served)
    hold = place_hold(reason="kept for a court", authority="court", gallery="g", acting_member=person("supervisor"))
    fbi.items[0]["status"] = "captured"
    kept = run(feed, served)
    assert (kept.settled.erased, kept.settled.on_hold) == (0, 1)
    assert "hold" in " ".join(kept.notes)
    hold.ended_at = timezone.now()
    hold.save()
    assert run(feed, served).settled.references == 2
    assert FeedWithdrawal.objects.get().why == "stated"
    assert notices() == {"u1"}


def _half(fbi: Fbi) -> None:
    fbi.items += [fbi_item(f"x{n}", fbi.served.host, []) for n in range(60)]
    fbi.broken[2] = (500, {}, b"Internal Server Error")


def _page_of_html(fbi: Fbi) -> None:
    _half(fbi)
    fbi.broken[2] = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Just a moment...</html>")


def _cut(fbi: Fbi) -> None:
    _half(fbi)
    fbi.broken[2] = (
        200,
        {**JSON, "Content-Length": "5000", "Connection": "close"},
        b'{"total": 64, "items": [{"uid": "x',
    )


def _empty(fbi: Fbi) -> None:
    fbi.items.clear()


def _renamed_number(fbi: Fbi) -> None:
    for item in fbi.items[1:]:
        item["id"] = item.pop("uid")


def _renamed_images(fbi: Fbi) -> None:
    for item in fbi.items:
        item["photos"] = item.pop("images")


def _renamed_kind(fbi: Fbi) -> None:
    for item in fbi.items:
        item["classification"] = item.pop("person_classification")
        item["person_classification"] = "Victim"


def _too_few(fbi: Fbi) -> None:
    fbi.total = 9
    fbi.items.pop(0)


def _shrunk(fbi: Fbi) -> None:
    del fbi.items[0], fbi.items[1:]


INCOMPLETE: list[tuple[Callable[[Fbi], None], str]] = [
    (_half, "Page 2: The host answers with status 500"),
    (_page_of_html, "Page 2: The publisher's list cannot be used: it is a web page"),
    (_cut, "Page 2:"),
    (_empty, "It has no notice"),
    (_renamed_number, "no number at `uid`"),
    (_renamed_images, "No notice has a picture at"),
    (_renamed_kind, "It has no notice"),
    (_too_few, "states 9 notices, and 3 could be read"),
    (_shrunk, "the last complete list had 3"),
]

UNREADABLE: list[tuple[tuple[int, dict[str, str], bytes], str, str]] = [
    ((403, {"Content-Type": "text/html"}, AKAMAI), "feed.denied", "does not pretend to be a browser"),
    ((429, {"Retry-After": "600"}, b""), "feed.busy", "wait 600 seconds"),
    ((500, {}, b"oops"), "feed.answer", "status 500"),
    ((200, {}, b"<html><body>login</body></html>"), "feed.list", "web page, not JSON"),
    ((200, JSON, b'{"total": 3, "items": [{"uid": "a"'), "feed.list", "cut off"),
    ((200, JSON, b'{"total": 3, "results": []}'), "feed.shape", "it has total, results"),
    ((301, {"Location": "https://elsewhere.example/list"}, b""), "feed.redirect", "elsewhere.example"),
]


def test_a_list_that_is_not_complete_erases_nothing_and_says_why(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, replace(moved(preset("fbi-wanted"), served), grace_days=0))
    tried(feed, served)
    run(feed, served)
    before = json.dumps(fbi.items)
    for change, word in INCOMPLETE:
        change(fbi)
        done = run(feed, served)
        assert word in " ".join(done.notes)
        assert done.settled.erased == 0
        assert notices() == {"u0", "u1"}
        assert not FeedWithdrawal.objects.exists()
        feed.refresh_from_db()
        assert word in feed.last_note
        assert entries("feed.listed")[-1].subject["complete"] is False
        fbi.items, fbi.broken, fbi.total = json.loads(before), {}, None


def test_a_list_that_cannot_be_read_is_refused_and_changes_nothing(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, replace(moved(preset("fbi-wanted"), served), grace_days=0))
    tried(feed, served)
    run(feed, served)
    for answer, rule, word in UNREADABLE:
        fbi.broken[1] = answer
        found, why = rule_of(lambda: run(feed, served))
        assert (found, word in why) == (rule, True)
        assert notices() == {"u0", "u1"}
        feed.refresh_from_db()
        assert word in feed.last_note
        assert rule_of(lambda: tried(feed, served))[0] == rule


def test_a_host_that_refuses_pictures_is_left_alone_and_asked_again_later(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, moved(preset("fbi-wanted"), served))
    tried(feed, served)
    pages = {path: served.pages[path] for path in list(served.pages) if path.startswith("/wanted/")}
    for path in pages:
        served.put(path, b"", 429, Retry_After="3600")
    served.asked.clear()
    assert run(feed, served).enrolment.enrolled == 0
    assert sum(path.startswith(("/wanted/0", "/wanted/1")) for path in served.paths) == 1
    served.pages.update(pages)
    assert run(feed, served).enrolment.enrolled == 3


def test_a_picture_of_two_notices_stays_for_the_one_that_is_left(served: Publisher, fbi: Fbi) -> None:
    feed = add(served, replace(moved(preset("fbi-wanted"), served), grace_days=0))
    fbi.items[1]["images"] = fbi_item("u1", served.host, [("/wanted/0.png?twin", None)])["images"]
    put(served, "/wanted/0.png?twin", faces()[0])
    tried(feed, served)
    assert run(feed, served).enrolment.duplicates == 1
    assert notices() == {"u0"}
    fbi.items.pop(0)
    run(feed, served)
    assert notices() == set()
    run(feed, served)
    assert notices() == {"u1"}


def test_a_notice_of_interpol_brings_the_pictures_of_its_second_list(served: Publisher) -> None:
    for number, picture in enumerate(faces()[:3]):
        put(served, f"/notices/v1/red/2021-{number // 2}/images/{number}", picture)
    api = Interpol(served, ["2021/0", "2021/1", "2021/2"], {"2021/0": ["0", "1"], "2021/1": ["2"]})
    feed = add(served, moved(preset("interpol-red"), served))
    trial = tried(feed, served)
    assert trial.notices[0].details.endswith("/notices/v1/red/2021-0/images")
    assert trial.notices[0].kind == "red"
    done = run(feed, served)
    assert (done.enrolment.enrolled, done.listing.incomplete) == (3, [])
    assert notices() == {"2021/0", "2021/1"}
    served.asked.clear()
    assert run(feed, served).enrolment.enrolled == 0
    assert not any("/images" in path for path in served.paths)
    api.numbers.pop(0)
    run(feed, served)
    with at(timezone.now() + timedelta(days=8)):
        assert run(feed, served).settled.references == 2


def test_a_query_that_interpol_does_not_answer_whole_never_erases(served: Publisher) -> None:
    put(served, "/notices/v1/red/2021-0/images/0", faces()[0])
    api = Interpol(served, [f"2021/{n}" for n in range(160)], {"2021/0": ["0"]})
    feed = add(served, replace(moved(preset("interpol-red"), served), grace_days=0))
    tried(feed, served)
    run(feed, served, limit=1)
    api.numbers = [f"2021/{n}" for n in range(1, 201)]
    done = run(feed, served, limit=1)
    assert "states 200 notices, and 160 could be read" in " ".join(done.notes)
    api.ignores_page = True
    assert "repeats an earlier one" in " ".join(run(feed, served, limit=1).notes)
    assert notices() == {"2021/0"}


def test_the_congress_list_is_asked_for_again_only_if_it_changed(served: Publisher) -> None:
    for number, picture in zip(("B000944", "C000127"), faces(), strict=False):
        put(served, f"/images/congress/450x550/{number}.jpg", picture)
    body = congress(served, ["B000944", "C000127"])
    path = "/congress-legislators/legislators-current.json"

    def answer(_query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        same = served.headers[-1].get("if-none-match") == '"5f1a"'
        return (304, {}, b"") if same else (200, {"ETag": '"5f1a"'}, body)

    feed = add(served, moved(preset("us-congress"), served))
    tried(feed, served)
    del served.pages[path]
    served.lists[path] = answer
    assert run(feed, served).enrolment.enrolled == 2
    assert Reference.objects.filter(page_url="https://bioguide.congress.gov/search/bio/C000127").exists()
    again = run(feed, served)
    assert (again.listing.unchanged, again.settled.withdrawn) == (True, 0)
    assert "has not changed" in again.notes[0]


def test_an_rss_list_has_the_newest_only_unless_its_mapping_says_otherwise(served: Publisher) -> None:
    for number, picture in enumerate(faces()[:3]):
        put(served, f"/p{number}.png", picture)
    served.put("/feed.xml", rss(served.host, [("100", "/p0.png"), ("101", "/p1.png")]))
    feeds = {
        name: add(served, Terms(f"https://{served.host}/feed.xml", "P", mapping, grace_days=0), gallery=name)
        for name, mapping in (
            ("newest", of_table({"form": "feed"})),
            ("whole", of_table({"form": "feed", "complete": True})),
        )
    }
    for feed in feeds.values():
        tried(feed, served)
        assert run(feed, served).enrolment.enrolled == 2
    served.put("/feed.xml", rss(served.host, [("101", "/p1.png"), ("102", "/p2.png")]))
    assert "only some of the notices" in " ".join(run(feeds["newest"], served).notes)
    assert run(feeds["whole"], served).settled.references == 1
    assert Reference.objects.exclude(template=b"").filter(gallery__name="newest").count() == 3


@pytest.mark.parametrize("by", ["next", "cursor", "offset"])
def test_a_list_goes_on_by_link_cursor_and_offset(served: Publisher, by: str) -> None:
    rows = [{"n": str(n), "image": f"https://{served.host}/p{n}.png"} for n in range(5)]

    def answer(query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        start = int(query.get("at", "0"))
        more = start + 2 < len(rows)
        following = {"next": f"/list?at={start + 2}" if by == "next" else str(start + 2)} if more else {}
        return 200, JSON, json.dumps({"rows": rows[start : start + 2], **following}).encode()

    served.lists["/list"] = answer
    pages = {"by": by, "parameter": "at"} | ({} if by == "offset" else {"next": "next"})
    mapping = of_table({"form": "json", "items": "rows", "id": "n", "page": "", "captured_on": "", "pages": pages})
    feed = add(served, Terms(f"https://{served.host}/list", "P", mapping))
    tried(feed, served)
    done = run(feed, served)
    assert [notice.id for notice in done.listing.notices] == ["0", "1", "2", "3", "4"]
    assert done.listing.incomplete == []


def test_the_worker_runs_feeds_that_are_due_under_the_member_who_added_them(
    served: Publisher, fbi: Fbi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "of_workspace", lambda _table: connection(served))
    feed = add(served, replace(moved(preset("fbi-wanted"), served), every_hours=24))
    assert ask_due() == []  # not tried yet
    tried(feed, served)
    (job,) = ask_due()
    assert ask_due() == []
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.member) == ("done", person("admin"))
    assert job.note.startswith("3 pictures enrolled, 0 not usable.")
    assert ask_due() == []
    with at(timezone.now() + timedelta(hours=25)):
        fbi.broken[1] = (403, {}, AKAMAI)
        (again,) = ask_due()
        assert again.pk == job.pk
        run_job(job.pk)
        job.refresh_from_db()
        assert job.state == "failed"
        assert "does not pretend" in job.note
        assert ask_due() == []  # the next try is due after the feed's own time
    feed.refresh_from_db()
    assert "does not pretend" in feed.last_note
