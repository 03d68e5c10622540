"""One evaluation from a data set to one JSON object that says everything needed to repeat it.

Owns the order of the steps and the names of the JSON keys, which other people's scripts read. It must never
put a number where data is insufficient: such a value is null, and `insufficient_data` says why.
"""

from __future__ import annotations

import hashlib
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from plainview import __version__
from plainview.evaluation.dataset import Dataset
from plainview.evaluation.embedding import Measured, TemplateCache, measure, pack_digest, seconds_per_probe
from plainview.evaluation.identification import SPLITS, Identification, identify
from plainview.evaluation.likelihood import likelihood_ratio
from plainview.evaluation.metrics import MIN_EXPECTED_PAIRS, MIN_EXPECTED_PROBES, MIN_PEOPLE, Estimate, Floats
from plainview.evaluation.rulings import Rulings, without
from plainview.evaluation.samples import (
    MakeScorer,
    Samples,
    Scorer,
    gather,
    raw_scorer,
    search_scorer,
    templates_of,
)
from plainview.evaluation.verification import GROUP_FMR, Verification, verify_all
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine

Which = Literal["verification", "identification", "masked", "all"]

SEED = 20_250_101
REPLICATES = 300
"""Resamples of people behind every interval."""

PROTOCOL = (
    "A picture is of the face nearest its middle among those at least half as wide as the largest. Verification: all pairs of usable pictures "
    "without a real cover; failures to acquire are not in FNMR. Identification: each person with two pictures "
    "or more is enrolled with one (the first by name in gallery 1, a random one in the others), the rest are "
    "mated probes; people with one picture are non-mated probes, and where they are fewer than a third of all "
    "people, random others are left out of the gallery until they are a third. FNIR counts a mate below the "
    "threshold at any rank and every probe without a template; the threshold gives the stated FPIR. Masked: "
    "the same with covered probes, mated and non-mated, against a gallery of uncovered pictures. Intervals: "
    "95 %, bootstrap over people. Groups are compared at the one threshold of the overall FMR. Scores and templates are those of searches; raw: "
    "one pass of the network on the points as found, and the plain cosine."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured and how: protocol, seed, resamples, galleries, and pictures enrolled of a person at most."""

    protocol: Which = "all"
    seed: int = SEED
    replicates: int = REPLICATES
    splits: int = SPLITS
    enrol: int = 1


Progress = Callable[[str, int], Callable[[], None]]
"""Called with a stage and its number of steps; returns what is called after each step."""


def quiet(stage: str, steps: int) -> Callable[[], None]:
    """Report nothing."""
    return lambda: None


def evaluate(
    dataset: Dataset,
    engine: Engine,
    decoder: Decoder,
    cache: TemplateCache,
    options: Options = Options(),
    *,
    rulings: Rulings | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Measure a model pack on a data set.

    Args:
        dataset: who is in which file.
        engine: the pack.
        decoder: decodes the pictures.
        cache: templates of earlier runs.
        options: protocol, seeds and resamples.
        rulings: on wrong names; the figures are then given with them, and without under `without_rulings`.
        progress: see `Progress`.

    Returns:
        An object for JSON; rates 0 to 1, intervals [low, high], null where data is insufficient.

    Raises:
        DecoderUnavailable: no picture can be decoded here.
    """
    items = dataset.items
    plain = measure(items, engine, decoder, cache, progress=progress("Templates", len(items)))
    covered: list[Measured] = []
    if options.protocol in ("masked", "all"):
        step = progress("Templates of covered faces", len(items))
        covered = measure(items, engine, decoder, cache, covered=True, progress=step)
    seconds = seconds_per_probe(items, engine, decoder)
    usable, pick = dataset, list(range(len(items)))
    if rulings is not None:
        usable = without(dataset, rulings)
        names = {item.name for item in usable.items}
        pick = [i for i, item in enumerate(items) if item.name in names]
    left = [plain[i] for i in pick], [covered[i] for i in pick] if covered else []
    dimension = engine.pack.dimension
    ruled = _Figures(usable, *left, dimension, options, rulings)
    failed = [(item.name, measured) for item, measured in zip(items, plain, strict=True) if measured.template is None]
    raw, _ = _Figures(usable, *left, dimension, options, rulings, raw=True).of(raw_scorer)
    best, best_notes = ruled.of(search_scorer)
    result = {
        "n_people": len({item.person for item in items}),
        "n_images": len(items),
        "gallery_size": (best.get("identification") or best.get("masked") or {}).get("gallery_size"),
        "fta": len(failed) / len(items),
        "fta_count": len(failed),
        "failures": [{"path": name, "code": measured.code, "why": measured.why} for name, measured in failed],
        **{
            key: best.get(key)
            for key in (
                "verification",
                "identification",
                "identification_multi",
                "masked",
                "masked_multi",
                "groups",
                "differential",
                "likelihood_ratio",
            )
        },
        "strata": best.get("strata"),
        "raw": raw,
        "normalisation": ruled.scorer().name,
        "insufficient_data": best_notes,
        "seconds_per_probe": statistics.median(seconds) if seconds else None,
        "columns_left_out": list(dataset.columns_left_out),
        "repeat": _repeat(dataset, plain, engine, options),
    }
    if rulings is not None:
        before = _Figures(dataset, plain, covered, dimension, options, None).of(search_scorer)[0]
        result["rulings"] = {
            "sha256": rulings.sha256,
            "counts": rulings.counts,
            "left_out": sorted(rulings.left_out),
            "not_compared": sorted(map(list, rulings.same_people)),
        }
        result["without_rulings"] = before
    return result


class _Figures:
    """The figures of one set of pictures, by any scorer; `raw` takes the plain templates."""

    def __init__(
        self,
        dataset: Dataset,
        plain: Sequence[Measured],
        covered: Sequence[Measured],
        dimension: int,
        options: Options,
        rulings: Rulings | None,
        *,
        raw: bool = False,
    ) -> None:
        same_people = rulings.same_people if rulings else ()
        self.samples = gather(dataset.items, plain, dataset.columns, dimension, same_people, plain=raw)
        self.covered = templates_of(covered, dimension, "plain" if raw else "template") if covered else None
        self.options = options

    def scorer(self) -> Scorer:
        """What orders the lists of searches of a gallery of everybody's first picture."""
        return search_scorer(self.samples.templates[_references(self.samples)])

    def of(self, make: MakeScorer) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the figures, and why those that are null are."""
        notes: dict[str, str] = {}
        result: dict[str, Any] = {}
        samples, options = self.samples, self.options
        how = {"seed": options.seed, "replicates": options.replicates}
        if options.protocol in ("verification", "all"):
            usable = samples.templates[_references(samples)]
            scorer = make(usable)
            result |= _verification(verify_all(samples, scorer, **how), notes)
            ratio = likelihood_ratio(samples, scorer, **how)
            result["likelihood_ratio"] = {
                "cllr": _value(ratio.cllr, "likelihood_ratio.cllr", notes),
                "cllr_ci": ratio.cllr.interval,
                "slope": ratio.slope,
                "offset": ratio.offset,
            }
        how["splits"] = options.splits
        if options.protocol in ("identification", "all"):
            identified = identify(samples, samples.probes, ~samples.masked, make, **how)
            result["identification"] = _identification(identified, "identification", notes)
            if options.enrol > 1:
                usual = samples.templates, ~samples.masked
                result["identification_multi"] = self._multi(*usual, make, how, "identification_multi", notes)
        if options.protocol in ("masked", "all"):
            result["masked"] = self._masked(make, how, notes)
            if options.enrol > 1 and self.covered is not None:
                drawn = self.covered, ~samples.masked
                result["masked_multi"] = self._multi(*drawn, make, how, "masked_multi", notes) | {"covers": "drawn"}
        return result, notes

    def _multi(
        self,
        probes: Floats,
        is_probe: NDArray[np.bool_],
        make: MakeScorer,
        how: dict[str, int],
        key: str,
        notes: dict[str, str],
    ) -> dict[str, Any]:
        """Return the figures with up to K pictures of a person, and of the same people and probes with one of them."""
        k = self.options.enrol
        several = identify(self.samples, probes, is_probe, make, enrol=k, **how)
        alone = identify(self.samples, probes, is_probe, make, enrol=k, compare=1, **how)
        alone_figures = _identification(alone, f"{key}.one_reference", notes)
        return {
            "k": k,
            **_identification(several, key, notes),
            "pictures": several.gallery_pictures,
            "one_reference": {name: alone_figures[name] for name in ("rank1", "rank1_ci", "fnir", "fnir_ci", "groups")},
        }

    def _masked(self, make: MakeScorer, how: dict[str, int], notes: dict[str, str]) -> dict[str, Any]:
        samples = self.samples
        kinds: dict[str, tuple[Floats, Any]] = {}
        if samples.masked.any():
            kinds["real"] = (samples.probes, samples.masked)
        if self.covered is not None:
            kinds["drawn"] = (self.covered, ~samples.masked)
        shown: dict[str, Any] = {}
        own_notes: dict[str, dict[str, str]] = {}
        for kind, (probes, is_probe) in kinds.items():
            own_notes[kind] = {}
            shown[kind] = _identification(identify(samples, probes, is_probe, make, **how), "masked", own_notes[kind])
            shown[kind]["fta"] = float(np.mean(~np.isfinite(probes[is_probe, 0]))) if is_probe.any() else None
        kind = "real" if shown.get("real", {}).get("rank1") is not None else "drawn"
        notes |= own_notes[kind]
        return {**shown[kind], "covers": kind, "kinds": shown}


def _references(samples: Samples) -> list[int]:
    """One usable, uncovered picture of every person: what stands for the gallery where all are compared."""
    first: dict[int, int] = {}
    for i in np.flatnonzero(samples.usable & ~samples.masked):
        first.setdefault(int(samples.person[i]), int(i))
    return sorted(first.values())


def _value(estimate: Estimate, key: str, notes: dict[str, str]) -> float | None:
    if estimate.value is None:
        notes[key] = estimate.why
    return estimate.value


def _verification(result: Verification, notes: dict[str, str]) -> dict[str, Any]:
    pairs = result.pairs
    groups: dict[str, dict[str, Any]] = {}
    for column, values in result.groups.items():
        for value, rates in values.items():
            key = f"groups.{column}.{value}"
            groups.setdefault(column, {})[value] = {
                "fmr": _value(rates.fmr, f"{key}.fmr", notes),
                "fnmr": _value(rates.fnmr, f"{key}.fnmr", notes),
                "n": rates.people,
                "ci": {"fmr": rates.fmr.interval, "fnmr": rates.fnmr.interval},
                "n_images": rates.pictures,
                "impostor_pairs": rates.impostor_pairs,
                "mated_pairs": rates.mated_pairs,
            }
    apart: dict[str, dict[str, Any]] = {}
    for column, ratios in result.differential.items():
        apart[column] = {name: _value(value, f"differential.{column}.{name}", notes) for name, value in ratios.items()}
        apart[column]["ci"] = {name: value.interval for name, value in ratios.items()}
    return {
        "verification": {
            "tar": {
                point: _value(measure, f"verification.tar.{point}", notes) for point, measure in result.tar.items()
            },
            "tar_ci": {point: measure.interval for point, measure in result.tar.items()},
            "thresholds": result.thresholds,
            "mated_pairs": len(pairs.mated),
            "mated_people": result.mated_people,
            "impostor_pairs": pairs.impostors,
            "det": [[round(fmr, 9), round(fnmr, 6)] for fmr, fnmr in result.det],
            "histogram": {
                "edges": [round(float(edge), 5) for edge in pairs.edges],
                "mated": pairs.mated_histogram.tolist(),
                "impostor": pairs.impostor_histogram.tolist(),
            },
        },
        "groups": groups,
        "group_fmr": GROUP_FMR,
        "differential": apart,
        "strata": {
            kind: {
                name: {
                    "fnmr": _value(measure, f"strata.{kind}.{name}.fnmr", notes),
                    "ci": measure.interval,
                    "mated_pairs": count,
                }
                for name, (measure, count) in values.items()
            }
            for kind, values in result.strata.items()
        },
    }


def _identification(result: Identification, key: str, notes: dict[str, str]) -> dict[str, Any]:
    return {
        "rank1": _value(result.rank1, f"{key}.rank1", notes),
        "rank1_ci": result.rank1.interval,
        "fnir": {point: _value(rate, f"{key}.fnir.{point}", notes) for point, rate in result.fnir.items()},
        "fnir_ci": {point: rate.interval for point, rate in result.fnir.items()},
        "thresholds": result.thresholds,
        "gallery_size": result.gallery_size,
        "mated_probes": result.mated_probes,
        "mated_people": result.mated_people,
        "failed_probes": result.failed_probes,
        "non_mated_probes": result.strangers,
        "non_mated_people": result.stranger_people,
        "people_left_out": result.left_out,
        "cmc": [round(rate, 6) for rate in result.cmc],
        "discard": [[share, round(rate, 6)] for share, rate in result.discard],
        "groups": {
            column: {
                value: {
                    "fnir": _value(group.fnir, f"{key}.groups.{column}.{value}", notes),
                    "ci": group.fnir.interval,
                    "mated_probes": group.mated_probes,
                    "mated_people": group.mated_people,
                }
                for value, group in values.items()
            }
            for column, values in result.by_group.items()
        },
    }


def _repeat(dataset: Dataset, plain: Sequence[Measured], engine: Engine, options: Options) -> dict[str, Any]:
    lines = [
        f"{item.name} {item.person} {measured.sha256}" for item, measured in zip(dataset.items, plain, strict=True)
    ]
    return {
        "dataset": dataset.name,
        "dataset_sha256": hashlib.sha256("\n".join([dataset.labels_sha256, *lines]).encode()).hexdigest(),
        "labels_read_as": list(dataset.labels_how),
        "pack": engine.pack.identity,
        "recogniser_sha256": engine.pack.recogniser.sha256,
        "detector_sha256": engine.pack.detector.sha256 if engine.pack.detector else None,
        "template_recipe_sha256": pack_digest(engine.pack),
        "protocol": options.protocol,
        "seed": options.seed,
        "replicates": options.replicates,
        "galleries": options.splits,
        "enrol": options.enrol,
        "definitions": "ISO/IEC 19795-1:2021; NIST FRTE 1:N (NISTIR 8271)",
        "how": PROTOCOL,
        "least": {
            "expected_false_matches": MIN_EXPECTED_PAIRS,
            "expected_false_positives": MIN_EXPECTED_PROBES,
            "people": MIN_PEOPLE,
        },
        "versions": {
            "plainview": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
    }
