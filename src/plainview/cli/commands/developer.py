"""Commands that a developer uses mostly."""

from __future__ import annotations

from plainview.cli.commands.row import Command, Need

GROUPS: dict[str, str] = {
    "bench": "Benchmarks that print ratios.",
}

ROWS = (
    Command(
        "evaluate",
        Need.NOTHING,
        "evaluate:evaluate",
        "Measure error rates, with intervals, on a data set of known people.",
        "plainview evaluate faces/ --protocol identification --json result.json",
    ),
    Command(
        "evaluate-labels",
        Need.NOTHING,
        "evaluate:evaluate_labels",
        "Show the pairs that contradict their names most, for a person to rule on.",
        "plainview evaluate-labels faces/ --out pages/",
    ),
    Command(
        "bench search",
        Need.NOTHING,
        "bench.commands:bench_search",
        "Time the index on synthetic templates, compared with numpy and faiss Flat, on one thread of one core.",
        "plainview bench search --n 100000",
    ),
    Command(
        "bench enrol",
        Need.NOTHING,
        "bench.commands:bench_enrol",
        "Time enrolment, compared with its bare detect + embed inference.",
        "plainview bench enrol",
    ),
    Command(
        "bench serve",
        Need.NOTHING,
        "bench.commands:bench_serve",
        "Time searches of a large gallery over HTTP, by several people at once, from the click to the list.",
        "plainview bench serve --references 10000 --people 2",
    ),
    Command(
        "bench whole",
        Need.NOTHING,
        "bench.commands:bench_whole",
        "Time the whole product with a large gallery: enrolment, searches, pages, memory, erasure, the check of the log.",
        "plainview bench whole --references 100000",
    ),
    Command(
        "bench video",
        Need.NOTHING,
        "bench.video:bench_video",
        "Time the search for faces in synthetic 1080p25 clips: adaptively, at every frame, and decoding only.",
        "plainview bench video",
    ),
    Command(
        "version",
        Need.NOTHING,
        "version:version",
        "Print the version and the commit it was made from.",
        "plainview version",
    ),
)
