"""The work of the processes of kill_rounds.py, and the check afterwards that everything is right.

Owns the work of each kind and the list of what must hold. Every function runs in a process of its own that was forked
from the driver; it reports to the driver what was acknowledged, line by line.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

BATCH, PICTURES, ERASED = 6, 30, 8  # pictures a transaction, pictures and expunges a round
IN_A_ROW = 1
"""Rounds of re-embedding that are killed before one may end: until then nothing else can run."""
OTHER_PACK = "kill-rounds 64"
NUMBERS, CHANGES = 5, 8  # numbers of people, and changes of whose pictures they are in a round
WORK = (
    "enrol",
    "enrol",
    "expunge",
    "expunge",
    "re-embed",
    "index",
    "backup",
    "subjects",
    "subjects",
    "assign",
    "assign",
)
SECONDS = {"enrol": 3.0, "expunge": 4.0, "re-embed": 2.0, "index": 0.5, "backup": 1.5, "subjects": 0.5, "assign": 1.0}
"""Seconds that a round takes at first; the moments of killing are spread over the time that it took last."""


@dataclass
class State:
    """The driver's own knowledge, apart from the workspace."""

    home: Path
    random: random.Random
    acknowledged: set[str] = field(default_factory=set)  # file names
    expunged: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # id -> picture digest, plain template
    begun: dict[str, str] = field(default_factory=dict)  # id -> file name: requested and not acknowledged
    other_pack: bool = False
    re_embedding: bool = False
    in_a_row: int = 0  # rounds of re-embedding that were killed one after the other
    seconds: dict[str, float] = field(default_factory=lambda: dict(SECONDS))
    rounds: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    looked: dict[str, Any] = field(default_factory=dict)


def make(state: State, tell: Callable[[dict[str, Any]], None]) -> None:
    """Make the workspace and an empty gallery."""
    from datetime import date

    from plainview.cli.setup import make_workspace

    workspace = make_workspace(sample=True)
    with workspace.settings_file.open("a") as file:  # the adapter that keeps a copy on the disk
        file.write('\n[index]\nadapter = "compressed"\n')
    from plainview.casework.galleries.passports import create_gallery

    create_gallery(
        "g",
        legal_basis="benchmark",
        source="benchmark",
        owner="benchmark",
        expires_on=date(2999, 1, 1),
        acting_member=_admin(),
    )


def warm() -> None:
    """Load once what every round needs, without opening the database."""
    from plainview.cli.start import start_django

    start_django()
    from plainview.casework.workspace.services import services
    from plainview.recognition.engine import Engine

    services().engine = Engine.load()


def _admin() -> Any:
    from plainview.casework.find import member_by_email

    return member_by_email("admin@agency.example")


def _use_pack(state: State) -> None:
    """Let this process run with the pack that the driver has chosen: the real one, or its first 64 components."""
    from plainview.casework.workspace.services import services

    if state.other_pack:
        services().engine = _Shorter(services().engine)


class _Card:
    def __init__(self, pack: Any) -> None:
        self._pack = pack
        self.identity, self.dimension = OTHER_PACK, 64

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pack, name)


