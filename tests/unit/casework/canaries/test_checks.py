"""A healthy gallery raises no alarm, and each kind of tampering raises one on the next check."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.canaries import REASON, another_process, faults, held
from tests.factories.models import installed
from tests.factories.work import at, entries, person, probe, search

from plainview.casework.canaries import checks as canary_checks
from plainview.casework.canaries.checks import run_all
from plainview.casework.canaries.manage import acknowledge
from plainview.casework.canaries.read import alarms
from plainview.casework.log.read import verify_log
from plainview.casework.models import Canary, CanaryAlarm, CanaryCheck, Reference
from plainview.casework.search.meaning import cautions
from plainview.casework.workspace.services import services
from plainview.recognition.install import default_models_dir
from plainview.recognition.packs import YUNET_SFACE


def test_a_healthy_gallery_raises_nothing(canary: Canary, tmp_path: Path) -> None:
    for _ in range(2):
        run = run_all()
        assert run.ok
        assert [(row.gallery, row.canaries, row.sampled) for row in run.checked] == [("g", 1, 2)]
    search(probe(tmp_path))
    another_process()
    assert run_all().ok
    assert CanaryAlarm.objects.count() == 0
    assert mail.outbox == []
    assert [entry.subject["faults"] for entry in entries("canary.checked")] == [[], [], []]
    assert CanaryCheck.objects.filter(ok=True).count() == 3


def _flip_the_canary(canary: Canary) -> None:
    index = held()
    words = index._matrix.view(np.uint32)
    words[index._row_of[canary.reference_id], 0] ^= np.uint32(1 << 30)


def _flip_another(canary: Canary) -> None:
    index = held()
    other = next(key for key in index._row_of if key != canary.reference_id)
    words = index._matrix.view(np.uint32)
    words[index._row_of[other], 5] ^= np.uint32(1 << 31)


def _swap_two_rows(canary: Canary) -> None:
    index = held()
    index._matrix[[0, 1]] = index._matrix[[1, 0]]


def _lose_the_canary(canary: Canary) -> None:
    held()._remove(canary.reference_id)


def _add_a_stranger(canary: Canary) -> None:
    """A row that no log names, as near to the probe as the canary itself."""
    index = held()
    index._append(np.array([999_999]), index._matrix[[index._row_of[canary.reference_id]]].copy())


def _wrong_template_of_the_canary(canary: Canary) -> None:
    other = services().templates.seal(_noise().tobytes(), f"template:{canary.reference.public_id}".encode())
    Reference.everything.filter(pk=canary.reference_id).update(template=other)


def _wrong_probe_template(canary: Canary) -> None:
    other = services().templates.seal(_noise().tobytes(), f"canary probe:{canary.public_id}".encode())
    Canary.objects.update(probe_template=other)


def _another_rows_template(canary: Canary) -> None:
    row = Reference.objects.exclude(pk=canary.reference_id).first()
    Reference.everything.filter(pk=canary.reference_id).update(template=row.template)


def _wrong_template_of_another(canary: Canary) -> None:
    row = Reference.objects.first()
    other = services().templates.seal(_noise().tobytes(), f"template:{row.public_id}".encode())
    Reference.objects.filter(pk=row.pk).update(template=other)


def _broken_template_of_another(canary: Canary) -> None:
    row = Reference.objects.first()
    Reference.objects.filter(pk=row.pk).update(template=bytes(row.template)[:-1] + b"?")


def _lose_the_picture(canary: Canary) -> None:
    services().blobs.delete(canary.probe_blob)


def _lose_the_picture_of_another(canary: Canary) -> None:
    services().blobs.delete(Reference.objects.first().blob)


def _noise() -> np.ndarray:
    row = np.random.default_rng(3).normal(size=128)
    return np.asarray(row / np.linalg.norm(row), np.float32)


IN_MEMORY = {
    _flip_the_canary: "index",
    _flip_another: "sample",
    _swap_two_rows: "sample",
    _lose_the_canary: "index",
    _add_a_stranger: "index",
}

IN_DATABASE = {
    _wrong_template_of_the_canary: "template",
    _wrong_probe_template: "template",
    _another_rows_template: "template",
    _wrong_template_of_another: "sample",
    _broken_template_of_another: "sample",
    _lose_the_picture: "template",
    _lose_the_picture_of_another: "template",
}


@pytest.mark.long
def test_an_altered_index_raises_an_alarm_on_the_next_run(canary: Canary) -> None:
    for tamper, expected in IN_MEMORY.items():
        assert run_all().ok, tamper
        tamper(canary)
        run = run_all()
        assert expected in faults(run), tamper
        raised = {row.fault for row in alarms(person("auditor"), open_only=True)}
        assert raised == set(faults(run)), tamper
        for row in alarms(person("auditor"), open_only=True):
            acknowledge(row.public_id, reason=REASON, acting_member=person("auditor"))
        held().clear()  # built anew from the database, which is the truth
    assert len(entries("canary.alarm")) >= len(IN_MEMORY)
    assert verify_log().ok


@pytest.mark.long
@pytest.mark.parametrize(("tamper", "expected"), IN_DATABASE.items())
def test_what_was_altered_in_the_workspace_raises_an_alarm_on_the_next_run(
    canary: Canary, tamper: Callable[[Canary], None], expected: str
) -> None:
    assert run_all().ok
    tamper(canary)
    run = run_all()
    assert expected in faults(run)
    assert {entry.subject["fault"] for entry in entries("canary.alarm")} == set(faults(run))
    another_process()  # an index that is built from what was altered agrees with it, and still it shows
    assert not run_all().ok


@pytest.mark.long
def test_a_model_file_that_was_swapped_raises_an_alarm(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    shutil.copytree(default_models_dir() / YUNET_SFACE.folder_name, models / YUNET_SFACE.folder_name)
    monkeypatch.setenv("PLAINVIEW_MODELS", str(models))
    assert run_all().ok
    name = YUNET_SFACE.recogniser.name
    file = models / YUNET_SFACE.folder_name / name
    content = bytearray(installed(name).read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    run = run_all()  # the model in memory is still the right one; the file is read anew
    assert faults(run) == ["model"]
    file.unlink()
    assert faults(run_all()) == ["model"]
    assert len(entries("canary.alarm")) == 1


def test_a_model_whose_card_was_swapped_with_it_raises_an_alarm(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    Canary.objects.update(pack_sha256="0" * 64)
    run = run_all()
    assert faults(run) == ["model"]
    assert "000000000000" in run.checked[0].faults[0].says


def test_a_model_that_gives_other_templates_raises_an_alarm(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    true = type(services().engine).template

    def drifted(self: object, picture: object, detection: object) -> np.ndarray:
        row = true(self, picture, detection).astype(np.float64) + 0.06 * _noise()
        return np.asarray(row / np.linalg.norm(row), np.float32)

    monkeypatch.setattr(type(services().engine), "template", drifted)
    assert "template" in faults(run_all())


def test_only_what_is_due_is_checked(canary: Canary) -> None:
    now = timezone.now()
    assert len(run_all(due_only=True).checked) == 1
    assert run_all(due_only=True).checked == []
    with at(now + timedelta(hours=25)):
        assert len(run_all(due_only=True).checked) == 1
        assert len(run_all().checked) == 1


def test_a_long_running_process_checks_the_index_that_it_searches_with(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(canary_checks.time, "monotonic", lambda: clock[0])
    image = probe(tmp_path)
    search(image)
    _lose_the_canary(canary)
    clock[0] = 23 * 3600.0
    search(image)
    assert CanaryCheck.objects.count() == 0
    clock[0] = 24 * 3600.0
    answer = search(image)
    assert [row.fault for row in alarms(person("auditor"))] == ["index"]
    assert "canary_alarm" in {row.id for row in cautions(answer.search, answer.candidates)}
    search(image)
    assert CanaryCheck.objects.count() == 1
