"""How often is a person missed whose probe is small, turned, dark, compressed, blurred, covered or cut off?

    python benchmarks/evidence.py DATASET [--json] [--half test|tune] [--people N] [--kinds "JPEG 10,left half"]

DATASET is a folder a person, such as lfw-dev; `benchmarks/halves.py` says which people are in which half. Everybody with
two pictures is enrolled with the first as it is, and searched for with the second; everybody with one picture is a
stranger. Probes, those of strangers too, are degraded by evidence_kinds.py. A probe without a face is a miss.
With --fill FOLDER one picture of each person of the other half and of FOLDER is enrolled too, and searched beside.
Templates and quality are kept in --cache, so that a run that was stopped goes on from there; where only the code that
measures quality has changed, only quality is measured again. --plot FILE draws the error-versus-discard curve.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from evidence_kinds import KINDS

from plainview.evaluation import metrics
from plainview.evaluation.dataset import Dataset, Item, read_dataset
from plainview.evaluation.embedding import as_probe, default_cache, subject
from plainview.evaluation.metrics import Estimate
from plainview.evaluation.plots import plots
from plainview.evaluation.rulings import read_rulings, without
from plainview.evaluation.samples import search_scorer
from plainview.recognition import (
    align,
    cover,
    cover_weights,
    detect,
    disturbance,
    edits,
    embed,
    eyes_weights,
    prepare,
    quality,
    resize,
    turned,
)
from plainview.recognition import (
    engine as engines,
)
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Face, Picture, Pixels
from plainview.scores.cautions import cautions_for

RULINGS = Path(__file__).parent / "data" / "lfw-dev-rulings.csv"
AS_IS, REFERENCE = "as it is", "reference"
SEED, HALVES_SEED, REPLICATES = 20_250_101, 41, 300
FPIR = 0.01

_MAKING = (align, detect, disturbance, edits, embed, engines, prepare, resize, turned)
"""Modules on which a template depends."""

_MEASURING = (quality, cover, cover_weights, eyes_weights)
"""Modules on which quality depends, and no template."""


class Once(Engine):
    """An engine that looks at the same pixels once, although a search asks for their faces several times."""

    def faces(self, picture: Picture) -> list[Face]:
        """As `Engine.faces`, remembered for the last picture."""
        digest = (hashlib.sha256(picture.pixels).digest(), picture.pixels.shape, picture.drawn)
        if getattr(self, "_digest", None) != digest:
            self._digest, self._faces = digest, super().faces(picture)
        return self._faces


@dataclass(frozen=True)
class Probe:
    """A degraded picture as a search sees it: its template (None: no face), its face, quality and components."""

    template: np.ndarray | None = None
    face: Detection | None = None
    quality: int = 0
    components: dict[str, float] | None = None


def half_of(dataset: Dataset, half: str) -> list[Item]:
    """Return the pictures of one half of the people, as benchmarks/halves.py divides them."""
    people = np.array(sorted({item.person for item in dataset.items}))
    order = np.random.default_rng(HALVES_SEED).permutation(len(people))
    middle = len(people) // 2
    chosen = set(people[order[:middle] if half == "tune" else order[middle:]])
    return [item for item in dataset.items if item.person in chosen]


def first_two(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most two pictures of each person, of at most `most` people with two and as many with one."""
    by_person: dict[str, list[Item]] = {}
    for item in items:
        by_person.setdefault(item.person, []).append(item)
    pairs = [own[:2] for own in by_person.values() if len(own) > 1][:most]
    singles = [own for own in by_person.values() if len(own) == 1][:most]
    return sorted((item for own in (*pairs, *singles) for item in own), key=lambda item: item.name)


def first_of_each(items: Sequence[Item]) -> list[Item]:
    """Return one picture of each person."""
    return list({item.person: item for item in reversed(items)}.values())[::-1]