class _Shorter:
    """The loaded engine as another pack: its templates cut to 64 components."""

    def __init__(self, engine: Any) -> None:
        self._engine, self.pack = engine, _Card(engine.pack)

    def template(self, picture: Any, detection: Any) -> Any:
        return self._cut(self._engine.template(picture, detection))

    def reference_template(self, picture: Any, detection: Any) -> Any:
        return self._cut(self._engine.reference_template(picture, detection))

    def _cut(self, template: Any) -> Any:
        return np.asarray(template[:64] / np.linalg.norm(template[:64]), dtype=np.float32)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def _enrol(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    from plainview.casework.enrolment import batches
    from plainview.casework.enrolment.enrol import Options, enrol
    from plainview.casework.enrolment.manifest import read_items

    _use_pack(state)
    batches.BATCH = BATCH
    committed: list[str] = []
    seen = 0

    def progress(result: Any) -> None:
        nonlocal seen
        if result.enrolled > seen:  # only now has the transaction ended
            seen = result.enrolled
            tell({"enrolled": list(committed)})

    options = Options(
        settled=lambda items, word: committed.extend(item.name for item in items) if word == "enrolled" else None
    )
    # All folders so far: an earlier round that was killed is continued.
    enrol(
        "g",
        read_items(state.home.parent / "pictures"),
        acting_member=_admin(),
        options=options,
        progress=progress,
    )


def varied_pictures(folder: Path, picked: Any) -> None:
    """Write varied crops of the two bundled portraits, each whole before it has its name."""
    from plainview.cli.portraits import bundled_portraits

    portraits = [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in bundled_portraits().values()]
    folder.mkdir(parents=True)
    for i in range(PICTURES):
        portrait = portraits[i % len(portraits)]
        scale = 200 / min(portrait.shape[:2]) * picked.uniform(1.0, 1.2)
        small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x = int((small.shape[1] - 200) * picked.uniform(0.3, 0.7))
        (folder / f".{i}.jpg").write_bytes(cv2.imencode(".jpg", small[:200, x : x + 200])[1].tobytes())
        (folder / f".{i}.jpg").rename(folder / f"{i:03}.jpg")


def _expunge(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    from plainview.casework.erasure.expunge import expunge
    from plainview.casework.galleries.read import open_template
    from plainview.casework.models import Reference

    _use_pack(state)
    references = list(Reference.objects.exclude(template=b"").order_by("pk"))
    for place in picked.choice(len(references), min(ERASED, len(references)), replace=False).tolist():
        reference = references[place]
        name, template = reference.file_name, open_template(reference.public_id, reference.template).tobytes().hex()
        tell({"asked": [[reference.public_id, name, reference.blob, template]]})
        # Never again: its file is still in a folder that later rounds enrol.
        expunge(reference.public_id, reason="erased by the benchmark", acting_member=_admin(), never_again=True)
        tell({"expunged": [[reference.public_id, name]]})


def _re_embed(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    from plainview.casework.enrolment import re_embed as module

    _use_pack(state)
    module.BATCH = BATCH
    module.re_embed("g", acting_member=_admin())


def _index(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    """Let the index of the workspace catch up with the log, as every search does first, with its files on disk."""
    from plainview.casework.galleries.read import changes_after
    from plainview.casework.models import Gallery
    from plainview.casework.workspace.services import services
    from plainview.index.base import catch_up

    _use_pack(state)
    pack = services().engine.pack
    gallery = Gallery.objects.get()
    catch_up(services().index(gallery.pk, pack.identity, pack.dimension), changes_after(gallery.pk))


def _backup(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    from plainview.casework.upkeep.backup import back_up

    back_up(state.home.parent / f"backup-{number}")


def _subjects(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    """Give, take, split and merge people at random."""
    from plainview.casework.models import Reference
    from plainview.casework.subjects.change import change, merge
    from plainview.policy.decision import Refused

    _use_pack(state)
    reason = "changed by the benchmark"
    references = list(Reference.objects.exclude(template=b"").order_by("pk").values_list("public_id", flat=True))
    for _ in range(CHANGES if references else 0):
        first, second = (f"N-{k}" for k in picked.integers(NUMBERS, size=2))
        chosen = picked.choice(references, min(4, len(references)), replace=False).tolist()
        with suppress(Refused):  # of an unknown number, or of two that are one already
            if picked.random() < 0.4:
                merge("g", first, second, reason=reason, acting_member=_admin())
            else:
                change("g", chosen, first if picked.random() < 0.8 else "", reason=reason, acting_member=_admin())


def _assign(state: State, tell: Callable[[dict[str, Any]], None], *, picked: Any, number: int) -> None:
    """Give the pictures of the gallery the numbers of their folders; an earlier round that was killed is continued."""
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.subjects import assign as module

    _use_pack(state)
    module.BATCH = BATCH
    module.assign("g", read_items(state.home.parent / "pictures", by_folder=True), acting_member=_admin())


WORKERS = {
    "enrol": _enrol,
    "expunge": _expunge,
    "re-embed": _re_embed,
    "index": _index,
    "backup": _backup,
    "subjects": _subjects,
    "assign": _assign,
}


# --- the check afterwards ------------------------------------------------------------------------------------


def look(state: State, tell: Callable[[dict[str, Any]], None]) -> None:
    """Check everything that must hold, after publishing and finishing what was interrupted, as the next command does."""
    from plainview.audit.verify import verify_folder
    from plainview.casework.erasure.expunge import finish
    from plainview.casework.log.read import verify_log
    from plainview.casework.log.write import publish
    from plainview.casework.models import Gallery, GalleryChange, Reference
    from plainview.casework.workspace.services import services

    gallery = Gallery.objects.get()
    if not gallery.re_embedding:  # killed before it began, the gallery still has the pack that it had
        state.other_pack = gallery.pack == OTHER_PACK
    _use_pack(state)
    problems: list[str] = []

    def require(holds: bool, text: str) -> None:
        if not holds:
            problems.append(text)

    before = verify_folder(services().workspace.audit, vkey=services().first_key.text)
    publish()
    finish()
    log = verify_log()
    require(log.ok, f"the log does not verify: {log.problems}")
    # Killed between an entry and its checkpoint the public copy lacks the newest one, and the next act adds it.
    require(before.ok or log.ok, f"the public copy was not a beginning of the log: {before.problems}")
    rows = list(Reference.objects.order_by("pk"))
    references = [reference for reference in rows if reference.template]
    names = Counter(reference.file_name for reference in references)
    for name in sorted(state.acknowledged - set(names) - set(state.begun.values())):
        require(False, f"{name} was acknowledged and is not stored")
    require(max(names.values(), default=1) == 1, "a picture is stored twice")
    for reference in rows:
        if reference.public_id in state.expunged and reference.public_id not in state.begun:
            digest, _ = state.expunged[reference.public_id]
            require(not reference.template, f"{reference.public_id} was expunged and is stored")
            require(not services().blobs.exists(digest), f"the picture of {reference.public_id} is still there")
        whole = bool(reference.template) == (len(reference.blob) == 64) == bool(reference.file_name)
        require(whole, f"{reference.public_id} is half erased")
        require(
            not reference.template or services().blobs.exists(reference.blob), f"{reference.public_id} has no picture"
        )
    seqs = list(GalleryChange.objects.order_by("seq").values_list("seq", flat=True))
    require(seqs == list(range(1, gallery.log_head + 1)), "the ordered log has a gap")
    if not gallery.re_embedding:
        _require_findable(gallery, references, require)
    gone = [reference.public_id for reference in rows if not reference.template]
    tell(
        {
            "problems": problems,
            "re_embedding": gallery.re_embedding,
            "held": len(references),
            "erased": len(gone),
            "entries": log.entries,
            "pack": gallery.pack,
            "changes": gallery.log_head,
        }
    )


def _require_findable(gallery: Any, references: list[Any], require: Callable[[bool, str], None]) -> None:
    """Require that the workspace's index and a new one find every reference by its own template, and have no other."""
    from plainview.casework.galleries.read import changes_after, open_template
    from plainview.casework.models import Subject
    from plainview.casework.workspace.services import services
    from plainview.index.base import catch_up
    from plainview.index.exact import ExactIndex
    from plainview.scores.subjects import mean_template

    pack = services().engine.pack
    compared = {reference.pk: open_template(reference.public_id, reference.template) for reference in references}
    for subject in Subject.objects.order_by("pk"):
        own = [reference.pk for reference in references if reference.subject_id == subject.pk]
        lead, whole = (own[0] if own else None), subject.pictures == len(own)
        require(whole and subject.lead_id == lead, f"{subject.public_id} has not its own pictures")
        require(not (own and subject.merged_into_id), f"{subject.public_id} is half merged")
        if own:
            mean = mean_template(np.stack([compared[key] for key in own]))
            for key in own:
                compared.pop(key)
            compared[own[0]] = mean
    references = [reference for reference in references if reference.pk in compared]
    guarded = services().index(gallery.pk, pack.identity, pack.dimension)
    for index in (guarded._index, ExactIndex(pack.dimension)):  # behind the gate, which records what it answers
        catch_up(index, changes_after(gallery.pk))
        require(len(index) == len(compared), f"an index has {len(index)} people, {len(compared)} are stored")
        for reference in references:
            best = index.search(compared[reference.pk], 5)
            own = [candidate for candidate in best if candidate.reference == reference.pk]
            require(bool(own) and own[0].score >= best[0].score, f"{reference.public_id} is not found")


def search_files(state: State, tell: Callable[[dict[str, Any]], None]) -> None:
    """Check that no file of the workspace contains the template or the picture's hash of an expunged reference."""
    from plainview.casework.erasure.expunge import forget_pages

    forget_pages()
    files = {path: path.read_bytes() for path in state.home.rglob("*") if path.is_file()}
    problems = []
    for public, (digest, plain) in state.expunged.items():
        half = np.frombuffer(plain, dtype=np.float32).astype(np.float16).tobytes()
        traces = (plain[:32], half[:32], digest.encode(), bytes.fromhex(digest))
        if public not in state.begun:
            left = [path.name for path, data in files.items() if any(trace in data for trace in traces)]
            problems += [f"something of {public} is still in {name}" for name in left]
    tell({"problems": problems})
