"""`plainview demo`: the main job from an empty folder to a verified log, on real public-domain photographs."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from plainview.casework.workspace.folder import ENV
from plainview.cli.common import say
from plainview.cli.progress import bar
from plainview.cli.setup import make_workspace
from plainview.policy.decision import Refused
from plainview.recognition.types import Face, Picture

if TYPE_CHECKING:
    from plainview.casework.search.answers import Answer

PORTRAITS = {
    "grace-hopper.jpg": (
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "https://en.wikipedia.org/wiki/Grace_Hopper",
    ),
    "eileen-collins.png": (
        "skimage",
        "data/astronaut.png",
        "https://en.wikipedia.org/wiki/Eileen_Collins",
    ),
}
"""File name -> (package that carries it, path inside, page about the picture). Both are works of the US
government (Navy, NASA) and in the public domain."""

_CASE, _GALLERY = "DEMO-1", "demo"


def demo(
    photos: Annotated[Path | None, typer.Option(help="Your own folder of photographs for the gallery.")] = None,
    keep: Annotated[Path | None, typer.Option(help="New folder for the demo.")] = None,
) -> None:
    """Walk the whole path: workspace, gallery, probe, case, search, contact sheet, verified log."""
    home = keep or Path(tempfile.mkdtemp(prefix="plainview-demo-", dir=Path.cwd()))
    home.mkdir(parents=True, exist_ok=True)
    os.environ[ENV] = str(home / "workspace")
    say(f"1 A new sample workspace in {home / 'workspace'}")
    make_workspace(sample=True)
    from plainview.casework.log.read import verify_log
    from plainview.casework.upkeep.setup import SAMPLE_PEOPLE
    from plainview.casework.workspace.services import services

    try:
        manifest = photos or _bundled(home / "photographs")
        answer, expected, probe = _walk(home, manifest)
    finally:
        services().close()
    report = verify_log()
    say(
        f"5 The log verifies: ok={report.ok}, {report.entries} entries, root {report.root}",
    )
    first = answer.candidates[0].reference.file_name if answer.candidates else "nobody"
    say(f"The probe was made from {expected}; the first candidate is {first}.")
    say(f"Contact sheet: {home / 'contact-sheet.png'}")
    search = f"plainview search {probe} --gallery {_GALLERY} --as examiner@agency.example"
    say("Try next", style="bold")
    say(f"  export {ENV}={home / 'workspace'}")
    for line in (
        f"{search} --case {_CASE} --purpose 'who else is similar'",
        f"{search} --purpose 'no case'   (refused)",
        f"plainview disclose {answer.search.public_id} --out package.zip --as supervisor@agency.example",
        "plainview verify-package package.zip   (anyone, anywhere: runs the search again)",
        "plainview audit verify",
        "plainview serve   (prints each sample person's password and the code of the moment)",
    ):
        say(f"  {line}")
    people = ", ".join(f"{name}@" for name in SAMPLE_PEOPLE)
    say(f"In the browser: http://127.0.0.1:8000/ as {people} (all agency.example)")
    if not report.ok or first != expected:
        raise typer.Exit(1)


def _walk(home: Path, photographs: Path) -> tuple[Answer, str, Path]:
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.models import Reference
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.search import print_answer

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    create_gallery(
        _GALLERY,
        legal_basis="Demonstration with public-domain or your own photographs",
        source="Photographs on this machine",
        owner="Whoever runs the demo",
        expires_on=datetime.now(UTC).date() + timedelta(days=30),
        acting_member=admin,
    )
    items = read_items(photographs)
    with bar("Enrolling", len(items)) as enrolling:
        result = enrol(_GALLERY, items, acting_member=admin, progress=enrolling.step)
    say(
        f"2 Gallery with {result.references} references enrolled from {result.enrolled} pictures "
        f"({len(result.failed)} not usable)"
    )
    reference = Reference.objects.order_by("-quality", "file_name").first()
    if reference is None:
        raise Refused("demo.no_face", "Demo ended", "No face was found in these photographs.", "Use others.")
    picture = services().decoder.decode(services().blobs.get(reference.blob))
    face = services().engine.faces(picture)[reference.face_number - 1]
    probe_path = home / "probe.jpg"
    cv2.imwrite(str(probe_path), _degrade(picture, face), [cv2.IMWRITE_JPEG_QUALITY, 45])
    say("3 A probe that is no copy: cropped, turned, blurred, recompressed, lower face covered")
    open_case(_CASE, "robbery", acting_member=examiner)
    probe = prepare_probe(probe_path)
    request = Request(_CASE, "show how a search runs", _GALLERY, origin="photograph")
    answer = run_search(probe, request, acting_member=examiner)
    say("4 Authorised, recorded, then searched:")
    print_answer(answer, "SAMPLE workspace: its agency and people are made up.")
    _sheet(home / "contact-sheet.png", probe.picture, probe.face, answer)
    return answer, reference.file_name, probe_path


def bundled_portraits() -> dict[str, Path]:
    """File name -> where an installed package keeps it.

    Raises:
        Refused: demo.photographs, when a package is missing.
    """
    found = {}
    for name, (package, inside, _) in PORTRAITS.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise Refused(
                "demo.photographs",
                "Stopped",
                f"The package {package} that carries {name} is missing.",
                "Run `make demo`, or name your own photographs with --photos DIR.",
            )
        found[name] = Path(spec.origin).parent / inside
    return found


def _bundled(folder: Path) -> Path:
    """Copy the portraits and write their manifest."""
    folder.mkdir()
    lines = ["path,source_url,page_url,captured_on"]
    for name, source in bundled_portraits().items():
        (folder / name).write_bytes(source.read_bytes())
        lines.append(f"{name},{PORTRAITS[name][2]},{PORTRAITS[name][2]},")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest


def _degrade(picture: Picture, face: Face) -> np.ndarray:
    """Return the face as a poor camera would have kept it (uint8, BGR), mouth and chin under a grey cloth."""
    x, y, w, h = face.detection.box
    centre = (float(x + w / 2), float(y + h / 2))
    side = 1.9 * max(w, h)
    turn = cv2.getRotationMatrix2D(centre, 6.0, 160 / side)
    turn[:, 2] += 80 - np.array(centre)
    small = cv2.warpAffine(picture.pixels, turn, (160, 160), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    nose, left, right = ((turn @ np.append(face.detection.points[i], 1.0)) for i in (2, 3, 4))
    top = int((nose[1] + min(left[1], right[1])) / 2)
    half = int(0.5 * max(w, h) * 160 / side)
    cv2.rectangle(small, (80 - half, top), (80 + half, top + 60), (150, 140, 135), -1)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8))


def _sheet(out: Path, picture: Picture, face: Face, answer: Answer) -> None:
    from plainview.casework.workspace.services import services
    from plainview.cli.pictures import Cell, contact_sheet

    probe = Cell(picture.pixels, face.detection.box, ("Probe", f"quality {face.quality.overall}"))
    cells = [
        Cell(
            services().decoder.decode(services().blobs.get(row.reference.blob)).pixels,
            row.reference.box,
            (
                f"{row.rank}   score {row.score:.3f}",
                row.reference.file_name,
                f"quality {row.reference.quality}",
            ),
        )
        for row in answer.candidates[:8]
    ]
    footer = (
        f"SAMPLE. Search {answer.search.public_id}, entry {answer.search.request_entry}, {answer.search.pack}, "
        f"{answer.search.gallery_size} references, root {answer.receipt.root[:24]}…"
    )
    contact_sheet("Candidates of a search (sample)", probe, cells, footer, out)
