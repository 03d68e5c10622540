"""Programs of others and our own examples against a real server: tus uploads, bulk enrolment, a search, the log, a report."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import pytest
import requests
from tests.factories import forks, loops
from tests.factories.clips import clip
from tests.factories.deployed import Server
from tests.factories.models import collins, hopper, scaled
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

EXAMPLES = Path(__file__).parents[2] / "examples"
ADMIN, EXAMINER, SUPERVISOR, AUDITOR = (
    f"{name}@agency.example" for name in ("admin", "examiner", "supervisor", "auditor")
)


def run(home: Path, *words: str | Path) -> dict[str, Any]:
    done = forks.run(home, [*words, "--json"])
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def token_of(home: Path, who: str, *scopes: str) -> str:
    words = [word for scope in scopes or ("all",) for word in ("--scope", scope)]
    return str(run(home, "token", "new", *words, "--as", who)["token"])


@pytest.fixture
def server(home: Path, served: Callable[..., Server]) -> Server:
    passport = ["--basis", "law", "--source", "tests", "--expires", "2999-01-01", "--as", ADMIN]
    run(home, "gallery", "create", "custody", *passport)
    return served(home, "--no-worker")


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_four_examples_run_as_they_are(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAINVIEW_URL", f"http://127.0.0.1:{server.port}")
    folder = tmp_path / "photographs"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), collins().pixels)
    cv2.imwrite(str(folder / "b.png"), hopper().pixels)
    (folder / "c.png").write_bytes(b"no picture")
    table = tmp_path / "origins.csv"
    lines = [f"{name}.png,https://custody.example/{name},2024-11" for name in "abc"]
    table.write_text("\n".join(["file,source_url,captured_on", *lines]) + "\n")
    monkeypatch.setenv("PLAINVIEW_TOKEN", token_of(server.home, ADMIN, "gallery.enrol"))
    assert example("bulk_enrolment").main("custody", str(folder), str(table)) == 1
    printed = capsys.readouterr()
    assert "2 enrolled" in printed.out
    assert "c.png: not_an_image" in printed.err

    monkeypatch.setenv("PLAINVIEW_TOKEN", token_of(server.home, AUDITOR, "audit.read"))
    follow, heads = example("follow_log"), str(tmp_path / "heads.jsonl")
    follow.main(heads)
    probe = tmp_path / "probe.jpg"
    cv2.imwrite(str(probe), scaled(collins(), 0.8).pixels)
    token = token_of(server.home, EXAMINER, "case.open", "search.run")
    for _ in range(2):  # the second time the case is open already
        monkeypatch.setenv("PLAINVIEW_TOKEN", token)
        answer = example("search_from_case_system").main("C-1", "robbery", "find the rider", "custody", str(probe))
        assert answer["candidates"][0]["source"] == "https://custody.example/a"
        assert "searches for someone who is not in this gallery" in answer["candidates"][0]["meaning"]
    monkeypatch.setenv("PLAINVIEW_TOKEN", token_of(server.home, AUDITOR, "audit.read"))
    assert "begins with every head" in follow.main(heads)
    assert len(Path(heads).read_text().splitlines()) == 2

    monkeypatch.setenv("PLAINVIEW_TOKEN", token_of(server.home, SUPERVISOR, "report.read"))
    today = run(server.home, "report", "show", "--as", SUPERVISOR)["period"]["until"]
    written = loops.run(example("nightly_report").main(str(tmp_path), today))
    report = json.loads((tmp_path / f"{today}.json").read_text())
    assert report["figures"]["by_programs"] == 2 if "figures" in report else "by_programs" in json.dumps(report)
    assert "SHA-256" in written


def test_the_first_call_of_the_guide_works_as_it_is_printed(tmp_path: Path, served: Callable[..., Server]) -> None:
    """Its two blocks, line by line, in an empty folder; only the port and the two tokens are put in."""
    guide = (Path(__file__).parents[2] / "docs" / "howto" / "api.md").read_text(encoding="utf-8")
    first = guide.partition("## First call")[2]
    commands, calls = re.findall(r"```\w*\n(.*?)```", first, re.DOTALL)[:2]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "80"}
    assert commands.splitlines()[-1] == "plainview serve"
    made = bash(commands.replace("plainview serve", ""), tmp_path, environment)
    tokens = re.findall(r"\bK[0-9A-Z]{12}\.\S+", made)
    assert len(tokens) == 2, made
    server = served(tmp_path / "api-workspace", "--no-worker")
    calls = calls.replace("8000", str(server.port))
    for token in tokens:
        calls = calls.replace("=...", f"={token}", 1)
    answers = bash(calls.replace("curl ", "curl -sS -w '\\n' "), tmp_path, environment).splitlines()
    gallery, enrolled, opened, searched = (json.loads(line) for line in answers if line.startswith("{"))
    assert (gallery["name"], enrolled["enrolled"], opened["state"]) == ("portraits", 1, "open")
    assert searched["candidates"][0]["reference_id"] == enrolled["references"][0]["id"]


def bash(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What a script prints; it must end well."""
    done = subprocess.run(
        ["/bin/bash", "-euc", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_tus_client_uploads_a_video_in_pieces_and_continues(server: Server, tmp_path: Path) -> None:
    run(server.home, "case", "open", "C-1", "--offence", "robbery", "--as", EXAMINER)
    film = tmp_path / "film.mp4"
    film.write_bytes(clip(frames=200).data)
    piece = 64 << 10
    assert film.stat().st_size > piece
    url = f"http://127.0.0.1:{server.port}/api/v1/videos"
    token = token_of(server.home, EXAMINER, "video")
    client = TusClient(url, headers={"Authorization": f"Bearer {token}"})
    described = {"filename": film.name, "case": "C-1"}
    with film.open("rb") as stream:  # the client leaves a file open that it has opened by its name
        upload = client.uploader(file_stream=stream, chunk_size=piece, metadata=described)
        upload.upload_chunk()
    assert upload.offset == piece
    with film.open("rb") as stream:  # another process continues
        again = client.uploader(file_stream=stream, chunk_size=piece, url=upload.url, upload_checksum=True)
        assert again.offset == piece
        again.upload()
    shown = requests.get(upload.url.removesuffix("/upload"), headers=client.headers, timeout=60).json()
    assert shown["state"] == "waiting" or shown["state"] != "uploading"
    other = TusClient(url, headers={"Authorization": f"Bearer {token_of(server.home, SUPERVISOR)}"})
    with film.open("rb") as stream, pytest.raises(TusCommunicationError):
        other.uploader(file_stream=stream, metadata=described).upload()


def test_a_large_body_needs_a_token_before_it_is_read(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/api/v1/galleries/custody/references"
    refused = requests.post(url, files={"image": b"x" * 600_000}, timeout=60)
    assert (refused.status_code, refused.headers["Content-Type"]) == (401, "application/problem+json")
    headers = {"Authorization": f"Bearer {token_of(server.home, ADMIN)}"}
    taken = requests.post(url, files={"image": b"x" * 600_000}, headers=headers, timeout=60)
    assert taken.json()["failed"][0]["code"] == "not_an_image"
    huge = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    huge.putrequest("POST", "/api/v1/galleries/custody/references")
    huge.putheader("Content-Length", str(200 << 20))
    huge.putheader("Content-Type", "multipart/form-data; boundary=B")
    huge.putheader("Authorization", headers["Authorization"])
    huge.endheaders()
    answer = huge.getresponse()
    body = answer.read()
    huge.close()
    assert (answer.status, json.loads(body)["rule"]) == (413, "api.not_taken")


def test_a_connection_that_breaks_in_a_form_makes_nothing(server: Server) -> None:
    token = token_of(server.home, ADMIN)
    broken = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    broken.putrequest("POST", "/api/v1/galleries/custody/references")
    broken.putheader("Content-Length", "100000")
    broken.putheader("Content-Type", "multipart/form-data; boundary=B")
    broken.putheader("Authorization", f"Bearer {token}")
    broken.endheaders()
    broken.send(b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + b"x" * 1000)
    broken.close()
    url = f"http://127.0.0.1:{server.port}/api/v1/galleries/custody"
    assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()["references"] == 0


def test_the_page_of_operations_comes_from_this_server_alone(server: Server) -> None:
    page = requests.get(f"http://127.0.0.1:{server.port}/api/v1/docs", timeout=60)
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    document = requests.get(f"http://127.0.0.1:{server.port}/api/v1/openapi.json", timeout=60).json()
    assert document["openapi"].startswith("3.1")
