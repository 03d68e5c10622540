"""How often is a person missed whose probe is small, turned, dark, compressed, blurred, covered or cut off?

    python benchmarks/evidence.py DATASET [--json] [--half test|tune] [--people N] [--kinds "JPEG 10,left half"]

DATASET is a folder a person, such as lfw-dev; `benchmarks/halves.py` says which people are in which half. Everybody with
two pictures is enrolled with the first as it is, and searched for with the second; everybody with one picture is a
stranger. Probes, those of strangers too, are degraded by evidence_kinds.py. A probe without a face is a miss.
Templates are kept in --cache, so that a run that was stopped goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from evidence_kinds import KINDS

from plainview.evaluation.dataset import Dataset, Item, read_dataset
from plainview.evaluation.embedding import Measured, as_probe, default_cache, pack_digest, subject
from plainview.evaluation.identification import identify
from plainview.evaluation.metrics import Estimate
from plainview.evaluation.rulings import read_rulings, without
from plainview.evaluation.samples import Samples, gather, search_scorer, templates_of
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Picture, Pixels

RULINGS = Path(__file__).parent / "data" / "lfw-dev-rulings.csv"
AS_IS, REFERENCE = "as it is", "reference"
SEED, HALVES_SEED, REPLICATES = 20_250_101, 41, 300


@dataclass(frozen=True)
class Probe:
    """A degraded picture as a search sees it: its template (None: no face), quality and components."""

    template: np.ndarray | None
    quality: int
    components: dict[str, float]


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


class Cache:
    """Probes of earlier runs, by network, code, kind and picture."""

    def __init__(self, folder: Path) -> None:
        """Open or make the file."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / "evidence.sqlite3", timeout=60, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE IF NOT EXISTS probe (key TEXT PRIMARY KEY, template BLOB, said TEXT)")

    def get(self, key: str) -> Probe | None:
        """Return a probe of an earlier run."""
        stored = self._file.execute("SELECT template, said FROM probe WHERE key = ?", (key,)).fetchone()
        if stored is None:
            return None
        said = json.loads(stored[1])
        template = None if stored[0] is None else np.frombuffer(stored[0], np.float32)
        return Probe(template, said["quality"], said["components"])

    def put(self, key: str, probe: Probe) -> Probe:
        """Keep a probe."""
        blob = None if probe.template is None else probe.template.astype(np.float32).tobytes()
        said = json.dumps({"quality": probe.quality, "components": probe.components})
        self._file.execute("INSERT OR REPLACE INTO probe VALUES (?, ?, ?)", (key, blob, said))
        return probe


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
        return Probe(None, 0, {})
    return Probe(template, probe.face.quality.overall, probe.face.quality.components)


def reference(engine: Engine, pixels: Pixels) -> Probe:
    """Return what an enrolment would make of a picture."""
    picture = Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    try:
        face = subject(engine, picture)
        template = engine.reference_template(picture, face.detection)
    except (BadMedia, ValueError):
        return Probe(None, 0, {})
    return Probe(template, face.quality.overall, face.quality.components)


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
    code = Path(__file__).with_name("evidence_kinds.py").read_bytes()
    prefix = hashlib.sha256(pack_digest(engine.pack).encode() + code).hexdigest()
    results, began = [], time.monotonic()
    for i, item in enumerate(items):
        key = f"{prefix}:{kind}:{item.name}"
        probe = earlier.get(key)
        if probe is None:
            pixels = degraded(item, AS_IS if kind == REFERENCE else kind, engine)
            make = reference if kind == REFERENCE else search_probe
            probe = earlier.put(key, Probe(None, 0, {}) if pixels is None else make(engine, pixels))
        results.append(probe)
        if i % 100 == 99:
            sys.stderr.write(f"{kind}: {i + 1} of {len(items)}, {time.monotonic() - began:.0f} s\n")
    return results


