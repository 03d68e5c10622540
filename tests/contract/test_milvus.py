"""A real Milvus server under the index contract, and what happens when it is killed in mid-search."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.contract import test_index_contract as contract
from tests.contract.on_a_server import log_of, whole_contract
from tests.factories.milvus_server import MilvusServer
from tests.factories.work import case, person, probe, search
from tests.factories.work import gallery as gallery_of_two

from plainview.casework.erasure.expunge import expunge
from plainview.casework.gate.moving import move_gallery
from plainview.casework.models import Reference
from plainview.casework.workspace.services import services
from plainview.index.base import Block, Change, Index, IndexUnreachable, catch_up, mended
from plainview.index.exact import ExactIndex
from plainview.index.milvus import MilvusIndex

pytestmark = [
    pytest.mark.slow,
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

DIM = contract.DIM


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it prints every error that the tests ask for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make(server: MilvusServer) -> Iterator[Callable[[], Index]]:
    made: list[MilvusIndex] = []

    def one() -> Index:
        made.append(MilvusIndex(DIM, server.address, f"{len(made)}-{DIM}-{time.monotonic_ns()}"))
        return made[-1]

    yield one
    for index in made:
        index.clear()


# Each step of a log takes about 0.3 s on a server.
globals().update(whole_contract(logs=3))


def test_at_the_size_where_the_server_builds_its_index_lists_are_the_exact_ones(
    make: Callable[[], Index],
) -> None:
    templates, blocks = log_of(100_000)
    exact, index = ExactIndex(DIM), make()
    exact.apply(blocks)
    index.apply(blocks)
    assert isinstance(index, MilvusIndex)
    index.erase()  # seals the segments, so that the server builds SCANN over them
    probes = contract.faces(10, seed=5)
    for face in [*probes, *templates[:5]]:
        assert index.search(face, 50) == exact.search(face, 50)
    chosen = np.arange(7, 100_000, 9, dtype=np.int64)
    assert index.search(probes[0], 20, among=chosen) == exact.search(probes[0], 20, among=chosen)


def test_a_server_that_is_killed_in_mid_search_is_said_so_and_comes_back(
    server: MilvusServer, make: Callable[[], Index]
) -> None:
    templates, blocks = log_of(20_000)
    index = make()
    index.apply(blocks)
    wanted = index.search(templates[3], 10)

    def search_until_it_fails() -> IndexUnreachable:
        while True:
            try:
                assert index.search(templates[3], 10) == wanted
            except IndexUnreachable as error:
                return error

    with ThreadPoolExecutor(1) as pool:
        failing = pool.submit(search_until_it_fails)
        server.stop()
        error = failing.result(timeout=120)
    assert server.address in str(error)
    assert "Nothing is lost" in str(error)
    with pytest.raises(IndexUnreachable):
        index.apply([Change(20_001, "remove", 4, None)])
    server.start()
    log = [*blocks, Change(20_001, "remove", 4, None)]

    def read_after(seq: int) -> list[Change | Block]:
        return [row for row in log if (row.seq if isinstance(row, Change) else row.first_seq) > seq]

    watermark, found = mended(index, lambda: (catch_up(index, read_after), index.search(templates[3], 10)))
    assert watermark == 20_001
    rest = [row for row in wanted if row.reference != 4]
    assert found[: len(rest)] == rest
    assert 4 not in {row.reference for row in found}
    assert len(index) == 19_999


def test_a_gallery_moves_to_the_server_and_back(server: MilvusServer, workspace: Path, tmp_path: Path) -> None:
    gallery_of_two(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    settings = services().workspace.settings_file
    settings.write_text(settings.read_text() + f'\n[index]\nmilvus = "{server.address}"\n')
    before = [(row.reference_id, row.score) for row in search(image).candidates]
    assert len(before) == 2
    moved = move_gallery("g", "milvus", acting_member=person("admin"))
    assert (moved.after, moved.references, moved.agreement) == ("milvus", 2, 1.0)
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before
    gone = Reference.objects.get(pk=before[1][0])
    expunge(gone.public_id, reason="the court ordered it", acting_member=person("admin"))
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before[:1]
    place = next(place for place, adapter in services()._indexes if adapter == "milvus")
    assert place in MilvusIndex.places(server.address)
    move_gallery("g", "auto", acting_member=person("admin"))
    assert place not in MilvusIndex.places(server.address)
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before[:1]
