"""The demo's portraits: fetched where the network allows it, told in a line where it does not, and gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from tests.factories.models import collins, hopper, scaled
from tests.factories.notices import congress, moved
from tests.factories.publisher import Publisher, publisher
from tests.factories.work import person

from plainview.casework.feeds.presets import preset
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Feed, Reference
from plainview.casework.outgoing import Host, Unanswered
from plainview.casework.workspace.services import services
from plainview.cli import demo_walk

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]

NUMBERS = ["B000944", "C000127", "C000141", "K000367"]


@pytest.fixture
def served(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    (tmp_path / "server").mkdir()
    with publisher(tmp_path / "server") as made:
        congress(made, NUMBERS)
        pictures = [collins(), hopper(), scaled(collins(), 0.6)]
        for number, picture in zip(NUMBERS, pictures, strict=False):  # the last has no portrait yet
            made.put(f"/images/congress/450x550/{number}.jpg", cv2.imencode(".png", picture.pixels)[1].tobytes())
        monkeypatch.setattr(demo_walk, "preset", lambda name: moved(preset(name), made))
        monkeypatch.setattr("plainview.casework.feeds.run.time.sleep", lambda _: None)
        settings = services().workspace.settings() | {"feeds": {"private_addresses": True, "ca_file": made.ca_file}}
        monkeypatch.setattr(type(services().workspace), "settings", lambda _self: settings)
        create_gallery(
            "demo",
            legal_basis="b",
            source="s",
            owner="o",
            expires_on=datetime.now(UTC).date() + timedelta(days=9),
            acting_member=person("admin"),
        )
        yield made


def test_the_portraits_are_fetched_and_an_interrupted_demo_goes_on(
    served: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, asked = Host.exchange, []

    def interrupted(self: Host, method: str, url: str, **options: object) -> object:
        asked.append(url)
        if url.endswith("C000127.jpg") and asked.count(url) == 1:
            raise KeyboardInterrupt
        return real(self, method, url, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Host, "exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo_walk._fetch(tmp_path)
    assert f"--keep {tmp_path}" in capsys.readouterr().out.replace("\n", "")
    demo_walk._fetch(tmp_path)
    assert Reference.objects.filter(gallery__name="demo").count() == 3
    assert Feed.objects.count() == 1
    assert "3 portraits enrolled" in " ".join(capsys.readouterr().out.split())
    asked.clear()
    demo_walk._fetch(tmp_path)
    assert not any(url.endswith("B000944.jpg") for url in asked)


def test_without_a_network_the_demo_says_so_and_goes_on(
    served: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(_self: Host, url: str, _connection: object) -> None:
        raise Unanswered("unreachable", "The host unitedstates.github.io cannot be found (Name or service not known).")

    monkeypatch.setattr(Host, "__init__", nobody)
    demo_walk._fetch(tmp_path)
    said = " ".join(capsys.readouterr().out.split())
    assert "Not fetched: The host unitedstates.github.io cannot be found" in said
    assert said.endswith("The demo goes on with what it has.")
    assert Reference.objects.filter(gallery__name="demo").count() == 0
