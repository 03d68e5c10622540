"""The tests of one folder, run on a copy of src in which one module at a time is wrong.

Owns processes: one pytest session collects the tests; each wrong gets a fork of it, in which the code of the function
is exchanged and the tests that run the line are run, fastest first, until one fails. A wrong outside functions gets a
fresh import instead. It must never write into the repository.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import re
import resource
import shutil
import signal
import sys
import time
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil
from mutants_trace import Coverage, Tracer
from mutate import Folder, Mutant

REPO = Path(__file__).resolve().parents[1]
TESTS = {
    "policy": ["tests/unit/policy"],
    "audit": ["tests/unit/audit"],
    "scores": ["tests/unit/scores"],
    "index": ["tests/unit/index", "tests/contract/test_index_contract.py", "tests/contract/test_sharded.py"],
    "recognition": ["tests/unit/recognition"],
}
SERVED = {"index/milvus.py": "make test-milvus", "index/sharded/ray_crew.py": "make test-ray"}
"""Modules that only tests with a server of somebody else's run, and the command that does: they are not tried here."""

CHILDREN = {
    "recognition": ["recognition/decode_child.py", "recognition/video/child.py"],
    "audit": ["audit/standalone.py"],
}
"""Modules with which the processes begin that tests of the folder start."""

HEAVY = (
    "pytest",
    "pytest_socket",
    "numpy",
    "hypothesis",
    "_hypothesis_pytestplugin",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "rfc8785",
    "faiss",
    "cv2",
    "PIL.Image",
    "onnxruntime",
    "scipy.stats",
    "onnx",
    "av",
)
"""Imported once, before the forks; none of them is ours."""

IDLE_SECONDS = 30.0
"""A wrong that makes its tests wait for each other is given up when they have used no CPU time for so long."""

LONGEST_SECONDS = 4.0
"""A test that takes longer than this (CPU, with the processes that it starts) is left out, and named."""

MOST_SECONDS = 40.0
"""CPU of the tests that are asked about one wrong: what they do not notice counts as unnoticed."""


