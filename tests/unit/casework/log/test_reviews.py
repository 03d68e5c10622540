"""Reviews, heartbeats and cosignatures inside the workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.work import entries

from plainview.audit.checkpoint import Signer
from plainview.audit.cosignature import WitnessSigner
from plainview.audit.monitor import visit
from plainview.audit.record import format_time
from plainview.casework.find import member_by_email
from plainview.casework.log.read import cosigned, newest_entry, verify_log
from plainview.casework.log.reviews import heartbeat, review_log, summary
from plainview.casework.log.write import records
from plainview.casework.models import LogEntry, LogReview
from plainview.casework.witnesses.add import add_cosigned
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused


def test_a_review_begins_where_the_last_one_ended(workspace: Path) -> None:
    auditor = member_by_email("auditor@agency.example")
    before = summary(auditor)
    assert (before.first, before.up_to, before.counts["member.joined"]) == (0, 6, 5)
    row = review_log("in order", 4, acting_member=auditor)
    assert (row.first, row.up_to, row.entry) == (0, 4, 7)
    assert review_log("in order", acting_member=auditor).first == 5
    assert summary(auditor).counts == {"log.reviewed": 1}
    for note, up_to, rule in ((" ", None, "review.note_missing"), ("x", 3, "range"), ("x", 999, "range")):
        with pytest.raises(Refused, match=rule):
            review_log(note, up_to, acting_member=auditor)
    assert verify_log().ok


@pytest.mark.parametrize("person", ["examiner", "verifier", "supervisor", "admin"])
def test_only_an_auditor_reviews(workspace: Path, person: str) -> None:
    member = member_by_email(f"{person}@agency.example")
    with pytest.raises(Refused, match=r"member\.no_permission"):
        summary(member)
    with pytest.raises(Refused, match=r"member\.no_permission"):
        review_log("x", acting_member=member)
    assert LogReview.objects.count() == 0
    assert b'"audit.review.refused"' in bytes(LogEntry.objects.get(seq=newest_entry()).canonical)


def test_a_quiet_log_gets_a_heartbeat_and_a_review_ends_the_alarm(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newest = datetime.fromisoformat(LogEntry.objects.order_by("-seq").values_list("at", flat=True)[0])
    monkeypatch.setattr(timezone, "now", lambda: newest + timedelta(minutes=1))  # the workspace is as old as the run
    assert heartbeat() is None
    later = newest + timedelta(days=8)
    monkeypatch.setattr(timezone, "now", lambda: later)
    folder, state = workspace / "audit", tmp_path / "state"
    assert [row.kind for row in visit(folder, state, now=later)[0]] == ["silent", "review"]
    assert heartbeat() is not None
    assert heartbeat() is None
    assert [row.kind for row in visit(folder, state, now=later)[0]] == ["review"]
    review_log("in order", acting_member=member_by_email("auditor@agency.example"))
    assert visit(folder, state, now=later)[0] == []


def test_a_clock_set_back_does_not_stop_the_heartbeat(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: earlier)
    assert heartbeat() is not None
    assert [entry.action for entry in entries()[-2:]] == ["clock.ahead", "log.heartbeat"]
    assert entries()[-1].time == format_time(earlier)


def test_a_heartbeat_by_a_clock_that_leapt_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(days=15))
    with pytest.raises(Refused, match=r"clock\.leapt"):
        heartbeat()


def test_only_what_the_log_signed_and_a_trusted_witness_cosigned_is_kept(workspace: Path, tmp_path: Path) -> None:
    witness, file = WitnessSigner.generate("w/1"), tmp_path / "note"
    (note,) = (row.checkpoint for row in records(newest_entry()))
    file.write_text(witness.cosign(str(note), 1_790_000_000))
    with pytest.raises(Refused, match=r"cosignature\.untrusted"):
        add_cosigned(file)
    (workspace / "witnesses").write_text(f"# the university\n{witness.verifier.text}\n")
    assert add_cosigned(file) == add_cosigned(file) == (7, ["w/1"])
    assert (workspace / "audit" / "cosignatures").read_text().count("— w/1") == 1
    assert str(cosigned(7)) == "cosigned by 1 of 1 witnesses up to entry 6"
    assert cosigned(6).first_bad == 6
    assert verify_log().ok
    for signer, rule in ((services().signer, "differs"), (Signer.generate(services().origin), "bad")):
        file.write_text(witness.cosign(signer.sign(7, bytes(32)), 1_790_000_000))
        with pytest.raises(Refused, match=rf"cosignature\.{rule}"):
            add_cosigned(file)
