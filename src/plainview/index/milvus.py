"""The index for more than one machine: a collection of a Milvus server for each gallery.

Owns the collection and the mark beside it that says how far the log was followed. The server ranks by its own
float32 arithmetic; here the first places are fetched with their templates and scored by the one definition of
a score (index.base), as many more as its rounding could have misplaced. It must never answer with the server's
scores, nor take an answer that was cut short for a whole one.

The server must compare everything: as shipped it looks at an eighth of what was added lately, until
`queryNode.segcore.interimIndex.enableIndex` is false. It keeps templates unsealed in its own storage, and what
was removed until its own clean-up. docs/explanation/scale.md says what to set, and `gallery move` compares lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import (
    Block,
    Change,
    IndexClientMissing,
    IndexUnreachable,
    Scored,
    as_references,
    exact_scores,
    in_blocks,
    ranked,
    require_next,
    require_question,
    rough_margin,
    settled,
)
from plainview.index.lock import SearchesOrChange
from plainview.recognition.types import Vector

_NAME = "plainview_"
"""Begin of the collections' names; a server may serve others too."""

_MARKS = "plainview_marks"
"""Collection of the marks: the name of a gallery's collection, and the last row of the log that is in it."""

_LISTS = 64
"""Lists of the SCANN index. Every search reads all of them, so the number matters for speed only."""

_ROWS = 4096
"""Templates sent or fetched at a time: 2 MB at 128 components, far below the server's message limit of 64 MB."""

_FURTHER = 64
"""Places asked for beyond the list, so that ties at its end are seen."""

_MOST = 16_384
"""Places that a search of the server may ask for, and how many of each segment it scores from their templates."""

_TIMEOUT_S = 30.0
"""Seconds after which a call is given up."""