class Runner:
    """The tests of one folder, run on a copy of src in which one module at a time is wrong."""

    def __init__(self, folder: str, place: Path) -> None:
        self.folder, self.place, self.src = folder, place, place / "src"
        shutil.copytree(REPO / "src", self.src, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        self.files = Folder(self.src, folder)
        self.texts = self.files.texts
        self.in_children = self.files.reached(CHILDREN.get(folder, []))
        self.ini = place / "pytest.ini"
        options = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
        self.ini.write_text(
            f"[pytest]\naddopts = {' '.join(options['addopts'])} -p no:cacheprovider -p no:django -p no:xdist -s -q -m 'not slow'\n"
            f"pythonpath = {REPO}\nfilterwarnings =\n  {chr(10).join(options['filterwarnings'])}\n  ignore:Module already imported\n"
            f"markers =\n  {(chr(10) + '  ').join(options['markers'])}\n"
        )
        self.clock = int(time.time()) - 10**6

    def write(self, module: str, text: bytes) -> None:
        """Write a module of the copy."""
        path = self.src / "plainview" / module
        path.write_bytes(text)
        self.clock += 1  # a compiled file of another version is never taken for this one's
        os.utime(path, (self.clock, self.clock))

    @contextlib.contextmanager
    def wrong(self, mutant: Mutant) -> Iterator[bytes]:
        """Hold the wrong in the copy, and yield the text."""
        text = mutant.apply(self.texts[mutant.module])
        self.write(mutant.module, text)
        try:
            yield text
        finally:
            self.write(mutant.module, self.texts[mutant.module])

    def fork(self, work: Callable[[int], None], cpu_seconds: float) -> tuple[str, str]:
        """Run `work` in a process of its own; return ("ok" | "failed" | "late", what it wrote)."""
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reading)
            os.setsid()
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives an interrupted run
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2) if not os.environ.get("MUTANTS_LOUD") else (0,):
                os.dup2(null, stream)
            resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds) + 1, int(cpu_seconds) + 3))
            try:
                work(writing)
                os._exit(0)
            except BaseException as error:
                os.write(writing, f"{type(error).__name__}: {error}".encode()[:200])
                os._exit(1)
        os.close(writing)
        answer, deadline, status = b"", time.monotonic() + 30 + 12 * cpu_seconds, 0
        used, looked = -1.0, time.monotonic()
        os.set_blocking(reading, False)
        pause = 0.001
        while True:
            with contextlib.suppress(BlockingIOError):
                answer += os.read(reading, 2**22)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            if cpu_seconds < 10**4 and time.monotonic() > looked + IDLE_SECONDS:
                used, before, looked = _cpu_of(pid), used, time.monotonic()
                deadline = looked if used == before else deadline
            if time.monotonic() >= deadline:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                status = signal.SIGKILL
                break
            time.sleep(pause)
            pause = min(pause * 1.3, 0.02)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(reading, 2**22):
                answer += piece
        os.close(reading)
        if os.WIFEXITED(status):
            return ("failed" if os.WEXITSTATUS(status) else "ok"), answer.decode()
        late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return ("late" if late else "failed"), f"signal {os.WTERMSIG(status)}"

    def session(
        self,
        tests: Iterable[str],
        loop: Callable[[Any], None],
        only: list[str] | None = None,
        collecting: Callable[[str], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> int:
        """Collect the tests in this process and hand the session to `loop`; each file is read inside `collecting`."""
        import hypothesis
        import pytest

        os.environ["PYTHONPATH"] = str(self.src)
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        sys.path.insert(0, str(self.src))
        sys.path[:] = [entry for entry in sys.path if entry != str(REPO / "src")]
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        quiet = list(hypothesis.HealthCheck)
        hypothesis.settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, phases=phases, suppress_health_check=quiet
        )
        hypothesis.settings.load_profile("mutants")

        class Plugin:
            @pytest.hookimpl(trylast=True)
            def pytest_collection_modifyitems(self, items: list[Any]) -> None:
                if only is not None:  # by function: a wrong value may have changed the name of a parameter
                    rank = {name.split("[")[0]: -number for number, name in enumerate(reversed(only))}
                    chosen = [item for item in items if item.nodeid.split("[")[0] in rank]
                    items[:] = sorted(chosen, key=lambda item: rank[item.nodeid.split("[")[0]])

            @pytest.hookimpl(wrapper=True)
            def pytest_make_collect_report(self, collector: Any) -> Any:
                with collecting(collector.nodeid) if isinstance(collector, pytest.Module) else contextlib.nullcontext():
                    return (yield)

            def pytest_runtestloop(self, session: Any) -> bool:
                if session.testsfailed:
                    raise SystemExit("collection failed")
                loop(session)
                return True

        paths = [str(REPO / test) for test in tests]
        options = ["-c", str(self.ini), "--rootdir", str(REPO), "--basetemp", str(self.place / "tmp")]
        return int(pytest.main([*options, *paths], plugins=[Plugin()]))

    def run_items(self, session: Any, items: list[Any], failed: Callable[[str], None]) -> None:
        """Run tests of a collected session; `failed` hears of each failure at once."""

        class Listener:
            def pytest_runtest_logreport(self, report: Any) -> None:
                if report.failed:
                    failed(report.nodeid)

        session.config.pluginmanager.register(Listener())
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def cover(self, tests: list[str]) -> Coverage:
        """Run every test of these files once with no wrong in any module."""
        result = Coverage({}, {}, [], [], [])

        tracer = Tracer(str(self.src / "plainview") + os.sep)
        at_collection: dict[str, dict[str, set[int]]] = {}

        def loop(session: Any) -> None:
            gc.freeze()
            for item in session.items:
                state, text = self.fork(partial(self._cover_one, session, item, tracer), LONGEST_SECONDS)
                answer = json.loads(text) if state == "ok" else {"failed": True}
                if answer["failed"] or answer["seconds"] > LONGEST_SECONDS:
                    result.left_out.append(item.nodeid)
                    continue
                lines = {module: set(at) for module, at in answer["lines"].items()}
                if answer["starts"]:
                    result.starts.append(item.nodeid)
                if not lines:
                    result.silent.append(item.nodeid)
                for module, at in at_collection.get(item.nodeid.split("::")[0], {}).items():
                    lines.setdefault(module, set()).update(at)
                result.lines[item.nodeid] = {module: sorted(at) for module, at in lines.items()}
                result.seconds[item.nodeid] = answer["seconds"]

        @contextlib.contextmanager
        def collecting(file: str) -> Iterator[None]:
            with tracer.on():
                yield
            at_collection[file] = tracer.take()

        code = self.session(tests, loop, collecting=collecting)
        if code not in (0, 5):  # 5: all of these files are left out of short runs
            raise SystemExit(f"pytest answered {code}")
        return result

    def _cover_one(self, session: Any, item: Any, tracer: Tracer, pipe: int) -> None:
        flags = {"starts": False, "failed": False}

        def on_audit(event: str, arguments: object) -> None:
            if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
                flags["starts"] = True

        sys.addaudithook(on_audit)
        start = sum(os.times()[:4])
        with tracer.on():
            self.run_items(session, [item], lambda name: flags.update(failed=True))
        lines = {module: sorted(at) for module, at in tracer.take().items()}
        data = json.dumps({"seconds": sum(os.times()[:4]) - start, "lines": lines, **flags}).encode()
        os.set_blocking(pipe, True)
        while data:
            data = data[os.write(pipe, data) :]

    def chosen(self, mutant: Mutant, coverage: Coverage, first: str) -> list[str]:
        """Return the tests that can notice, within `MOST_SECONDS`.

        Those that run the line, fastest first; then those whose lines say nothing, first those named like the module.
        """
        hit = self.running(mutant, coverage)
        if not hit and not (mutant.in_function and mutant.module in self.in_children):
            # Outside functions, or in one that runs while its module is imported.
            modules = self.files.mentioning(mutant.names) | {mutant.module}
            hit = {t for t, at in coverage.lines.items() if modules & at.keys()} or set(coverage.seconds)
            hit |= {t for t in coverage.seconds if self._named_in(t.split("::")[0], mutant.names)}
            hit |= set(coverage.silent)  # what runs no line looks at values, or at all the classes of a package

        def rank(test: str) -> tuple[bool, float]:
            return test != first, coverage.seconds[test]

        blind = set(coverage.silent) | set(coverage.starts if mutant.module in self.in_children else ())

        def near(test: str) -> tuple[bool, bool, float]:
            words = re.split(r"[/_]", mutant.module.removeprefix(self.folder).removesuffix(".py"))
            file = re.split(r"[/_]", test.split("::")[0].removesuffix(".py"))
            return test != first, len(set(words) & set(file)) == 0, coverage.seconds[test]

        order = [*sorted(hit, key=rank), *sorted(blind - hit, key=near)]
        spent = accumulate(coverage.seconds[test] for test in order)
        return [test for test, seconds in zip(order, spent, strict=True) if seconds <= MOST_SECONDS] or order[:1]

    def running(self, mutant: Mutant, coverage: Coverage) -> set[str]:
        """Return the tests that run the line of a wrong in a function, as far as this process sees."""
        span = range(mutant.first, mutant.last + 1) if mutant.in_function else range(0)
        return {t for t, at in coverage.lines.items() if any(line in span for line in at.get(mutant.module, ()))}

    def _named_in(self, test_file: str, names: frozenset[str]) -> bool:
        text = read(REPO / test_file)
        return any(name.encode() in text for name in names)

    def quick(
        self, work: list[tuple[Mutant, list[str]]], coverage: Coverage, report: Callable[[Mutant, str, str], None]
    ) -> None:
        """Try the wrongs in functions, on one collected session."""

        def loop(session: Any) -> None:
            items = {item.nodeid: item for item in session.items}
            for module in self.texts:
                if any(mutant.module == module for mutant, _ in work):
                    with contextlib.suppress(ImportError):
                        importlib.import_module(
                            "plainview." + module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
                        )
            live = functions()
            gc.freeze()
            noticed: Counter[tuple[str, str]] = Counter()
            for mutant, those in work:
                tests = sorted(those, key=lambda test: -noticed[mutant.module, test] / (coverage.seconds[test] + 0.05))
                with self.wrong(mutant) as text:
                    filename = str(self.src / "plainview" / mutant.module)

                    def try_it(
                        pipe: int, text: bytes = text, filename: str = filename, tests: list[str] = tests
                    ) -> None:
                        codes = list(_codes(compile(text, filename, "exec", dont_inherit=True)))
                        for code in codes:
                            for function in live.get((filename, code.co_qualname, code.co_firstlineno), ()):
                                with contextlib.suppress(ValueError):
                                    function.__code__ = code
                        self.run_items(session, [items[test] for test in tests], _stop(pipe))

                    seconds = 3 + 4 * sum(coverage.seconds[test] for test in tests)
                    state, by = self.fork(try_it, seconds) if tests else ("ok", "")
                    noticed[mutant.module, by] += 1
                    report(mutant, state, by)

        self.session(TESTS[self.folder], loop)

    def fresh(self, mutant: Mutant, tests: list[str], coverage: Coverage) -> tuple[str, str]:
        """Try one wrong with everything of ours imported again."""

        def try_it(pipe: int) -> None:
            files = sorted({test.split("::")[0] for test in tests})
            code = self.session(files, lambda session: self.run_items(session, session.items, _stop(pipe)), tests)
            if code not in (0, 5):
                os.write(pipe, b"import")
                os._exit(1)

        with self.wrong(mutant):
            return self.fork(try_it, 10 + 4 * sum(coverage.seconds[test] for test in tests)) if tests else ("ok", "")


def functions() -> dict[tuple[str, str, int], list[types.FunctionType]]:
    """Return every function of this process by the file, name and line of its code."""
    gc.unfreeze()  # the suite freezes what it collected, and what is frozen is not listed
    live: dict[tuple[str, str, int], list[types.FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            code = thing.__code__
            live.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return live


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and all that it started."""
    with contextlib.suppress(psutil.Error):
        here = psutil.Process(pid)
        return sum(sum(process.cpu_times()) for process in [here, *here.children(recursive=True)])
    return 0.0


def _stop(pipe: int) -> Callable[[str], None]:
    def stop(name: str) -> None:
        os.write(pipe, name.encode())
        os._exit(1)

    return stop


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def read(path: Path) -> bytes:
    """Return what a file holds, or nothing when there is none."""
    return path.read_bytes() if path.exists() else b""
