"""A recogniser from an address: only the file with the stated hash, only over http(s), and its card with it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.factories import models

from plainview.recognition import fetch as fetching
from plainview.recognition.engine import Engine
from plainview.recognition.errors import PackError
from plainview.recognition.fetch import fetch, install_from
from plainview.recognition.install import list_installed
from plainview.recognition.manifest import read_manifest
from plainview.recognition.open_packs import OPEN_CARDS, OpenCard

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@contextmanager
def served(body: bytes, **headers: str) -> Iterator[str]:
    """A server that answers everything with this body, or with a redirect where `Location` is among the headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if "Location" in headers else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/glintr100.onnx"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_another_file_than_the_stated_one_is_refused_and_not_kept(tmp_path: Path) -> None:
    with served(b"something else") as url, pytest.raises(PackError, match="another one: 14 bytes"):
        fetch(url, _sha(b"the network"), tmp_path / "network")
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_end_is_given_up_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 10)
    with served(b"x" * 11) as url, pytest.raises(PackError, match="more than 10 bytes"):
        fetch(url, _sha(b"x" * 11), tmp_path / "network")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_no_address_and_no_redirect_leads_away_from_the_web(place: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="not an http or https address"):
        fetch(place, _sha(b""), tmp_path / "network")
    with (
        served(b"", Location=place) as url,
        pytest.raises(PackError, match=r"not an http or https address|not allowed"),
    ):
        fetch(url, _sha(b""), tmp_path / "network")
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_within_the_web_is_followed(tmp_path: Path) -> None:
    with served(b"the network") as there, served(b"", Location=there) as url:
        assert fetch(url, _sha(b"the network"), tmp_path / "network") == 11
    assert (tmp_path / "network").read_bytes() == b"the network"


def test_a_server_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    with served(b"") as url:
        pass
    with pytest.raises(PackError, match="could not be fetched from 127"):
        fetch(url, _sha(b""), tmp_path / "network")


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "a" * 63])
def test_what_is_no_hash_is_refused_before_anything_is_fetched(text: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="not a SHA-256"):
        install_from("http://127.0.0.1:9/x", text, tmp_path)


def test_a_file_without_a_card_needs_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no card") as refused:
        install_from("http://127.0.0.1:9/x", "0" * 64, tmp_path)
    assert "auraface" in refused.value.next_step


@pytest.mark.parametrize("card", OPEN_CARDS, ids=lambda card: card.name)
def test_every_open_card_is_a_sound_manifest_that_does_not_claim_to_know_the_training_data(card: OpenCard) -> None:
    pack = read_manifest(card.manifest(260_000_000, card.sha256, "input.1", "683"))
    assert (pack.name, pack.recogniser.sha256) == (card.name, card.sha256)
    assert "investigation" in pack.permitted_uses
    assert "not known" in pack.recogniser.training_data


def test_a_real_network_is_installed_from_an_address_with_its_card_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = models.installed("sface.onnx").read_bytes()
    text = OPEN_CARDS[0].text.replace("dimension = 512", "dimension = 128")
    monkeypatch.setattr("plainview.recognition.open_packs.OPEN_CARDS", (OpenCard("auraface", _sha(network), text),))
    seen: list[tuple[int, int | None]] = []
    with served(network, **{"Content-Length": str(len(network))}) as url:
        done = install_from(url, f"sha256:{_sha(network).upper()}", tmp_path, tell=lambda *so_far: seen.append(so_far))
    assert (done.pack.embed.input, done.pack.embed.output) == ("data", "fc1")
    assert seen[-1] == (len(network), len(network))
    assert [installed.problem for installed in list_installed(tmp_path)] == [None]
    (tmp_path / "yunet-sface-2").symlink_to(models.installed("sface.onnx").parent)
    loaded = Engine.load("auraface", tmp_path)
    face = loaded.faces(models.collins())[0]
    assert loaded.template(models.collins(), face.detection).shape == (128,)


def test_a_network_with_its_own_manifest_needs_no_card_of_ours(tmp_path: Path) -> None:
    network = models.installed("sface.onnx").read_bytes()
    text = OPEN_CARDS[0].text.replace("dimension = 512", "dimension = 128").replace('"auraface"', '"mine"')
    manifest = tmp_path / "mine.toml"
    manifest.write_bytes(OpenCard("mine", "", text).manifest(len(network), _sha(network), "data", "fc1"))
    with served(network) as url:
        assert install_from(url, _sha(network), tmp_path / "models", manifest).pack.name == "mine"
        with pytest.raises(PackError, match="another SHA-256"):
            install_from(url, "0" * 64, tmp_path / "models", manifest)
    assert sorted(path.name for path in (tmp_path / "models").iterdir() if path.name != ".lock") == ["mine-1"]
