"""Every test gets a workspace of its own outside the repository; none may touch one that a person made.

The sample workspace is made once a process and copied for each test that asks for it, tables and all: a test begins
as a new process does, with nothing in memory that another one left. What only costs time and decides nothing (the
strength of a password's hash, loading the same network again, starting another decoder) is shared or made cheap.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from tests import properties
from tests.factories import kept_tables, rows, stages
from tests.factories.folders import copy_tree
from tests.factories.networks import remembering
from whitenoise.middleware import WhiteNoiseMiddleware

from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.recognition.install import default_models_dir

# A test process has a million objects that stay: looking through the young ones after each 700 was a tenth of its time.
gc.set_threshold(50_000, 20, 100)

_OWN = tempfile.mkdtemp(prefix="plainview-test-")
stages.gone_at_exit(Path(_OWN))
os.environ["PLAINVIEW_HOME"] = os.path.join(_OWN, "workspace")  # noqa: PTH118
os.environ["XDG_CONFIG_HOME"] = os.path.join(_OWN, "config")  # noqa: PTH118  the key of the cache of evaluations
# Playwright leaves an event loop running in the thread of the tests, where Django would refuse its database to those
# that follow; only tests see this.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_MEMORY = Path("/dev/shm")  # noqa: S108
_NEEDED = 4 << 30  # bytes

_find = WhiteNoiseMiddleware.add_files_from_finders
_static: dict[str, dict[str, Any]] = {}


def _found(server: WhiteNoiseMiddleware) -> None:
    """Look for the static files once: every test client would do it again, which is half of a sign-in."""
    if server.static_prefix not in _static:
        _find(server)
        _static[server.static_prefix] = dict(server.files)
    server.files.update(_static[server.static_prefix])


WhiteNoiseMiddleware.add_files_from_finders = _found
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


def begin_process() -> None:
    """Forget what another test left in memory: nothing is known of any workspace, as when a process begins."""
    from plainview.casework.alerts import opened
    from plainview.casework.log.channel import Channel, enter
    from plainview.casework.models.rows import read_nothing
    from plainview.casework.register import read

    for clear in _caches(len(sys.modules), next(reversed(sys.modules))):
        clear()
    opened.open_by_gallery.clear()
    read._counted.clear()
    # A command that ran in this process may have left its own.
    enter(Channel())
    read_nothing()


@functools.lru_cache(maxsize=1)
def _caches(modules: int, newest: str) -> list[Callable[[], None]]:
    """Return what empties each cache of casework; both arguments change whenever a module is imported."""
    ours = [module for name, module in sys.modules.items() if name.startswith("plainview.casework.")]
    return [value.cache_clear for module in ours for value in vars(module).values() if hasattr(value, "cache_clear")]


def pytest_configure(config: pytest.Config) -> None:
    """Let the folders of the tests lie in memory where there is room: the suite waits for the disk a minute less."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        held = os.statvfs(_MEMORY)
        if held.f_bavail * held.f_frsize >= _NEEDED and not held.f_flag & os.ST_NOEXEC:
            tempfile.tempdir = os.environ["TMPDIR"] = str(_MEMORY)


class Sample(NamedTuple):
    """The sample workspace to copy: its folder and its tables."""

    folder: Path
    tables: kept_tables.Kept


@pytest.fixture(scope="session")
def sample(
    django_test_environment: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sample]:
    """A sample workspace as `plainview init --sample` makes it."""
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from plainview.casework.upkeep.setup import begin_log, make_sample_people, record_migrations
    from plainview.casework.workspace.folder import current, lay_out

    folder = tmp_path_factory.mktemp("sample") / "workspace"
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setenv("PLAINVIEW_HOME", str(folder))
        lay_out(current())
        # The tables as the models are: a test of its own compares these with what the migrations leave.
        patch.setitem(connection.settings_dict["TEST"], "MIGRATE", False)
        databases = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        begin_process()
        record_migrations()
        begin_log(sample=True)
        make_sample_people()
        yield Sample(folder, kept_tables.keep())
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session")
def decoders() -> Iterator[Callable[[int], Decoder]]:
    """The decoder of every workspace, by its number of children; it ends with the last test and not before."""

    class Lasting(Decoder):
        def close(self) -> None:
            """Leave it to the next test."""

    opened: dict[int, Lasting] = {}

    def decoder(children: int) -> Decoder:
        if children not in opened:
            opened[children] = Lasting(children=children)
        return opened[children]

    yield decoder
    for lasting in opened.values():
        Decoder.close(lasting)


_load = Engine.load


@functools.cache
def _engine(pack: str, use: str, files: tuple[tuple[str, int, int], ...]) -> Engine:
    return remembering(_load(pack, declared_use=use))


def load_engine(*pack: str, **options: Any) -> Engine:
    """Load a pack of the default folder once; again when a file in that folder has changed."""
    if not pack or set(options) != {"declared_use"}:
        return _load(*pack, **options)
    files = [(str(path), path.stat()) for path in sorted(default_models_dir().rglob("*"))]
    return _engine(
        *pack, options["declared_use"], tuple((name, status.st_size, status.st_mtime_ns) for name, status in files)
    )


@pytest.fixture
def workspace(
    sample: Sample,
    decoders: Callable[[int], Decoder],
    django_db_blocker: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """An in-process sample workspace: real keys, blobs and log folder, tables in the test database."""

    from plainview.casework.workspace.services import services

    home = tmp_path / "workspace"
    copy_tree(sample.folder, home)
    with stages.our_patches():
        monkeypatch.setenv("PLAINVIEW_HOME", str(home))
        # The services import both where they are first used.
        monkeypatch.setattr("plainview.recognition.decode.Decoder", lambda *, children: decoders(children))
        monkeypatch.setattr(Engine, "load", load_engine)
    with django_db_blocker.unblock():
        sample.tables.restore()
        begin_process()
        rows.watch()
        rows.begin()
        with stages.beginning(home, begin_process):
            yield home
            assert rows.unrecorded() == [], "an act wrote a row that its entry does not commit to"
        services.cache_clear()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep bytes out of the names of tests: a ZIP file has the time in it, and each worker must collect the same names."""
    return argname if isinstance(val, bytes | bytearray) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Count the patches of each test from its beginning."""
    stages.begin_test()


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every collection of garbage: it stays until the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the property tests their examples."""
    properties.prepare(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Keep what `make properties` finds."""
    if not properties.fuzzing:
        return (yield)
    with properties.keeping(item):
        return (yield)
