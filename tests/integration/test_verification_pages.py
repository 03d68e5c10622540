"""The pages of verifying and of proficiency, as people walk them; what they must not tell is in test_blind.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.verification import NOTES, examined, many
from tests.factories.work import entries, person, probe

from plainview.casework.examination.read import verdicts
from plainview.casework.models import Draft, Examination, ProficiencyItem, Reference, Verification
from plainview.policy.examination import COMPONENTS, INCONCLUSIVE, NOT, POTENTIAL


@pytest.fixture
def row(workspace: Path, tmp_path: Path) -> Examination:
    return examined(many(tmp_path))


def similar() -> dict[str, str]:
    return {f"c{n}": "similar" for n in range(1, len(COMPONENTS) + 1)}


def test_a_verifier_walks_from_face_to_face_and_records_all(row: Examination) -> None:
    task, client = row.verifications.get(), signed_in("verifier")
    root = f"/verifications/{task.public_id}/"
    assert task.public_id in client.get("/verifications/").content.decode()
    assert client.get(root)["Location"] == f"{root}faces/1/"
    assert f'href="{root}faces/1/">Compare face 1' in client.get(f"{root}?all=1").content.decode()
    client.post(root)  # too early: nothing is recorded
    assert not entries("verification.recorded")
    step, seen = f"{root}faces/1/", []
    place_of_candidate = task.items.get(is_candidate=True).position
    while step != "/":
        seen.append(step)
        place = int(step.split("/")[-2])
        if place == place_of_candidate:
            blank = client.post(step, {"conclusion": POTENTIAL, "c1": "similar"})
            assert blank.status_code == 422
            assert 'id="c1-1" name="c1" value="similar" checked' in blank.content.decode()
            answer = client.post(step, {"conclusion": POTENTIAL, **similar()})
        else:
            answer = client.post(step, {"conclusion": NOT})
        assert answer.status_code == 302
        step = answer["Location"]
    assert len(seen) == 4  # the fourth decision recorded all
    assert verdicts(row) == [(person("verifier").public_id, POTENTIAL)]
    assert not Draft.objects.filter(verification=task).exists()
    assert client.get(root).status_code == 404
    assert f"{root}faces/" not in client.get(root).content.decode()


def test_a_face_without_a_conclusion_is_refused_in_place(row: Examination) -> None:
    task, client = row.verifications.get(), signed_in("verifier")
    url = f"/verifications/{task.public_id}/faces/2/"
    answer = client.post(url, {"conclusion": "", "c9": "dissimilar"})
    assert answer.status_code == 422
    assert 'name="c9" value="dissimilar" checked' in answer.content.decode()
    kept = client.post(f"{url}draft/", {"conclusion": INCONCLUSIVE, "version": "1"}).json()
    assert kept["elsewhere"] is False
    assert f'name="conclusion" id="held" value="{INCONCLUSIVE}"' in client.get(url).content.decode()
    assert client.get(url.replace("/2/", "/9/")).status_code == 404
    assert client.post(f"{url.replace('/2/', '/9/')}draft/", {"conclusion": NOT}).status_code == 404
    assert not entries("verification.recorded")


def figures(client: Client) -> str:
    return re.sub(r"\s+", " ", client.get("/proficiency/").content.decode())


def test_figures_are_told_to_oneself_and_to_the_supervisor(row: Examination) -> None:
    own = figures(signed_in("verifier"))
    assert "Your figures" in own
    assert "All members" not in own
    assert "insufficient data" in own
    supervisors = figures(signed_in("supervisor"))
    assert "All members" in supervisors
    assert "Sample verifier" in supervisors
    administrators = figures(signed_in("admin"))
    assert "All members" not in administrators
    assert "Items with known answers" in administrators
    assert signed_in("auditor").get("/proficiency/").status_code == 403


def test_an_administrator_adds_and_retires_items(row: Examination, tmp_path: Path) -> None:
    client, url = signed_in("admin"), "/proficiency/items/"
    ids = list(Reference.objects.order_by("pk").values_list("public_id", flat=True))
    sent = {"reference": ids[0], "probe_reference": "", "same": "no", "basis": "consent of the colleagues"}
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert "Enter a reference id or choose a picture" in answer.content.decode()
    assert "consent of the colleagues" in answer.content.decode()
    assert client.post(url, sent | {"probe_reference": "R000000000000"}).status_code == 422
    assert client.post(url, sent | {"probe_reference": ids[1]}).status_code == 302
    still = SimpleUploadedFile("still.png", probe(tmp_path, "still.png").read_bytes() + b"\0")
    assert client.post(url, sent | {"probe_picture": still, "same": "yes"}).status_code == 302
    nothing = SimpleUploadedFile("x.png", b"no picture")
    assert client.post(url, sent | {"probe_picture": nothing}).status_code == 422
    first, second = ProficiencyItem.objects.order_by("pk")
    assert (first.is_mated, second.is_mated) == (False, True)
    page = client.get(url).content.decode()
    for item in (first, second):
        assert item.public_id in page
        for which in ("probe", "face"):
            assert client.get(f"{url}{item.public_id}/{which}.jpg").content.startswith(b"\xff\xd8")
    client.post(f"{url}{first.public_id}/retire/", {"why": "x"})
    first.refresh_from_db()
    assert first.retired_at is None
    client.post(f"{url}{first.public_id}/retire/", {"why": "its consent has ended"})
    assert client.get(f"{url}{first.public_id}/probe.jpg").status_code == 403
    assert "retired" in client.get(url).content.decode()
    verifier = signed_in("verifier")
    assert verifier.get(url).status_code == 403
    assert verifier.get(f"{url}{second.public_id}/face.jpg").status_code == 403
    assert Verification.objects.count() == 1
    assert NOTES not in page
