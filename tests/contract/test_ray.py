"""The index in parts on a real Ray cluster, under the index contract, with its token and TLS; and what a kill does."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tests.contract import test_index_contract as contract
from tests.contract.on_a_server import log_of, whole_contract
from tests.factories.indexes import SEALER
from tests.factories.power import change_policy
from tests.factories.ray_cluster import RayCluster
from tests.factories.work import case, person, probe, search
from tests.factories.work import gallery as gallery_of_two

from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.galleries.read import open_template
from plainview.casework.gate.moving import move_gallery
from plainview.casework.models import PolicyVersion, Reference
from plainview.casework.workspace.services import Services, services
from plainview.cli.bench.common import varied
from plainview.index.base import Block, Index, IndexIncomplete, IndexUnreachable, catch_up
from plainview.index.compressed import ALL_BELOW, CUT, CompressedIndex
from plainview.index.parts import part_of
from plainview.index.sharded.index import ShardedIndex
from plainview.index.sharded.ray_crew import Cluster, RayCrew, namespace_of
from plainview.policy.decision import Refused

pytestmark = [
    pytest.mark.slow,
    # Not imported here: Ray reads its environment when it is, and the cluster's is set later.
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is missing: `make test-ray` installs it"),
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

DIM = contract.DIM
PARTS = 2


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    # Not pytest's folder: the name of a socket has 107 bytes at most.
    with (
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        cluster = RayCluster(Path(folder))
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        cluster.start()
        yield cluster
        import ray

        ray.shutdown()
        cluster.stop()


def parts(cluster: RayCluster, place: str) -> ShardedIndex:
    where = Cluster(cluster.address, "tests", str(cluster.folder / "parts"))
    return ShardedIndex(DIM, RayCrew(where, place, PARTS, SEALER.maker(), (DIM, CUT, ALL_BELOW)))


_NUMBERS = itertools.count(1)


@pytest.fixture
def make(cluster: RayCluster) -> Iterator[Callable[[], Index]]:
    indexes: list[ShardedIndex] = []

    def one() -> Index:
        indexes.append(parts(cluster, f"{next(_NUMBERS)}-{DIM}-contract"))
        return indexes[-1]

    yield one
    for index in indexes:
        index.clear()


# Each loss makes and ends parts.
globals().update(whole_contract(logs=2))


def processes(index: ShardedIndex) -> list[int]:
    """Return the process of each part."""
    import ray

    crew: Any = index._crew
    return [ray.get(actor.__ray_call__.remote(lambda _: os.getpid())) for actor in crew._started()]


def test_a_killed_part_makes_searches_incomplete_until_it_is_level_again(
    make: Callable[[], Index], tmp_path: Path
) -> None:
    templates, log = log_of(20_000)
    whole, index = CompressedIndex(DIM, tmp_path, SEALER), make()
    whole.apply(log)
    index.apply(log)
    assert isinstance(index, ShardedIndex)
    index.erase()  # so that there are snapshots
    wanted = [whole.search(face, 50) for face in (*contract.faces(3, seed=5), templates[7])]
    asked = [*contract.faces(3, seed=5), templates[7]]
    assert [index.search(face, 50) for face in asked] == wanted

    def read_after(seq: int) -> list[Block]:
        return [block for block in log if block.first_seq > seq]

    before = processes(index)
    os.kill(before[1], signal.SIGKILL)
    refused, end = 0, time.monotonic() + 120
    while True:
        assert time.monotonic() < end
        try:
            index.refresh()
            catch_up(index, read_after)
            lists = [index.search(face, 50) for face in asked]
            break
        except IndexIncomplete:
            refused += 1
            time.sleep(0.1)
    assert refused
    assert lists == wanted
    after = processes(index)
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_a_gallery_moves_into_parts_to_more_parts_and_back(
    cluster: RayCluster, workspace: Path, tmp_path: Path
) -> None:
    gallery_of_two(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    settings = services().workspace.settings_file
    folder = cluster.folder / "galleries"
    settings.write_text(settings.read_text() + f'\n[index]\nray = "{cluster.address}"\nray_folder = "{folder}"\n')
    before = [(row.reference_id, row.score) for row in search(image).candidates]
    assert len(before) == 2
    moved = move_gallery("g", "sharded-1", acting_member=person("admin"))
    assert (moved.after, moved.references, moved.agreement) == ("sharded-1", 2, 1.0)
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before
    move_gallery("g", "sharded-3", acting_member=person("admin"))
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before
    assert {path.name.rpartition("-")[2] for path in folder.iterdir()} == {"3"}
    gone = Reference.objects.get(pk=before[1][0])
    expunge(gone.public_id, reason="the court ordered it", acting_member=person("admin"))
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before[:1]
    move_gallery("g", "auto", acting_member=person("admin"))
    assert list(folder.iterdir()) == []
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before[:1]


def test_while_a_part_does_not_answer_a_search_is_refused_or_says_so_where_policy_allows_it(
    cluster: RayCluster, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery_of_two(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    place = Cluster(cluster.address, namespace_of(services().origin), str(cluster.folder / "silent"), timeout_s=3.0)
    monkeypatch.setattr(Services, "_cluster", lambda self: place)
    move_gallery("g", "sharded-2", acting_member=person("admin"))
    before = [row.reference_id for row in search(image).candidates]
    [index] = [index for (_, adapter), index in services()._indexes.items() if adapter == "sharded-2"]
    assert isinstance(index, ShardedIndex)
    lost = int(part_of(np.array(before[:1]), 2)[0])
    silent = processes(index)[lost]
    os.kill(silent, signal.SIGSTOP)
    try:
        with pytest.raises(Refused, match="1 of 2 parts"):
            search(image)
        text = PolicyVersion.objects.latest("number").text.replace(
            "incomplete_lists = false", "incomplete_lists = true"
        )
        change_policy(text, reason="a machine is being replaced", acting_member=person("admin"))
        answer = search(image)
    finally:
        os.kill(silent, signal.SIGCONT)
    assert answer.search.incomplete == {"parts": 2, "missing": [lost]}
    assert [row.reference_id for row in answer.candidates] == before[1:]
    end = time.monotonic() + 60
    while (again := search(image)).search.incomplete is not None:
        assert time.monotonic() < end
    assert [row.reference_id for row in again.candidates] == before
    move_gallery("g", "auto", acting_member=person("admin"))


def test_a_client_whose_process_on_the_cluster_ends_connects_again(cluster: RayCluster, tmp_path: Path) -> None:
    """As a web process on another machine: through ray://, in a process of its own, because Ray has one connection."""
    code = f"""
import os, signal, sys, time
import numpy as np, psutil
from tests.factories.indexes import DIM, SEALER, faces
from plainview.index.base import Block, IndexUnreachable, catch_up
from plainview.index.compressed import ALL_BELOW, CUT
from plainview.index.sharded.index import ShardedIndex
from plainview.index.sharded.ray_crew import Cluster, RayCrew

where = Cluster({cluster.client_address!r}, "outside", {str(cluster.folder / "outside")!r})
index = ShardedIndex(DIM, RayCrew(where, "1-{DIM}-outside", 2, SEALER.maker(), (DIM, CUT, ALL_BELOW)))
rows = faces(500, seed=1)
log = [Block.of_adds(1, np.arange(1, 501, dtype=np.int64), rows)]
failures = []

def searched():
    end = time.monotonic() + 120
    while True:
        try:
            index.refresh()
            catch_up(index, lambda seq: log if seq < 1 else [])
            return index.search(rows[7], 5)
        except IndexUnreachable as error:
            failures.append(error.why)
            assert time.monotonic() < end, failures
            time.sleep(0.5)

before = searched()
failures.clear()
mine = [p for p in psutil.process_iter(["cmdline"]) if "--mode=specific-server" in (p.info["cmdline"] or [])
        and {str(cluster.folder)!r} in p.environ().get("RAY_TLS_CA_CERT", "")]
assert mine, "no process of Ray's client"
for process in mine:
    process.kill()
assert searched() == before
print("again", len(failures), flush=True)
index.clear()
os._exit(0)
"""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"again [1-9][0-9]*\n", done.stdout), done.stdout


