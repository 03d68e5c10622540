"""Who is told of a raised alert, when, with what, and what happens when telling fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core import mail
from django.utils import timezone
from tests.factories.alerts import alert, arrive, her
from tests.factories.work import at, case, entries, gallery, person

from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts import notices
from plainview.casework.alerts.open import set_preference
from plainview.casework.models import Notice
from plainview.policy.decision import Refused


@pytest.fixture
def made(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "g")
    case()
    return tmp_path


class Receiver:
    """Stands for the network: keeps what was posted, and answers or fails as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.posts: list[dict[str, Any]] = []
        self.answer: Callable[[], int] = lambda: 204
        monkeypatch.setattr(requests, "post", self.post)

    def post(self, url: str, **options: Any) -> Any:
        assert options["allow_redirects"] is False
        assert max(options["timeout"]) <= 10
        self.posts.append({"url": url, **options})
        status = self.answer()
        return _Answer(status)


class _Answer:
    def __init__(self, status: int) -> None:
        self.status_code = status

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    return Receiver(monkeypatch)


def test_the_letter_holds_a_link_and_nothing_about_the_case(made: Path) -> None:
    alert(made)
    arrive(made, "her.png", her())
    assert notices.send_due() == 1
    assert notices.send_due() == 0
    (letter,) = mail.outbox
    assert letter.to == ["examiner@agency.example"]
    assert letter.attachments == []
    assert "/alerts/" in letter.body
    for word in ("C-1", "robbery", "rider", "her.png", "source.example", "0."):
        assert word not in letter.body.replace("127.0.0.1", "")
    assert entries("notice.sent")[-1].subject["to"] == person("examiner").public_id


def test_a_webhook_gets_a_signed_message_and_its_secret_is_not_readable(made: Path, receiver: Receiver) -> None:
    hook, secret = notices.add_webhook("https://agency.example/hook", acting_member=person("admin"))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert key not in bytes(hook.sealed)
    row = alert(made)
    arrive(made, "her.png", her())
    assert notices.send_due() == 2
    (post,) = receiver.posts
    head = post["headers"]
    expected = hmac.new(
        key, f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + post["data"], hashlib.sha256
    )
    assert head["webhook-signature"] == "v1," + base64.b64encode(expected.digest()).decode()
    told = json.loads(post["data"])
    assert told["data"]["alert"] == row.public_id
    assert set(told["data"]) == {"alert", "search", "url"}


@pytest.mark.parametrize("how", ["hangs", "refuses", "redirects"])
def test_what_does_not_arrive_is_tried_again_later_and_given_up_at_last(
    made: Path, receiver: Receiver, how: str
) -> None:
    def fail() -> int:
        if how == "hangs":
            raise requests.ReadTimeout
        return 500 if how == "refuses" else 302

    receiver.answer = fail
    notices.add_webhook("https://agency.example/hook", acting_member=person("admin"))
    alert(made)
    arrive(made, "her.png", her())
    now = timezone.now()
    with at(now):
        assert notices.send_due() == 1  # the letter
        assert notices.send_due() == 0
    for n in range(1, notices.TRIES):
        now += timedelta(minutes=2**n, seconds=1)
        with at(now):
            notices.send_due()
    assert len(receiver.posts) == notices.TRIES
    assert len({post["headers"]["webhook-id"] for post in receiver.posts}) == 1
    assert entries("notice.given_up")[-1].subject["tries"] == notices.TRIES
    with at(now + timedelta(days=9)):
        assert notices.send_due() == 0
    assert len(receiver.posts) == notices.TRIES


def test_a_muted_alert_sends_nothing_and_says_why(made: Path) -> None:
    row = alert(made)
    with pytest.raises(Refused):
        alert_ends.mute_alert(row.public_id, reason="on leave", acting_member=person("supervisor"))
    alert_ends.mute_alert(row.public_id, reason="on leave", acting_member=person("examiner"))
    arrive(made, "her.png", her())
    assert Notice.objects.count() == 0
    assert len(entries("alert.muted")) == 1
    alert_ends.mute_alert(row.public_id, reason="", acting_member=person("examiner"))
    arrive(made, "again.png", her(0.6))
    assert Notice.objects.count() == 1


def test_a_digest_is_one_letter(made: Path) -> None:
    set_preference(digest_hours=24, quiet_from=None, quiet_until=None, acting_member=person("examiner"))
    alert(made)
    arrive(made, "her.png", her())
    arrive(made, "again.png", her(0.6))
    assert notices.send_due() == 0
    with at(timezone.now() + timedelta(days=1)):
        assert notices.send_due() == 2
    (letter,) = mail.outbox
    assert "2 times" in letter.body


def test_only_https_and_only_an_administrator(made: Path) -> None:
    for url in (
        "http://agency.example/hook",
        "ftp://agency.example",
        "https://",
        "file:///etc/passwd",
        "hook",
    ):
        with pytest.raises(Refused) as refused:
            notices.add_webhook(url, acting_member=person("admin"))
        assert refused.value.rule_id == "webhook.address"
    with pytest.raises(Refused):
        notices.add_webhook("https://agency.example/hook", acting_member=person("examiner"))


def test_a_removed_webhook_is_owed_nothing(made: Path, receiver: Receiver) -> None:
    hook, _ = notices.add_webhook("https://agency.example/hook", acting_member=person("admin"))
    alert(made)
    arrive(made, "her.png", her())
    notices.remove_webhook(hook.public_id, acting_member=person("admin"))
    assert notices.send_due() == 1
    assert receiver.posts == []
    with pytest.raises(Refused):
        notices.remove_webhook(hook.public_id, acting_member=person("admin"))
