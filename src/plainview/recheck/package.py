"""The disclosure package: a ZIP file that the defence can check and re-run without this deployment.

Owns its format and its verification, which needs no database. Every item is named with its hash in
`manifest.json`, the manifest is signed by the log's key, the log entries prove themselves against a signed
checkpoint, and the search is run again on the enclosed templates. It must never write what it reads to the disk.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from plainview.audit.checkpoint import BadCheckpoint, BadKey, VerifierKey, verify, verify_note
from plainview.audit.merkle import leaf_hash, verify_inclusion
from plainview.audit.record import BadEntry, Entry, Opening, check_opening, parse_line
from plainview.policy.decision import Refused
from plainview.recheck.findings import PackageReport, json_bytes, json_item
from plainview.recheck.rerun import pictures_as_said, probe_as_said, run_again
from plainview.recognition.foreign import Unreadable, foreign, reason
from plainview.storage.base import digest_of
from plainview.storage.output import output

FORMAT: Final = "plainview-disclosure-2"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MAX_ITEMS: Final = 100_000
_MAX_PARTS = 1_000_000  # entries and openings that are looked at: a search has a few dozen


def signed_text(manifest: bytes) -> str:
    """The text that the log's key signs for a manifest."""
    return f"{FORMAT}\n{digest_of(manifest)}\n"


def write_package(
    path: Path, items: Iterable[tuple[str, bytes, str]], about: dict[str, Any], sign: Callable[[str], str]
) -> str:
    """Write a package to a file that does not exist yet; arguments and answer as `pack_items`.

    Raises:
        OutputError: it cannot be written; nothing is left behind.
    """
    with output(path) as file:
        return pack_items(file, items, about, sign)


def pack_items(
    file: IO[bytes],
    items: Iterable[tuple[str, bytes, str]],
    about: dict[str, Any],
    sign: Callable[[str], str],
) -> str:
    """Write a package into an open file and return the SHA-256 of its manifest.

    Args:
        file: where it goes.
        items: (name, bytes, what it is in plain words).
        about: further fields of the manifest.
        sign: makes a signed note of a text, see `audit.checkpoint.Signer.sign_note`.
    """
    listed = []

    def contents() -> Iterator[tuple[str, bytes]]:
        for name, data, description in items:
            listed.append({"path": name, "sha256": digest_of(data), "bytes": len(data), "what": description})
            yield name, data
        manifest = {"format": FORMAT, **about, "items": listed}
        text = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
        signed.append(text)
        yield MANIFEST, text
        yield SIGNATURE, sign(signed_text(text)).encode()

    signed: list[bytes] = []
    _pack(file, contents())
    return digest_of(signed[0])


