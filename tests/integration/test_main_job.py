"""The main job as a stranger runs it: enrol, search, refusals, bad input, and a log that notices."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from tests.factories import pictures
from tests.factories.models import hopper, scaled
from tests.integration.conftest import ADMIN, ASKED, EXAMINER, Cli


def count(cli: Cli, table: str) -> int:
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        return int(database.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608


def test_the_mated_reference_is_first_and_the_receipt_fits_the_log(cli: Cli, photographs: Path, probe: Path) -> None:
    enrolled = cli.json("enrol", "g", photographs, "--as", ADMIN)
    assert (enrolled["enrolled"], enrolled["duplicates"], enrolled["failed"]) == (2, 0, [])

    answer = cli.search(probe)

    first, second = answer["candidates"]
    assert first["source_url"].endswith("collins.png")
    assert first["score"] > 0.5 > second["score"]
    assert [row["rank"] for row in answer["candidates"]] == [1, 2]
    assert answer["gallery_size"] == 2
    log = cli.json("audit", "verify")
    assert log["ok"]
    assert log["root"] == answer["audit"]["root"]
    lines = (cli.home / "audit" / "log.jsonl").read_text().splitlines()
    entry = json.loads(lines[answer["audit"]["entry"]])["entry"]
    assert entry["action"] == "search.requested"
    assert entry["subject"]["search"] == answer["search_id"]
    assert "find the rider" not in "".join(lines)
    assert "C-1" not in "".join(lines)


def test_the_same_search_gives_the_same_list(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    assert cli.search(probe)["candidates"] == cli.search(probe)["candidates"]


def test_enrolling_again_recognises_every_duplicate(cli: Cli, photographs: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    again = cli.json("enrol", "g", photographs, "--as", ADMIN)
    assert (again["enrolled"], again["duplicates"]) == (0, 2)
    assert count(cli, "reference") == 2


def test_a_manifest_gives_links_and_date_and_bad_files_are_listed(
    cli: Cli, photographs: Path, probe: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    manifest = tmp_path / "list.csv"
    with manifest.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "source_url", "page_url", "captured_on"])
        rows.writerow([photographs / "collins.png", "https://a.example/p.png", "https://a.example/page", "1999-07-01"])
        rows.writerow(["broken.jpg", "", "", ""])
        rows.writerow(["missing.jpg", "", "", ""])
    result = cli.json("enrol", "g", manifest, "--outside", "--as", ADMIN)
    assert result["enrolled"] == 1
    assert [row["path"] for row in result["failed"]] == ["broken.jpg", "missing.jpg"]
    assert all(row["code"] and row["why"] for row in result["failed"])
    first = cli.search(probe)["candidates"][0]
    assert (first["source_url"], first["page_url"], first["captured_on"]) == (
        "https://a.example/p.png",
        "https://a.example/page",
        "1999-07-01",
    )


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--purpose", "find the rider", "--gallery", "g"], "case.missing"),
        (["--case", "C-1", "--gallery", "g"], "search.purpose_missing"),
        (["--case", "C-1", "--purpose", "  ", "--gallery", "g"], "search.purpose_missing"),
        (["--case", "C-9", "--purpose", "find the rider", "--gallery", "g"], "case.unknown"),
        (["--case", "C-1", "--purpose", "find the rider", "--gallery", "h"], "gallery.unknown"),
        (["--case", "C-1", "--purpose", "find the rider", "--gallery", "g", "--top", "51"], "search.list_length"),
    ],
)
def test_a_search_that_a_rule_refuses_is_in_the_log_and_nowhere_else(
    cli: Cli, probe: Path, arguments: list[str], rule: str
) -> None:
    before = cli.json("audit", "verify")["entries"]
    done = cli.run("search", probe, *arguments, "--as", EXAMINER, code=1)
    assert f"[{rule}]" in done.stderr
    assert done.stdout == ""
    after = cli.json("audit", "verify")
    assert (after["ok"], after["entries"]) == (True, before + 1)
    assert count(cli, "search") == 0


def test_an_expired_gallery_and_a_closed_case_refuse(cli: Cli, photographs: Path, probe: Path) -> None:
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        database.execute("update gallery set expires_on='2020-01-01'")
    arguments = [*ASKED, "--as", EXAMINER]
    assert "[gallery.expired]" in cli.run("search", probe, *arguments, code=1).stderr
    assert "[gallery.expired]" in cli.run("enrol", "g", photographs, "--as", ADMIN, code=1).stderr
    cli.run("case", "close", "C-1", "--as", EXAMINER)
    assert "[case.closed]" in cli.run("search", probe, *arguments, code=1).stderr


def test_who_may_not_may_not(cli: Cli, photographs: Path, probe: Path) -> None:
    for person in ("admin", "auditor", "verifier", "supervisor"):
        asked = (*ASKED, "--as", f"{person}@agency.example")
        assert "[member.no_permission]" in cli.run("search", probe, *asked, code=1).stderr
    assert "[member.no_permission]" in cli.run("enrol", "g", photographs, "--as", EXAMINER, code=1).stderr
    assert "[member.unknown]" in cli.run("enrol", "g", photographs, "--as", "x@agency.example", code=1).stderr


BAD = {
    "empty": lambda: b"",
    "truncated": lambda: pictures.jpeg_that_stops_in_the_middle(),
    "not_an_image": lambda: b"hello, this is a text file\n" * 20,
    "too_many_pixels": lambda: pictures.huge_png(),
    "no_face": lambda: pictures.black_png(200),
    "format_not_allowed": lambda: pictures.camera_raw("NIKON CORPORATION"),
    "face_too_small": lambda: cv2.imencode(".png", scaled(hopper(), 8 / 170).pixels)[1].tobytes(),
    "kind_not_decodable": lambda: pictures.float_rgb_tiff(),
    "deep_colour": lambda: pictures.jpeg_12_bit(),
}


@pytest.mark.long
@pytest.mark.parametrize("code", BAD)
def test_bad_input_gives_one_clear_line_and_changes_nothing(cli: Cli, tmp_path: Path, code: str) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(BAD[code]())
    before = cli.json("audit", "verify")
    for command in (
        ["search", path, *ASKED, "--as", EXAMINER],
        ["faces", path],
        ["compare", path, path],
    ):
        done = cli.run(*command, code=1)
        assert f"[{code}]" in done.stderr
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1
    assert cli.json("audit", "verify") == before
    assert count(cli, "search") == 0


def test_an_altered_log_folder_stops_every_search_before_a_candidate(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    log = cli.home / "audit" / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b"enrolment.finished", b"enrolment.finishee")
    log.write_bytes(b"".join(lines))
    arguments = [*ASKED, "--as", EXAMINER, "--json"]
    done = cli.run("search", probe, *arguments, code=1)
    assert done.stdout == ""
    assert count(cli, "candidate") == 0
    report = cli.json("audit", "verify", code=1)
    assert report["first_bad"] == len(lines) - 1


def test_a_log_table_that_cannot_be_written_gives_no_candidates(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        database.execute("create trigger broken before insert on log_entry begin select raise(abort, 'full'); end")
    done = cli.run("search", probe, *ASKED, "--as", EXAMINER, "--json", code=1)
    assert done.stdout == ""
    assert count(cli, "search") == count(cli, "candidate") == 0


def test_an_exported_log_verifies_without_the_application(cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    cli.run("audit", "export", copy)
    assert cli.json("audit", "verify", copy)["ok"]
    done = subprocess.run(
        [sys.executable, "-I", copy / "verify.py", copy, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["ok"] is True
    lines = (copy / "log.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "log.jsonl").write_bytes(b"".join(lines[:2] + lines[3:]))
    assert cli.json("audit", "verify", copy, code=1)["first_bad"] == 2


def test_init_never_touches_an_existing_workspace_and_keys_are_private(cli: Cli) -> None:
    assert "[workspace.exists]" in cli.run("init", code=1).stderr
    for key in (cli.home / "keys").iterdir():
        assert key.stat().st_mode & 0o777 == 0o600
    none = Cli(cli.home / "none")
    assert "[workspace.missing]" in none.run("case", "list", "--as", EXAMINER, code=1).stderr
    assert "[workspace.missing]" in none.run("doctor", code=1).stdout


def test_killed_enrolment_finishes_without_duplicates(cli: Cli, photographs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    source = (photographs / "collins.png").read_bytes()
    for i in range(70):  # bytes after the end of a PNG make another file of the same picture
        (folder / f"{i:03}.png").write_bytes(source + str(i).encode())
    command = [sys.executable, "-m", "plainview.cli.main", "enrol", "g", str(folder), "--as", ADMIN]
    running = subprocess.Popen(command, env={**os.environ, "PLAINVIEW_HOME": str(cli.home)}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while count(cli, "reference") == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    held = count(cli, "reference")
    assert 0 < held < 70
    result = cli.json("enrol", "g", folder, "--as", ADMIN)
    assert (result["enrolled"], result["duplicates"]) == (70 - held, held)
    assert count(cli, "reference") == count(cli, "gallery_change") == 70
    assert cli.json("audit", "verify")["ok"]


@pytest.mark.slow
def test_the_demo_ends_well(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    done = Cli(tmp_path / "unused").run("demo", "--keep", home)
    assert "the first candidate is eileen-collins.png" in " ".join(done.stdout.split())
    for step in ("released as lead", "the alert raised 1 list"):
        assert step in done.stdout
    assert (home / "contact-sheet.png").stat().st_size > 10_000
    Cli(tmp_path / "unused").run("demo", "--keep", home)  # once more, as whoever reads two of the pages does
    shutil.rmtree(home)


def _everywhere(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.mark.long
def test_an_expunged_reference_is_nowhere_in_the_workspace(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    found = cli.search(probe)["candidates"][0]
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        sealed, blob, name = database.execute(
            "select template, blob, file_name from reference where public_id = ?", [found["reference_id"]]
        ).fetchone()
    database.close()
    before = _everywhere(cli.home)
    assert sealed in before
    assert blob.encode() in before
    reason = ["--reason", "acquitted, by order of the court", "--as", ADMIN]
    assert cli.json("expunge", found["reference_id"], *reason)["picture_erased"] is True
    after = _everywhere(cli.home)
    for trace in (
        sealed,
        sealed[:32],
        sealed[-32:],
        blob.encode(),
        name.encode(),
        found["source_url"].encode(),
    ):
        assert trace not in after
    assert not [path for path in cli.home.rglob("*") if blob in str(path)]
    rest = cli.search(probe)
    assert rest["gallery_size"] == 1
    assert found["reference_id"] not in [row["reference_id"] for row in rest["candidates"]]
    assert cli.json("audit", "verify")["ok"]
    assert "reference.unknown" in cli.run("expunge", found["reference_id"], *reason, code=1).stderr
    assert cli.json("enrol", "g", photographs, "--as", ADMIN)["enrolled"] == 1  # it may lawfully come again


@pytest.mark.long
def test_a_picture_that_another_reference_needs_stays(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    passport = ["--basis", "law", "--source", "tests", "--expires", "2999-01-01", "--as", ADMIN]
    cli.run("gallery", "create", "h", *passport)
    cli.run("enrol", "h", photographs, "--as", ADMIN)
    found = cli.search(probe)["candidates"][0]["reference_id"]
    done = cli.json("expunge", found, "--reason", "wrong gallery, by mistake", "--as", ADMIN)
    assert done["picture_erased"] is False
    other = cli.search(probe)["candidates"][0]["reference_id"]
    assert "fewer than 3 words" in cli.run("expunge", other, "--reason", "no", "--as", ADMIN, code=1).stderr
