"""`plainview bench search`, `enrol`, `serve` and `whole`: measure this machine and print ratios to a limit or to a peer."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from json import loads
from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.bench.common import Keep, home, show, varied
from plainview.cli.common import Json


def bench_search(
    n: Annotated[int, typer.Option("--n", help="References.")] = 10_000,
    dim: Annotated[int, typer.Option(help="Components of a template.")] = 128,
    adapter: Annotated[
        str, typer.Option(help="exact, compressed, or auto: the index that Plainview uses at this size.")
    ] = "auto",
    probes: Annotated[int, typer.Option(help="Different probes; each is searched three times.")] = 100,
    json: Json = False,
) -> None:
    """Time the index on synthetic templates, compared with numpy and faiss Flat, on one thread of one core."""
    command = [sys.executable, "-m", "plainview.cli.bench.search", str(n), str(dim), adapter, str(probes)]
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    run = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | threads, check=False)  # noqa: S603
    if run.returncode:
        raise typer.Exit(1)  # it has printed why
    show(loads(run.stdout), json=json)


def bench_enrol(
    photos: Annotated[
        Path | None, typer.Option(help="A folder of photographs; by default variations of two portraits.")
    ] = None,
    images: Annotated[int, typer.Option(help="Most pictures to enrol.")] = 200,
    json: Json = False,
) -> None:
    """Time enrolment, compared with its bare detect + embed inference."""
    with home(None) as folder:
        source = photos or varied(folder / "photographs", images)
        result = import_module("plainview.cli.bench.enrol").measure(source, images)  # Django has been started
    show(result, json=json)


def bench_serve(
    references: Annotated[int, typer.Option(help="Size of the gallery.")] = 100_000,
    people: Annotated[int, typer.Option(help="People who search at once.")] = 4,
    searches: Annotated[int, typer.Option(help="Searches by each person.")] = 10,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Time searches of a large gallery over HTTP, by several people at once, from the click to the list."""
    with home(keep) as folder:
        result = import_module("plainview.cli.bench.serve").measure(folder, references, people, searches)  # as above
    show(result, json=json)


def bench_whole(
    references: Annotated[int, typer.Option(help="Size of the gallery.")] = 10_000,
    searches: Annotated[int, typer.Option(help="Recorded searches, each with a probe of its own.")] = 100,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Time the whole product with a large gallery: enrolment, searches, pages, memory, erasure, the check of the log."""
    with home(keep) as folder:
        result = import_module("plainview.cli.bench.whole").measure(folder, references, searches)  # as above
    show(result, json=json)
