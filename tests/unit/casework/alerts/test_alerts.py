"""Alerts: what is new is compared exactly once, under every rule of a search, until the alert ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone
from tests.factories.alerts import alert, arrive, her, him
from tests.factories.power import change_policy
from tests.factories.work import at, case, entries, gallery, person

from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts import follow as alert_follow
from plainview.casework.alerts import opened
from plainview.casework.alerts.read import raised_by, state_of, unseen
from plainview.casework.cases.open_close import close_case
from plainview.casework.disclosure.make import disclose
from plainview.casework.examination.examine import examine
from plainview.casework.models import Alert, AlertMark, Gallery, Member, Search
from plainview.casework.search.run import view_candidates
from plainview.policy.agency import SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, POTENTIAL
from plainview.recheck.package import verify_package


@pytest.fixture
def made(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "g")
    case()
    return tmp_path


def test_a_new_reference_is_raised_and_what_was_there_before_is_not(made: Path) -> None:
    row = alert(made)
    assert raised_by(row) == []
    arrive(made, "him.png", him())
    assert raised_by(row) == []
    arrive(made, "her.png", her())
    (raised,) = raised_by(row)
    assert raised.candidate.reference.source_url == "https://source.example/her.png"
    assert raised.candidate.rank == 1
    assert not raised.seen
    assert entries("alert.created")[-1].subject["alert"] == row.public_id
    assert entries("search.requested")[-1].subject["alert"] == row.public_id
    assert entries("search.answered")[-1].subject["candidates"] == 1


def test_nothing_is_compared_twice_and_a_killed_process_leaves_nothing_out(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = alert(made)
    # Killed between the commit of the batch and its comparison.
    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.enrolment.batches.follow", lambda _: 0)
        arrive(made, "her.png", her())
    assert raised_by(row) == []
    assert alert_follow.follow_all() == 1
    assert alert_follow.follow_all() == 0
    assert alert_follow.follow(Gallery.objects.get().pk) == 0
    assert len(raised_by(row)) == 1


def test_a_crash_in_the_middle_undoes_all_of_it(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = alert(made)
    before = AlertMark.objects.get().seq
    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.alerts.follow.owe_notices", _fail)
        with pytest.raises(ZeroDivisionError):
            arrive(made, "her.png", her())
    assert AlertMark.objects.get().seq == before
    assert raised_by(row) == []
    alert_follow.follow_all()
    assert len(raised_by(row)) == 1


def _fail(_: Search) -> None:
    raise ZeroDivisionError


def test_back_fill_compares_what_was_enrolled_since_a_day(made: Path) -> None:
    row = alert(made, since=timezone.now().date())
    (raised,) = raised_by(row)
    assert raised.candidate.reference.file_name == "collins.png"
    arrive(made, "her.png", her())
    assert len(raised_by(row)) == 2
    later = alert(made, since=(timezone.now() + timedelta(days=1)).date())
    assert raised_by(later) == []


def test_expired_closed_and_caseless_alerts_raise_nothing(made: Path) -> None:
    expiring, closing, falling = alert(made, days=2), alert(made), alert(made)
    alert_ends.close_alert(closing.public_id, reason="the person was found", acting_member=person("supervisor"))
    # The clock alone ends it: no sweep has run.
    with at(timezone.now() + timedelta(days=2, seconds=1)):
        arrive(made, "her.png", her())
        assert [raised_by(row) for row in (expiring, closing)] == [[], []]
        assert len(raised_by(falling)) == 1
        assert alert_ends.sweep_alerts() == 1
        assert alert_ends.sweep_alerts() == 0
        close_case("C-1", acting_member=person("examiner"))
        arrive(made, "again.png", her(0.6))
    assert len(raised_by(falling)) == 1
    assert {state_of(Alert.objects.get(pk=row.pk)) for row in (closing, falling)} == {"closed"}
    assert state_of(Alert.objects.get(pk=expiring.pk)) == "expired"
    ended = {entry.subject["alert"]: entry.subject for entry in entries("alert.ended")}
    assert ended[falling.public_id]["raised"] == 1
    assert ended[falling.public_id]["not_looked_at"] == 1


@pytest.mark.parametrize("what", ["member", "agency", "gallery"])
def test_an_alert_stops_with_what_it_rests_on(made: Path, what: str) -> None:
    row = alert(made)
    if what == "member":
        Member.objects.filter(pk=row.member_id).update(is_active=False)
    elif what == "agency":
        type(row.case.agency).objects.update(suspended_at=timezone.now())
    else:
        Gallery.objects.update(expires_on=timezone.now().date() - timedelta(days=1))
    block = [(seq, reference, template) for seq, reference, template in alert_follow._new(Gallery.objects.get().pk, 0)]
    found = opened.arrays(row.follows.all(), (), row.follows.get().gallery)
    assert alert_follow._compare(Gallery.objects.get().pk, block, found, 0, ignore_after=True) == 0
    assert raised_by(row) == []


def test_what_is_raised_is_examined_and_disclosed_like_any_search(made: Path) -> None:
    row = alert(made)
    arrive(made, "her.png", her())
    (raised,) = raised_by(row)
    assert [one.public_id for one in unseen(person("examiner"))] == [raised.search.public_id]
    answer = view_candidates(raised.search.public_id, acting_member=person("examiner"))
    assert answer.search.gallery_size == 1
    assert unseen(person("examiner")) == []
    assert raised_by(row)[0].seen
    done = examine(
        raised.search.public_id,
        1,
        components=dict.fromkeys(COMPONENTS, "similar"),
        conclusion=POTENTIAL,
        acting_member=person("examiner"),
    )
    assert done.candidate_id == raised.candidate.pk
    out = made / "package.zip"
    disclose(raised.search.public_id, out, acting_member=person("supervisor"))
    report = verify_package(out)
    assert report.problems == []
    assert report.ok


def test_a_colleagues_look_does_not_count_as_the_members(made: Path) -> None:
    alert(made)
    arrive(made, "her.png", her())
    (waiting,) = unseen(person("examiner"))
    view_candidates(waiting.public_id, acting_member=person("supervisor"))
    assert unseen(person("examiner")) == [waiting]


def test_every_rule_of_a_search_holds_and_the_alerts_own(made: Path) -> None:
    for options, rule in (
        ({"days": 31}, "alert.days"),
        ({"days": 0}, "alert.days"),
        ({"one_in": 10}, "alert.one_in"),
        ({"one_in": 10_000_000}, "alert.not_measured"),
        ({"galleries": ("nowhere",)}, "gallery.unknown"),
        ({"galleries": ()}, "gallery.unknown"),
        ({"member": person("auditor")}, "member.no_permission"),
    ):
        with pytest.raises(Refused) as refused:
            alert(made, **options)
        assert refused.value.rule_id == rule
        assert entries("alert.create.refused")[-1].subject["rule"] == rule
    assert Alert.objects.count() == 0


def test_a_supervisor_renews_and_nobody_their_own(made: Path) -> None:
    row = alert(made, days=2)
    renewed = alert_ends.renew_alert(
        row.public_id, days=20, reason="still at large", acting_member=person("supervisor")
    )
    assert renewed.expires_at > timezone.now() + timedelta(days=19)
    with pytest.raises(Refused, match="31 days"):
        alert_ends.renew_alert(row.public_id, days=31, reason="still at large", acting_member=person("supervisor"))
    own = alert(made)
    Alert.objects.filter(pk=own.pk).update(member=person("supervisor"))
    with pytest.raises(Refused) as refused:
        alert_ends.renew_alert(own.public_id, days=5, reason="still at large", acting_member=person("supervisor"))
    assert refused.value.rule_id == "member.own_act"


def test_unsolved_cases_keep_their_alerts_only_by_policy(made: Path) -> None:
    row = alert(made)
    with pytest.raises(Refused) as refused:
        close_case("C-1", unsolved=True, acting_member=person("examiner"))
    assert refused.value.rule_id == "alert.unsolved"
    assert Alert.objects.get().case.closed_at is None
    text = SAMPLE.replace("unsolved_alerts = false", "unsolved_alerts = true")
    change_policy(text, reason="cold cases are reviewed", acting_member=person("admin"))
    close_case("C-1", unsolved=True, acting_member=person("examiner"))
    kept = Alert.objects.get()
    assert kept.expires_at > timezone.now() + timedelta(days=364)
    arrive(made, "her.png", her())
    assert len(raised_by(row)) == 1


def test_what_is_expunged_is_not_raised(made: Path) -> None:
    from plainview.casework.erasure.expunge import expunge

    row = alert(made)
    arrive(made, "her.png", her())
    (raised,) = raised_by(row)
    expunge(raised.candidate.reference.public_id, reason="by order of the court", acting_member=person("admin"))
    assert raised_by(row) == []


def test_a_changed_pack_makes_the_alerts_template_anew(made: Path) -> None:
    row = alert(made)
    Alert.objects.filter(pk=row.pk).update(pack="older 1", sealed=b"unreadable")
    Alert.objects.get(pk=row.pk).save()
    arrive(made, "her.png", her())
    assert len(raised_by(row)) == 1


def test_long_lists_are_split_so_that_each_is_the_best_of_its_changes() -> None:
    generator = np.random.default_rng(5)
    references = np.arange(137, dtype=np.int64)
    scores = generator.random(137).round(6)
    seqs = np.arange(10, 147, dtype=np.int64)
    parts = list(alert_follow._parts(references, scores, seqs, 9, 150))
    assert sorted(row.reference for found, _, _ in parts for row in found) == list(range(137))
    assert parts[0][1] == 9
    assert parts[-1][2] == 150
    for (found, after, upto), following in zip(parts, [*parts[1:], None], strict=True):
        assert 0 < len(found) <= 50
        assert all(after < seqs[row.reference] <= upto for row in found)
        assert following is None or following[1] == upto
