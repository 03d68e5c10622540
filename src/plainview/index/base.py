"""What every index is: a follower of one ordered log that ranks references by exact cosine.

Owns the log's shape as the index sees it (`Change`, `Block`), the Protocol that every adapter fulfils, the
rule by which an index catches up before it answers, and the one definition of a score and of a candidate
order that all adapters share. It must never invent, skip or reorder a log row, and never answer with an
approximate score.

The rules, held by tests/contract/test_index_contract.py for every adapter:

1. Log rows are numbered from 1 without gaps. An index applies them in order and remembers the last one
   (`watermark`). Any other number, one already applied included, is refused with `IndexOutOfStep`.
2. The state after row n depends on rows 1 to n only: a reference is in the index if its last row is an add,
   with that add's template. So an add of a reference that is present replaces its template, and a remove of
   one that is absent changes nothing but the watermark.
3. Templates of expunged references are erased from the log too. The reader of the log then hands on such an
   old add as a remove: the number stays, the template is gone, and by rule 2 the final state is the same.
4. A `Block`, or a run of up to `BATCH` single changes, is applied wholly or not at all.
5. The same search on the same set of references gives the same list, whatever the order in which they came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from plainview.index.errors import BadTemplate as BadTemplate
from plainview.index.errors import IndexClientMissing as IndexClientMissing
from plainview.index.errors import IndexDamaged as IndexDamaged
from plainview.index.errors import IndexIncomplete as IndexIncomplete
from plainview.index.errors import IndexOutOfStep as IndexOutOfStep
from plainview.index.errors import IndexUnreachable as IndexUnreachable
from plainview.recognition.types import Vector

Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)

BATCH = 4096
"""Single changes that are gathered into one block: large enough for numpy to be fast, a few MB at most."""

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a template may be: wider than float16 rounding, narrower than a real fault."""

SCORE_DECIMALS = 6
"""Decimals of a score. float64 summation differs from machine to machine near the 16th decimal only, so
rounding here makes scores portable; differences below 1e-6 of cosine carry no meaning in any model."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One row of a gallery's ordered log. Compared by identity, because arrays have no single truth value.

    Attributes:
        seq: number of the row, 1 or more, without gaps.
        op: "add" or "remove".
        reference: the reference's number in the database.
        template: see `Vector`; None for a remove, and only then.
    """

    seq: int
    op: Literal["add", "remove"]
    reference: int
    template: Vector | None

    def __post_init__(self) -> None:
        if (self.op == "add") != (self.template is not None):
            raise ValueError(f"log row {self.seq}: an add carries a template, a remove carries none")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Many consecutive log rows as arrays: the fast way from the database into an index.

    Attributes:
        first_seq: number of the first row; row i of the block has number first_seq + i.
        references: int64, shape (rows,).
        is_add: bool, shape (rows,): True for an add, False for a remove.
        templates: float32, shape (number of adds, dimension), length 1 each: those of the adds, in log order.
    """

    first_seq: int
    references: NDArray[np.int64]
    is_add: NDArray[np.bool_]
    templates: NDArray[np.float32]

    @classmethod
    def of_adds(cls, first_seq: int, references: NDArray[np.int64], templates: NDArray[np.float32]) -> Block:
        """Return a block of adds only; `references` int64 (rows,), `templates` float32 (rows, dimension)."""
        return cls(first_seq, references, np.ones(len(references), dtype=np.bool_), templates)

    @property
    def last_seq(self) -> int:
        """Number of the last row."""
        return self.first_seq + len(self.references) - 1


@dataclass(frozen=True, slots=True)
class Scored:
    """One reference of a ranked answer.

    Attributes:
        reference: the reference's number in the database.
        score: cosine of probe and reference, -1 to 1: the dot product of the two stored float32 templates in
            float64, rounded to `SCORE_DECIMALS` decimals. It is the cosine as far as the templates have
            length 1, which float32 holds to about 1e-7.
    """

    reference: int
    score: float


class Index(Protocol):
    """A gallery's templates, ready to be compared with a probe. Safe to use from several threads."""

    @property
    def dim(self) -> int:
        """Components of a template."""

    @property
    def watermark(self) -> int:
        """Number of the last log row applied; 0 for none."""

    def __len__(self) -> int:
        """References that a search compares."""

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log: the first row is number `watermark` + 1, then one after the other.

        After an error the index is still an exact image of the log up to its `watermark`; rows before the bad
        one may have been applied or not (rule 4).

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
        """

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine, highest first, equal scores by reference number.

        Args:
            template: the probe's, see `Vector`.
            top: length of the answer, 1 or more; the answer is shorter when there are fewer references.
            among: compare these references only; those that the index does not hold are passed over. An int64
                array is the fast form. None compares all.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1.
            IndexDamaged: a copy that the index reads is damaged; `mended` makes it again from the log.
        """

    def refresh(self) -> None:
        """Take over what another process has written of this index, so that less of the log is left to read."""

    def erase(self) -> None:
        """Overwrite whatever of a removed template could not be overwritten when it was removed.

        Raises:
            OSError: a copy cannot be written; call it again.
        """

    def clear(self) -> None:
        """Forget everything: no reference, watermark 0.

        Call it when the log itself was replaced, as by restoring a backup: from numbers alone an index cannot
        tell one log from another.
        """


