"""Stills of a video: picked, searched with, taken along, erased."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.clips import clip
from tests.factories.refusals import rule_of
from tests.factories.videos import take
from tests.factories.work import at, case, entries, gallery, person

from plainview.casework.cases.open_close import close_case
from plainview.casework.disclosure.make import disclose
from plainview.casework.erasure.read import needed
from plainview.casework.models import ProbeFrame, SamePerson, Search, Still, VideoPart, VideoTrack
from plainview.casework.probes.preparations import save
from plainview.casework.search.grounds import Urgent
from plainview.casework.search.lapse import erase_evidence
from plainview.casework.search.prepared import search_prepared
from plainview.casework.search.run import Request, run_search
from plainview.casework.search.urgent import sweep
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.export import export_stills
from plainview.casework.videos.read import _joined, person_of, persons, same_sentence
from plainview.casework.videos.same import join_persons, part_persons
from plainview.casework.videos.stills import draft_still, pick_still, prepare_still
from plainview.casework.workspace.services import services
from plainview.policy.agency import EVIDENCE_DAYS
from plainview.recheck.package import verify_package
from plainview.recognition.errors import BadMedia

MIB = 2**20


@pytest.fixture
def open_case(workspace: Path) -> Path:
    case()
    return workspace


@pytest.mark.long
def test_a_pick_is_a_probe_like_any_other_and_says_where_it_is_from(open_case: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    video = take(clip(frames=50).data)
    still = persons(video)[1].best
    examiner = person("examiner")
    probe = prepare_still(still.public_id, acting_member=examiner)
    assert entries("still.picked")[-1].subject["frame"] == still.frame
    request = Request("C-1", "find the rider", "g", origin="cctv")
    answer = run_search(probe, request, acting_member=examiner)
    assert answer.candidates[0].reference.file_name == "collins.png"
    search = Search.objects.get(pk=answer.search.pk)
    assert search.provenance["frame_sha256"] == still.frame_sha256
    assert (search.provenance["video"], search.provenance["frame"]) == (video.public_id, still.frame)
    entry = entries("search.requested")[-1]
    assert entry.subject["still"] == {
        "video": video.public_id,
        "still": still.public_id,
        "time_s": str(still.time_s),
        "frame": still.frame,
    }
    assert still.frame_sha256 not in json.dumps(entry.subject)
    assert rule_of(run_search, probe, Request("C-1", "", "g"), acting_member=examiner) == "search.purpose_missing"
    assert rule_of(pick_still, still.public_id, acting_member=person("supervisor")) == "member.no_permission"
    close_case("C-1", acting_member=examiner)
    assert rule_of(pick_still, still.public_id, acting_member=examiner) == "case.closed"


def test_an_urgent_search_that_is_erased_forgets_its_still(open_case: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    still = persons(take(clip(frames=50).data))[0].best
    probe = prepare_still(still.public_id, acting_member=person("examiner"))
    run_search(probe, Request("C-1", "find the rider", "g"), Urgent("a child"), acting_member=person("examiner"))
    with at(timezone.now() + timedelta(hours=49)):
        sweep()
    assert Search.objects.get().provenance == {}


def test_a_frame_that_decodes_to_something_else_is_no_probe(open_case: Path) -> None:
    still = persons(take(clip(frames=50).data))[0].best
    Still.objects.filter(pk=still.pk).update(frame_sha256="0" * 64)
    with pytest.raises(BadMedia) as caught:
        pick_still(still.public_id, acting_member=person("examiner"))
    assert caught.value.code == "frame_changed"


def test_stills_go_along_as_table_and_contact_sheet(open_case: Path) -> None:
    video = take(clip(frames=50).data)
    examiner = person("examiner")
    table = list(csv.DictReader(io.StringIO(export_stills(video.public_id, "csv", acting_member=examiner).decode())))
    assert {row["still"] for row in table} == {row.public_id for row in Still.objects.all()}
    told = json.loads(export_stills(video.public_id, "json", acting_member=examiner))
    assert len(told["persons"]) == 2
    assert export_stills(video.public_id, "pdf", acting_member=examiner).startswith(b"%PDF")
    assert [entry.subject["kind"] for entry in entries("stills.exported")] == ["csv", "json", "pdf"]
    assert rule_of(export_stills, video.public_id, "exe", acting_member=examiner) == "still.none"


def test_erased_is_everything_that_nothing_else_needs(open_case: Path) -> None:
    before = set(services().blobs.digests())
    data = clip(frames=50).data
    first, second = take(data), take(data, name="the same again.mp4")
    supervisor = person("supervisor")
    assert rule_of(erase_video, first.public_id, reason="x", acting_member=person("examiner")) == "member.no_permission"
    assert rule_of(erase_video, first.public_id, reason=" ", acting_member=supervisor)
    erase_video(first.public_id, reason="ordered by the court", acting_member=supervisor)
    parts = set(second.parts.values_list("blob", flat=True))
    assert needed(parts) == parts
    assert all(services().blobs.exists(digest) for digest in parts)
    assert (
        rule_of(erase_video, first.public_id, reason="again, to be sure", acting_member=supervisor) == "video.unknown"
    )
    erase_video(second.public_id, reason="ordered by the court", acting_member=supervisor)
    assert set(services().blobs.digests()) == before
    assert (Still.objects.count(), VideoPart.objects.count(), VideoTrack.objects.count()) == (0, 0, 0)
    assert [entry.subject["video"] for entry in entries("video.erased")] == [
        first.public_id,
        second.public_id,
    ]


def test_a_disclosure_says_which_frame_it_was_and_notices_another(open_case: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    still = persons(take(clip(frames=50).data))[0].best
    probe = prepare_still(still.public_id, acting_member=person("examiner"))
    answer = run_search(probe, Request("C-1", "find the rider", "g"), acting_member=person("examiner"))
    out = tmp_path / "package.zip"
    disclose(answer.search.public_id, out, acting_member=person("supervisor"))
    assert verify_package(out).ok
    with zipfile.ZipFile(out) as package:
        described = json.loads(package.read("search.json"))
    assert described["probe_still"]["frame_sha256"] == still.frame_sha256


def test_several_frames_of_one_person_are_one_probe_and_all_are_kept(open_case: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    people = persons(take(clip(frames=75).data))
    examiner = person("examiner")
    first, second, *_ = people[1].stills
    alone = run_search(
        prepare_still(first.public_id, acting_member=examiner),
        Request("C-1", "find the rider", "g"),
        acting_member=examiner,
    )
    probe = prepare_still(first.public_id, together_with=[second.public_id], acting_member=examiner)
    answer = run_search(probe, Request("C-1", "find the rider", "g"), Urgent("a child"), acting_member=examiner)
    assert answer.candidates[0].reference.file_name == "collins.png"
    assert answer.candidates[0].score != alone.candidates[0].score
    (row,) = ProbeFrame.objects.all()
    assert (row.search_id, row.number, row.provenance["frame"]) == (answer.search.pk, 2, second.frame)
    assert entries("search.requested")[-1].subject["frames"] == 2
    out = tmp_path / "package.zip"
    disclose(answer.search.public_id, out, acting_member=person("supervisor"))
    report = verify_package(out)
    assert report.ok, report.problems
    assert report.rerun_identical
    with zipfile.ZipFile(out) as package:
        assert "probe/frame-2.png" in package.namelist()
    with at(timezone.now() + timedelta(hours=49)):
        sweep()
    assert not ProbeFrame.objects.exists()
    assert services().blobs.exists(row.blob)  # sealed for the auditor
    with at(timezone.now() + timedelta(hours=49, days=EVIDENCE_DAYS)):
        assert erase_evidence() == 1
    assert not services().blobs.exists(row.blob)


def test_frames_of_two_people_are_never_one_probe(open_case: Path) -> None:
    people = persons(take(clip(frames=75).data))
    first, other = people[0].best.public_id, people[1].best.public_id
    examiner = person("examiner")

    def rule(*beside: str) -> str:
        return rule_of(prepare_still, first, together_with=beside, acting_member=examiner)

    assert rule(other) == "still.other_person"
    assert rule(first) == "still.other_person"
    assert rule(*[first] * 4) == "still.too_many"


def test_a_draft_searches_with_the_frames_that_it_names(open_case: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    still = persons(take(clip(frames=75).data))[1].best
    examiner = person("examiner")
    draft = draft_still(still.public_id, together=True, acting_member=examiner)
    assert draft.face is not None
    others = draft.provenance["with"]
    assert still.public_id not in others
    save(draft.public_id, {"purpose": "find the rider", "galleries": ["g"], "origin": "cctv"}, acting_member=examiner)
    (search,) = search_prepared(draft.public_id, acting_member=examiner)
    assert [row.provenance["still"] for row in search.frames.order_by("number")] == others
    assert "with" not in search.provenance


def test_two_people_that_are_one_are_joined_by_a_person_and_parted_again(open_case: Path) -> None:
    video, examiner = take(clip(frames=50).data), person("examiner")
    one, two = persons(video)
    assert rule_of(join_persons, video.public_id, [1], acting_member=examiner) == "video.same_person"
    assert rule_of(join_persons, video.public_id, [1, 7], acting_member=examiner) == "video.same_person"
    assert rule_of(join_persons, video.public_id, [1, 2], acting_member=person("verifier")) == "member.no_permission"
    assert rule_of(part_persons, video.public_id, 1, acting_member=examiner) == "video.nothing_to_undo"
    assert rule_of(prepare_still, one.best.public_id, together_with=[two.best.public_id], acting_member=examiner) == (
        "still.other_person"
    )
    join_persons(video.public_id, [2, 1], acting_member=examiner)
    (joined,) = persons(video)
    assert (joined.number, joined.groups, len(joined.stills)) == (1, [1, 2], len(one.stills) + len(two.stills))
    assert same_sentence(joined) == "Persons 1 and 2 are stated to be one person by Sample examiner."
    assert person_of(two.best) == 1
    probe = prepare_still(one.best.public_id, together_with=[two.best.public_id], acting_member=examiner)
    assert [probe.provenance["same"], probe.further[0].provenance["same"]] == [[1, 2], [1, 2]]
    rows = list(csv.DictReader(io.StringIO(export_stills(video.public_id, "csv", acting_member=examiner).decode())))
    assert {(row["person"], row["group"]) for row in rows} == {("1", "1"), ("1", "2")}
    assert rule_of(join_persons, video.public_id, [1, 2], acting_member=examiner) == "video.same_person"
    assert part_persons(video.public_id, 1, acting_member=examiner) == 1
    assert [person.number for person in persons(video)] == [1, 2]
    (stated,), (undone,) = entries("video.persons_joined"), entries("video.persons_parted")
    assert (stated.subject["first"], stated.subject["second"]) == (undone.subject["first"], undone.subject["second"])
    join_persons(video.public_id, [1, 2], acting_member=examiner)
    assert SamePerson.objects.count() == 2  # the first statement stays, with its undo
    erase_video(video.public_id, reason="the case is over now", acting_member=person("supervisor"))
    assert not SamePerson.objects.exists()


def test_groups_that_several_statements_connect_are_one_person() -> None:
    def same(*pairs: tuple[int, int]) -> dict[int, int]:
        return _joined([SamePerson(first=first, second=second) for first, second in pairs])

    assert same((3, 4), (1, 2)) == {3: 3, 4: 3, 1: 1, 2: 1}
    assert same((3, 4), (1, 2), (2, 4)) == {1: 1, 2: 1, 3: 1, 4: 1}
    assert same((1, 2), (2, 3), (1, 3)) == {1: 1, 2: 1, 3: 1}
