"""Searches order their lists by the shared score; nearness follows the gallery's log and forgets with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.factories.stages import staged
from tests.factories.work import case, entries, gallery, person, probe
from tests.factories.work import search_here as search

from plainview.casework.disclosure.make import disclose
from plainview.casework.erasure.expunge import expunge
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.models import Candidate, Gallery, GalleryChange, Reference
from plainview.casework.models.galleries import Enrolment
from plainview.casework.search import ranking as ordering
from plainview.casework.workspace.services import services
from plainview.recheck.package import verify_package
from plainview.scores.scoring import COSINE, LEAST, NEARNESS, WEIGHT, Scorer

STRANGERS = 140


@pytest.fixture
def large(workspace: Path, tmp_path: Path) -> Gallery:
    """The two portraits among made-up references, so that there is a nearness."""
    gallery(tmp_path / "pictures")
    case()
    strangers()
    return Gallery.objects.get(name="g")


@staged
def strangers() -> None:
    fill(Gallery.objects.get(name="g"), STRANGERS, 1)


def fill(into: Gallery, count: int, seed: int) -> Gallery:
    rows = np.random.default_rng(seed).standard_normal((count, services().engine.pack.dimension)) + 0.3
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    run = Enrolment.objects.create(gallery=into, member=person("admin"))
    for number, row in enumerate(rows):
        made = Reference(
            gallery=into,
            enrolment=run,
            face_number=1,
            box=[100, 80, 120, 150],
            points=[],
            quality=50,
            quality_detail={},
            file_name="-",
            pack=services().engine.pack.identity,
            blob=f"{seed:032x}{number:032x}",
        )
        made.template = services().templates.seal(row.tobytes(), f"template:{made.public_id}".encode())
        made.save()
        into.log_head += 1
        GalleryChange.objects.create(gallery=into, seq=into.log_head, is_add=True, reference=made)
    into.save()
    return into


def by_hand(into: Gallery, template: np.ndarray) -> list[tuple[int, float]]:
    held = ordering.templates_by_key(into.reference_set.values_list("pk", flat=True))
    cohort = ordering.templates_by_key(calibrate(into).cohort)
    scorer = Scorer(np.stack(list(cohort.values())))
    near = dict(zip(held, scorer.nearness(np.stack(list(held.values()))), strict=True))
    own = scorer.nearness(template[np.newaxis])[0]
    rows = [(key, float(row @ template) - WEIGHT * (near[key] + own)) for key, row in held.items()]
    return sorted(rows, key=lambda row: -row[1])


def test_a_small_gallery_is_listed_by_cosine(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    answer = search(probe(tmp_path))
    assert answer.search.scorer == COSINE
    assert [row.adjusted for row in answer.candidates] == [row.score for row in answer.candidates]


def test_a_list_is_that_of_the_shared_scorer(large: Gallery, tmp_path: Path) -> None:
    answer = search(probe(tmp_path), top=20)
    kept = answer.search
    assert kept.scorer == NEARNESS
    picture = services().decoder.decode(services().blobs.get(kept.probe_blob))
    template = services().engine.template(picture, services().engine.probe_face(picture)[1].detection)
    expected = by_hand(large, template)[:20]
    rows = list(Candidate.objects.filter(search=kept).order_by("rank"))
    assert [row.reference_id for row in rows] == [key for key, _ in expected]
    for row, (key, score) in zip(rows, expected, strict=True):
        assert float(row.adjusted) == pytest.approx(score, abs=2e-6)
        exact = ordering.templates_by_key([key])[key].astype(np.float64) @ template.astype(np.float64)
        assert float(row.score) == pytest.approx(exact, abs=1e-6)
    assert entries("search.answered")[-1].subject["scorer"] == NEARNESS


def test_no_search_computes_the_nearness_of_a_reference_again(
    large: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = search(probe(tmp_path))
    asked: list[int] = []
    real = Scorer.nearness

    def counted(self: Scorer, templates: np.ndarray) -> np.ndarray:
        asked.append(len(templates))
        return real(self, templates)

    monkeypatch.setattr(Scorer, "nearness", counted)
    second = search(probe(tmp_path))
    assert asked == [1]  # the probe's
    assert [(row.reference_id, row.adjusted) for row in first.candidates] == [
        (row.reference_id, row.adjusted) for row in second.candidates
    ]
    fill(large, 3, 2)
    search(probe(tmp_path))
    assert asked == [1, 3, 1]


def test_another_process_gives_the_same_list(large: Gallery, tmp_path: Path) -> None:
    first = search(probe(tmp_path))
    ordering.orderings_of(services()).clear()  # the index stays: nearness is then read for the short list only
    second = search(probe(tmp_path))
    services().close()
    services.cache_clear()
    third = search(probe(tmp_path))
    lists = [[(row.reference_id, row.score, row.adjusted) for row in one.candidates] for one in (first, second, third)]
    assert lists[0] == lists[1] == lists[2]


def test_an_expunged_member_of_the_cohort_is_forgotten_and_the_package_says_so(
    large: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = search(probe(tmp_path))
    supervisor = person("supervisor")
    stored, picture = services().blobs.get, (tmp_path / "probe.png").read_bytes()
    monkeypatch.setattr(
        services().blobs, "get", lambda digest: picture if digest.startswith("0" * 20) else stored(digest)
    )
    disclose(
        answer.search.public_id,
        tmp_path / "before.zip",
        pictures="none",
        reason="the gallery is made up",
        acting_member=supervisor,
    )
    assert verify_package(tmp_path / "before.zip").ok
    listed = {row.reference_id for row in answer.candidates}
    gone = Reference.objects.filter(gallery=large).exclude(pk__in=listed).order_by("pk").last()
    assert gone is not None
    held = ordering.orderings_of(services())[large.pk, services().engine.pack.identity]
    expunge(gone.public_id, reason="by order of the court", acting_member=person("admin"))
    search(probe(tmp_path))
    now = ordering.orderings_of(services())[large.pk, services().engine.pack.identity]
    assert now is not held
    assert len(now.scorer._cohort) == len(held.scorer._cohort) - 1
    disclose(
        answer.search.public_id,
        tmp_path / "after.zip",
        pictures="none",
        reason="the gallery is made up",
        acting_member=supervisor,
    )
    report = verify_package(tmp_path / "after.zip")
    assert report.ok, report.problems


def test_the_cohort_is_made_once_there_are_enough(large: Gallery) -> None:
    assert len(calibrate(large).cohort) == STRANGERS + 2
    assert LEAST <= STRANGERS
    assert {"cohort_sha256", "sha256"} <= set(entries("gallery.calibrated")[-1].subject)