class Cache:
    """Probes of earlier runs: templates and faces by network, code, kind and picture; quality also by the code for it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Open or make the file."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "evidence.sqlite3", timeout=60, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE IF NOT EXISTS face (key TEXT PRIMARY KEY, template BLOB, said TEXT)")
        self._file.execute("CREATE TABLE IF NOT EXISTS quality (key TEXT PRIMARY KEY, said TEXT)")
        pack, finder = engine.pack, engine.pack.detector
        networks = f"{pack.identity} {pack.recogniser.sha256} {finder.sha256 if finder else 'default'}"
        libraries = f"{cv2.__version__} {np.__version__} {onnxruntime.__version__}"
        kinds = Path(__file__).with_name("evidence_kinds.py")
        self._made = _digest(networks + libraries, [kinds, *(Path(str(module.__file__)) for module in _MAKING)])
        self._measured = _digest(self._made, [Path(str(module.__file__)) for module in _MEASURING])

    def get(self, name: str) -> Probe | None:
        """Return a probe of an earlier run; its components are None where quality has to be measured again."""
        stored = self._file.execute("SELECT template, said FROM face WHERE key = ?", (self._made + name,)).fetchone()
        if stored is None:
            return None
        if stored[0] is None:
            return Probe(components={})
        said = json.loads(stored[1])
        face = Detection(tuple(said["box"]), np.array(said["points"], np.float32), said["score"])
        probe = Probe(np.frombuffer(stored[0], np.float32), face)
        measured = self._file.execute("SELECT said FROM quality WHERE key = ?", (self._measured + name,)).fetchone()
        return replace(probe, **json.loads(measured[0])) if measured else probe

    def put(self, name: str, probe: Probe) -> Probe:
        """Keep a probe."""
        blob = said = None
        if probe.template is not None and probe.face is not None:
            face = probe.face
            blob = probe.template.astype(np.float32).tobytes()
            said = json.dumps({"box": face.box, "points": face.points.tolist(), "score": face.score})
        self._file.execute("INSERT OR REPLACE INTO face VALUES (?, ?, ?)", (self._made + name, blob, said))
        measured = json.dumps({"quality": probe.quality, "components": probe.components})
        self._file.execute("INSERT OR REPLACE INTO quality VALUES (?, ?)", (self._measured + name, measured))
        return probe


def _digest(start: str, files: Sequence[Path]) -> str:
    parts = [start, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() + ":"


def search_probe(engine: Engine, pixels: Pixels) -> Probe:
    """Return what a search would make of a picture."""
    picture = Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    try:
        face = subject(engine, picture)
    except BadMedia:
        face = None
    try:
        probe = as_probe(engine, picture, face)
        template = engine.template(probe.picture, probe.face.detection)
    except (BadMedia, ValueError):
        return Probe(components={})
    return Probe(template, probe.face.detection, probe.face.quality.overall, probe.face.quality.components)


def reference(engine: Engine, pixels: Pixels) -> Probe:
    """Return what an enrolment would make of a picture."""
    picture = Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    try:
        face = subject(engine, picture)
        template = engine.reference_template(picture, face.detection)
    except (BadMedia, ValueError):
        return Probe(components={})
    return Probe(template, face.detection, face.quality.overall, face.quality.components)


def measured_again(probe: Probe, pixels: Pixels) -> Probe:
    """Return a probe with the quality of its face in the picture before its preparation, as a search measures it."""
    assert probe.face is not None  # noqa: S101  the cache gives components where there is none
    again = quality.assess(pixels, probe.face)
    return replace(probe, quality=again.overall, components=again.components)


@cache
def clean_face(path: Path, engine: Engine) -> Detection | None:
    """Return the face of a picture as it is."""
    pixels = np.asarray(cv2.imread(str(path)), np.uint8)
    try:
        return subject(engine, Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))).detection
    except BadMedia:
        return None


def degraded(item: Item, kind: str, engine: Engine) -> Pixels | None:
    """Return an item's picture as the kind leaves it; None where the picture as it is shows no face."""
    face = clean_face(item.path, engine)
    if face is None:
        return None
    pixels = np.asarray(cv2.imread(str(item.path)), np.uint8)
    seed = int.from_bytes(hashlib.sha256(f"{kind}/{item.name}".encode()).digest()[:4], "big")
    return KINDS[kind](pixels, face, np.random.default_rng(seed))


