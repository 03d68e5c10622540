"""The pages of feeds and webhooks, as an administrator uses them, and what others see of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import cv2
import pytest
from django.utils import timezone
from tests.factories.browser import signed_in
from tests.factories.models import collins
from tests.factories.notices import Fbi, fbi_item
from tests.factories.publisher import Publisher, publisher
from tests.factories.work import entries, person

from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Delivery, Feed, Job, Reference
from plainview.casework.outgoing import Connection
from plainview.casework.webhooks.manage import add_webhook
from plainview.worker.tasks import run_job

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

MAPPING = """
form = "json"
items = "items"
total = "total"
id = "uid"
image = "images[].{link: original, caption: caption}"
page = "url"
captured_on = ""
[pages]
by = "page"
"""


@pytest.fixture
def served(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    (tmp_path / "server").mkdir()
    with publisher(tmp_path / "server") as made:
        connection = Connection(private=True, ca_file=made.ca_file, resolver=lambda _name, _port: ["127.0.0.1"])
        monkeypatch.setattr(Connection, "of_workspace", lambda _table: connection)
        monkeypatch.setattr("plainview.casework.feeds.run.time.sleep", lambda _: None)
        create_gallery(
            "g", legal_basis="b", source="s", owner="o", expires_on=date(2999, 1, 1), acting_member=person("admin")
        )
        yield made


@pytest.mark.long
def test_a_feed_is_added_tried_run_and_stopped_on_its_pages(served: Publisher) -> None:
    served.put("/wanted/c.png", cv2.imencode(".png", collins().pixels)[1].tobytes())
    fbi = Fbi(served, [fbi_item("<u0>", served.host, [("/wanted/c.png", "<b>2015</b>"), ("/x.png", "Artist sketch")])])
    client = signed_in("admin")
    fields = {
        "gallery": "g",
        "preset": "other",
        "legal_basis": "Publication Act",
        "list_url": f"https://{served.host}/wanted/v1/list",
        "publisher": "Police <of> Example",
        "mapping": MAPPING,
        "grace_days": "7",
        "every_hours": "0",
    }
    wrong = client.post("/feeds/new/", fields | {"mapping": "items = ["})
    assert "The mapping is not TOML" in wrong.content.decode()
    assert "Publication Act" in wrong.content.decode()
    added = client.post("/feeds/new/", fields)
    feed = Feed.objects.get()
    assert (added.status_code, added["Location"]) == (302, f"/feeds/{feed.public_id}/")
    page = client.get(added["Location"]).content.decode()
    assert "Run now" not in page
    assert "Police &lt;of&gt; Example" in page

    tried = client.post(f"/feeds/{feed.public_id}/try/").content.decode()
    assert "&lt;u0&gt;" in tried
    assert "“&lt;b&gt;2015&lt;/b&gt;”" in tried
    assert "1 left out: not a photograph" in tried
    assert Reference.objects.count() == 0

    client.post(f"/feeds/{feed.public_id}/run/")
    run_job(Job.objects.get(kind="feed").pk)
    assert Reference.objects.count() == 1
    assert "1 picture of 1 link" in client.get(f"/feeds/{feed.public_id}/").content.decode()

    fbi.broken[1] = (403, {}, b"<html>")
    refused = client.post(f"/feeds/{feed.public_id}/try/").content.decode()
    assert "does not pretend to be a browser" in refused
    assert (
        "The reason is missing" not in client.post(f"/feeds/{feed.public_id}/stop/", {"why": "over"}).content.decode()
    )
    assert "It no longer fetches" in client.get(f"/feeds/{feed.public_id}/").content.decode()

    examiner = signed_in("examiner")
    seen = examiner.get(f"/feeds/{feed.public_id}/").content.decode()
    assert "Try it" not in seen
    assert "Stop the feed" not in seen
    assert examiner.post(f"/feeds/{feed.public_id}/try/").status_code == 403


def test_a_preset_is_added_narrowed(served: Publisher) -> None:
    fields = {
        "gallery": "g",
        "preset": "interpol-yellow",
        "query": "nationality=DE",
        "legal_basis": "Act",
        "grace_days": "3",
        "every_hours": "12",
    }
    assert signed_in("admin").post("/feeds/new/", fields).status_code == 302
    feed = Feed.objects.get()
    assert feed.list_url == "https://ws-public.interpol.int/notices/v1/yellow?nationality=DE"
    assert (feed.preset, feed.grace_days, feed.every_hours, feed.publisher) == ("interpol-yellow", 3, 12, "INTERPOL")


def test_webhooks_are_added_listed_and_their_messages_sent_again(served: Publisher) -> None:
    client = signed_in("admin")
    refused = client.post("/webhooks/new/", {"url": "https://169.254.169.254/"}).content.decode()
    assert "not on the public internet" in refused
    added = client.post("/webhooks/new/", {"url": "https://us:pass@cases.example/", "events": ["case.opened"]})
    secret = added.content.decode()
    assert "whsec_" in secret
    hook = client.get("/webhooks/").content.decode()
    assert "pass" not in hook.replace("password", "")
    assert "case.opened" in hook
    made, _ = add_webhook("https://other.example/", acting_member=person("admin"))
    now = timezone.now()
    row = Delivery.objects.create(
        webhook=made,
        message="m1",
        type="case.opened",
        data={},
        happened_at="2026-11-30T10:15:04.21Z",
        due_at=now,
        given_up_at=now,
        tries=13,
        answer="status 500",
    )
    page = client.get(f"/webhooks/{made.public_id}/?state=given up").content.decode()
    assert "30 Nov 2026, 10:15 UTC" in page
    assert "status 500" in page
    assert "No message is in this state" in client.get(f"/webhooks/{made.public_id}/?state=waiting").content.decode()
    assert client.post(f"/deliveries/{row.public_id}/again/")["Location"] == f"/webhooks/{made.public_id}/"
    row.refresh_from_db()
    assert (row.given_up_at, row.tries) == (None, 0)
    assert "whsec_" in client.post(f"/webhooks/{made.public_id}/rotate/").content.decode()
    assert "signs until" in client.get(f"/webhooks/{made.public_id}/").content.decode()
    client.post(f"/webhooks/{made.public_id}/remove/")
    assert client.get(f"/webhooks/{made.public_id}/").status_code == 404
    assert entries("webhook.sent_again")
    assert json.dumps(entries("webhook.added")[-1].subject).count("example") == 0
