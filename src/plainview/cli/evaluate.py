"""`plainview evaluate` and `plainview evaluate-labels`: measured error rates on a data set, without a workspace."""

from __future__ import annotations

import json as jsonlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.cli.common import Json, print_json, print_table, say, warn
from plainview.cli.progress import bars
from plainview.evaluation.dataset import DatasetError, read_dataset
from plainview.evaluation.embedding import TemplateCache, default_cache, measure
from plainview.evaluation.pairs import compare_all
from plainview.evaluation.report import write_report
from plainview.evaluation.report_labels import Compared, write_pages
from plainview.evaluation.rulings import read_rulings, suspects, to_csv
from plainview.evaluation.run import REPLICATES, SEED, Options
from plainview.evaluation.run import evaluate as run_evaluation
from plainview.evaluation.samples import CosineScorer, gather
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.recognition.packs import DEFAULT_PACK
from plainview.storage.output import write_file


class Protocol(str, Enum):  # noqa: UP042  typer shows the values
    """What is measured."""

    VERIFICATION = "verification"
    IDENTIFICATION = "identification"
    MASKED = "masked"
    ALL = "all"


Labels = Annotated[
    Path | None, typer.Option(help="A table (CSV, Excel): path and group columns. Default: labels.csv in the data set.")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        help="Folder that remembers templates between runs. Default: plainview/evaluate in your cache folder."
    ),
]
Pack = Annotated[str, typer.Option(help="The model pack to measure.")]


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="A folder with a folder for each person.")],
    labels: Labels = None,
    protocol: Protocol = Protocol.ALL,
    json: Annotated[Path | None, typer.Option(help="Write the result into this file; - prints it.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write report.html and report.pdf into this folder.")] = None,
    rulings: Annotated[
        Path | None, typer.Option(help="Rulings on wrong names, from `plainview evaluate-labels`.")
    ] = None,
    cache: Cache = None,
    pack: Pack = DEFAULT_PACK,
    beside: Annotated[str, typer.Option(help="A second model pack, measured on the same pictures.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of galleries and resamples.", min=0)] = SEED,
    replicates: Annotated[int, typer.Option(help="Resamples behind each interval.", min=50)] = REPLICATES,
    enrol: Annotated[
        int, typer.Option(help="Also enrol up to so many pictures of a person, compared through their mean.", min=1)
    ] = 1,
) -> None:
    """Measure error rates, with intervals, on a data set of known people."""
    listed = read_dataset(dataset, labels)
    for sentence in listed.labels_how:
        warn(sentence)
    ruled = read_rulings(rulings, listed) if rulings is not None else None
    options = Options(protocol.value, seed, replicates, enrol=enrol)
    _check_target(json, folder=False)
    _check_target(report, folder=True)
    results = []
    for name in filter(None, (pack, beside)):
        with _loaded(name, cache) as (engine, decoder, templates), _bars() as progress:
            results.append(
                run_evaluation(listed, engine, decoder, templates, options, rulings=ruled, progress=progress)
            )
    result = results[0] | ({"beside": results[1]} if beside else {})
    if report is not None:
        for path in write_report(result, report):
            warn(f"Report: {path}")
    if json is not None and str(json) == "-":
        print_json(result)
        return
    if json is not None:
        write_file(json, (jsonlib.dumps(result, indent=1, ensure_ascii=False) + "\n").encode(), replace=True)
    _print(result)


def evaluate_labels(
    dataset: Annotated[Path, typer.Argument(help="A folder with a folder for each person.")],
    out: Annotated[Path, typer.Option(help="Folder for the pages and rulings.csv.")],
    labels: Labels = None,
    top: Annotated[int, typer.Option(help="Pairs of each kind.", min=1, max=500)] = 40,
    cache: Cache = None,
    pack: Pack = DEFAULT_PACK,
    json: Json = False,
) -> None:
    """Show the pairs that contradict their names most, for a person to rule on."""
    listed = read_dataset(dataset, labels)
    for sentence in listed.labels_how:
        warn(sentence)
    _check_target(out, folder=True)
    rulings = out / "rulings.csv"
    if rulings.exists():
        raise DatasetError(f"{rulings} already exists and may contain rulings.", "Name another folder.")
    with _loaded(pack, cache) as (engine, decoder, templates):
        with _bars() as progress:
            step = progress("Templates", len(listed.items))
            measured = measure(listed.items, engine, decoder, templates, progress=step)
        samples = gather(listed.items, measured, (), engine.pack.dimension)
        pairs = suspects(samples, compare_all(samples, CosineScorer()), top)
        if not pairs:
            raise DatasetError("There are no two usable pictures.", "Name a data set with more pictures.")
        pictures = {
            item.name: Compared(item.path, measurement.box)
            for item, measurement in zip(listed.items, measured, strict=True)
        }
        pages = write_pages(pairs, pictures, decoder, out)
    write_file(rulings, to_csv(pairs).encode())
    same = sum(pair.same for pair in pairs)
    if json:
        print_json({"same_name": same, "two_names": len(pairs) - same, "pages": pages, "rulings": rulings})
        return
    say(f"{same} pairs of one name and {len(pairs) - same} of two.")
    for page in pages:
        say(f"Open {page}")
    say(f"Then fill in {rulings} and run: plainview evaluate {dataset} --rulings {rulings}")