def test_a_cluster_that_was_gone_is_reached_again_by_every_thread() -> None:
    """As a web process, several of whose threads search while it goes: Ray's client keeps what has ended, and says so."""
    code = f"""
import os, signal, tempfile, threading, time
from pathlib import Path
from tests.factories.indexes import DIM, SEALER
from tests.factories.ray_cluster import RayCluster
from plainview.index.base import IndexUnreachable
from plainview.index.compressed import ALL_BELOW, CUT
from plainview.index.sharded.ray_crew import Cluster, RayCrew

with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
    cluster = RayCluster(Path(folder))
    os.environ.update(cluster.environment)
    cluster.start()
    where = Cluster(cluster.client_address, "gone", folder + "/parts")
    crew = RayCrew(where, "1-{DIM}-gone", 2, SEALER.maker(), (DIM, CUT, ALL_BELOW))
    crew.ask("state", [(), ()])
    back, lost, ends = set(), set(), time.monotonic() + 120

    def ask(number):
        while time.monotonic() < ends and number not in back:
            try:
                crew.ask("state", [(), ()])
            except IndexUnreachable as error:
                lost.add(number)
                time.sleep(0.2)
            else:
                if started.is_set():
                    back.add(number)

    started = threading.Event()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    cluster.stop(signal.SIGKILL)
    while len(lost) < 4 and time.monotonic() < ends:
        time.sleep(0.1)
    cluster.start()
    started.set()
    for thread in threads:
        thread.join()
    print(sorted(lost), sorted(back), flush=True)
    cluster.stop()
    os._exit(0)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "[0, 1, 2, 3] [0, 1, 2, 3]\n", done.stdout + done.stderr


def test_who_has_not_the_token_is_not_let_in(cluster: RayCluster) -> None:
    code = f"import ray; ray.init(address={cluster.address!r}, log_to_driver=False); print('in')"
    tried = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "RAY_AUTH_TOKEN": "0" * 64}, capture_output=True, timeout=120
    )
    assert (tried.returncode, tried.stdout) == (1, b"")


def test_a_cluster_elsewhere_is_not_asked_without_token_and_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.setenv("RAY_USE_TLS", "0")
    with pytest.raises(IndexUnreachable, match="RAY_AUTH_MODE=token and RAY_USE_TLS=1"):
        Cluster("10.0.0.9:6379", "n", "/nowhere").connected()


def test_enrolment_on_the_cluster_stores_what_one_machine_does_although_workers_are_killed(
    cluster: RayCluster, workspace: Path, tmp_path: Path
) -> None:
    photographs = varied(tmp_path / "photographs", 24)
    (photographs / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    shutil.copy(next(photographs.glob("*.jpg")), photographs / "zz-copy.jpg")
    admin = person("admin")
    for name in ("here", "there"):
        create_gallery(
            name, legal_basis="law", source="tests", owner="tests", expires_on=date(2999, 1, 1), acting_member=admin
        )
    here = enrol("here", read_items(photographs), acting_member=admin)
    killed: list[int] = []

    calls = itertools.count(1)

    def kill_a_worker(_: EnrolmentResult) -> None:
        if next(calls) in (1, 6, 12):
            for worker in workers_of(cluster)[:1]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    options = Options(ray=cluster.address)
    there = enrol("there", read_items(photographs), acting_member=admin, options=options, progress=kill_a_worker)
    assert killed
    counts = [(r.enrolled, r.duplicates, r.references, r.failed) for r in (here, there)]
    assert counts[0] == counts[1]
    stored = [
        list(Reference.objects.filter(gallery__name=name).order_by("pk").values_list("blob", "box", "quality", "pack"))
        for name in ("here", "there")
    ]
    assert stored[0] == stored[1]
    assert len({blob for blob, *_ in stored[1]}) == there.enrolled
    templates = [
        [
            open_template(*sealed)
            for sealed in Reference.objects.filter(gallery__name=name)
            .order_by("pk")
            .values_list("public_id", "template")
        ]
        for name in ("here", "there")
    ]
    assert np.array_equal(np.stack(templates[0]), np.stack(templates[1]))


def workers_of(cluster: RayCluster) -> list[int]:
    """Return the processes that embed on the cluster of this test, and on no other."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if (
            words
            and words[0].strip() in ("ray::_embedded", "ray::IDLE")
            and str(cluster.folder) in process.environ().get("RAY_TLS_CA_CERT", "")
        ):
            found.append(int(process.info["pid"]))
    return found