def catch_up(index: Index, read_after: Callable[[int], Iterable[Change | Block]]) -> int:
    """Bring an index up to date with the log; called before every answer, so that no acknowledged row is missed.

    Several threads may call it at once. Each reads without holding a lock; the one that comes second with the
    same rows is refused by the index and reads on from the new watermark.

    Args:
        index: the index to bring forward.
        read_after: returns the log's rows with numbers above the given one, in order.

    Returns:
        The watermark reached: at least the log's last row when this call began.

    Raises:
        IndexOutOfStep: the log itself has a gap after the watermark.
        BadTemplate: the log holds a template that cannot be compared.
    """
    while True:
        start = index.watermark
        try:
            index.apply(read_after(start))
        except IndexOutOfStep:
            if index.watermark == start:  # nobody moved on meanwhile, so the fault is in the log
                raise
        else:
            return index.watermark


def mended(index: Index, work: Callable[[], Answer]) -> Answer:
    """Do a work of catching up and searching; an index that finds itself damaged is made again from the log, and says so.

    Raises:
        IndexDamaged: it is damaged again as soon as it was made.
    """
    try:
        return work()
    except IndexDamaged as damaged:
        _LOG.warning("The index is damaged (%s); it is made again from the database.", damaged)
        index.clear()
        return work()


def in_blocks(log: Iterable[Change | Block], dim: int) -> Iterator[Block]:
    """Yield the log as checked blocks: given blocks as they are, single changes in runs of up to `BATCH`.

    For adapters. What is yielded is consecutive in itself, has templates of dimension `dim` and is never
    empty; whether it follows the watermark is for the adapter to check under its own lock (`require_next`).

    Raises:
        IndexOutOfStep: numbers within a run of changes are not consecutive.
        BadTemplate: a template cannot be compared.
    """
    rows = iter(log)
    for row in rows:
        if isinstance(row, Block):
            if len(row.references):
                yield _checked(row, dim)
            continue
        run, following = [row], None
        for other in islice(rows, BATCH - 1):
            if isinstance(other, Block):
                following = other
                break
            run.append(other)
        yield _checked(_block_of(run, dim), dim)
        if following is not None and len(following.references):
            yield _checked(following, dim)


def require_next(block: Block, watermark: int) -> None:
    """Raise `IndexOutOfStep` unless the block begins right after the watermark."""
    if block.first_seq != watermark + 1:
        raise IndexOutOfStep(watermark + 1, block.first_seq)


