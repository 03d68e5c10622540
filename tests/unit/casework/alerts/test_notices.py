"""Who is told of a raised alert, when, with what, and what happens when telling fails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
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