def _check_target(target: Path | None, *, folder: bool) -> None:
    """Refuse early: measuring takes minutes."""
    if target is None or (not folder and str(target) == "-"):
        return
    above = target if target.is_dir() and folder else target.absolute().parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise DatasetError(f"{above} is not a folder that you may write to.", "Name another one.")
    if target.exists() and target.is_dir() != folder:
        raise DatasetError(f"{target} is {'a file' if folder else 'a folder'}.", "Choose another name.")


@contextmanager
def _loaded(pack: str, cache: Path | None) -> Iterator[tuple[Engine, Decoder, TemplateCache]]:
    engine = Engine.load(pack, declared_use="evaluation")
    folder = cache or default_cache()
    try:
        templates = TemplateCache(folder)
    except (OSError, sqlite3.OperationalError) as error:
        raise DatasetError(f"Templates cannot be stored in {folder}: {error}.", "Name another --cache.") from error
    try:
        with Decoder(children=min(2, os.cpu_count() or 1)) as decoder:
            yield engine, decoder, templates
    finally:
        templates.close()


@contextmanager
def _bars() -> Iterator[Callable[[str, int], Callable[[], None]]]:
    with bars() as add_bar:
        yield lambda stage, steps: add_bar(stage, steps).step


def _print(result: dict[str, Any]) -> None:
    rows: list[tuple[str, ...]] = _rows(result)
    head = ["Figure", "Value", "95 % interval"]
    _say_about(result)
    if "beside" in result:
        other = {figure: cells for figure, *cells in _rows(result["beside"])}
        rows = [(figure, *cells, *other.get(figure, ("", ""))) for figure, *cells in rows]
        head = [
            "Figure",
            result["repeat"]["pack"],
            "95 % interval",
            result["beside"]["repeat"]["pack"],
            "95 % interval",
        ]
        _say_about(result["beside"])
    print_table(tuple(head), rows)
    for key, why in list(result["insufficient_data"].items())[:10]:
        say(f"{key}: {why}")


def _say_about(result: dict[str, Any]) -> None:
    say(
        f"{result['n_people']:,} people, {result['n_images']:,} pictures, failure to acquire {result['fta']:.4f}; "
        f"{result['repeat']['pack']}; scores: {result['normalisation']}"
    )


def _rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []

    def add(name: str, value: float | None, bounds: list[float] | None) -> None:
        if value is None:
            rows.append((name, "insufficient data", ""))
            return
        rows.append((name, f"{value:.4f}", f"{bounds[0]:.4f} to {bounds[1]:.4f}" if bounds else ""))

    verification = result.get("verification") or {"tar": {}}
    for point, value in verification["tar"].items():
        add(f"TAR at FMR {point}", value, verification["tar_ci"][point])
    ratio = result.get("likelihood_ratio")
    if ratio:
        add("Likelihood ratio: Cllr (bits)", ratio["cllr"], ratio["cllr_ci"])
    for name in ("identification", "identification_multi", "masked", "masked_multi"):
        rates_of = result.get(name)
        if not rates_of:
            continue
        covers = f"{rates_of['covers']} covers, " if "covers" in rates_of else ""
        several = f", up to {rates_of['k']} pictures each" if "k" in rates_of else ""
        size = f"{covers}gallery of {rates_of['gallery_size']:,}{several}"
        add(f"Rank-1, {size}", rates_of["rank1"], rates_of["rank1_ci"])
        for point, value in rates_of["fnir"].items():
            add(f"FNIR at FPIR {point}, {size}", value, rates_of["fnir_ci"][point])
        for point, value in rates_of.get("one_reference", {}).get("fnir", {}).items():
            add(f"FNIR at FPIR {point}, the same with one each", value, rates_of["one_reference"]["fnir_ci"][point])
    for column, values in (result.get("groups") or {}).items():
        for value, rates in values.items():
            for kind in ("fmr", "fnmr"):
                add(f"{column} {value}: {kind.upper()}", rates[kind], rates["ci"][kind])
        for name in ("fmr_max_over_min", "fnmr_max_over_min"):
            apart = result["differential"][column]
            add(f"{column}: {name}", apart[name], apart["ci"][name])
    return rows
