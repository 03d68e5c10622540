"""Making every draw of a sample again from a copy of the log alone: needs no workspace, no database and no key.

Owns the one pass over the log that this takes. Whether the copy itself is whole is `plainview audit verify FOLDER`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainview.audit.logfile import LOG_NAME, read_lines, settled, split_line
from plainview.audit.merkle import Frontier, leaf_hash
from plainview.audit.record import BadEntry, Entry, parse_line
from plainview.policy.decision import Refused
from plainview.policy.sampling import draw, seed_of

ANNOUNCED, DRAWN, SEARCHED = "sample.announced", "sample.drawn", "search.requested"


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw of the log: the number of its entry, its sample, how many it drew, what is wrong; "" when nothing is."""

    entry: int
    sample: str
    drawn: int
    problem: str


def draws_of(folder: Path) -> list[Draw]:
    """Every draw in a copy of the log, made again.

    Raises:
        Refused: sample.log, when the folder holds no log that can be read.
    """
    tree, searches, announced, draws = Frontier(0, ()), [], {}, []
    try:
        end, _ = settled(folder)
        for line in read_lines(folder / LOG_NAME, end):
            canonical, _ = split_line(line)
            entry = parse_line(canonical)
            tree = tree.append(leaf_hash(canonical))
            if entry.action == SEARCHED:
                searches.append(entry)
            elif entry.action == ANNOUNCED:
                announced[entry.seq] = (entry, tree.root().hex())
            elif entry.action == DRAWN:
                draws.append(_again(entry, announced, searches))
    except (OSError, ValueError, BadEntry) as error:
        raise Refused(
            "sample.log",
            "Not checked",
            f"{folder} contains no readable log: {error}.",
            "Choose the folder of an exported log.",
        ) from None
    return draws


def _again(drawn: Entry, announced: Mapping[int, tuple[Entry, str]], searches: list[Entry]) -> Draw:
    subject = drawn.subject
    stated = [str(name) for name in _list(subject.get("searches"))]
    first, root = announced.get(_number(subject.get("announced")), (None, ""))
    sample = str(subject.get("sample"))
    if first is None or first.subject.get("agency") != subject.get("agency"):
        return Draw(drawn.seq, sample, len(stated), "it was not announced")
    asked: Mapping[str, Any] = first.subject
    seed = seed_of(
        root,
        str(asked["nonce"]),
        agency=str(asked["agency"]),
        wanted=int(asked["wanted"]),
        since=str(asked["since"]),
        stratified=bool(asked["stratified"]),
    )
    if (subject.get("root"), subject.get("seed")) != (root, seed):
        return Draw(drawn.seq, sample, len(stated), "its seed does not come of the log and of what was announced")
    rows = [
        (str(search.subject["search"]), search.actor)
        for search in searches
        if search.seq < first.seq
        and search.subject.get("agency") == asked["agency"]
        and search.at >= str(asked["since"])
    ]
    if draw(rows, int(asked["wanted"]), seed, stratified=bool(asked["stratified"])) != stated:
        return Draw(drawn.seq, sample, len(stated), "the draw gives other searches")
    return Draw(drawn.seq, sample, len(stated), "")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1
