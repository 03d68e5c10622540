"""Steps 1 to 3 through the pages: cases, the draft, the search that runs once, the candidates; and every refusal."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories import pictures
from tests.factories.browser import signed_in, text
from tests.factories.commands import invoke
from tests.factories.models import collins, hopper, scaled
from tests.factories.power import change_policy
from tests.factories.work import at, case, entries, gallery, person

from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Approval, Candidate, Case, Gallery, Preparation, Search
from plainview.casework.probes.approvals import decide_approval
from plainview.policy.agency import SAMPLE
from plainview.web import uploads
from plainview.web.views.candidates import VIEW_LASTS

PROBE = cv2.imencode(".png", scaled(collins(), 0.8).pixels)[1].tobytes()


@pytest.fixture
def client(workspace: Path, tmp_path: Path) -> Client:
    """An examiner's, with gallery g and case C-1."""
    gallery(tmp_path / "pictures")
    case()
    return signed_in()


def upload(client: Client, data: bytes = PROBE, **more: Any) -> Any:
    photo = SimpleUploadedFile("photo.png", data, "image/png")
    return client.post("/prepare/", {"case": "C-1", "photo": photo}, **more)


def begun(client: Client, data: bytes = PROBE) -> str:
    """The address of a new draft."""
    answer = upload(client, data)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def searched(client: Client, draft: str, **more: Any) -> Any:
    fields = {"purpose": "find the rider", "galleries": ["g"], "top": "20", "galleries_shown": "1"} | more
    return client.post(f"{draft}search/", fields)


def test_cases_are_found_opened_and_closed_with_a_reason(client: Client) -> None:
    new = client.post("/cases/open/", {"number": "26-77/א", "offence": "arson"})
    assert new.status_code == 302
    assert "26-77/א" in text(client.get(new["Location"]))
    found = text(client.get("/cases/?q=ars"))
    assert "26-77/א" in found
    assert ">C-1<" not in found
    assert "has “zebra”" in text(client.get("/cases/?q=zebra"))
    for number, offence, said in (
        ("C-1", "arson", "already exists"),
        ("C-2", "immigration status", "names"),
        ("", "arson", "required"),
    ):
        again = client.post("/cases/open/", {"number": number, "offence": offence})
        assert again.status_code == 200
        assert 'role="alert"' in text(again)
        assert said in text(again) or "states" in text(again)
        assert f'value="{offence}"' in text(again)  # nothing is lost
    key = Case.objects.get(number="C-1").pk
    assert client.post(f"/cases/{key}/close/", {"reason": " "}).status_code == 422
    assert client.post(f"/cases/{key}/close/", {"reason": "The owner came back."}).status_code == 302
    closed = text(client.get(f"/cases/{key}/"))
    assert "The owner came back." in closed
    assert "Begin a search" not in closed
    assert "was closed on" in text(upload(client))


