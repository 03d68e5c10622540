"""A hold beats every erasure, wherever one begins; overlapping holds end each on its own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.clips import clip
from tests.factories.models import collins, scaled
from tests.factories.retention import searched
from tests.factories.videos import take
from tests.factories.work import at, case, entries, gallery, person, probe, search, write

from plainview.casework.disclosure.make import disclose
from plainview.casework.enrolment import intake
from plainview.casework.erasure import read as asked
from plainview.casework.erasure.expunge import expunge
from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.casework.models import (
    Alert,
    Case,
    Enrolment,
    Hold,
    Preparation,
    Reference,
    Search,
    Video,
)
from plainview.casework.probes.preparations import discard, discard_stale, prepare
from plainview.casework.search.run import view_candidates
from plainview.casework.search.urgent import authorise_urgent, sweep
from plainview.casework.videos import upload as videos
from plainview.casework.videos.erase import erase_video
from plainview.policy.decision import Refused
from plainview.policy.search import DRAFT_DAYS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def hold(**on: str) -> Hold:
    return place_hold(
        reason="the defence asked for it", authority="District court", acting_member=person("supervisor"), **on
    )


def end(held: Hold) -> None:
    end_hold(held.public_id, reason="the appeal is over", acting_member=person("admin"))


def refused(rule_id: str) -> pytest.raises:  # type: ignore[valid-type]
    return pytest.raises(Refused, match=rule_id.replace(".", r"\."))


def test_no_reference_is_expunged_that_any_hold_reaches(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path)
    row = Reference.objects.get(file_name="collins.png")
    for kind, name in {"case": "C-1", "search": found, "reference": row.public_id, "gallery": "g"}.items():
        held = hold(**{kind: name})
        assert asked.held_reference(row) == [held], kind
        assert asked.in_force(held.agency).reference(row.pk, row.gallery_id) == (held.public_id,), kind
        with refused("hold.in_force") as caught:
            expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
        assert held.public_id in caught.value.why
        assert entries("reference.expunge.refused")[-1].subject["rule"] == "hold.in_force"
        end(held)
    assert expunge(row.public_id, reason="by order of the court", acting_member=person("admin")).picture_erased


def test_of_overlapping_holds_the_last_one_to_end_frees_it(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path)
    row = Reference.objects.get(file_name="collins.png")
    several = [
        hold(case="C-1"),
        hold(search=found),
        hold(gallery="g"),
        hold(gallery="g"),
        hold(reference=row.public_id),
    ]
    assert asked.held_reference(row) == several
    assert asked.held_case(Case.objects.get()) == several[:2]
    for one in several:
        with refused("hold.in_force"):
            expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
        end(one)
    with refused("hold.ended"):
        end(several[0])
    expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert len(entries("hold.placed")) == len(entries("hold.ended")) == 5
    assert all("District" not in entry.canonical.decode() for entry in entries("hold.placed"))


def test_an_urgent_search_that_is_held_is_kept_and_nobody_looks_at_it(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    found = search(probe(tmp_path), urgent="a child is missing").search
    first, second = hold(search=found.public_id), hold(case="C-1")
    with at(found.authorise_by + HOUR):
        assert sweep() == []
        assert sweep() == []
        (sealed,) = entries("search.sealed")
        assert sealed.subject["holds"] == [first.public_id, second.public_id]
        with refused("search.sealed"):
            view_candidates(found.public_id, acting_member=person("examiner"))
        with refused("search.not_waiting"):
            authorise_urgent(found.public_id, reason="it was right", acting_member=person("supervisor"))
        disclose(found.public_id, tmp_path / "package.zip", acting_member=person("supervisor"))
        end(first)
        assert sweep() == []
        end(second)
        assert sweep() == [found.public_id]
    assert Search.objects.get().probe_blob == ""


def test_videos_drafts_and_failures_that_are_held_stay(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    video = take(clip(frames=10).data, "C-1")
    picture = write(scaled(collins(), 0.7), tmp_path / "draft.png").read_bytes()
    draft = prepare("C-1", "draft.png", picture, acting_member=person("examiner"))
    Video.objects.create(case=Case.objects.get(), member=person("examiner"), name="half.mp4", size=9)
    run = Enrolment.objects.get()
    Enrolment.objects.update(failures_until=timezone.now() + DAY)
    several = [hold(case="C-1"), hold(gallery="g")]
    with refused("hold.in_force"):
        erase_video(video.public_id, reason="erased by court order", acting_member=person("supervisor"))
    with refused("hold.in_force"):
        discard(draft.public_id, acting_member=person("examiner"))
    with refused("hold.in_force"):
        intake.erase_failures(run.gallery_id, run.pk, acting_member=person("admin"))
    with at(timezone.now() + (DRAFT_DAYS + 1) * DAY):
        assert (discard_stale(), videos.discard_stale(), intake.sweep_failures()) == ([], [], 0)
        assert not Preparation.objects.filter(discarded_at__isnull=False).exists()
        for one in several:
            end(one)
        assert discard_stale() == [draft.public_id]
        assert len(videos.discard_stale()) == intake.sweep_failures() == 1
        erase_video(video.public_id, reason="erased by court order", acting_member=person("supervisor"))


def test_a_hold_on_a_search_reaches_its_video_its_draft_and_its_alert(workspace: Path, tmp_path: Path) -> None:
    searched(tmp_path)
    examiner, of = person("examiner"), Case.objects.get()
    picture = write(scaled(collins(), 0.7), tmp_path / "draft.png").read_bytes()
    draft = prepare("C-1", "draft.png", picture, acting_member=examiner)
    video = Video.objects.create(case=of, member=examiner, name="v.mp4", size=9)
    row = Search.objects.get()
    alert = Alert.objects.create(
        case=of,
        member=examiner,
        purpose="find the rider",
        origin="",
        policy=row.policy,
        probe_blob="x",
        probe_name="",
        face_number=1,
        box=[],
        quality=1,
        quality_detail={},
        pack="",
        pack_sha256="",
        sealed=b"",
        one_in=1,
        expires_at=timezone.now(),
    )
    Search.objects.update(preparation=draft, alert=alert, provenance={"video": video.public_id})
    assert asked.held_draft(draft) == asked.held_video(video) == asked.held_alert(alert) == []
    held = hold(search=row.public_id)
    assert asked.held_draft(draft) == asked.held_video(video) == asked.held_alert(alert) == [held]
    once = asked.in_force(held.agency)
    names = (held.public_id,)
    assert once.draft(draft.pk, of.pk) == once.alert(alert.pk, of.pk) == names
    assert once.video(video.public_id, of.pk) == once.search(row.pk, of.pk) == names


def test_a_hold_that_says_too_little_is_refused(workspace: Path) -> None:
    case()
    for on, rule in (
        ({}, "hold.on_one_thing"),
        ({"case": "C-1", "gallery": "g"}, "hold.on_one_thing"),
        ({"case": "C-9"}, "case.unknown"),
        ({"search": "S0"}, "search.unknown"),
        ({"reference": "R0"}, "reference.unknown"),
        ({"gallery": "other"}, "gallery.unknown"),
        ({"case": "C-1", "reason": "because"}, "hold.incomplete"),
        ({"case": "C-1", "authority": " "}, "hold.incomplete"),
        ({"case": "C-1", "review_on": date(2026, 1, 1)}, "hold.review"),
    ):
        given: dict[str, Any] = {"reason": "the defence asked for it", "authority": "court", **on}
        with refused(rule):
            place_hold(acting_member=person("supervisor"), **given)
        with refused("member.no_permission"):
            place_hold(acting_member=person("examiner"), **given)
    assert not Hold.objects.exists()


def test_the_day_of_a_review_is_told_and_ends_nothing(workspace: Path) -> None:
    case()
    tomorrow = timezone.now().date() + DAY
    held = place_hold(
        reason="the defence asked for it",
        authority="court",
        case="C-1",
        review_on=tomorrow,
        acting_member=person("supervisor"),
    )
    assert asked.reviews_due(person("admin")) == []
    with at(timezone.now() + 2 * DAY):
        assert asked.reviews_due(person("admin")) == asked.held_case(Case.objects.get()) == [held]
