"""`make mutants`: put small wrongs into a package one by one and ask the tests of its own folder whether they notice.

Owns the results and their table. They are kept in .mutants/, so that a second run is short: a wrong is tried again when
its folder's source, the file of the test that noticed it or (if none did) any test of the folder has changed.
Wrongs that change nothing are listed with the reason in tests/mutants-equivalent.toml.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutants_run import HEAVY, LONGEST_SECONDS, REPO, SERVED, TESTS, Coverage, Runner, read
from mutate import Folder, Mutant

STORE = REPO / ".mutants"
EQUIVALENT = REPO / "tests" / "mutants-equivalent.toml"

AT_ONCE = 8
"""Files of tests whose lines are asked for together: a session for each would cost its start, and all would be lost
together."""


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(read(path) for path in paths)).hexdigest()[:16]


def _load(path: Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {}


def _save(path: Path, data: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".new").write_text(json.dumps(data, indent=0))
    path.with_suffix(".new").replace(path)


class Store:
    """What is known of the wrongs of one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.source = _digest(*sorted((REPO / "src/plainview" / folder).rglob("*.py")), REPO / "tools/mutants_run.py")
        paths = [path for test in TESTS[folder] for path in sorted((REPO / test).rglob("test_*.py")) or [REPO / test]]
        shared = [REPO / "tests/conftest.py", *(REPO / test / "conftest.py" for test in TESTS[folder])]
        self.files = {path.relative_to(REPO).as_posix(): _digest(path, *shared) for path in paths}
        self.tests = hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:16]
        self.path, self.cover_path = STORE / f"{folder}.json", STORE / f"{folder}-coverage.json"
        self.results, self.covers = _load(self.path), _load(self.cover_path)

    def known(self, mutant: Mutant) -> bool:
        """Return whether the last result still holds."""
        result = self.results.get(mutant.key)
        if not result or result["source"] != self.source:
            return False
        file = result["by"].split("::")[0]
        return result["tests"] == (self.files.get(file, self.tests) if result["state"] != "ok" else self.tests)

    def put(self, key: str, state: str, by: str) -> None:
        """Remember whether a wrong was noticed, and by which test."""
        tests = self.files.get(by.split("::")[0], self.tests) if state != "ok" else self.tests
        self.results[key] = {"state": state, "by": by, "source": self.source, "tests": tests}

    def coverage(self, place: Path) -> Coverage:
        """Return what each test runs; files of tests that changed are run again."""
        fresh = {file: f"{self.source} {digest}" for file, digest in self.files.items()}
        stale = [file for file, digest in fresh.items() if self.covers.get(file, {}).get("digest") != digest]
        runner, result = Runner(self.folder, place) if stale else None, place / "coverage.json"
        while runner and stale:  # a few at a time: what an interrupted run has covered is known to the next one
            some, stale = stale[:AT_ONCE], stale[AT_ONCE:]
            covered = self._cover(runner, some, result)
            for file in some:
                here = {name: [test for test in covered[name] if test.split("::")[0] == file] for name in covered}
                parts = {name: {t: covered[name][t] for t in here[name]} for name in ("seconds", "lines")}
                self.covers[file] = {"digest": fresh[file], **here, **parts}
            _save(self.cover_path, self.covers)
        union = Coverage({}, {}, [], [], [])
        for file in self.files:
            part = self.covers[file]
            union.seconds |= part["seconds"]
            union.lines |= part["lines"]
            union.starts += part["starts"]
            union.silent += part["silent"]
            union.left_out += part["left_out"]
        return union

    def _cover(self, runner: Runner, files: list[str], result: Path) -> dict:
        result.unlink(missing_ok=True)
        _, error = runner.fork(lambda pipe: _save(result, asdict(runner.cover(files))), 10**5)
        if not result.exists():
            sys.exit(f"The tests of {self.folder} could not be collected (MUTANTS_LOUD=1 shows why). {error}")
        return _load(result)


def _in_parallel(jobs: int, work: list, act: Callable[[int, list], None]) -> None:
    """Deal the work to processes and wait for them."""
    pids = []
    for job in range(min(jobs, len(work))):
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                act(job, work[job::jobs])
            finally:
                os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def run(folder: str, mutants: Iterable[Mutant], jobs: int, say: Callable[[str], None]) -> tuple[Store, Coverage]:
    """Try the wrongs whose result is not known."""
    store = Store(folder)
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=os.environ.get("MUTANTS_TMP")) as name:
        place = Path(name)
        # Forks end without running what removes their folders.
        tempfile.tempdir = os.environ["TMPDIR"] = name
        coverage = store.coverage(place / "cover")
        say(f"{folder}: {len(coverage.seconds)} tests, {len(coverage.left_out)} left out")

        def pending() -> list[tuple[Mutant, list[str]]]:
            todo = [mutant for mutant in mutants if not store.known(mutant)]
            last = {mutant.key: store.results.get(mutant.key, {}).get("by", "") for mutant in todo}
            return [(mutant, runner.chosen(mutant, coverage, last[mutant.key])) for mutant in todo]

        def collect() -> None:
            for path in place.glob("*.jsonl"):
                for line in path.read_text().splitlines():
                    key, state, by = json.loads(line)
                    store.put(key, state, by)
                path.unlink()
            _save(store.path, store.results)

        def act(quick: bool) -> Callable[[int, list], None]:
            def work_off(job: int, work: list[tuple[Mutant, list[str]]]) -> None:
                mine = Runner(folder, place / f"job{job}-{quick}")
                with (place / f"{job}.jsonl").open("a") as out:

                    def report(mutant: Mutant, state: str, by: str) -> None:
                        say(f"  {state:6} {mutant.module}:{mutant.line} {mutant.change} {by[-60:]}")
                        if state != "ok" or not quick:
                            out.write(json.dumps([mutant.key, state, by]) + "\n")
                            out.flush()

                    if quick:
                        state, text = mine.fork(lambda pipe: mine.quick(work, coverage, report), 10**5)
                        if state != "ok":  # what is left is tried with everything imported again
                            say(f"{folder}: the collected session ended early ({text})")
                    else:
                        for mutant, tests in work:
                            report(mutant, *mine.fresh(mutant, tests, coverage))

            return work_off

        runner = Runner(folder, place / "choose")

        def is_exchanged(mutant: Mutant) -> bool:
            at_import = not runner.running(mutant, coverage) and mutant.module not in runner.in_children
            return mutant.in_function and not at_import

        try:
            _in_parallel(jobs, [pair for pair in pending() if pair[1] and is_exchanged(pair[0])], act(quick=True))
            collect()
            _in_parallel(jobs, pending(), act(quick=False))
        finally:  # what an interrupted run has tried is known to the next one
            collect()
    return store, coverage