def settled(
    block: Block,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return what a block comes to, by rule 2: the last row of each reference decides.

    Returns:
        All references that the block touches, int64 (n,), each once; the number of the last row of each, int64 (n,);
        those that end as added, int64 (m,), in log order; their templates, float32 (m, dimension).
    """
    backwards = block.references[::-1]
    touched, from_end = np.unique(backwards, return_index=True)
    last_of_each = len(backwards) - 1 - from_end
    last_rows = np.sort(last_of_each)
    added = last_rows[block.is_add[last_rows]]
    template_of_row = np.cumsum(block.is_add) - 1
    return (
        touched,
        block.first_seq + last_of_each,
        block.references[added],
        block.templates[template_of_row[added]],
    )


def as_references(among: Collection[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return reference numbers as an int64 array."""
    if isinstance(among, np.ndarray):
        return among.astype(np.int64, copy=False)
    return np.fromiter(among, dtype=np.int64, count=len(among))


def require_question(template: Vector, dim: int, top: int) -> None:
    """Raise `BadTemplate` unless a probe is a finite float32 vector of dimension `dim` and length 1; ValueError: no places."""
    if template.shape != (dim,):
        raise BadTemplate(f"A template of shape ({dim},) is needed, this one has {template.shape}.")
    _require_unit(template[np.newaxis, :], repeat("the probe"))
    if top < 1:
        raise ValueError(f"a candidate list has 1 place or more, not {top}")


def exact_scores(templates: NDArray[np.float32], probe: Vector) -> NDArray[np.float64]:
    """Return the cosine of each template with the probe, the same on every machine.

    The product of two float32 numbers is exact in float64, and the sums are paired in a fixed order instead
    of the order that a BLAS kernel picks, so a score depends on the two templates alone.

    Args:
        templates: float32, shape (rows, dimension), length 1 each.
        probe: see `Vector`.

    Returns:
        float64, shape (rows,), cosine, rounded to `SCORE_DECIMALS`.
    """
    sums = templates.astype(np.float64) * probe.astype(np.float64)
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        paired = sums[:, :half] + sums[:, half : 2 * half]
        if sums.shape[1] % 2:
            paired[:, 0] += sums[:, -1]
        sums = paired
    rounded = [round(score, SCORE_DECIMALS) for score in sums[:, 0].tolist()]
    return np.array(rounded, dtype=np.float64) + 0.0  # adding zero turns -0.0 into 0.0


def rough_margin(dim: int) -> float:
    """Return how far float32 arithmetic can misplace a row among others, in cosine.

    A float32 dot product of n terms is off by at most n * 2^-24 * |a||b|, whatever the order of summation
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1). Two of those, 1 % for
    lengths near 1, and two steps of the score's rounding.
    """
    return 2 * 1.01 * dim * 2.0**-24 + 2 * 10.0**-SCORE_DECIMALS


def could_be_best(rough: NDArray[np.float32], top: int, margin: float) -> NDArray[np.intp]:
    """Return the positions of all rows that can be among the `top` best, if `rough` misleads by `margin`."""
    if len(rough) <= top:
        return np.arange(len(rough))
    place = len(rough) - top
    return np.flatnonzero(rough >= np.partition(rough, place)[place] - margin)


def ranked(references: NDArray[np.int64], scores: NDArray[np.float64], top: int) -> list[Scored]:
    """Return the `top` best as a candidate order: highest score first, equal scores by reference number.

    Args:
        references: int64, shape (rows,).
        scores: float64, shape (rows,), cosine from `exact_scores`.
        top: how many to return at most.
    """
    best = np.lexsort((references, -scores))[:top]
    return [
        Scored(reference, score)
        for reference, score in zip(references[best].tolist(), scores[best].tolist(), strict=True)
    ]


def _block_of(run: list[Change], dim: int) -> Block:
    """Gather consecutive changes into one block."""
    for expected, change in enumerate(run, start=run[0].seq):
        if change.seq != expected:
            raise IndexOutOfStep(expected, change.seq)
        if change.template is not None and change.template.shape != (dim,):
            raise BadTemplate(
                f"Log row {change.seq}: a template of shape ({dim},) is needed, this one has "
                f"{change.template.shape}. Was it made by another model pack?"
            )
    templates = [change.template for change in run if change.template is not None]
    return Block(
        first_seq=run[0].seq,
        references=np.array([change.reference for change in run], dtype=np.int64),
        is_add=np.array([change.op == "add" for change in run], dtype=np.bool_),
        templates=np.stack(templates) if templates else np.empty((0, dim), dtype=np.float32),
    )


def _checked(block: Block, dim: int) -> Block:
    """Return the block if its arrays fit together and its templates can be compared."""
    rows, adds = len(block.references), int(np.count_nonzero(block.is_add))
    if block.references.shape != (rows,) or block.references.dtype != np.int64:
        raise ValueError("Block.references must be an int64 array of shape (rows,)")
    if block.is_add.shape != (rows,) or block.is_add.dtype != np.bool_:
        raise ValueError("Block.is_add must be a bool array of shape (rows,)")
    if not adds:  # a reader of removals alone cannot know the dimension
        return Block(block.first_seq, block.references, block.is_add, np.empty((0, dim), dtype=np.float32))
    if block.templates.shape != (adds, dim):
        raise BadTemplate(
            f"Log rows {block.first_seq} to {block.last_seq}: templates of shape ({adds}, {dim}) are needed, "
            f"these have {block.templates.shape}. Were they made by another model pack?"
        )
    _require_unit(
        block.templates, (f"log row {block.first_seq + row}" for row in np.flatnonzero(block.is_add).tolist())
    )
    return block


def _require_unit(templates: NDArray[np.float32], names: Iterable[str]) -> None:
    """Raise `BadTemplate`, naming the first bad row, unless all rows are float32, finite and of length 1."""
    if templates.dtype != np.float32:
        raise BadTemplate(f"Templates must be float32, these are {templates.dtype}.")
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", templates, templates))
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= UNIT_TOLERANCE))  # a NaN compares as wrong
    if len(wrong):
        row = int(wrong[0])
        name = next(islice(names, row, None))
        raise BadTemplate(
            f"The template of {name} has length {lengths[row]:.6g} instead of 1. Embed the picture again and verify the model pack."
        )
