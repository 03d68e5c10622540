"""Measures an index against numpy and faiss Flat, all on one thread of one core, on synthetic templates; then on all cores.

Owns the synthetic templates and the timing. It runs as a process of its own (`python -m`), because the number
of threads of numpy's BLAS is fixed when it is loaded. It opens no workspace.

The synthetic templates have the properties measured on 3,716 real SFace templates (docs/explanation/scale.md): a common
mean of length 0.26, the spectrum of 111 effective dimensions, strangers at 0.07 +- 0.09, two pictures of one
person at 0.67 +- 0.11. Each person has two references; a probe is a third picture of a person in the gallery.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import faiss
import numpy as np
from numpy.typing import NDArray

from plainview.index.base import Block, Change, Index, Scored
from plainview.index.compressed import CompressedIndex
from plainview.index.exact import ExactIndex
from plainview.index.growing import GROW_AT
from plainview.recognition.types import Vector
from plainview.storage.seal import Sealer

_BLOCK = 100_000
_TOP = 50
_ROUNDS = 3
_MEAN, _LIKENESS, _LIKENESS_SPREAD = 0.262, 0.82, 0.09
_BATCH = 32  # references that enrolment adds at a time

Rows = NDArray[np.float32]
T = TypeVar("T")


def run(n: int, dim: int, adapter: str, probes: int) -> dict[str, object]:
    """Build, open, search, add and remove; return the figures.

    Args:
        n: references in the gallery.
        dim: components of a template.
        adapter: "exact", "compressed" or "auto": what the product would use at this size.
        probes: searches in each of the rounds.
    """
    faiss.omp_set_num_threads(1)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    adapter = ("compressed" if n >= GROW_AT else "exact") if adapter == "auto" else adapter
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        flat = faiss.IndexFlatIP(dim)
        index = _new_index(adapter, dim, Path(folder))
        build = 0.0
        for first, rows in _gallery(n, dim):
            flat.add(rows)
            began = time.perf_counter()
            index.apply([Block.of_adds(first + 1, np.arange(first, first + len(rows)), rows)])
            build += time.perf_counter() - began
        if isinstance(index, CompressedIndex):
            began = time.perf_counter()
            index.flush()
            build += time.perf_counter() - began
        figures: dict[str, object] = {"n": n, "dim": dim, "adapter": adapter}
        figures |= _searched(index, flat, _probes(n, dim, probes), min(_TOP, n), cores)
        figures |= _size(adapter, n, dim, Path(folder), build)
        figures |= {"build_s": round(build, 3)} | _filtered(index, n, _probes(n, dim, 10))
        figures |= _changed(index, n, dim)
    return figures | {"probes": probes * _ROUNDS, "synthetic": True}


def _new_index(adapter: str, dim: int, folder: Path) -> Index:
    if adapter == "exact":
        return ExactIndex(dim)
    return CompressedIndex(dim, folder, Sealer(bytes(32)))


def _searched(index: Index, flat: faiss.IndexFlatIP, probes: Rows, k: int, cores: set[int]) -> dict[str, object]:
    """Time all three on the same probes, in turns, and compare the lists; the index also with all cores."""
    gallery = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)

    def by_numpy(probe: Vector) -> list[int]:
        scores = gallery @ probe
        best = np.argpartition(-scores, k - 1)[:k]
        return [int(candidate) for candidate in best[np.argsort(-scores[best])]]

    def by_flat(probe: Vector) -> list[int]:
        return [int(candidate) for candidate in flat.search(probe[np.newaxis], k)[1][0]]

    ours: list[float] = []
    cpu: list[float] = []
    flats: list[float] = []
    flat_cpu: list[float] = []
    numpys: list[float] = []
    recalls: list[float] = []
    firsts: list[bool] = []
    same: list[bool] = []
    on_all: list[float] = []
    few = probes[: max(5, min(len(probes), 20_000_000 // flat.ntotal))]
    for _ in range(_ROUNDS):
        times, cpus, lists = _timed(lambda probe: index.search(probe, k), probes)
        ours, cpu = ours + times, cpu + cpus
        os.sched_setaffinity(0, cores)
        times, _, lists_on_all = _timed(lambda probe: index.search(probe, k), probes)
        os.sched_setaffinity(0, {min(cores)})
        on_all += times
        if lists_on_all != lists:
            raise AssertionError("the list depends on the number of cores")
        times, cpus, _ = _timed(by_flat, few)
        flats, flat_cpu = flats + times, flat_cpu + cpus
        times, _, truth = _timed(by_numpy, few)
        numpys += times
    for probe, answer in zip(probes, lists, strict=True):
        wanted = truth[len(recalls)] if len(recalls) < len(truth) else by_numpy(probe)
        got = [candidate.reference for candidate in answer]
        recalls.append(len(set(got) & set(wanted)) / k)
        firsts.append(got[0] == wanted[0])
        same.append(set(got) == set(wanted))
    p50 = statistics.median(ours)
    return {
        "p50_ms": round(p50, 3),
        "p99_ms": round(float(np.quantile(ours, 0.99)), 3),
        "p50_cpu_ms": round(statistics.median(cpu), 3),
        "cores": len(cores),
        "p50_all_cores_ms": round(statistics.median(on_all), 3),
        "p99_all_cores_ms": round(float(np.quantile(on_all, 0.99)), 3),
        "least_all_cores_ms": round(min(on_all), 3),
        "all_cores_ratio_to_flat": round(statistics.median(on_all) / statistics.median(flats), 4),
        "recall_at_50": round(statistics.mean(recalls), 6),
        "first_kept": round(statistics.mean(firsts), 6),
        "lists_identical": round(statistics.mean(same), 4),
        "least_ms": round(min(ours), 3),
        "flat_least_ms": round(min(flats), 3),
        "cpu_ratio_to_flat": round(statistics.median(cpu) / statistics.median(flat_cpu), 4),
        "flat_ms": round(statistics.median(flats), 3),
        "numpy_ms": round(statistics.median(numpys), 3),
        "ratio_to_flat": round(p50 / statistics.median(flats), 4),
        "ratio_to_numpy": round(p50 / statistics.median(numpys), 4),
    }


def _size(adapter: str, n: int, dim: int, folder: Path, build: float) -> dict[str, object]:
    """Return the memory and time of opening the index from disk, measured in a fresh process, and its size on disk."""
    if adapter == "exact":  # it is filled from the database, whose sealed templates are its only copy on disk
        memory, open_s = float(dim * 4 + 8), build
    else:
        command = [sys.executable, "-m", __spec__.name, "open", str(folder), str(dim)]
        opened = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603
        memory, open_s = opened["bytes"] / n, opened["seconds"]
    disk = sum(path.stat().st_size for path in folder.iterdir()) / n
    return {
        "bytes_per_face_memory": round(memory, 2),
        "bytes_per_face_disk": round(disk, 2),
        "memory_to_flat": round(memory / (dim * 4), 4),
        "open_s": round(open_s, 3),
    }


def _opened(folder: str, dim: int) -> dict[str, float]:
    """Open a compressed index; return the seconds it took and the bytes of memory that it added to the process."""
    CompressedIndex(dim, Path(folder) / "none", Sealer(bytes(32)))  # memory of the libraries is not the index's
    before, began = _own_memory(), time.perf_counter()
    index = CompressedIndex(dim, Path(folder), Sealer(bytes(32)))
    seconds = time.perf_counter() - began
    index.search(_unit(np.ones((1, dim), dtype=np.float32))[0], _TOP)
    return {"seconds": seconds, "bytes": _own_memory() - before}


def _own_memory() -> int:
    """Return the bytes of this process that no file backs: the memory of a memory map can be reclaimed at any time."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def _filtered(index: Index, n: int, probes: Rows) -> dict[str, object]:
    """Time searches among a thousandth of the references and among a third."""
    result: dict[str, object] = {}
    for name, step in (("filter_thousandth_ms", 1000), ("filter_third_ms", 3)):
        among = np.arange(0, n, step, dtype=np.int64)
        times, _, _ = _timed(lambda probe, among=among: index.search(probe, _TOP, among=among), probes)  # type: ignore[misc]
        result[name] = round(statistics.median(times), 3)
    return result