class MilvusIndex:
    """Implements `Index` on a server. One process at a time may change a collection; others may search it."""

    def __init__(self, dim: int, address: str, place: str) -> None:
        """Name the collection; the server is first spoken to when it is needed.

        Args:
            dim: components of a template.
            address: of the server, http://host:port.
            place: letters, digits and hyphens that name the gallery and model.
        """
        self._dim = dim
        self._address = address
        self._name = _NAME + place.replace("-", "_")
        self._margin = rough_margin(dim) + 1e-5  # the server's sums are float32 too
        self._lock = SearchesOrChange()
        self._client: Any = None
        self._watermark = 0

    @staticmethod
    def places(address: str) -> set[str]:
        """Return the places that have a collection on the server.

        Raises:
            IndexUnreachable: the server does not answer.
        """
        with _reached(address):
            names = _connected(address).list_collections(timeout=_TIMEOUT_S)
        return {name[len(_NAME) :].replace("_", "-") for name in names if name.startswith(_NAME) and name != _MARKS}

    @property
    def dim(self) -> int:
        """Components of a template."""
        return self._dim

    @property
    def watermark(self) -> int:
        """Number of the last log row applied; 0 for none."""
        self._open()
        return self._watermark

    def __len__(self) -> int:
        """References that a search compares."""
        with self._called() as client:
            rows = client.query(self._name, "", output_fields=["count(*)"], timeout=_TIMEOUT_S)
        return int(rows[0]["count(*)"])

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log from `watermark` + 1; see `Index.apply`.

        A server that stops in between holds part of a block; its mark is the old one, so the whole block is
        applied again, which ends in the same state.

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
            IndexUnreachable: the server does not answer.
        """
        for block in in_blocks(log, self._dim):
            touched, _, added, templates = settled(block)
            with self._lock.change():
                require_next(block, self.watermark)
                with self._called() as client:
                    gone = np.setdiff1d(touched, added)
                    for begin in range(0, len(gone), _ROWS):
                        ids = gone[begin : begin + _ROWS].tolist()
                        client.delete(self._name, ids=ids, timeout=_TIMEOUT_S)
                    for begin in range(0, len(added), _ROWS):
                        part = slice(begin, begin + _ROWS)
                        rows = [
                            {"reference": reference, "template": template}
                            for reference, template in zip(added[part].tolist(), templates[part], strict=True)
                        ]
                        client.upsert(self._name, rows, timeout=_TIMEOUT_S)
                    self._mark(client, block.last_seq)

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine; see `Index.search`.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1 or above what the server can rank.
            IndexUnreachable: the server does not answer.
        """
        require_question(template, self._dim, top)
        with self._lock.search(), self._called() as client:
            if among is not None:
                references, templates = self._fetched(client, np.unique(as_references(among)))
            else:
                references, templates = self._front(client, template, top)
        return ranked(references, exact_scores(templates, template), top)

    def refresh(self) -> None:
        """Read the mark again: another process may have followed the log further."""
        with self._lock.change(), self._called() as client:
            self._read_mark(client)

    def erase(self) -> None:
        """Let the server rewrite its segments without what was removed; it then deletes the old ones by itself.

        Raises:
            IndexUnreachable: the server does not answer.
        """
        with self._called() as client:
            client.flush(self._name, timeout=_TIMEOUT_S)
            client.compact(self._name, timeout=_TIMEOUT_S)

    def clear(self) -> None:
        """Forget everything: the collection is dropped.

        Raises:
            IndexUnreachable: the server does not answer.
        """
        with self._lock.change(), self._called() as client:
            client.drop_collection(self._name, timeout=_TIMEOUT_S)
            client.delete(_MARKS, ids=[self._name], timeout=_TIMEOUT_S)
            self._client = None

    def _front(self, client: Any, template: Vector, top: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Fetch all references that can be among the `top` best, with their templates."""
        limit = top + _FURTHER
        while True:
            limit = min(limit, _MOST)
            hits = client.search(
                self._name,
                [template],
                limit=limit,
                search_params={"params": {"nprobe": _LISTS, "reorder_k": _MOST}},
                output_fields=["template"],
                timeout=_TIMEOUT_S,
            )[0]
            scores = [hit["distance"] for hit in hits]
            if len(hits) < limit or scores[-1] < scores[top - 1] - self._margin:
                break
            if limit == _MOST:
                raise ValueError(f"the server ranks {_MOST} places at most; this list needs more")
            limit *= 4
        references = np.array([hit["id"] for hit in hits], dtype=np.int64)
        return references, _templates((hit["entity"]["template"] for hit in hits), self._dim)

    def _fetched(self, client: Any, references: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Fetch these references with their templates; those not held are passed over."""
        rows: list[Any] = []
        for begin in range(0, len(references), _ROWS):
            chosen = references[begin : begin + _ROWS].tolist()
            rows += client.query(self._name, f"reference in {chosen}", output_fields=["template"], timeout=_TIMEOUT_S)
        stored = np.array([row["reference"] for row in rows], dtype=np.int64)
        return stored, _templates((row["template"] for row in rows), self._dim)

    def _read_mark(self, client: Any) -> None:
        chosen = f'name == "{self._name}"'
        marks = client.query(_MARKS, chosen, output_fields=["watermark"], timeout=_TIMEOUT_S)
        self._watermark = int(marks[0]["watermark"]) if marks else 0

    def _mark(self, client: Any, watermark: int) -> None:
        row = {"name": self._name, "watermark": watermark, "unused": [0.0, 0.0]}
        client.upsert(_MARKS, [row], timeout=_TIMEOUT_S)
        self._watermark = watermark

    def _open(self) -> Any:
        """Return the client, connected and with the collection there and its mark read."""
        if self._client is None:
            with _reached(self._address):
                client = _connected(self._address)
                _make(client, self._name, self._dim)
                for name in (_MARKS, self._name):  # a server that was restarted may have neither in memory
                    client.load_collection(name, timeout=_TIMEOUT_S)
                self._read_mark(client)
                self._client = client
        return self._client

    @contextmanager
    def _called(self) -> Iterator[Any]:
        """Give the client; after a failure it connects again and reads the mark again."""
        client = self._open()
        try:
            with _reached(self._address):
                yield client
        except IndexUnreachable:
            self._client = None
            raise


def _connected(address: str) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(address, timeout=_TIMEOUT_S)


def _make(client: Any, name: str, dim: int) -> None:
    """Make the collection of marks and this one, with every search seeing every write, where they are missing."""
    from pymilvus import DataType

    if not client.has_collection(_MARKS, timeout=_TIMEOUT_S):
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("name", DataType.VARCHAR, is_primary=True, max_length=200)
        schema.add_field("watermark", DataType.INT64)
        schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)  # a collection must have a vector
        index = client.prepare_index_params()
        index.add_index("unused", index_type="FLAT", metric_type="IP")
        client.create_collection(
            _MARKS, schema=schema, index_params=index, consistency_level="Strong", timeout=_TIMEOUT_S
        )
    if not client.has_collection(name, timeout=_TIMEOUT_S):
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("reference", DataType.INT64, is_primary=True)
        schema.add_field("template", DataType.FLOAT_VECTOR, dim=dim)
        index = client.prepare_index_params()
        # With "true" as a text: a Python True lets the server build for ever.
        lists = {"nlist": _LISTS, "with_raw_data": "true"}
        index.add_index("template", index_type="SCANN", metric_type="IP", params=lists)
        client.delete(_MARKS, ids=[name], timeout=_TIMEOUT_S)
        client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong", timeout=_TIMEOUT_S
        )


def _templates(rows: Iterable[Any], dim: int) -> NDArray[np.float32]:
    templates = [np.asarray(row, dtype=np.float32) for row in rows]
    return np.stack(templates) if templates else np.empty((0, dim), dtype=np.float32)


@contextmanager
def _reached(address: str) -> Iterator[None]:
    """Turn whatever the client raises into one error that says what to do."""
    try:  # the extra `milvus`: it takes a second to load, and most workspaces have no server
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise IndexClientMissing("milvus") from error

    try:
        yield
    except (MilvusException, RpcError) as error:
        raise IndexUnreachable(address, str(getattr(error, "message", error)) or type(error).__name__) from error