def table(items: Sequence[Item], engine: Engine, earlier: Cache, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a line of the table for each kind."""
    dimension = engine.pack.dimension
    enrolled = {a.name for a, b in pairwise(items) if a.person == b.person}
    is_probe = np.array([item.name not in enrolled for item in items])
    asked = [item for item in items if item.name not in enrolled]
    known = probes_of([item for item in items if item.name in enrolled], REFERENCE, engine, earlier)
    references = iter(known)
    both = [Probe(None, 0, {}) if asked_for else next(references) for asked_for in is_probe]
    samples = gather(items, _measured(both), (), dimension)
    for kind in kinds:
        probes = probes_of(asked, kind, engine, earlier)
        templates = np.full_like(samples.templates, np.nan)
        templates[is_probe] = templates_of(_measured(probes), dimension)
        result = identify(
            samples,
            templates,
            is_probe,
            search_scorer,
            seed=SEED,
            replicates=REPLICATES,
            splits=1,
        )
        yield {
            "kind": kind,
            "gallery": result.gallery_size,
            "mated_probes": result.mated_probes,
            "strangers": result.strangers,
            "found": round(sum(probe.template is not None for probe in probes) / len(probes), 4),
            "rank1": _rate(result.rank1),
            "fnir": _rate(result.fnir["0.01"]),
            "quality": round(float(np.mean([probe.quality for probe in probes])), 1),
            "outcomes": _outcomes(samples, templates, is_probe, result.thresholds["0.01"], asked, probes),
        }


def _outcomes(
    samples: Samples,
    templates: np.ndarray,
    is_probe: np.ndarray,
    threshold: float | None,
    asked: Sequence[Item],
    probes: Sequence[Probe],
) -> list[tuple[int, bool]]:
    """Return (quality, missed) of every mated probe, at the threshold of the kind."""
    gallery = np.flatnonzero(~is_probe & samples.usable)
    place = {int(person): i for i, person in enumerate(samples.person[gallery])}
    scorer = search_scorer(samples.templates[gallery])
    outcomes = []
    for index, probe in zip(np.flatnonzero(is_probe), probes, strict=True):
        mate = place.get(int(samples.person[index]))
        if mate is None or threshold is None:
            continue
        sound = np.isfinite(templates[index, 0])
        score = scorer.scores(templates[index : index + 1], samples.templates[gallery])[0, mate] if sound else -np.inf
        outcomes.append((probe.quality, bool(score < threshold)))
    return outcomes


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


def _measured(probes: Sequence[Probe]) -> list[Measured]:
    return [Measured("", probe.template, None, probe.quality, reference=probe.template) for probe in probes]


def _rate(estimate: Estimate) -> dict[str, Any]:
    if estimate.value is None:
        return {"value": None, "why": estimate.why}
    return {"value": round(estimate.value, 4), "interval": [round(end, 4) for end in estimate.interval or ()]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--half", choices=("test", "tune"), default="test")
    parser.add_argument("--people", type=int, default=100_000, help="People enrolled, and strangers, at most.")
    parser.add_argument("--kinds", default=",".join(KINDS), help="Some of the kinds, by commas.")
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args()
    cv2.setNumThreads(1)
    dataset = read_dataset(options.dataset)
    if options.dataset.name == "lfw-dev":
        dataset = without(dataset, read_rulings(RULINGS, dataset))
    items = first_two(half_of(dataset, options.half), options.people)
    engine, lines = Engine.load(), []
    outcomes: list[tuple[int, bool]] = []
    for line in table(items, engine, Cache(options.cache), options.kinds.split(",")):
        outcomes += line.pop("outcomes")
        lines.append(line)
        if not options.json:
            rates = (
                f"{line[name]['value']} {line[name]['interval']}" if line[name]["value"] is not None else "too few"
                for name in ("rank1", "fnir")
            )
            numbers = f"found {line['found']:<6} rank-1 {' FNIR '.join(rates)} quality {line['quality']}"
            sys.stdout.write(f"{line['kind']:<12} {numbers}\n")
    worst = discard(outcomes)
    if not options.json:
        share = worst["misses_in_worst_fifth"]
        sys.stdout.write(f"The fifth of all probes with the lowest quality has {share:.0%} of the misses.\n")
    if options.json:
        answer = {"half": options.half, "pack": engine.pack.identity, "fpir": 0.01, "kinds": lines, "discard": worst}
        sys.stdout.write(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    main()
