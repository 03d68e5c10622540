"""Installs a recogniser from an address that the operator typed, once its hash is the one that the operator stated.

Owns the connection and its limits. It must never follow a redirect away from http and https, keep a byte of a file with
another hash, or open a connection on its own account: no address is written in this project.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import onnxruntime

from plainview.recognition.errors import PackError
from plainview.recognition.install import InstalledPack, install_manifest
from plainview.recognition.manifest import MANIFEST_NAME, read_manifest
from plainview.recognition.open_packs import OPEN_CARDS, open_card

MAX_BYTES = 2 << 30
"""Largest file that is fetched, bytes: eight times AuraFace; a face recogniser in float32 has less."""

_SECONDS = 60  # without a byte
_PIECE = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def install_from(
    url: str,
    sha256: str,
    into: Path,
    manifest: Path | None = None,
    tell: Callable[[int, int | None], None] = lambda done, of: None,
) -> InstalledPack:
    """Fetch a recogniser and install it with its card: one of `open_packs`, else the operator's manifest.

    Args:
        url: of the ONNX file, http or https.
        sha256: its digest, as the maker publishes it.
        into: the models folder.
        manifest: the TOML file of a pack that Plainview has no card of.
        tell: see `fetch`.

    Raises:
        PackError: no card, another file, or as `fetch` and `install.install_manifest`.
    """
    digest = digest_stated(sha256)
    card = open_card(digest) if manifest is None else None
    if manifest is None and card is None:
        known = "; ".join(f"{known.name}: {known.sha256}" for known in OPEN_CARDS)
        raise PackError(
            f"Plainview has no card of a file with the SHA-256 {digest}.",
            f"Write its manifest (docs/reference/model-packs.md) and state it too. Known are {known}.",
        )
    stated = None if manifest is None else _stated(manifest, digest)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=into) as scratch:
        network = Path(scratch) / "network.onnx"
        size = fetch(url, digest, network, tell)
        if stated is None:
            assert card is not None  # noqa: S101  refused above
            stated = card.manifest(size, digest, *_ends(network))
        network.rename(network.with_name(read_manifest(stated).recogniser.name))
        written = Path(scratch) / MANIFEST_NAME
        written.write_bytes(stated)
        return install_manifest(written, into)


def _stated(manifest: Path, digest: str) -> bytes:
    """Return the bytes of a manifest that describes the file with this digest."""
    try:
        text = manifest.read_bytes()
    except OSError as error:
        raise PackError(
            f"The manifest {manifest} cannot be read ({error.strerror}).",
            "Check the path and the permissions of the file.",
        ) from error
    if read_manifest(text).recogniser.sha256 != digest:
        raise PackError("The manifest describes a file with another SHA-256.", "Correct one of the two.")
    return text


def _ends(network: Path) -> tuple[str, str]:
    """Return the names of the one input and the one output of a network."""
    try:
        session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds, which differ between its versions
        raise PackError("The file is no network that runs here.", "Bring an fp32 ONNX file.") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise PackError("The network has more than one input or output.", "Install it with a manifest that names them.")
    return inputs[0].name, outputs[0].name


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ) -> urllib.request.Request | None:
        _web(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def digest_stated(text: str) -> str:
    """Return a SHA-256 as lower-case hex.

    Raises:
        PackError: it is not a SHA-256.
    """
    digest = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digest):
        raise PackError(
            f"{text[:80]!r} is not a SHA-256.",
            "State the 64 hexadecimal digits that the maker of the file publishes.",
        )
    return digest


def fetch(url: str, sha256: str, target: Path, tell: Callable[[int, int | None], None] = lambda done, of: None) -> int:
    """Write the file at an address to `target` and return its size in bytes.

    Args:
        url: http or https.
        sha256: lower-case hex digest that the file must have.
        target: a new file.
        tell: called with the bytes so far, and the size if the server states it.

    Raises:
        PackError: the address cannot be used, the server does not answer, or the file is too large or another one; then
            `target` does not exist.
    """
    _web(url)
    opener = urllib.request.build_opener(_OnlyWeb)
    digest, size = hashlib.sha256(), 0
    try:
        with opener.open(url, timeout=_SECONDS) as answer, target.open("wb") as file:
            length = answer.headers.get("Content-Length", "")
            of = int(length) if length.isdecimal() else None
            size = _copy(answer, file, digest.update, lambda done: tell(done, of))
    except PackError:
        target.unlink(missing_ok=True)
        raise
    except (OSError, ValueError) as error:  # URLError and the errors of http.client are OSError or ValueError
        target.unlink(missing_ok=True)
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise PackError(
            f"The file could not be fetched from {urlsplit(url).hostname} ({reason}).",
            "Check the address and the network. Or fetch the file on another machine and install it with a manifest.",
        ) from error
    if digest.hexdigest() != sha256:
        target.unlink(missing_ok=True)
        raise PackError(
            f"The file at this address is another one: {size:,} bytes, sha256 {digest.hexdigest()}.",
            "Compare the hash with the one that the maker publishes. Do not use this file.",
        )
    return size


def _copy(source: IO[bytes], target: IO[bytes], seen: Callable[[bytes], None], tell: Callable[[int], None]) -> int:
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > MAX_BYTES:
            raise PackError(
                f"The file has more than {MAX_BYTES:,} bytes.", "Check the address: no recogniser is so large."
            )
        target.write(piece)
        seen(piece)
        tell(size)
    return size


def _web(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PackError(f"{url[:200]!r} is not an http or https address.", "State the whole address of the ONNX file.")
