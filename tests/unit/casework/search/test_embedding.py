"""The probe's template is made while its search is recorded, and looked at only when the record is durable."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.factories.work import case, entries, gallery, probe, search

from plainview.audit.logfile import LogFolderError
from plainview.casework.gate import compare as gate
from plainview.casework.models import Search
from plainview.casework.probes import probe as probes
from plainview.casework.probes.probe import Embedding, prepare_probe
from plainview.casework.search import run
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.recognition.engine import Engine


@pytest.fixture
def ready(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "pictures")
    case()
    return probe(tmp_path)


def test_the_template_is_made_beside_the_record_and_compared_after_it(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by, order = [], []
    template, written, compared = Engine.template, run.write_entry, gate.answering

    def embed(*parts: Any, **how: Any) -> Any:
        made_by.append(threading.current_thread().name)
        return template(*parts, **how)

    def write(action: str, *parts: Any, **by: Any) -> Any:
        order.append(action)
        return written(action, *parts, **by)

    def compare() -> Any:
        assert not connection.in_atomic_block  # the record is committed
        order.append("compared")
        return compared()

    search(ready)  # the calibration of the gallery is a comparison too
    monkeypatch.setattr(Engine, "template", embed)
    monkeypatch.setattr(run, "write_entry", write)
    monkeypatch.setattr(gate, "answering", compare)
    search(ready)
    assert made_by == ["embedding"]
    assert order == ["search.requested", "compared"]


def test_a_search_that_cannot_be_recorded_looks_at_no_template(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Embedding] = []

    def broken(*_: Any, **__: Any) -> Any:
        raise LogFolderError("The log folder cannot be written.", "Free space on its disk.")

    monkeypatch.setattr(run, "write_entry", broken)
    monkeypatch.setattr(run, "template_of", looked.append)
    monkeypatch.setattr(run, "compare_all", looked.append)
    with pytest.raises(LogFolderError):
        search(ready)
    assert not looked
    assert not Search.objects.exists()


def test_a_search_that_a_rule_refuses_makes_no_template(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(Engine, "template", lambda *_, **__: made.append("template"))
    with pytest.raises(Refused):
        search(ready, purpose="")
    assert not made


def test_a_face_without_a_template_fails_after_the_record(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise ValueError("the model gave no direction")

    monkeypatch.setattr(Engine, "template", none)
    with pytest.raises(ValueError, match="no direction"):
        search(ready)
    assert len(entries("search.requested")) == 1
    assert not entries("search.answered")


def test_the_template_is_the_one_that_is_made_alone(ready: Path) -> None:
    prepared = prepare_probe(ready)
    alone = services().engine.template(prepared.picture, prepared.face.detection)
    beside, alike = probes.template_of(Embedding(prepared, services().engine))
    assert (beside == alone).all()
    assert alike is None