def _changed(index: Index, n: int, dim: int) -> dict[str, object]:
    """Time adding references as enrolment does, finding them at once, and removing them one by one."""
    random = np.random.default_rng(99)
    fresh = _unit(random.standard_normal((640 * _BATCH, dim), dtype=np.float32))
    seq, began, visible = n, time.perf_counter(), []
    for first in range(0, len(fresh), _BATCH):
        rows = fresh[first : first + _BATCH]
        index.apply([Block.of_adds(seq + 1, np.arange(seq, seq + _BATCH), rows)])
        seq += _BATCH
    added = time.perf_counter() - began
    for i in range(20):
        began = time.perf_counter()
        index.apply(
            [Change(seq + 1, "add", seq, template := _unit(random.standard_normal((1, dim), dtype=np.float32))[0])]
        )
        assert index.search(template, 1) == [Scored(seq, 1.0)], i  # noqa: S101  a benchmark of a wrong index is worth nothing
        visible.append((time.perf_counter() - began) * 1e3)
        seq += 1
    removed = []
    for i in range(20):
        began = time.perf_counter()
        index.apply([Change(seq + 1, "remove", i * (n // 20), None)])
        removed.append((time.perf_counter() - began) * 1e3)
        seq += 1
    return {
        "adds_per_s": round(len(fresh) / added),
        "visible_ms": round(max(visible), 2),
        "remove_ms": round(statistics.median(removed), 2),
    }


def _gallery(n: int, dim: int) -> Iterator[tuple[int, Rows]]:
    for number, first in enumerate(range(0, n, _BLOCK)):
        people, random = _people(number, dim)
        yield first, _pictures(np.repeat(people, 2, axis=0)[: min(_BLOCK, n - first)], random)


def _probes(n: int, dim: int, count: int) -> Rows:
    """Return third pictures of people in the gallery, from up to ten of its blocks."""
    blocks = range(0, -(-n // _BLOCK), max(1, -(-n // _BLOCK) // 10))
    probes = []
    for number in blocks:
        people, _ = _people(number, dim)
        random = np.random.default_rng(10_000 + number)
        known = max(1, min(_BLOCK, n - number * _BLOCK) // 2)
        probes.append(_pictures(people[random.integers(0, known, -(-count // len(blocks)))], random))
    return np.concatenate(probes)[:count]


def _people(number: int, dim: int) -> tuple[Rows, np.random.Generator]:
    """Return what one block's people have apart from the common mean: a decreasing spectrum."""
    random = np.random.default_rng(number)
    people = random.standard_normal((_BLOCK // 2, dim), dtype=np.float32) * _spectrum(dim)
    return people, random


def _pictures(people: Rows, random: np.random.Generator) -> Rows:
    """Return one picture of each person; its likeness to the person varies from picture to picture."""
    likeness = np.clip(random.normal(_LIKENESS, _LIKENESS_SPREAD, (len(people), 1)), 0.4, 0.98).astype(np.float32)
    noise = random.standard_normal(people.shape, dtype=np.float32) * _spectrum(people.shape[1])
    return _unit(likeness * people + np.sqrt(1 - likeness**2) * noise + _common(people.shape[1]))


def _spectrum(dim: int) -> NDArray[np.float32]:
    scale = np.linspace(1.5, 0.55, dim) ** 0.75
    return np.asarray(scale * np.sqrt((1 - _MEAN**2) / (scale**2).sum()), dtype=np.float32)


def _common(dim: int) -> NDArray[np.float32]:
    direction = np.random.default_rng(4).standard_normal(dim)
    return np.asarray(_MEAN * direction / np.linalg.norm(direction), dtype=np.float32)


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _timed(search: Callable[[Vector], T], probes: Rows) -> tuple[list[float], list[float], list[T]]:
    """Return the milliseconds of each search, on the clock and of this thread, and its answer."""
    search(probes[0])
    times, cpu, answers = [], [], []
    for probe in probes:
        began, own = time.perf_counter(), time.thread_time()
        answers.append(search(probe))
        times.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.thread_time() - own) * 1e3)
    return times, cpu, answers


if __name__ == "__main__":
    if sys.argv[1] == "open":
        result: object = _opened(sys.argv[2], int(sys.argv[3]))
    else:
        result = run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    sys.stdout.write(json.dumps(result) + "\n")
