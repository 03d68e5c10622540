"""The pages of examining: what is shown, kept, refused in place and recorded."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.factories.browser import signed_in
from tests.factories.sharing import CHECKED
from tests.factories.verification import SIMILAR, UNLIKE, another, answered, examined, many
from tests.factories.work import entries, person

from plainview.casework.examination.drafts import opened
from plainview.casework.examination.read import examinations
from plainview.casework.leads.decide import release
from plainview.casework.models import Candidate, Draft, Examination, Reference, Search
from plainview.policy.examination import COMPONENTS, NOT, POTENTIAL


@pytest.fixture
def url(workspace: Path, tmp_path: Path) -> str:
    return f"/searches/{many(tmp_path)}/candidates/1/examine/"


def form(components: dict[str, str], conclusion: str = POTENTIAL, **more: Any) -> dict[str, Any]:
    fields = {f"c{n}": components[name] for n, name in enumerate(COMPONENTS, 1) if name in components}
    return fields | {"conclusion": conclusion, "act": "record", "version": "0"} | more


def checked(page: str) -> set[str]:
    return set(re.findall(r'name="(c\d+)" value="[^"]+" checked', page))


def test_the_page_has_both_faces_and_no_score_and_is_in_the_log(url: str) -> None:
    client = signed_in("examiner")
    assert client.get(f"{url}probe.jpg").status_code == 403  # the page first
    page = client.get(url).content.decode()
    assert page.count('class="component"') == 19
    assert str(Candidate.objects.get(rank=1).score)[:5] not in page
    (entry,) = entries("examination.viewed")
    assert (entry.subject["rank"], entry.actor) == (1, person("examiner").public_id)
    for which in ("probe", "candidate"):
        assert client.get(f"{url}{which}.jpg").content.startswith(b"\xff\xd8")
    assert client.get(f"{url}other.jpg").status_code == 404


def test_a_blank_or_contradicted_form_is_refused_in_place_and_nothing_is_lost(url: str) -> None:
    client = signed_in("examiner")
    part = dict.fromkeys(COMPONENTS[:18], "similar")
    answer = client.post(url, form(part, notes="a scar SECRETNOTE on the chin"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not recorded yet. Nothing is lost." in page
    assert "Not answered: other." in page
    assert checked(page) == {f"c{n}" for n in range(1, 19)}
    assert "SECRETNOTE" in page
    assert re.search(rf'value="{POTENTIAL}"[^>]* checked', page)
    again = client.get(url).content.decode()
    assert checked(again) == checked(page)
    assert "SECRETNOTE" in again
    for components, conclusion, words in (
        (SIMILAR, NOT, "No component is dissimilar"),
        (dict.fromkeys(COMPONENTS, "dissimilar"), POTENTIAL, "No component is similar"),
        (dict.fromkeys(COMPONENTS, "not comparable"), POTENTIAL, "No component was comparable"),
        (UNLIKE, POTENTIAL, "but these components are dissimilar: nose"),
    ):
        answer = client.post(url, form(components, conclusion))
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not Examination.objects.exists()
    assert len(entries("examination.record.refused")) == 5


def test_what_is_recorded_takes_the_drafts_place(url: str) -> None:
    client = signed_in("examiner")
    client.post(f"{url}draft/", form({"nose": "similar"}))
    answer = client.post(url, form(SIMILAR, notes="all of it"))
    assert answer.status_code == 302
    row = Examination.objects.get()
    assert not Draft.objects.exists()
    assert row.entry == entries("examination.recorded")[0].seq
    page = client.get(url).content.decode()
    assert f"Recorded: {POTENTIAL}" in page
    assert "Waiting for verification." in page
    again = client.post(url, form(UNLIKE, NOT), follow=True)
    assert "You have already examined this candidate." in again.content.decode()
    assert client.post(f"{url}draft/", form(SIMILAR)).status_code == 403
    assert Examination.objects.count() == 1


def test_a_draft_is_sealed_ones_own_and_the_last_write_wins_with_a_notice(url: str) -> None:
    client, draft = signed_in("examiner"), f"{url}draft/"
    client.get(url)
    first = client.post(draft, form({"nose": "similar"}, "", notes="SECRETNOTE")).json()
    assert (first["version"], first["elsewhere"]) == (1, False)
    assert b"SECRETNOTE" not in bytes(Draft.objects.get().sealed)
    other_tab = client.post(draft, form({"nose": "dissimilar"}, "", version="0")).json()
    assert (other_tab["version"], other_tab["elsewhere"]) == (2, True)
    assert client.post(draft, form({"nose": "dissimilar"}, "", version="2")).json()["elsewhere"] is False
    state = client.get(draft).json()
    assert state["version"] == 3
    assert len(state["token"]) == 64
    assert 'value="dissimilar" checked' in client.get(url).content.decode()
    mine = Draft.objects.get()
    assert mine.member == person("examiner")
    assert opened(mine)[0].components == {"nose": "dissimilar"}


def test_any_version_is_read(url: str) -> None:
    client = signed_in("examiner")
    for version in ("", "x", "-1", "99999999999", "²"):
        assert client.post(f"{url}draft/", form({"nose": "similar"}, version=version)).status_code == 200


def test_without_javascript_a_draft_is_kept_by_a_button(url: str) -> None:
    client = signed_in("examiner")
    assert client.post(url, form({"nose": "similar"}, "", act="draft")).status_code == 302
    assert checked(client.get(url).content.decode()) == {f"c{COMPONENTS.index('nose') + 1}"}
    assert not Examination.objects.exists()


def test_each_caution_about_the_pair_is_acknowledged(url: str) -> None:
    Search.objects.update(captured_on=date(2026, 1, 1), quality=12)
    client = signed_in("examiner")
    page = client.get(url).content.decode()
    assert "years apart" in page
    assert "The probe&#x27;s quality is 12 of 100" in page
    refused = client.post(url, form(SIMILAR, acknowledged=["probe_quality"]))
    assert refused.status_code == 422
    assert "A caution is not acknowledged" in refused.content.decode()
    assert re.search(r'value="probe_quality"[^>]* checked', refused.content.decode())
    shown = set(re.findall(r'name="acknowledged" value="([a-z_]+)"', page))
    assert client.post(url, form(SIMILAR, acknowledged=sorted(shown))).status_code == 302
    assert set(Examination.objects.get().acknowledged) == shown >= {"age_gap", "probe_quality"}
    assert set(entries("examination.recorded")[0].subject["cautions"]) == shown


def test_nobody_else_gets_a_picture_and_an_erased_one_is_gone(url: str) -> None:
    for name in ("verifier", "supervisor", "admin", "auditor"):
        assert signed_in(name).get(f"{url}candidate.jpg").status_code == 403
    client = signed_in("examiner")
    client.get(url)
    Reference.objects.update(template=b"")
    assert client.get(f"{url}candidate.jpg").status_code == 403
    assert b"erased from its gallery" in client.get(url).content
    assert client.get(url.replace("/1/", "/99/")).status_code == 404
    assert client.get("/searches/S000000000000/candidates/1/examine/").status_code == 404


def test_a_supervisor_sees_what_waits_for_a_decision(url: str) -> None:
    examiner = signed_in("examiner")
    examiner.get(url)
    shown = sorted(set(re.findall(r'name="acknowledged" value="([a-z_]+)"', examiner.get(url).content.decode())))
    examiner.post(url, form(SIMILAR, acknowledged=shown))
    row = Examination.objects.get()
    answered(row.verifications.get(), NOT)
    page = signed_in("supervisor").get("/examinations/").content.decode()
    assert row.public_id in page
    assert "The verifiers disagreed. A supervisor decides." in page
    assert signed_in("verifier").get("/examinations/").status_code == 403


def test_whoever_verifies_an_examination_does_not_see_it_listed(url: str) -> None:
    other = another("second@agency.example", "examiner")
    row = examined(url.split("/")[2])
    task = row.verifications.get()
    task.verifier = other
    task.save()
    assert [one.pk for one in examinations(person("supervisor"))] == [row.pk]
    assert examinations(other) == []
    answered(task, POTENTIAL)
    assert examinations(other) == []  # another verifier may still have to judge a candidate of this search blind
    release(row.public_id, contradictions=CHECKED, acting_member=person("supervisor"))
    assert [one.pk for one in examinations(other)] == [row.pk]