def probes_of(items: Sequence[Item], kind: str, engine: Engine, earlier: Cache) -> list[Probe]:
    """Return the probes of a kind, saying on stderr how far it is."""
    results, began = [], time.monotonic()
    for i, item in enumerate(items):
        name = f"{kind}:{item.name}"
        probe = earlier.get(name)
        if probe is None or (probe.components is None and kind != REFERENCE):  # of a reference only the template counts
            pixels = degraded(item, AS_IS if kind == REFERENCE else kind, engine)
            if pixels is None:
                probe = Probe(components={})
            elif probe is not None:
                probe = measured_again(probe, pixels)
            else:
                probe = (reference if kind == REFERENCE else search_probe)(engine, pixels)
            earlier.put(name, probe)
        results.append(probe)
        if i % 100 == 99:
            sys.stderr.write(f"{kind}: {i + 1} of {len(items)}, {time.monotonic() - began:.0f} s\n")
    return results


@dataclass(frozen=True)
class Gallery:
    """The references: templates, float32, shape (n, d), and which of them is each person's."""

    templates: np.ndarray
    place: dict[str, int]


def table(
    items: Sequence[Item], fillers: Sequence[Item], engine: Engine, earlier: Cache, kinds: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield a line of the table for each kind: against the half's own gallery, and against one with the fillers too."""
    enrolled = {a.name for a, b in pairwise(items) if a.person == b.person}
    own = [item for item in items if item.name in enrolled]
    known = probes_of([*own, *fillers], REFERENCE, engine, earlier)
    sound = [(item.person, probe.template) for item, probe in zip([*own, *fillers], known, strict=True)]
    sound = [pair for pair in sound if pair[1] is not None]
    people = {item.person for item in own}
    small = [pair for pair in sound if pair[0] in people]
    asked = [item for item in items if item.name not in enrolled]
    galleries = [_gallery(small)] + ([_gallery(sound)] if fillers else [])
    for kind in kinds:
        probes = probes_of(asked, kind, engine, earlier)
        results = [_searched(asked, probes, gallery) for gallery in galleries]
        line = {
            "kind": kind,
            "found": round(sum(probe.template is not None for probe in probes) / len(probes), 4),
            "quality": round(float(np.mean([probe.quality for probe in probes])), 1),
            "cautioned": _cautioned(probes),
            **results[0],
        }
        if fillers:
            line |= {f"filled_{name}": value for name, value in results[1].items() if name != "outcomes"}
        yield line


def _gallery(pairs: Sequence[tuple[str, np.ndarray]]) -> Gallery:
    return Gallery(np.stack([template for _, template in pairs]), {person: i for i, (person, _) in enumerate(pairs)})


def _searched(asked: Sequence[Item], probes: Sequence[Probe], gallery: Gallery) -> dict[str, Any]:
    """Search a gallery for every probe: rank-1 rate and FNIR with intervals over people, and what became of the mated."""
    scorer = search_scorer(gallery.templates)
    scores = np.full((len(probes), len(gallery.templates)), -np.inf, np.float32)
    sound = [i for i, probe in enumerate(probes) if probe.template is not None]
    scores[sound] = scorer.scores(np.stack([probes[i].template for i in sound]), gallery.templates)
    mates = np.array([gallery.place.get(item.person, -1) for item in asked])
    mated = np.flatnonzero(mates >= 0)
    tops = scores[mates < 0].max(axis=1)
    order = np.argsort(-tops, kind="stable")
    own = scores[mated, mates[mated]]
    scores[mated, mates[mated]] = -np.inf
    first = (own > scores[mated].max(axis=1)) & np.isfinite(own)

    def rates(weights: np.ndarray) -> tuple[float, float, np.float32]:
        of_mated, of_tops = weights[mated], weights[mates < 0][order]
        threshold = metrics.threshold_at(tops[order], of_tops, float(of_tops.sum()), FPIR)
        ranked = float(of_mated[first].sum() / of_mated.sum())
        return ranked, metrics.rate_below(own, of_mated, threshold), threshold

    rank1, fnir, threshold = rates(np.ones(len(asked)))
    draws = [rates(weights)[:2] for weights in metrics.resamples(len(asked), REPLICATES, SEED)]  # one probe a person
    outcomes = [(probes[i].quality, bool(score < threshold)) for i, score in zip(mated, own, strict=True)]
    return {
        "gallery": len(gallery.templates),
        "mated_probes": len(mated),
        "strangers": len(tops),
        "rank1": _rate(metrics.with_interval(rank1, [draw[0] for draw in draws], len(mated))),
        "fnir": _rate(metrics.with_interval(fnir, [draw[1] for draw in draws], len(mated))),
        "outcomes": outcomes,
    }


def _cautioned(probes: Sequence[Probe]) -> dict[str, float]:
    """Return the share of probes found whose candidate list has each caution."""
    seen = [probe for probe in probes if probe.template is not None]
    said = [
        caution.id
        for probe in seen
        for caution in cautions_for(
            [], probe_quality=probe.quality, probe_captured_on=None, probe_components=probe.components
        )
    ]
    return {name: round(said.count(name) / max(1, len(seen)), 4) for name in sorted(set(said))}


def discard(outcomes: Sequence[tuple[int, bool]]) -> dict[str, Any]:
    """Return the error-versus-discard curve over every kind together, and how many misses the worst fifth holds."""
    order = sorted(outcomes)  # of one quality, those that were found go first: against the system
    missed = np.array([miss for _, miss in order], bool)
    curve = [(share / 50, round(float(missed[int(share / 50 * len(missed)) :].mean()), 4)) for share in range(26)]
    fifth = missed[: int(0.2 * len(missed))].sum()
    return {
        "probes": len(missed),
        "misses": int(missed.sum()),
        "misses_in_worst_fifth": round(float(fifth / max(1, missed.sum())), 4),
        "curve": curve,
    }


def _rate(estimate: Estimate) -> dict[str, Any]:
    if estimate.value is None:
        return {"value": None, "why": estimate.why}
    return {"value": round(estimate.value, 4), "interval": [round(end, 4) for end in estimate.interval or ()]}


def _text(value: Any) -> str:
    return f"{value['value']} {value['interval']}" if isinstance(value, dict) and "interval" in value else str(value)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--half", choices=("test", "tune"), default="test")
    parser.add_argument("--people", type=int, default=100_000, help="People enrolled, and strangers, at most.")
    parser.add_argument("--kinds", default=",".join(KINDS), help="Some of the kinds, by commas.")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--fill", type=Path, help="Enrol the other half's people and those of this folder too.")
    parser.add_argument("--plot", type=Path, help="Draw the error-versus-discard curve into this SVG file.")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    dataset = read_dataset(options.dataset)
    if options.dataset.name == "lfw-dev":
        dataset = without(dataset, read_rulings(RULINGS, dataset))
    items = first_two(half_of(dataset, options.half), options.people)
    more = read_dataset(options.fill).items if options.fill else []
    engine, lines = Once.load(), []
    outcomes: list[tuple[int, bool]] = []
    fillers = first_of_each([*half_of(dataset, "tune" if options.half == "test" else "test"), *more])
    for line in table(
        items, fillers if options.fill else [], engine, Cache(options.cache, engine), options.kinds.split(",")
    ):
        outcomes += line.pop("outcomes")
        lines.append(line)
        if not options.json:
            names = ("found", "rank1", "fnir", "filled_rank1", "filled_fnir", "quality", "cautioned")
            numbers = [f"{name} {_text(line[name])}" for name in names if name in line]
            sys.stdout.write(f"{line['kind']:<12} {'  '.join(numbers)}\n")
    worst = discard(outcomes)
    if options.plot is not None:
        (plot,) = plots({"raw": {}, "identification": {"cmc": [], "discard": worst["curve"]}})
        options.plot.write_text(plot.svg)
    if not options.json:
        share = worst["misses_in_worst_fifth"]
        sys.stdout.write(f"The fifth of all probes with the lowest quality has {share:.0%} of the misses.\n")
    if options.json:
        answer = {"half": options.half, "pack": engine.pack.identity, "fpir": FPIR, "kinds": lines, "discard": worst}
        sys.stdout.write(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    main()
