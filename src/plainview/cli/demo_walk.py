"""The main job, from a gallery of photographs to a verified log, in the sample workspace that `plainview demo` made."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from plainview.casework.cases.open_close import open_case
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.feeds.add import add_feed
from plainview.casework.feeds.presets import preset
from plainview.casework.feeds.run import run_feed
from plainview.casework.feeds.trial import try_feed
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.log.read import verify_log
from plainview.casework.models import Case, Feed, FeedLink, Gallery, Reference, Search
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.answers import Answer
from plainview.casework.search.run import Request, run_search
from plainview.casework.workspace.folder import ENV
from plainview.casework.workspace.services import services
from plainview.cli.common import say
from plainview.cli.demo_lead import lead
from plainview.cli.pictures import Cell, contact_sheet
from plainview.cli.portraits import write_portraits
from plainview.cli.progress import bar
from plainview.cli.search import print_answer
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.recognition.types import Face, Picture

_CASE, _GALLERY, _PORTRAITS = "DEMO-1", "demo", "us-congress"
_LATER = "later-"


def walk(home: Path, photos: Path | None, portraits: bool = False) -> bool:
    """Walk the whole path; return whether the log verifies and the right face came first.

    Args:
        home: folder of the demo; one that was left half way goes on.
        photos: folder of photographs instead of the two bundled portraits.
        portraits: also fetch the portraits of the US Congress, if the network allows it.
    """
    try:
        manifest = photos or write_portraits(home / "photographs")
        _enrol(manifest)
        if portraits:
            _fetch(home)
        answer, expected, probe = _search(home)
        if answer.candidates and lead(answer, _GALLERY) is not None:
            _another(home, answer)
    finally:
        services().close()
    report = verify_log()
    say(
        f"8 The log verifies: ok={report.ok}, {report.entries} entries, root {report.root}",
    )
    first = answer.candidates[0].reference.file_name if answer.candidates else "nobody"
    say(f"The probe was made from {expected}; the first candidate is {first}.")
    say(f"Contact sheet: {home / 'contact-sheet.png'}")
    program = shlex.quote(_program())
    search = f"{program} search {shlex.quote(str(probe))} --gallery {_GALLERY} --as examiner@agency.example"
    say("Try next, as printed:", style="bold")
    say(f"  export {ENV}={shlex.quote(str(home / 'workspace'))}")
    for line in (
        f"{search} --case {_CASE} --purpose 'who else is similar to the probe'",
        f"{search} --purpose 'no case is named here'   # refused: a search needs a case",
        f"{program} disclose {answer.search.public_id} --out package.zip --as supervisor@agency.example",
        f"{program} verify-package package.zip   # anyone, anywhere: runs the search again",
        f"{program} audit verify",
        f"{program} serve   # then open http://127.0.0.1:8000/ and sign in with one click",
    ):
        say(f"  {line}")
    say(f"In the browser the probe for your own search is {probe}.")
    # In a folder that was walked before, the picture that was enrolled for the alert may come first.
    return report.ok and first in (expected, _later(expected))


def _program() -> str:
    """Return how this program was called, so that a printed command works where it is not on the path."""
    called = Path(sys.argv[0])
    on_path = shutil.which(called.name)
    return called.name if on_path and Path(on_path).resolve() == called.resolve() else str(called.resolve())


def _enrol(photographs: Path) -> None:
    admin = member_by_email("admin@agency.example")
    if not Gallery.objects.filter(name=_GALLERY).exists():
        create_gallery(
            _GALLERY,
            legal_basis="Demonstration with public-domain or your own photographs",
            source="Photographs on this machine, and portraits of the US Congress if they were asked for",
            owner="The person who runs the demo",
            expires_on=datetime.now(UTC).date() + timedelta(days=30),
            acting_member=admin,
        )
    items = read_items(photographs)
    with bar("Enrolling", len(items)) as enrolling:
        result = enrol(_GALLERY, items, acting_member=admin, progress=enrolling.step)
    before = f", {result.duplicates} there before" if result.duplicates else ""
    say(
        f"2 Gallery with {result.references} references enrolled from {result.enrolled} pictures "
        f"({len(result.failed)} not usable{before})"
    )


def _fetch(home: Path) -> None:
    """Enrol the portraits that the preset names; say in a line why not, if the network does not allow it."""
    admin = member_by_email("admin@agency.example")
    source = preset(_PORTRAITS)
    say(f"  Portraits of the US Congress (public domain) from {source.list_url}")
    say(f"  If it is interrupted, it goes on with: plainview demo --portraits --keep {home}")
    feed = Feed.objects.filter(preset=_PORTRAITS, stopped_at=None).first()
    began = time.perf_counter()
    try:
        feed = feed or add_feed(_GALLERY, source, legal_basis="Works of the US government", acting_member=admin)
        if feed.tried_at is None:
            try_feed(feed.public_id, acting_member=admin, pictures=0)
        with bar("Fetching portraits", 0) as fetching:
            done = run_feed(feed.public_id, acting_member=admin, progress=fetching.step, announce=fetching.expect)
    except Refused as refused:
        say(f"  Not fetched: {refused.why} The demo goes on with what it has.", style="yellow")
        return
    enrolled = FeedLink.objects.filter(feed=feed, outcome="enrolled").count()
    seconds = time.perf_counter() - began
    say(
        f"  {enrolled} portraits enrolled in {seconds:.0f} s; {done.enrolment.failed_total} could not be fetched or used"
    )


def _search(home: Path) -> tuple[Answer, str, Path]:
    examiner = member_by_email("examiner@agency.example")
    reference = Reference.objects.order_by("-quality", "file_name").first()
    if reference is None:
        raise Refused(
            "demo.no_face",
            "Demo stopped",
            "No face was found in these photographs.",
            "Choose photographs that show a face.",
        )
    picture = services().decoder.decode(services().blobs.get(reference.blob))
    face = services().engine.faces(picture)[reference.face_number - 1]
    probe_path = home / "probe.jpg"
    cv2.imwrite(str(probe_path), _degrade(picture, face), [cv2.IMWRITE_JPEG_QUALITY, 45])
    say("3 A probe that is not a copy: cropped, rotated, blurred, recompressed, mouth and chin under a grey box")
    if not Case.objects.filter(number=_CASE).exists():
        open_case(_CASE, "robbery", acting_member=examiner)
    probe = prepare_probe(probe_path)
    request = Request(_CASE, "show how a search runs", _GALLERY, origin="photograph")
    answer = run_search(probe, request, acting_member=examiner)
    say("4 Authorised, recorded, then searched:")
    print_answer(answer, "SAMPLE workspace: its agency and people are made up.")
    _sheet(home / "contact-sheet.png", probe.picture, probe.face, answer)
    return answer, reference.file_name, probe_path


def _later(name: str) -> str:
    return f"{_LATER}{Path(name).stem}.jpg"


def _another(home: Path, answer: Answer) -> None:
    """Enrol one more picture of the first candidate, made from the first one: the alert speaks."""
    reference = answer.candidates[0].reference
    pixels = services().decoder.decode(services().blobs.get(reference.blob)).pixels
    folder = home / "later"
    folder.mkdir(exist_ok=True)
    if reference.file_name.startswith(_LATER):
        return  # it was enrolled when this folder was walked before
    later = folder / _later(reference.file_name)
    small = cv2.resize(pixels[:, ::-1], None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(later), np.clip(small * 0.8, 0, 255).astype(np.uint8))
    manifest = folder / "manifest.csv"
    manifest.write_text(
        f"path,source_url,page_url\n{later.name},{reference.source_url},{reference.page_url}\n", "utf-8"
    )
    enrol(_GALLERY, read_items(manifest), acting_member=member_by_email("admin@agency.example"))
    raised = Search.objects.filter(alert__isnull=False, answered_at__isnull=False).count()
    say(f"7 A later picture of {reference.file_name} was enrolled: the alert raised {counted(raised, 'list')}")


def _degrade(picture: Picture, face: Face) -> np.ndarray:
    """Return the face as a poor camera would record it (uint8, BGR), mouth and chin under a grey cloth."""
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
    probe = Cell(picture.pixels, face.detection.box, ("Probe", f"quality {face.quality.overall}"))
    cells = [
        Cell(
            services().decoder.decode(services().blobs.get(candidate.reference.blob)).pixels,
            candidate.reference.box,
            (
                f"{candidate.rank}   score {candidate.score:.3f}",
                candidate.reference.file_name,
                f"quality {candidate.reference.quality}",
            ),
        )
        for candidate in answer.candidates[:8]
    ]
    footer = (
        f"SAMPLE. Search {answer.search.public_id}, entry {answer.search.request_entry}, {answer.search.pack}, "
        f"{answer.search.gallery_size} references, root {answer.receipt.root[:24]}…"
    )
    contact_sheet("Candidates of a search (sample)", probe, cells, footer, out)