def equivalents() -> dict[str, str]:
    """Return key -> why, of the wrongs that change nothing."""
    listed = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", []) if EQUIVALENT.exists() else []
    return {
        "\n".join((*(entry["in"] + " ").split(" ")[:2], entry["line"], change)): entry["why"]
        for entry in listed
        for change in entry["changes"]
    }


def main() -> int:
    """Run, print the table, and answer 1 when fewer than the least share were noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only", nargs="*", help="folders (policy) or modules (policy/misuse.py); all when none is named"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sample", type=int, help="try this many, chosen at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--least", type=float, default=95.0, help="percent of those not equivalent, in each folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    terminal = os.dup(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("interrupted"))

    def say(line: str) -> None:
        if options.verbose or not line.startswith("  "):
            os.write(terminal, (line + "\n").encode())

    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ORT_DISABLE_TELEMETRY="1")
    for name in HEAVY:
        importlib.import_module(name)
    # A fork that sets another number ends its parent's helpers first, which it does not have: it would wait for ever.
    sys.modules["cv2"].setNumThreads(1)
    gc.collect()
    gc.freeze()  # a fork then collects only what is its own
    folders = [folder for folder in TESTS if not options.only or any(o.split("/")[0] == folder for o in options.only)]
    mutants = {folder: list(Folder(REPO / "src", folder).mutants()) for folder in folders}
    keys = {mutant.key for some in mutants.values() for mutant in some}
    for folder, some in mutants.items():
        mutants[folder] = [
            m
            for m in some
            if m.module not in SERVED
            and (not options.only or any(m.module == o or m.module.startswith(o + "/") for o in options.only))
        ]
    if options.sample:
        everything = [mutant for some in mutants.values() for mutant in some]
        chance = random.Random(options.seed)  # noqa: S311
        picked = set(chance.sample(everything, min(options.sample, len(everything))))
        mutants = {folder: [mutant for mutant in some if mutant in picked] for folder, some in mutants.items()}

    why, below, rows, survivors, wrong_entries, left_out = equivalents(), False, [], [], [], []
    wrong_entries = [key for key in why if key.split("/")[0] in folders and key not in keys]
    for folder, some in mutants.items():
        store, coverage = run(folder, some, options.jobs, say)
        left_out += coverage.left_out
        for module in [*dict.fromkeys(m.module for m in some), folder]:
            here = [m for m in some if module in (m.module, folder)]
            alive = [m for m in here if store.results[m.key]["state"] == "ok"]
            same = [m for m in alive if m.key in why]
            noticed, counted = len(here) - len(alive), len(here) - len(same)
            share = 100 * noticed / counted if counted else 100.0
            rows.append((module, len(here), noticed, len(same), len(alive) - len(same), round(share, 1)))
        below |= share < options.least
        survivors += [m for m in some if store.results[m.key]["state"] == "ok" and m.key not in why]
        wrong_entries += [m.key for m in some if m.key in why and store.results[m.key]["state"] != "ok"]
    if options.json:
        alive = [
            {"module": m.module, "line": m.line, "in": m.owner, "source": m.source, "change": m.change}
            for m in survivors
        ]
        names = ("module", "mutants", "noticed", "equivalent", "unnoticed", "percent")
        table = [dict(zip(names, row, strict=True)) for row in rows]
        lines = [json.dumps({"modules": table, "unnoticed": alive, "left_out": left_out})]
    else:
        lines = [f"{m.module}:{m.line} in {m.owner or 'the module'}\n    {m.source}\n    {m.change}" for m in survivors]
        lines += [
            f"not tried (needs a server): {name}, see `{SERVED[name]}`"
            for name in SERVED
            if name.split("/")[0] in folders
        ]
        lines += [
            f"left out (fails without a wrong, or takes more than {LONGEST_SECONDS:.0f} s): {name}" for name in left_out
        ]
        lines.append(f"{'module':40} {'mutants':>8} {'noticed':>8} {'equiv.':>7} {'unnoticed':>9} {'%':>6}")
        lines += [f"{row[0]:40} {row[1]:8} {row[2]:8} {row[3]:7} {row[4]:9} {row[5]:6}" for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")
    for key in wrong_entries:
        sys.stderr.write(f"in {EQUIVALENT.name}, but noticed or not there:\n    " + key.replace("\n", "\n    ") + "\n")
    return int(below or bool(wrong_entries))


if __name__ == "__main__":
    sys.exit(main())
