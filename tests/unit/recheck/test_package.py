"""A disclosure package proves itself, runs again, and names whatever was removed or altered."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.disclosure.make import disclose
from plainview.casework.examination.examine import examine
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.leads.decide import release
from plainview.casework.models import Reference
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.run import Request, run_search
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, POTENTIAL
from plainview.recheck.package import MANIFEST, SIGNATURE, verify_package, write_package
from plainview.storage.output import OutputError


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    search(image)
    return search(image).search.public_id


@pytest.fixture
def package(found: str, tmp_path: Path) -> Path:
    similar = dict.fromkeys(COMPONENTS, "similar")
    row = examine(found, 1, components=similar, conclusion=POTENTIAL, notes="ears", acting_member=person("examiner"))
    task, verifier = row.verifications.get(), person("verifier")
    faces = show_verification(task.public_id, acting_member=verifier).faces
    both = dict.fromkeys(faces, POTENTIAL)
    answer_verification(task.public_id, both, dict.fromkeys(faces, similar), acting_member=verifier)
    release(
        row.public_id,
        contradictions=dict.fromkeys(CONTRADICTIONS, "checked: nothing was found"),
        acting_member=person("supervisor"),
    )
    disclose(found, tmp_path / "p.zip", acting_member=person("supervisor"))
    return tmp_path / "p.zip"


def contents(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def packed(items: dict[str, bytes], path: Path) -> Path:
    from plainview.recheck.package import _pack

    with path.open("wb") as file:
        _pack(file, items.items())
    return path


def test_a_whole_package_verifies_and_runs_again(package: Path, found: str) -> None:
    report = verify_package(package)
    assert report.problems == []
    assert report.ok
    assert report.rerun_identical is True
    assert (report.search, report.log) == (found, services().origin)
    items = contents(package)
    people = {who for row in json.loads(items["people.json"]) for who in row["did"]}
    assert people == {"searched", "examined", "verified", "released the lead"}
    assert len(json.loads(items["case.json"])["other_searches"]) == 1
    assert json.loads(items["examinations.json"])[0]["verdicts"][0]["conclusion"] == POTENTIAL
    actions = {json.loads(row["entry"])["action"] for row in json.loads(items["log/entries.json"])}
    assert {"search.requested", "search.answered", "verification.recorded", "lead.released"} <= actions
    assert items["candidates/01"] == services().blobs.get(Reference.objects.get(file_name="collins.png").blob)
    assert verify_package(package, vkey=services().signer.verifier.text).ok
    assert entries("disclosure.made")[0].subject["items"] == report.items


def test_every_item_that_is_missing_or_altered_is_named(package: Path, tmp_path: Path) -> None:
    items = contents(package)
    for name, data in items.items():
        missing = (
            verify_package(packed({k: v for k, v in items.items() if k != name}, tmp_path / "x"))
            if (name != MANIFEST)
            else None
        )
        if missing is not None:
            assert not missing.ok
            assert any(problem.startswith(name) for problem in missing.problems), name
        if name in (MANIFEST, SIGNATURE):
            continue
        changed = bytearray(data)
        changed[len(data) // 2] ^= 1
        altered = verify_package(packed(items | {name: bytes(changed)}, tmp_path / "x"))
        assert not altered.ok
        assert f"{name}: it was altered" in altered.problems
    assert "extra: it was added" in verify_package(packed(items | {"extra": b""}, tmp_path / "x")).problems


def test_any_changed_byte_of_the_file_is_caught(package: Path, tmp_path: Path) -> None:
    whole = package.read_bytes()
    # Anywhere, and more often in the directory at the end, which no hash of an item covers.
    places = st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 2_000, len(whole) - 1))

    @settings(max_examples=120, deadline=None)
    @given(place=places, change=st.integers(1, 255))
    def caught(place: int, change: int) -> None:
        altered = bytearray(whole)
        altered[place] ^= change
        (tmp_path / "x").write_bytes(altered)
        try:
            report = verify_package(tmp_path / "x")
        except Refused as refused:
            assert refused.rule_id == "package.unreadable"  # noqa: PT017
        else:
            assert not report.ok

    caught()


def resigned(items: dict[str, bytes], path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """What whoever holds the log's key could make: changed items under a new, rightly signed manifest."""
    from plainview.recheck.package import signed_text
    from plainview.storage.base import digest_of

    items = dict(items)
    change(items)
    manifest: dict[str, Any] = json.loads(items[MANIFEST])
    for row in manifest["items"]:
        row["sha256"], row["bytes"] = digest_of(items[row["path"]]), len(items[row["path"]])
    items[MANIFEST] = json.dumps(manifest).encode()
    items[SIGNATURE] = services().signer.sign_note(signed_text(items[MANIFEST])).encode()
    return packed(items, path)