def _pack(file: IO[bytes], contents: Iterable[tuple[str, bytes]]) -> None:
    """Write the ZIP file that these contents make, byte for byte the same wherever it is written."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        for name, data in contents:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            pack.writestr(info, data)


def verify_package(path: Path, *, vkey: str | None = None) -> PackageReport:
    """Check a package and run its search again.

    1. The manifest is signed by the log's key; `vkey`, learnt elsewhere, must be that key.
    2. Every item is there once, with the bytes that the manifest states, and nothing else is.
    3. Every log entry proves itself against the enclosed checkpoint, which the log's key signed.
    4. Every opening opens the commitment of its entry.
    5. The search that is described is the one that the log recorded.
    6. The probe's pictures are those that the log committed to, and their edits give the enclosed edited pictures; every
       candidate's picture is there in the form that its row says.
    7. The search, run again on the enclosed templates, gives the same candidates with the same scores in the same
       order. When references that the order was measured against were erased since, the cosines are computed again
       and the order is checked against the recorded scores.
    8. Packed again, the contents give the same file: no byte beside the items was changed.

    The file is held in memory, twice; nothing in it is compressed, so that it cannot unfold to more than it is.

    Raises:
        Refused: package.unreadable, when it is no package at all.
    """
    report = PackageReport()
    try:
        with foreign():
            whole = path.read_bytes()
            with zipfile.ZipFile(io.BytesIO(whole)) as pack:
                _require_plain(pack, len(whole))
                _verify(pack, vkey, report)
                _same_file(pack, whole, report)  # 8
    except Unreadable as error:
        if not report.items:
            raise Refused(
                "package.unreadable",
                "Not verified",
                f"{path} is not a disclosure package: {error}.",
                "Ask the sender for the package again.",
            ) from None
        report.problems.append(f"the file is damaged: {error}")
    return report


def _require_plain(pack: zipfile.ZipFile, size: int) -> None:
    """Stop before anything is read of a file that would unfold, or whose parts lie over each other."""
    rows = pack.infolist()
    if len(rows) > MAX_ITEMS:
        raise zipfile.BadZipFile(f"it has {len(rows):,} items")
    if any(info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size for info in rows):
        raise zipfile.BadZipFile("it is compressed, which a package never is")
    if sum(info.file_size for info in rows) > size:
        raise zipfile.BadZipFile("its items overlap")


def _verify(pack: zipfile.ZipFile, vkey: str | None, report: PackageReport) -> None:
    names = [info.filename for info in pack.infolist()]
    if MANIFEST not in names:
        raise zipfile.BadZipFile("it has no manifest")
    manifest = _read(pack, MANIFEST)
    about = json_bytes(manifest, MANIFEST, report)
    if not isinstance(about, dict) or about.get("format") != FORMAT or not isinstance(about.get("items"), list):
        raise zipfile.BadZipFile("its manifest is of another format")
    report.log, report.search = str(about.get("log")), str(about.get("search"))
    key = _signature(pack, names, manifest, vkey, str(about.get("vkey")), report)  # 1
    items = _items(pack, names, about["items"], report)  # 2
    entries = _entries(items, key, report)  # 3
    openings = _openings(items, entries, report)  # 4
    described = json_item(items, "search.json", report)
    if isinstance(described, dict):
        try:
            _recorded(described, entries, openings, report)  # 5
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report.problems.append(f"search.json: it cannot be compared with the log: {reason(error)}")
        probe_as_said(described, items, report)  # 6
        pictures_as_said(described, items, report)
        run_again(described, items, report)  # 7


def _same_file(pack: zipfile.ZipFile, whole: bytes, report: PackageReport) -> None:
    again = io.BytesIO()
    names = [info.filename for info in pack.infolist()]
    if not report.problems and len(names) == len(set(names)):
        _pack(again, ((name, _read(pack, name)) for name in names))
        if again.getbuffer() != whole:
            report.problems.append("the file was altered beside its items")


def _signature(
    pack: zipfile.ZipFile,
    names: list[str],
    manifest: bytes,
    vkey: str | None,
    stated: str,
    report: PackageReport,
) -> VerifierKey | None:
    try:
        key = VerifierKey.parse(vkey or stated)
        if vkey and vkey != stated:
            report.problems.append("the package is signed by another key than the one that you trust")
        note = _read(pack, SIGNATURE).decode() if SIGNATURE in names else ""
        text, _ = verify_note(note, (key,))
        if text != signed_text(manifest):
            report.problems.append(f"{MANIFEST}: it is not the manifest that was signed")
    except (BadKey, BadCheckpoint, UnicodeDecodeError) as error:
        report.problems.append(f"{SIGNATURE}: {reason(error)}")
        return None
    return key


def _items(pack: zipfile.ZipFile, names: list[str], listed: list[Any], report: PackageReport) -> dict[str, bytes]:
    items: dict[str, bytes] = {}
    counts = Counter(names)
    for item in listed:
        report.items += 1
        if not isinstance(item, dict):
            report.problems.append(f"{MANIFEST}: a row of it names no item")
            continue
        name = str(item.get("path"))
        if counts[name] != 1:
            report.problems.append(f"{name}: it is {'there twice' if counts[name] else 'missing'}")
            continue
        try:
            with foreign():
                data = _read(pack, name)
        except Unreadable as error:
            report.problems.append(f"{name}: it cannot be read ({error})")
            continue
        if digest_of(data) != item.get("sha256"):
            report.problems.append(f"{name}: it was altered")
        items[name] = data
    for name in sorted(set(names) - {str(item.get("path")) for item in listed if isinstance(item, dict)}):
        if name not in (MANIFEST, SIGNATURE):
            report.problems.append(f"{name}: it was added")
    return items


def _entries(items: dict[str, bytes], key: VerifierKey | None, report: PackageReport) -> dict[int, Entry]:
    """The log entries that prove themselves."""
    entries: dict[int, Entry] = {}
    rows = json_item(items, "log/entries.json", report)
    try:
        checkpoint = verify(items.get("log/checkpoint", b"").decode(), (key,) if key else ())
    except (BadCheckpoint, UnicodeDecodeError) as error:
        report.problems.append(f"log/checkpoint: {reason(error)}")
        return entries
    for number, stated in enumerate(rows[:_MAX_PARTS] if isinstance(rows, list) else []):
        try:
            canonical = stated["entry"].encode()
            entry = parse_line(canonical)
            proof = [bytes.fromhex(step) for step in stated["proof"]]
            if not verify_inclusion(leaf_hash(canonical), entry.seq, checkpoint.size, proof, checkpoint.root):
                raise BadEntry("the checkpoint does not include it")
            entries[entry.seq] = entry
        except (BadEntry, KeyError, TypeError, ValueError, AttributeError) as error:
            report.problems.append(f"log/entries.json: row {number}: {reason(error)}")
    return entries


def _openings(items: dict[str, bytes], entries: dict[int, Entry], report: PackageReport) -> dict[tuple[int, str], Any]:
    opened: dict[tuple[int, str], Any] = {}
    rows = json_item(items, "log/openings.json", report)
    for number, stated in enumerate(rows[:_MAX_PARTS] if isinstance(rows, list) else []):
        try:
            opening = Opening.from_json(stated["opening"].encode())
            if not check_opening(entries[stated["entry"]].sealed[opening.name], opening):
                raise BadEntry("it does not open the commitment of its entry")
            opened[stated["entry"], opening.name] = opening.value
        except (BadEntry, KeyError, TypeError, AttributeError) as error:
            report.problems.append(f"log/openings.json: row {number}: {reason(error)}")
    return opened


def _recorded(
    described: dict[str, Any],
    entries: dict[int, Entry],
    openings: dict[tuple[int, str], Any],
    report: PackageReport,
) -> None:
    asked, answered = (
        entries.get(described.get("request_entry", -1)),
        entries.get(described.get("answer_entry", -1)),
    )
    if asked is None or answered is None:
        report.problems.append("search.json: the entries of the search are not in the package")
        return
    for name in (
        "search",
        "offence",
        "top",
        "pack",
        "pack_sha256",
        "origin",
        "policy",
        "urgent",
        "agency",
        "review",
        "for_agency",
        "shared_request",
    ):
        if asked.subject.get(name) != described.get(name):
            report.problems.append(f"search.json: {name} is not what the log recorded")
    for name in ("parts", "missing"):  # only of an incomplete list
        if answered.subject.get(name) != described.get(name):
            report.problems.append(f"search.json: {name} is not what the log recorded")
    for name in ("via", "by_token"):  # not in packages of earlier versions
        if name in described and asked.subject.get(name) != described[name]:
            report.problems.append(f"search.json: {name} is not what the log recorded")
    if answered.subject.get("search") != described.get("search"):
        report.problems.append("search.json: the answer in the log is of another search")
    for name in ("gallery_size", "gallery_seq", "scorer"):
        if answered.subject.get(name) != described.get(name):
            report.problems.append(f"search.json: {name} is not what the log recorded")
    for name in ("purpose", "case_number", "probe_sha256"):
        if openings.get((asked.seq, name)) != described.get(name):
            report.problems.append(f"search.json: {name} is not what was committed to before the search")
    if openings.get((asked.seq, "edits"), []) != described.get("probe_edits"):
        report.problems.append("search.json: probe_edits is not what was committed to before the search")
    still = described.get("probe_still") or {}
    shown = {name: still[name] for name in ("video", "still", "time_s", "frame") if name in still}
    sealed = ("frame_sha256", "box", "video_sha256")
    if (asked.subject.get("still") or {}) != shown or any(
        openings.get((asked.seq, name)) != still.get(name) for name in sealed
    ):
        report.problems.append("search.json: probe_still is not what was committed to before the search")
    frames = [_frame(frame) for frame in described.get("probe_frames") or []]
    if openings.get((asked.seq, "frames"), []) != frames:
        report.problems.append("search.json: probe_frames is not what was committed to before the search")
    if openings.get((answered.seq, "list_sha256")) != list_digest(described.get("candidates")):
        report.problems.append("search.json: the candidate list is not the one that was recorded")


def _frame(frame: dict[str, Any]) -> list[Any]:
    """Return a further frame of the probe as the log commits to it; of a photograph also its face and its edits."""
    said = [frame["sha256"], frame["still"]["frame_sha256"]]
    return [*said, frame["face_number"], frame["still"]["edits"]] if "edits" in frame["still"] else said


def _several(candidate: dict[str, Any]) -> list[list[list[str]]]:
    pictures = [[picture["reference"], picture["score"]] for picture in candidate.get("pictures") or ()]
    return [pictures] if pictures else []


def list_digest(candidates: Any) -> str:
    """SHA-256 of a candidate list, [[rank, reference, score, adjusted], ...], as the log commits to it.

    A candidate with several pictures has one value more: [[reference, score], ...], in the order of enrolment.
    """
    try:
        rows = [
            [candidate["rank"], candidate["reference"], candidate["score"], candidate["adjusted"], *_several(candidate)]
            for candidate in candidates
        ]
    except (TypeError, KeyError):
        return ""
    return digest_of(json.dumps(rows).encode())


def _read(pack: zipfile.ZipFile, name: str) -> bytes:
    info = pack.getinfo(name)
    with pack.open(info) as file:
        # One byte more than stated: a file that lies about its size is not read to its end.
        data = file.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise zipfile.BadZipFile(f"{name} is not of the stated size")
    return data
