"""Several photographs of one person as one probe: each kept, its face chosen, fused, recorded, and run again."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories.alerts import arrive, her
from tests.factories.models import collins, hopper, scaled
from tests.factories.power import change_policy
from tests.factories.refusals import rule_of
from tests.factories.work import case, entries, gallery, person
from tests.unit.recheck.test_package import contents, resigned

from plainview.casework.alerts.erase import blank_alert
from plainview.casework.alerts.open import alert_from_search
from plainview.casework.alerts.opened import opened
from plainview.casework.alerts.read import raised_by
from plainview.casework.disclosure.make import disclose
from plainview.casework.erasure.read import needed
from plainview.casework.galleries.read import open_template
from plainview.casework.models import Preparation, ProbeFrame, Search
from plainview.casework.probes import photographs
from plainview.casework.probes import preparations as actions
from plainview.casework.probes.approvals import decide_approval, request_approval
from plainview.casework.probes.probe import frames_of, template_again
from plainview.casework.search.candidates import candidates_of
from plainview.casework.search.meaning import cautions
from plainview.casework.search.prepared import search_prepared
from plainview.casework.search.run import view_candidates
from plainview.casework.workspace.services import services
from plainview.policy.agency import SAMPLE
from plainview.policy.probes import MOST_PHOTOGRAPHS
from plainview.recheck.package import verify_package
from plainview.recognition.edits import apply, read
from plainview.recognition.video.fuse import fused
from plainview.scores.same_face import SAME_FACE
from plainview.storage.base import digest_of

FIRST = cv2.imencode(".png", scaled(collins(), 0.8).pixels)[1].tobytes()
_VALUES = collins().pixels * 0.06 + np.random.default_rng(1).normal(0, 3, collins().pixels.shape)
DARK = cv2.imencode(".png", np.clip(np.rint(_VALUES), 0, 255).astype(np.uint8))[1].tobytes()
"""So dark, with the noise of a sensor, that a search prepares it: its chain of edits is not empty."""

PAIR = cv2.imencode(".png", np.hstack([picture.pixels[:500] for picture in (collins(), hopper())]))[1].tobytes()


@pytest.fixture
def draft(workspace: Path, tmp_path: Path) -> Preparation:
    gallery(tmp_path / "pictures")
    case()
    return actions.prepare("C-1", "first.png", FIRST, acting_member=person("examiner"))


def add(draft: Preparation, data: bytes, name: str = "more.png") -> int:
    return photographs.add_photograph(draft.public_id, name, data, acting_member=person("examiner")).number


def searched(draft: Preparation) -> Search:
    changes = {"purpose": "find the rider", "galleries": ["g"], "origin": "cctv"}
    actions.save(draft.public_id, changes, acting_member=person("examiner"))
    return search_prepared(draft.public_id, acting_member=person("examiner"))[0]


def test_photographs_are_one_probe_each_kept_recorded_and_run_again(draft: Preparation, tmp_path: Path) -> None:
    assert (add(draft, DARK, "dark.png"), add(draft, PAIR, "pair.png")) == (2, 3)
    faces = draft.photographs.get(number=3).faces
    assert len(faces) == 2
    assert rule_of(lambda: searched(draft)) == "preparation.no_face"  # a person chooses between two
    own = min((1, 2), key=lambda number: faces[number - 1]["box"][0])  # Collins is on the left
    photographs.choose_face(draft.public_id, 3, own, acting_member=person("examiner"))
    made = searched(draft)
    frames = list(ProbeFrame.objects.filter(search=made).order_by("number"))
    assert [frame.provenance["photograph"] for frame in frames] == ["dark.png", "pair.png"]
    assert [bool(frame.provenance["edits"]) for frame in frames] == [True, False]
    assert entries("search.requested")[-1].subject["frames"] == 3
    parts, engine = [], services().engine
    for blob, edits, number in (
        (made.probe_blob, made.edits, made.face_number),
        *((frame.blob, frame.provenance["edits"], frame.face_number) for frame in frames),
    ):
        shown = apply(services().decoder.decode(services().blobs.get(blob)), read(edits))
        parts.append(engine.template(shown, engine.probe_face(shown, number)[1].detection))
    rows = np.stack(parts)
    assert made.quality_detail["photographs_alike"] == pytest.approx(float((rows @ rows.T).min()), abs=1e-3)
    assert "probe_photographs" not in {caution.id for caution in cautions(made, candidates_of(made))}
    whole = fused(parts, [made.quality, *(frame.quality for frame in frames)])
    best = view_candidates(made.public_id, acting_member=person("examiner")).candidates[0]
    reference = open_template(best.reference.public_id, best.reference.template)
    assert best.score == Decimal(f"{float(reference.astype(np.float64) @ whole.astype(np.float64)):.6f}")
    out = tmp_path / "a.zip"
    disclose(made.public_id, out, acting_member=person("supervisor"))
    report = verify_package(out)
    assert report.ok, report.problems
    assert report.rerun_identical
    with zipfile.ZipFile(out) as package:
        assert package.read("probe/photograph-2") == DARK
        assert "probe/photograph-2-edited.png" in package.namelist()

    # Whoever holds the log's key cannot show another photograph, another picture of its edits, another face, other edits.
    described = contents(out)["search.json"].decode()
    assert described.count('"face_number": ') == 3
    other_face = described[::-1].replace(f'"face_number": {own}'[::-1], f'"face_number": {3 - own}'[::-1], 1)[::-1]
    for name, data, problem in (
        ("probe/photograph-2", FIRST, "it is not the picture that search.json names"),
        ("probe/photograph-2-edited.png", FIRST, "the edits of the original do not give this picture"),
        ("search.json", other_face.encode(), "probe_frames is not what was committed to"),
        ("search.json", described.replace('"prepared:', '"prepared:1').encode(), "probe_frames is not what was"),
    ):
        changed = resigned(contents(out), tmp_path / "x.zip", lambda items, at=name, to=data: items.update({at: to}))
        assert any(problem in line for line in verify_package(changed).problems), (name, problem)


def test_what_cannot_be_a_part_of_a_probe_is_refused_and_changes_nothing(draft: Preparation) -> None:
    examiner = person("examiner")
    assert rule_of(lambda: add(draft, FIRST)) == "probe.same_photograph"
    number = add(draft, DARK)
    assert rule_of(lambda: add(draft, DARK)) == "probe.same_photograph"
    choose = photographs.choose_face
    assert rule_of(lambda: choose(draft.public_id, number, 2, acting_member=examiner)) == "preparation.face"
    assert rule_of(lambda: choose(draft.public_id, 9, 1, acting_member=examiner)) == "photograph.unknown"
    assert (
        rule_of(lambda: choose(draft.public_id, number, 1, acting_member=person("verifier"))) == "preparation.unknown"
    )
    for size in (0.6, 0.5):
        add(draft, cv2.imencode(".png", scaled(collins(), size).pixels)[1].tobytes())
    assert draft.photographs.count() == MOST_PHOTOGRAPHS - 1
    assert rule_of(lambda: add(draft, PAIR)) == "probe.too_many"
    made = searched(draft)
    assert made.frames.count() == MOST_PHOTOGRAPHS - 1
    assert rule_of(lambda: add(draft, PAIR)) == "preparation.used"
    remove = photographs.remove_photograph
    assert rule_of(lambda: remove(draft.public_id, number, acting_member=examiner)) == "preparation.used"
    again = photographs.prepare_again(draft.public_id, acting_member=examiner)
    rows = list(again.photographs.order_by("number").values_list("blob", "face"))
    assert rows == list(draft.photographs.order_by("number").values_list("blob", "face"))


def test_a_photograph_is_erased_alone_or_with_its_draft(draft: Preparation) -> None:
    examiner = person("examiner")
    first, second = add(draft, DARK), add(draft, PAIR)
    dark, pair = draft.photographs.get(number=first).blob, draft.photographs.get(number=second).blob
    photographs.remove_photograph(draft.public_id, first, acting_member=examiner)
    assert (services().blobs.exists(dark), services().blobs.exists(pair)) == (False, True)
    actions.discard(draft.public_id, acting_member=examiner)
    assert not services().blobs.exists(pair)
    assert not draft.photographs.exists()
    assert [len(entries(f"preparation.{act}")) for act in ("added", "removed")] == [2, 1]


def test_photographs_of_two_people_get_a_caution(draft: Preparation) -> None:
    number = add(draft, PAIR)
    faces = draft.photographs.get(number=number).faces
    other = max((1, 2), key=lambda face: faces[face - 1]["box"][0])  # Hopper is on the right
    photographs.choose_face(draft.public_id, number, other, acting_member=person("examiner"))
    made = searched(draft)
    assert made.quality_detail["photographs_alike"] < SAME_FACE
    assert "probe_photographs" in {caution.id for caution in cautions(made, candidates_of(made))}


def test_an_approval_is_for_one_photograph(draft: Preparation) -> None:
    change_policy(
        SAMPLE.replace("preapproval = []", 'preapproval = ["all"]'), reason="test", acting_member=person("admin")
    )
    asked = request_approval("C-1", "find the rider", draft.blob, acting_member=person("examiner"))
    decide_approval(asked.public_id, grant=True, reason="", acting_member=person("supervisor"))
    number = add(draft, DARK)
    assert rule_of(lambda: searched(draft)) == "search.approved_alone"
    assert not Search.objects.exists()
    photographs.remove_photograph(draft.public_id, number, acting_member=person("examiner"))
    assert searched(draft).approval == asked


def test_an_alert_compares_with_every_photograph_of_its_search_and_keeps_them(
    draft: Preparation, tmp_path: Path
) -> None:
    add(draft, DARK, "dark.png")
    made = searched(draft)
    row = alert_from_search(made.public_id, ["g"], days=5, acting_member=person("examiner"))
    pack, engine = services().engine.pack, services().engine
    saved = opened(row.public_id, row.sealed, pack)
    assert np.abs(saved - template_again(engine, made, made.frames.order_by("number"))).max() < 1e-6
    assert np.abs(template_again(engine, row, frames_of(row.further)) - saved).max() < 1e-6  # as after a move of packs
    arrive(tmp_path, "her.png", her())
    (raised,) = raised_by(row)
    assert raised.search.quality_detail["photographs_alike"] == made.quality_detail["photographs_alike"]
    assert [frame.provenance["photograph"] for frame in raised.search.frames.all()] == ["dark.png"]
    new = open_template(raised.candidate.reference.public_id, raised.candidate.reference.template)
    assert raised.candidate.score == Decimal(f"{float(new.astype(np.float64) @ saved.astype(np.float64)):.6f}")
    out = tmp_path / "a.zip"
    disclose(raised.search.public_id, out, acting_member=person("supervisor"))
    report = verify_package(out)
    assert report.ok, report.problems
    assert report.rerun_identical

    # With nothing else to need it, the photograph stays for the alert, and goes with it.
    dark = digest_of(DARK)
    ProbeFrame.objects.all().delete()
    actions.discard(draft.public_id, acting_member=person("examiner"))
    assert needed([dark]) == {dark}
    row.closed_at = timezone.now()
    with transaction.atomic():
        blank_alert(row, "test")
    assert needed([dark]) == set()
