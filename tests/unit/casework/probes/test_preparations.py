"""The life of a draft: kept as it came, edited in words, searched once in a gallery, erased when nobody needs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories import pictures
from tests.factories.models import collins, hopper, scaled
from tests.factories.power import change_policy
from tests.factories.refusals import rule_of
from tests.factories.work import at, case, entries, gallery, person, search

from plainview.casework import find
from plainview.casework.cases.open_close import close_case
from plainview.casework.erasure.expunge import expunge
from plainview.casework.models import Candidate, Preparation, Reference, Search
from plainview.casework.probes import photographs
from plainview.casework.probes import preparations as actions
from plainview.casework.probes.approvals import decide_approval, request_approval
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.probes.read import offers
from plainview.casework.search.prepared import search_prepared
from plainview.casework.search.urgent import sweep
from plainview.casework.workspace.services import services
from plainview.policy.agency import EVIDENCE_DAYS, SAMPLE
from plainview.policy.search import DRAFT_DAYS
from plainview.recognition.errors import BadMedia

Refusal = Callable[[], object]


def encoded(*pixels: np.ndarray) -> bytes:
    """Pictures of one height, side by side."""
    high = min(row.shape[0] for row in pixels)
    return cv2.imencode(".png", np.hstack([row[:high] for row in pixels]))[1].tobytes()


@pytest.fixture
def ready(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()


@pytest.fixture
def draft(ready: None) -> Preparation:
    """One face, alone in its picture."""
    return actions.prepare("C-1", "scooter.png", encoded(collins().pixels), acting_member=person("examiner"))


def filled(draft: Preparation, **more: object) -> Preparation:
    changes = {"purpose": "find the rider", "galleries": ["g"], "origin": "cctv"} | more
    return actions.save(draft.public_id, changes, acting_member=person("examiner"))


def test_a_draft_keeps_the_original_and_is_in_the_log(draft: Preparation) -> None:
    assert services().blobs.get(draft.blob) == encoded(collins().pixels)
    assert (draft.face, len(draft.faces), draft.size) == (1, 1, [512, 512])
    made = entries("preparation.made")[-1]
    assert made.subject["preparation"] == draft.public_id
    assert "scooter" not in str(made.subject)
    assert set(made.sealed) >= {"probe_sha256"}


def test_of_several_faces_none_is_chosen_and_a_person_chooses(ready: None) -> None:
    data = encoded(collins().pixels, hopper().pixels)
    draft = actions.prepare("C-1", "two.png", data, acting_member=person("examiner"))
    assert (len(draft.faces), draft.face) == (2, None)
    assert rule_of(lambda: search_prepared(draft.public_id, acting_member=person("examiner"))) == "preparation.no_face"
    chosen = actions.save(draft.public_id, {"face": 2}, acting_member=person("examiner"))
    assert chosen.face == 2
    for number in (0, 3):
        assert (
            rule_of(
                lambda number=number: actions.save(draft.public_id, {"face": number}, acting_member=person("examiner"))
            )
            == "preparation.face"
        )


def test_the_chosen_face_stays_chosen_through_edits(ready: None) -> None:
    data = encoded(collins().pixels, hopper().pixels)
    draft = actions.prepare("C-1", "two.png", data, acting_member=person("examiner"))
    astronaut = next(n for n, face in enumerate(draft.faces, 1) if face["box"][0] < 512)
    actions.save(draft.public_id, {"face": astronaut}, acting_member=person("examiner"))
    for text in ("rotate:4", "light:10,1.1,1", "rotate:-2"):
        draft = actions.edit(draft.public_id, text, acting_member=person("examiner"))
        assert draft.face is not None
        assert draft.faces[draft.face - 1]["box"][0] < 540
    assert draft.edits == ["rotate:4", "light:10,1.10,1.00", "rotate:-2"]
    back = actions.undo(draft.public_id, back_to=0, acting_member=person("examiner"))
    assert (back.edits, back.size, back.face) == ([], [1024, 512], astronaut)


def test_a_face_that_was_cut_away_is_not_chosen_any_more(ready: None) -> None:
    data = encoded(collins().pixels, hopper().pixels, hopper().pixels)
    draft = actions.prepare("C-1", "three.png", data, acting_member=person("examiner"))
    astronaut = next(n for n, face in enumerate(draft.faces, 1) if face["box"][0] < 512)
    actions.save(draft.public_id, {"face": astronaut}, acting_member=person("examiner"))
    cut = actions.edit(draft.public_id, "crop:520,0,1000,512", acting_member=person("examiner"))
    assert (len(cut.faces), cut.face) == (2, None)
    alone = actions.edit(draft.public_id, "crop:0,0,400,512", acting_member=person("examiner"))
    assert (len(alone.faces), alone.face) == (1, 1)
    # Back to several: the one that was alone was nobody's choice.
    back = actions.undo(draft.public_id, back_to=0, acting_member=person("examiner"))
    assert (len(back.faces), back.face) == (3, None)


def test_a_picture_without_a_face_is_kept_until_an_edit_shows_one(ready: None) -> None:
    upside_down = encoded(np.rot90(hopper().pixels, 2))
    draft = actions.prepare("C-1", "turned.png", upside_down, acting_member=person("examiner"))
    dark = actions.prepare("C-1", "nothing.png", pictures.black_png(200), acting_member=person("examiner"))
    assert (dark.faces, dark.face) == ([], None)
    turned = actions.edit(draft.public_id, "rotate:180", acting_member=person("examiner"))
    assert turned.face == 1
    assert turned.faces[0]["quality"] > 80


def test_bad_media_keeps_nothing(ready: None) -> None:
    before = len(entries())
    for data, code in {
        b"": "empty",
        b"hello, this is a text file" * 20: "not_an_image",
        pictures.jpeg_that_stops_in_the_middle(): "truncated",
        b"x" * (actions.MAX_BYTES + 1): "too_large",
    }.items():
        with pytest.raises(BadMedia) as caught:
            actions.prepare("C-1", "x.jpg", data, acting_member=person("examiner"))
        assert caught.value.code == code
    assert Preparation.objects.count() == 0
    assert len(entries()) == before


def test_a_bad_edit_changes_nothing(draft: Preparation) -> None:
    for text in ("sharpen:3", "crop:0,0,9999,20", "rotate:"):
        with pytest.raises(BadMedia):
            actions.edit(draft.public_id, text, acting_member=person("examiner"))
    assert find.preparation(draft.public_id, person("examiner")).edits == []


def test_a_draft_is_its_members_own(draft: Preparation) -> None:
    stranger = person("supervisor")
    assert rule_of(lambda: find.preparation(draft.public_id, stranger)) == "preparation.unknown"
    assert rule_of(lambda: actions.save(draft.public_id, {}, acting_member=stranger)) == "preparation.unknown"
    assert rule_of(lambda: actions.discard(draft.public_id, acting_member=stranger)) == "member.no_permission"


def test_a_draft_needs_an_open_case(ready: None) -> None:
    def prepare(number: str) -> Refusal:
        data = encoded(collins().pixels)
        return lambda: actions.prepare(number, "a.png", data, acting_member=person("examiner"))

    assert rule_of(prepare("C-9")) == "case.unknown"
    close_case("C-1", reason="the owner came back", acting_member=person("examiner"))
    assert rule_of(prepare("C-1")) == "case.closed"
    assert "owner" not in str(entries("case.closed")[-1].subject)


def test_edits_are_searched_recorded_and_shown(draft: Preparation) -> None:
    plain = search_prepared(filled(draft).public_id, acting_member=person("examiner"))[0]
    again = photographs.prepare_again(draft.public_id, acting_member=person("examiner"))
    actions.edit(again.public_id, "light:-60,0.70,0.80", acting_member=person("examiner"))
    edited = search_prepared(filled(again).public_id, acting_member=person("examiner"))[0]
    assert (plain.edits, edited.edits) == ([], ["light:-60,0.70,0.80"])
    first = [Candidate.objects.get(search=row, rank=1) for row in (plain, edited)]
    assert first[0].score > 0.99  # the very picture is in the gallery
    assert first[1].score < first[0].score
    asked = entries("search.requested")
    assert [row.subject["edits"] for row in asked] == [0, 1]
    assert ["edits" in row.sealed for row in asked] == [False, True]
    assert [row.subject["preparation"] for row in asked] == [draft.public_id, again.public_id]
    assert len(entries("preparation.used")) == 2


def test_a_second_click_finds_the_search_of_the_first(draft: Preparation, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = filled(draft)
    first = search_prepared(ready.public_id, acting_member=person("examiner"))
    assert search_prepared(ready.public_id, acting_member=person("examiner")) == first
    assert Search.objects.count() == 1
    # Two at the same moment: both saw no search; the database keeps one.
    monkeypatch.setattr("plainview.casework.search.prepared._searched_galleries", lambda draft: {})
    assert search_prepared(ready.public_id, acting_member=person("examiner")) == first
    assert Search.objects.count() == 1
    assert len(entries("search.requested")) == 1


def test_the_page_of_a_draft_counts_no_references(draft: Preparation) -> None:
    """At a million references a count took a second, at each look at the page."""
    offers(draft)
    with CaptureQueriesContext(connection) as asked:
        again = offers(draft)
    assert [(offer.gallery.name, offer.size) for offer in again] == [("g", 2)]
    assert not [query["sql"] for query in asked.captured_queries if '"reference"' in query["sql"]]
    reference = Reference.objects.all()[0]
    expunge(reference.public_id, reason="the court ordered it", acting_member=person("admin"))
    assert offers(draft)[0].size == 1


def test_several_galleries_are_several_searches_or_none(draft: Preparation, tmp_path: Path) -> None:
    gallery(tmp_path / "other", "h", offences=["arson"])
    gallery(tmp_path / "third", "i")
    names = {offer.gallery.name: offer.refused for offer in offers(draft)}
    assert list(names) == ["g", "i", "h"]
    assert [refusal and refusal.rule_id for refusal in names.values()] == [None, None, "gallery.offence"]
    both = filled(draft, galleries=["g", "h"])
    assert rule_of(lambda: search_prepared(both.public_id, acting_member=person("examiner"))) == "gallery.offence"
    assert Search.objects.count() == 0
    found = search_prepared(filled(draft, galleries=["i", "g"]).public_id, acting_member=person("examiner"))
    assert [row.gallery.name for row in found] == ["i", "g"]
    assert Search.objects.count() == 2


def test_a_searched_probe_stays_as_it_was(draft: Preparation) -> None:
    examiner = person("examiner")
    search_prepared(filled(draft).public_id, acting_member=examiner)
    for call in (
        lambda: actions.edit(draft.public_id, "rotate:90", acting_member=examiner),
        lambda: actions.undo(draft.public_id, acting_member=examiner),
        lambda: actions.save(draft.public_id, {"origin": "other"}, acting_member=examiner),
    ):
        assert rule_of(call) == "preparation.used"
    assert actions.save(draft.public_id, {"purpose": "more", "face": 1}, acting_member=examiner).purpose == "more"


def test_one_approval_is_of_one_search(draft: Preparation, tmp_path: Path) -> None:
    gallery(tmp_path / "other", "h")
    examiner, supervisor = person("examiner"), person("supervisor")
    change_policy(
        SAMPLE.replace("preapproval = []", 'preapproval = ["all"]'), reason="test", acting_member=person("admin")
    )
    both = filled(draft, galleries=["g", "h"])
    assert rule_of(lambda: search_prepared(both.public_id, acting_member=examiner)) == "search.approval_needed"
    asked = request_approval("C-1", "find the rider", draft.blob, acting_member=examiner)
    decide_approval(asked.public_id, grant=True, reason="", acting_member=supervisor)
    assert rule_of(lambda: search_prepared(both.public_id, acting_member=examiner)) == "search.one_approval"
    assert Search.objects.count() == 0
    found = search_prepared(filled(draft, galleries=["h"]).public_id, acting_member=examiner)
    assert found[0].approval == asked


def test_a_discarded_draft_is_erased_and_what_was_searched_is_not(draft: Preparation, tmp_path: Path) -> None:
    examiner, blob = person("examiner"), draft.blob
    actions.discard(draft.public_id, acting_member=examiner)
    gone = Preparation.objects.get(pk=draft.pk)
    assert (gone.blob, gone.file_name, gone.faces, gone.edits) == ("", "", [], [])
    # The picture is a reference of the gallery too: it stays for that.
    assert services().blobs.exists(blob)
    other = actions.prepare("C-1", "b.png", encoded(scaled(collins(), 0.9).pixels), acting_member=examiner)
    made = search_prepared(filled(other).public_id, acting_member=examiner)[0]
    actions.discard(other.public_id, acting_member=examiner)
    assert services().blobs.exists(made.probe_blob)
    last = actions.prepare("C-1", "c.png", encoded(scaled(collins(), 0.7).pixels), acting_member=examiner)
    twin = actions.prepare("C-1", "c.png", encoded(scaled(collins(), 0.7).pixels), acting_member=examiner)
    actions.discard(last.public_id, acting_member=examiner)
    assert services().blobs.exists(last.blob)
    actions.discard(twin.public_id, acting_member=examiner)
    assert not services().blobs.exists(last.blob)
    assert len(entries("preparation.discarded")) == 4


def test_drafts_left_alone_are_erased_and_others_are_not(draft: Preparation) -> None:
    now = timezone.now()
    with at(now + timedelta(days=DRAFT_DAYS - 1)):
        assert actions.discard_stale() == []
        actions.save(draft.public_id, {"purpose": "still at it"}, acting_member=person("examiner"))
    with at(now + timedelta(days=DRAFT_DAYS + 1)):
        assert actions.discard_stale() == []
    with at(now + timedelta(days=2 * DRAFT_DAYS + 1)):
        assert actions.discard_stale() == [draft.public_id]
        assert actions.discard_stale() == []
    assert entries("preparation.discarded")[-1].actor == "system"


def test_an_urgent_search_that_nobody_authorised_takes_its_draft_along(draft: Preparation) -> None:
    image = scaled(collins(), 0.6).pixels
    other = actions.prepare("C-1", "u.png", encoded(image), acting_member=person("examiner"))
    filled(other, urgent_reason="a child is in danger")
    search_prepared(other.public_id, acting_member=person("examiner"))
    with at(timezone.now() + timedelta(hours=49)):
        assert len(sweep()) == 1
    assert rule_of(lambda: find.preparation(other.public_id, person("examiner"))) == "preparation.unknown"
    with at(timezone.now() + timedelta(days=EVIDENCE_DAYS, hours=49)):
        sweep()  # until then its evidence is the auditor's
        assert not services().blobs.exists(other.blob)
    assert find.preparation(draft.public_id, person("examiner"))


def test_the_command_line_edits_too(ready: None, tmp_path: Path) -> None:
    image = tmp_path / "turned.png"
    cv2.imwrite(str(image), np.rot90(collins().pixels, 2))
    probe = prepare_probe(image, edits=["rotate:180"])
    assert probe.edits == ("rotate:180",)
    assert (probe.picture.pixels == collins().pixels).all()
    assert search(image).search.edits == []