def test_even_the_keyholder_cannot_change_what_the_log_committed_to(package: Path, tmp_path: Path) -> None:
    items = contents(package)

    def told(**fields: Any) -> Callable[[dict[str, bytes]], None]:
        def change(held: dict[str, bytes]) -> None:
            held["search.json"] = json.dumps(json.loads(held["search.json"]) | fields).encode()

        return change

    def shifted(held: dict[str, bytes]) -> None:
        rows = json.loads(held["search.json"])
        rows["candidates"].reverse()
        held["search.json"] = json.dumps(rows).encode()

    def other_probe(held: dict[str, bytes]) -> None:
        import io

        out = io.BytesIO()
        np.save(out, np.eye(1, 128, dtype=np.float32)[0])
        held["rerun/probe.npy"] = out.getvalue()

    cases = {
        "purpose is not what was committed to": told(purpose="something else"),
        "gallery_size is not what the log recorded": told(gallery_size=9),
        "top is not what the log recorded": told(top=21),
        "the candidate list is not the one that was recorded": shifted,
        "the search gives another list": other_probe,
    }
    for problem, change in cases.items():
        report = verify_package(resigned(items, tmp_path / "x", change))
        assert any(problem in found for found in report.problems), (problem, report.problems)
        assert not report.ok
    assert verify_package(resigned(items, tmp_path / "x", lambda _: None)).ok


def test_another_key_and_another_file_are_refused(package: Path, tmp_path: Path) -> None:
    from plainview.audit.checkpoint import Signer

    other = Signer.generate(services().origin).verifier.text
    report = verify_package(package, vkey=other)
    assert "another key than the one that you trust" in report.problems[0]
    (tmp_path / "text.zip").write_text("no")
    with pytest.raises(Refused, match=r"package\.unreadable"):
        verify_package(tmp_path / "text.zip")
    with pytest.raises(Refused, match=r"package\.unreadable"):
        verify_package(tmp_path / "none.zip")


def test_pictures_may_be_protected_and_a_file_is_never_overwritten(found: str, tmp_path: Path) -> None:
    supervisor = person("supervisor")
    with pytest.raises(Refused, match=r"disclosure\.reason"):
        disclose(found, tmp_path / "p.zip", pictures="none", acting_member=supervisor)
    assert not (tmp_path / "p.zip").exists()
    disclose(found, tmp_path / "p.zip", pictures="none", reason="a child is on the list", acting_member=supervisor)
    items = contents(tmp_path / "p.zip")
    assert [name for name in items if name.startswith("candidates/")] == [
        "candidates/01-coarse.png",
        "candidates/02-coarse.png",
    ]
    stated = json.loads(items[MANIFEST])["pictures"]
    assert (stated["shown"], stated["reason"], stated["coarse"]) == ("none", "a child is on the list", [1, 2])
    row = json.loads(items["search.json"])["candidates"][0]
    assert (row["picture"], row["picture_sha256"], len(row["template_sha256"])) == ("coarse", None, 64)
    coarse = services().decoder.decode(items["candidates/01-coarse.png"])
    assert list(services().engine.faces(coarse)) == []
    assert verify_package(tmp_path / "p.zip").ok
    before = (tmp_path / "p.zip").read_bytes()
    with pytest.raises(OutputError, match="already exists"):
        disclose(found, tmp_path / "p.zip", acting_member=supervisor)
    assert (tmp_path / "p.zip").read_bytes() == before


def test_a_reference_that_was_erased_since_is_named(found: str, tmp_path: Path) -> None:
    gone = Reference.objects.get(file_name="hopper.png")
    Reference.objects.filter(pk=gone.pk).update(template=b"")
    disclose(found, tmp_path / "p.zip", acting_member=person("supervisor"))
    report = verify_package(tmp_path / "p.zip")
    assert report.ok, report.problems
    assert json.loads(contents(tmp_path / "p.zip")["search.json"])["erased_since"] == [gone.public_id]


def test_the_edits_of_a_probe_are_disclosed_and_applied_again(found: str, tmp_path: Path) -> None:
    chain = ["rotate:2", "light:10,1.10,1.00", "face:150,60,200,240 by Sample examiner"]
    edited = prepare_probe(probe(tmp_path, "edited.png"), edits=chain)
    asked = Request("C-1", "find the rider", "g")
    made = run_search(edited, asked, acting_member=person("examiner")).search
    path = tmp_path / "edited.zip"
    disclose(made.public_id, path, acting_member=person("supervisor"))
    items = contents(path)
    assert json.loads(items["search.json"])["probe_edits"] == chain
    assert verify_package(path).problems == []
    assert verify_package(path).ok

    # The edited picture of somebody else, with a manifest that fits it.
    other = _encoded(np.flip(edited.picture.pixels, axis=1))
    assert any("do not give this picture" in row for row in _resigned(path, {"probe/edited.png": other}))
    # Another chain than the one that was committed to.
    told = json.loads(items["search.json"]) | {"probe_edits": ["rotate:2"]}
    problems = _resigned(path, {"search.json": json.dumps(told).encode()})
    assert any("probe_edits is not what was committed" in row for row in problems)
    assert any("do not give this picture" in row for row in problems)


def _encoded(pixels: Any) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def _resigned(path: Path, changed: dict[str, bytes]) -> list[str]:
    """What is found in a package whose maker changed items and signed it again with the log's key."""
    items = {name: data for name, data in contents(path).items() if name not in (MANIFEST, SIGNATURE)} | changed
    about = json.loads(contents(path)[MANIFEST])
    about = {key: value for key, value in about.items() if key not in ("items", "format")}
    again = path.with_name("again.zip")
    again.unlink(missing_ok=True)
    write_package(again, [(name, data, "") for name, data in items.items()], about, services().signer.sign_note)
    return verify_package(again).problems