def test_a_photograph_becomes_a_draft_and_bad_ones_are_told_beside_the_form(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data, said in (
        (b"", "empty"),
        (b"no picture" * 50, "not a picture"),
        (pictures.camera_raw("NIKON"), "Nikon camera raw"),
        (pictures.jpeg_that_stops_in_the_middle(), "ends before"),
    ):
        answer = upload(client, data)
        assert answer.status_code == 422
        assert said in text(answer)
        assert 'value="C-1"' in text(answer)
    nothing = client.post("/prepare/", {"case": "C-1"})
    assert "No photograph was chosen." in text(nothing)
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    monkeypatch.setattr("plainview.casework.probes.preparations.MAX_BYTES", 1000)
    assert "the limit is 1,000" in text(upload(client))
    monkeypatch.undo()
    assert Preparation.objects.count() == 0
    there = begun(client)
    page = text(client.get(there))
    assert "1 face found" in page
    assert "photo.png" in page
    for name in ("picture.jpg", "picture.jpg?original", "face.jpg"):
        shown = client.get(there + name)
        assert (shown.status_code, shown["Content-Type"], shown["Cache-Control"]) == (
            200,
            "image/jpeg",
            "no-store",
        )
    assert there.split("/")[2] in text(client.get("/prepare/"))
    by_script = upload(client, headers={"HX-Request": "true"})
    assert by_script["HX-Redirect"].startswith("/prepare/D")
    assert upload(client, b"", headers={"HX-Request": "true"}).status_code == 200


def test_the_upload_is_protected_against_forgery(workspace: Path) -> None:
    case()
    client = signed_in("examiner")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert upload(strict).status_code == 403
    assert Preparation.objects.count() == 0


def test_faces_edits_and_origin_are_kept_as_they_are_chosen(client: Client) -> None:
    two = cv2.imencode(".png", np.hstack([collins().pixels, hopper().pixels[:512]]))[1].tobytes()
    there = begun(client, two)
    page = text(client.get(there))
    assert "does not choose for you" in page
    assert page.count("data-face=") == 2
    assert page.count('type="radio" form="ask" name="face"') == 2
    assert client.get(there + "face.jpg").status_code == 404
    assert (
        client.post(there + "save/", {"face": "2"}, headers={"HX-Request": "true", "HX-Target": "chosen"}).status_code
        == 302
    )
    assert client.post(there + "save/", {"origin": "cctv"}, headers={"HX-Request": "true"}).status_code == 204
    assert client.post(there + "save/", {"origin": "a drawing"}).status_code == 403
    assert client.post(there + "save/", {"face": "9"}).status_code == 403
    row = Preparation.objects.get()
    assert (row.face, row.origin) == (2, "cctv")
    page = text(client.get(there))
    assert "Face 2" in page
    assert '<option value="cctv" selected>cctv</option>' in page
    assert client.post(there + "edit/", {"edit": "face"}).status_code == 302
    assert client.post(there + "edit/", {"rotate": "1"}).status_code == 302
    light = {"edit": "light", "brightness": "20", "contrast": "1.2", "gamma": "1"}
    assert client.post(there + "edit/", light).status_code == 302
    bad = client.post(there + "edit/", {"edit": "crop", "x": "0", "y": "0", "width": "9999", "height": "50"})
    assert bad.status_code == 422
    assert "goes beyond the picture" in text(bad)
    page = text(client.get(there))
    for said in ("Cropped to", "Rotated 1° clockwise", "brightness +20", "Original,", "Undo"):
        assert said in page
    row = Preparation.objects.get()
    assert [edit.split(":")[0] for edit in row.edits] == ["crop", "rotate", "light"]
    assert row.face == 1
    before = client.get(there + "picture.jpg").content
    assert before != client.get(there + "picture.jpg?original").content
    client.post(there + "edit/", {"back_to": "2"})
    assert len(Preparation.objects.get().edits) == 2
    assert client.get(there + "picture.jpg").content != before
    client.post(there + "edit/", {"back_to": "0"})
    assert Preparation.objects.get().edits == []
    assert client.post(there + "discard/").status_code == 302
    assert client.get(there).status_code == 404


def test_what_is_typed_is_kept_and_what_is_missing_is_said(client: Client) -> None:
    there = begun(client)
    create_gallery(
        "visas",
        legal_basis="Border Act",
        source="visa desk",
        owner="border force",
        expires_on=(timezone.now() + timedelta(days=9)).date(),
        offences=["terrorism"],
        acting_member=person("admin"),
    )
    page = text(client.get(there))
    assert "1 not available for this case" in page
    assert "does not allow searches for &#x27;robbery&#x27;" in page
    assert "Legal basis" in page
    assert page.count('type="checkbox" name="galleries"') == 1
    fields = {
        "purpose": "who rode",
        "galleries": "g",
        "top": "7",
        "galleries_shown": "1",
        "urgent_reason": "a child",
    }
    assert client.post(there + "save/", fields, headers={"HX-Request": "true"}).status_code == 204
    row = Preparation.objects.get()
    assert (row.purpose, row.galleries, row.top, row.urgent_reason) == ("who rode", ["g"], 7, "")
    page = text(client.get(there))
    assert 'value="who rode"' in page
    assert 'value="g" checked' in page
    for changed, said in (
        ({"purpose": " "}, "State the purpose"),
        ({"galleries": []}, "Choose at least one gallery"),
        ({"top": "51"}, "2 to 50 candidates"),
        ({"top": "x"}, "2 to 50 candidates"),
        ({"purpose": "to see who is at the protest"}, "lawful assembly"),
        ({"galleries": ["visas"]}, "does not allow searches for"),
        ({"galleries": ["nothing"]}, "has no gallery"),
        ({"urgent": "1"}, "why the search cannot wait"),
    ):
        answer = searched(client, there, **changed)
        assert answer.status_code == 422, changed
        assert said in text(answer)
        assert "Nothing is lost" in text(answer)
    assert Search.objects.count() == 0


def test_a_search_runs_once_and_its_candidates_have_their_own_address(client: Client) -> None:
    there = begun(client)
    answer = searched(client, there)
    assert answer.status_code == 302
    assert searched(client, there)["Location"] == answer["Location"]
    assert Search.objects.count() == 1
    url, row = answer["Location"], Search.objects.get()
    page = text(client.get(url))
    first = Candidate.objects.get(search=row, rank=1)
    for said in (
        "stands out</h1>",
        "find the rider",
        f"{first.score:.3f}",
        "Showing 2 of 2",
        "someone who is not in this gallery score this high",
        f"log entry {row.request_entry}",
        "https://source.example/collins.png",
        'rel="noopener noreferrer" referrerpolicy="no-referrer"',
        "No date, quality",
        "Search another gallery",
        "0</span> of 2 reviewed",
    ):
        assert said in page, said
    for forbidden in ("match", "suspect", "identity"):
        assert forbidden not in re.sub(r"<[^>]+>", "", page).lower()
    assert not re.search(r"\d ?%", re.sub(r"<[^>]+>", "", page))
    for name in (
        "probe.jpg",
        "probe.jpg?side=960",
        "probe.jpg?whole",
        "probe.jpg?original",
        "candidates/1/face.jpg",
        "candidates/tens/0/faces.jpg",
        "candidates/2/whole.jpg",
    ):
        assert client.get(url + name)["Content-Type"] == "image/jpeg"
    for nothing in ("candidates/3/face.jpg", "candidates/tens/1/faces.jpg"):
        assert client.get(url + nothing).status_code == 404
    assert "It was searched" not in page
    used = text(client.get(there))
    assert "This probe was searched" in used
    assert client.post(there + "edit/", {"rotate": "90"}).status_code == 403
    anew = client.post(there + "again/")
    assert anew["Location"] != there
    assert client.get(anew["Location"]).status_code == 200


def test_a_view_is_one_entry_however_the_list_is_ordered(client: Client) -> None:
    url = searched(client, begun(client))["Location"]
    assert entries("candidates.viewed") == []
    client.get(url)
    for query in ("sort=quality&only=all&as=grid", "sort=captured&only=linked&as=list", "only=dated"):
        client.get(f"{url}?{query}", headers={"HX-Request": "true"})
    assert len(entries("candidates.viewed")) == 1
    nobody = text(client.get(f"{url}?only=dated"))
    assert "Showing 0 of 2" in nobody
    assert "No candidate matches this filter" in nobody
    assert f"entry {entries('candidates.viewed')[-1].seq}" in nobody
    client.get(url)
    assert len(entries("candidates.viewed")) == 2
    other = signed_in("supervisor")
    other.get(f"{url}?sort=quality")
    assert len(entries("candidates.viewed")) == 3
    session = client.session
    held = session["plainview_lists_seen"]
    held[url.split("/")[2]][0] = (timezone.now() - VIEW_LASTS - timedelta(seconds=1)).isoformat()
    session["plainview_lists_seen"] = held
    session.save()
    client.get(f"{url}?sort=quality")
    assert len(entries("candidates.viewed")) == 4


def test_erased_references_null_results_and_other_peoples_pictures(client: Client, tmp_path: Path) -> None:
    there = begun(client)
    empty = {
        "legal_basis": "law",
        "source": "tests",
        "owner": "tests",
        "expires_on": Gallery.objects.get().expires_on,
    }
    create_gallery("empty", **empty, acting_member=person("admin"))
    url = searched(client, there, galleries=["g", "empty"])["Location"]
    both = text(client.get(url))
    assert ">empty</a>" in both
    null = text(client.get(f"/searches/{Search.objects.get(gallery__name='empty').public_id}/"))
    assert "The search returned no candidates" in null
    assert "No candidate" in null
    reference = Candidate.objects.get(search__gallery__name="g", rank=1).reference
    picture = client.get(f"{url}candidates/1/face.jpg").content
    with CaptureQueriesContext(connection) as asked:  # a list has twenty of these
        client.get(f"{url}candidates/2/face.jpg")
    assert [statement["sql"].split()[0] for statement in asked] == ["SELECT"] * 7
    expunge(reference.public_id, reason="by order of the court", acting_member=person("admin"))
    page = text(client.get(url))
    assert "Erased by order" in page
    assert "source.example/collins" not in page
    assert client.get(f"{url}candidates/1/face.jpg").content != picture
    for name in ("verifier", "admin"):
        stranger = signed_in(name)
        for path in (
            url,
            f"{url}probe.jpg",
            f"{url}candidates/2/face.jpg",
            f"{url}candidates/tens/0/faces.jpg",
            there,
            f"{there}picture.jpg",
            "/cases/",
        ):
            assert stranger.get(path).status_code == 403
    auditor = signed_in("auditor")
    assert "/examine/" not in text(auditor.get(url))
    assert auditor.get(f"{url}candidates/2/face.jpg").status_code == 200


def test_an_urgent_search_shows_its_deadline_and_then_that_it_was_erased(client: Client) -> None:
    there = begun(client)
    url = searched(client, there, urgent="1", urgent_reason="a child is in danger")["Location"]
    assert "Urgent search, not authorised yet" in text(client.get(url))
    with at(timezone.now() + timedelta(hours=49)):
        from plainview.casework.search.urgent import sweep

        sweep()
    gone = client.get(url)
    assert gone.status_code == 410
    assert "was not authorised in time" in text(gone)
    assert client.get(f"{url}probe.jpg").status_code == 403
    assert client.get(there).status_code == 404
    key = Case.objects.get().pk
    assert "erased" in text(client.get(f"/cases/{key}/"))


def test_approval_is_asked_for_and_its_state_is_shown(client: Client) -> None:
    change_policy(
        SAMPLE.replace("preapproval = []", 'preapproval = ["robbery"]'),
        reason="test",
        acting_member=person("admin"),
    )
    there = begun(client)
    assert "requires a supervisor&#x27;s approval" in text(client.get(there))
    assert "requires a supervisor&#x27;s approval" in text(searched(client, there))
    assert client.post(there + "approval/", {"purpose": " "}).status_code == 302
    assert Approval.objects.count() == 0
    assert client.post(there + "approval/", {"purpose": "find the rider"}).status_code == 302
    assert "not decided yet" in text(client.get(there))
    decide_approval(Approval.objects.get().public_id, grant=True, reason="", acting_member=person("supervisor"))
    assert "valid until" in text(client.get(there))
    assert searched(client, there).status_code == 302
    assert "and used." in text(client.get(there))


def test_lists_of_two_galleries_are_reviewed_as_one(client: Client, tmp_path: Path) -> None:
    gallery(tmp_path / "other", "other")
    draft = begun(client)
    assert searched(client, draft, galleries=["g", "other"]).status_code == 302
    first, second = Search.objects.order_by("pk")
    client.post(f"/searches/{second.public_id}/candidates/1/aside/", {"reason": "other person"})
    page = client.get(f"/searches/{first.public_id}/?together=1").content.decode()
    assert page.count("data-candidate ") == Candidate.objects.count() == 4
    assert re.findall(r'<progress max="(\d+)" value="(\d+)"', page) == [("4", "1")]
    assert 'data-key="x"' in page
    assert 'id="none"' not in page  # a conclusion is about one list


def test_a_favourite_gallery_is_the_members_own_and_first(client: Client) -> None:
    create_gallery(
        "a first by name",
        legal_basis="law",
        source="desk",
        owner="unit",
        expires_on=timezone.now().date() + timedelta(days=9),
        acting_member=person("admin"),
    )
    draft = begun(client)

    def order() -> list[str]:
        return re.findall(r'name="galleries" value="([^"]+)"', client.get(draft).content.decode())

    assert order() == ["a first by name", "g"]
    for _ in range(2):
        assert client.post(f"{draft}favourite/", {"favourite": "g"})["Location"] == f"{draft}#galleries"
    assert order() == ["g", "a first by name"]
    assert 'aria-pressed="true" aria-label="Favourite: g"' in client.get(draft).content.decode()
    examiner = ["--as", "examiner@agency.example", "--json"]
    listed = json.loads(invoke(["gallery", "list", *examiner]).output)["galleries"]
    assert [(row["name"], row["favourite"]) for row in listed] == [("g", True), ("a first by name", False)]
    assert not json.loads(invoke(["gallery", "favourite", "g", "--remove", *examiner]).output)["favourite"]
    assert order() == ["a first by name", "g"]
    assert json.loads(invoke(["gallery", "favourite", "g", *examiner]).output)["favourite"]
    client.post(f"{draft}favourite/", {"ordinary": "g"})
    assert order() == ["a first by name", "g"]
    assert [entry.subject["favourite"] for entry in entries("gallery.favourite")] == [True, False, True, False]
    assert client.post(f"{draft}favourite/", {"favourite": "none"}).status_code == 404
    assert not person("examiner").favourites.exists()


def test_fifty_galleries_stay_usable_and_quick(client: Client, django_assert_max_num_queries: Any) -> None:
    there = begun(client)
    fields = {
        "legal_basis": "law",
        "source": "tests",
        "owner": "tests",
        "expires_on": Gallery.objects.get().expires_on,
    }
    for number in range(50):
        create_gallery(f"gallery {number:02}", **fields, acting_member=person("admin"))
    with django_assert_max_num_queries(30):
        page = text(client.get(there))
    assert "Find among 51 galleries" in page
    assert page.count('name="galleries"') == 51


def test_photographs_are_added_their_faces_chosen_and_shown_with_the_list(client: Client) -> None:
    draft = begun(client)

    def added(data: bytes, name: str = "more.png") -> Any:
        return client.post(f"{draft}photographs/", {"photo": SimpleUploadedFile(name, data, "image/png")}, follow=True)

    pair = np.hstack([picture.pixels[:500] for picture in (collins(), hopper())])
    page = added(cv2.imencode(".png", pair)[1].tobytes(), "pair.png")
    assert "Choose the face of photograph 2" in text(page)
    assert text(page).count('of photograph 2"') == 2  # its two faces, to choose from
    assert "pair.png" in text(page)
    assert "Choose the face of photograph 2" in text(searched(client, draft))
    assert not Search.objects.exists()
    chosen = client.post(f"{draft}photographs/2/", {"face": "1"}, follow=True)
    assert "1 more photograph of the same person" in text(chosen)
    same = added(PROBE)
    assert same.status_code == 422
    assert "The probe has this photograph already" in text(same)
    assert "Photograph not added." in text(same)
    assert "is not a picture" in text(added(b"nothing")) or "known format" in text(added(b"nothing"))
    third = added(cv2.imencode(".png", scaled(collins(), 0.6).pixels)[1].tobytes())
    assert "2 more photographs of the same person" in text(third)
    assert client.get(f"{draft}photographs/3.jpg?face=1")["Content-Type"] == "image/jpeg"
    removed = client.post(f"{draft}photographs/3/", {"remove": "1"}, follow=True)
    assert "1 more photograph of the same person" in text(removed)
    answer = client.post(
        f"{draft}search/",
        {"purpose": "find the rider", "galleries": ["g"], "top": "20", "galleries_shown": "1"},
        follow=True,
    )
    assert "One probe of 2 photographs, each weighted by its quality" in text(answer)
    search = Search.objects.get()
    for query in ("", "?whole"):
        shown = client.get(f"/searches/{search.public_id}/photographs/2.jpg{query}")
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert client.get(f"/searches/{search.public_id}/photographs/3.jpg").status_code == 404
    assert "One probe of 2 photographs" in text(client.get(f"/searches/{search.public_id}/candidates/1/examine/"))
    alert = text(client.get(f"/searches/{search.public_id}/alert/"))
    assert "The pictures of the probe are compared as one, as in the search." in alert  # alerting fuses them too
    assert f"/searches/{search.public_id}/photographs/2.jpg" in alert


def test_a_search_for_a_null_character_is_no_page(workspace: Path) -> None:
    """PostgreSQL refuses such a text, so that a page would be an error there and nowhere else."""
    page = signed_in()
    assert page.get("/cases/?q=%00").status_code == 404
    assert page.get("/searches/%00/").status_code == 404
