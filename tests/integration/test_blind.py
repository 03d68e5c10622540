"""Blindness: whatever a verifier can fetch of a task tells nothing of the score, the rank, the name or the first verdict.

Also not whether the task has a known answer.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from tests.factories.browser import people, signed_in
from tests.factories.power import change_policy
from tests.factories.verification import NOTES, another, answered, examined, many, strangers
from tests.factories.work import entries, person

from plainview.casework.models import Candidate, Member, Reference, Search, Verification
from plainview.casework.proficiency.items import add_item
from plainview.policy.agency import SAMPLE
from plainview.policy.examination import POTENTIAL


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    people()
    return many(tmp_path)


def everything(client: Client, task: Verification) -> dict[str, Any]:
    """Every answer that the verifier can get about a task, by its address."""
    root = f"/verifications/{task.public_id}/"
    positions = range(1, task.items.count() + 1)
    pages = [f"{root}?all=1", *(f"{root}faces/{place}/" for place in positions)]
    drafts = [f"{root}faces/{place}/draft/" for place in positions]
    pictures = [f"{root}probe.jpg", *(f"{root}faces/{place}.jpg" for place in positions)]
    sized = [f"{url}?side={side}" for url in pictures for side in (320, 960)]
    answers = {url: client.get(url) for url in ("/verifications/", *pages, *drafts, *pictures, *sized)}
    assert {answer.status_code for answer in answers.values()} == {200}
    return answers


def secrets(found: str) -> set[str]:
    """What must not be told, as texts."""
    search = Search.objects.get(public_id=found)
    texts = {
        found,
        "MARKER",
        NOTES,
        "SECRETNOTE",
        "SRC-",
        "FILE-",
        "source.example",
        "custody",
        search.probe_blob,
    }
    examiner = person("examiner")
    texts |= {examiner.public_id, examiner.email, examiner.name}
    for row in Candidate.objects.filter(search=search):
        texts |= {f"{row.score}"[:5], f"{row.score}"}
    for reference in Reference.objects.all():
        texts |= {reference.public_id, reference.blob, reference.file_name}
        texts |= {reference.captured_on.isoformat()} if reference.captured_on else set()
    return texts


def test_nothing_that_a_verifier_can_fetch_tells_anything(found: str) -> None:
    row = examined(found)
    task = row.verifications.get()
    held = {*secrets(found), row.public_id}
    answers = everything(signed_in("verifier"), task)
    for url, answer in answers.items():
        said = answer.content.decode("latin-1") + url + repr(dict(answer.headers))
        for text in held:
            assert text not in said, (url, text)
        for word in ("rank", "score", "candidate list", "foil"):
            assert not re.search(rf"\b{word}\b", said.lower()), (url, word)
    overview = answers[f"/verifications/{task.public_id}/?all=1"].content.decode()
    assert POTENTIAL.capitalize() not in overview  # no conclusion stands there before the verifier's own


@pytest.mark.parametrize("side", ["", "?side=320", "?side=960"])
def test_candidate_and_foils_are_alike_in_every_byte_but_those_of_the_picture(found: str, side: str) -> None:
    task = examined(found).verifications.get()
    assert task.items.count() == 4
    answers = everything(signed_in("verifier"), task)
    faces = [answer for url, answer in answers.items() if re.search(rf"/faces/\d\.jpg{re.escape(side)}$", url)]
    assert (
        answers[f"/verifications/{task.public_id}/probe.jpg{side}"].headers["Content-Length"]
        == faces[0].headers["Content-Length"]
    )
    headers = [{k: v for k, v in answer.headers.items() if k != "Set-Cookie"} for answer in faces]
    assert headers.count(headers[0]) == len(faces) == 4
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & headers[0].keys()
    assert len({answer.content for answer in faces}) == 4
    shapes = []
    for answer in faces:
        with Image.open(io.BytesIO(answer.content)) as image:
            assert not image.getexif()
            shapes.append((len(answer.content), image.size, image.mode, image.quantization, sorted(image.info)))
    assert shapes.count(shapes[0]) == 4
    assert shapes[0][1] == ((int(side[6:]),) * 2 if side else (1280, 1280))


def test_pictures_are_shown_only_after_the_page_and_only_to_whom_it_was_assigned(found: str) -> None:
    task = examined(found).verifications.get()
    picture = f"/verifications/{task.public_id}/faces/1.jpg"
    client = signed_in("verifier")
    assert client.get(picture).status_code == 403
    assert not entries("verification.shown")
    assert client.get(f"/verifications/{task.public_id}/?all=1").status_code == 200
    assert len(entries("verification.shown")) == 1
    assert client.get(picture).status_code == 200
    assert client.get(picture.replace("1.jpg", "9.jpg")).status_code == 404
    other = signed_in("examiner")
    for url in (f"/verifications/{task.public_id}/", picture, picture.replace(".jpg", "/")):
        assert other.get(url).status_code == 404
    answered(task, POTENTIAL)
    assert client.get(picture).status_code == 404


def is_page(url: str) -> bool:
    return url.startswith("/verifications/V") and url.endswith(("/", "?all=1")) and "draft" not in url


def plain(page: str) -> str:
    """A page without what differs between any two tasks."""
    page = re.sub(r"V[0-9A-Z]{12}", "V", page)
    page = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', "", page)
    page = re.sub(r"entry \d+ of the log \(\d+ entries, root \w+…\)", "", page)
    return re.sub(r"waits [^<]+", "waits", page)


def test_a_task_with_a_known_answer_looks_like_every_other(found: str, tmp_path: Path) -> None:
    strangers(tmp_path / "strangers")
    change_policy(
        SAMPLE.replace("proficiency_one_in = 10", "proficiency_one_in = 2"),
        reason="every ordinary task brings an item",
        acting_member=person("admin"),
    )
    first, second = Reference.objects.filter(file_name__in=["collins.png", "hopper.png"])
    item = add_item(
        first.public_id,
        second.public_id,
        is_mated=False,
        basis="known to be two people",
        acting_member=person("supervisor"),
    )
    late = another("late@agency.example")
    Member.objects.filter(pk=person("examiner").pk).update(roles=["examiner"])
    row = examined(found)
    ordinary, known = row.verifications.get(), item.verifications.get()
    assert {ordinary.verifier, known.verifier} <= {person("verifier"), late, person("examiner")}
    assert known.verifier != ordinary.verifier
    assert abs((known.assigned_at - ordinary.assigned_at).total_seconds()) < 5
    assert known.items.count() == ordinary.items.count() == 4
    Verification.objects.filter(pk__in=[ordinary.pk, known.pk]).update(verifier=person("verifier"))
    client = signed_in("verifier")
    pages = [
        [plain(answer.content.decode()) for url, answer in everything(client, task).items() if is_page(url)]
        for task in (ordinary, known)
    ]
    assert pages[0] == pages[1]
    assigned = entries("verification.assigned")
    assert [sorted(entry.subject) for entry in assigned].count(sorted(assigned[0].subject)) == 2
    assert all(entry.sealed.keys() == assigned[0].sealed.keys() for entry in assigned)
    for task in (ordinary, known):
        task.refresh_from_db()
    answered(ordinary, POTENTIAL)
    answered(known, POTENTIAL)
    for action in ("verification.recorded", "verification.compared"):
        two = entries(action)
        assert sorted(two[0].subject) == sorted(two[1].subject)
        assert two[0].sealed.keys() == two[1].sealed.keys()
    for url in (
        "/me/",
        "/me/record.json",
        "/proficiency/",
    ):  # not even afterwards, in what is the verifier's own
        own = client.get(url)
        assert own.status_code == 200
        for text in (item.public_id, row.public_id, "agrees", "foils_named", "right&#x27;"):
            assert text not in own.content.decode(), (url, text)
