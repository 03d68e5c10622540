"""Everything that reads strangers' bytes: how it is fed, and what it may answer.

Owns the table of `make fuzz`, and what counts as a refusal: one of our own, in a sentence, with a next step. It must never
accept another exception, nor words that only a programmer understands.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import files, media, papers, sign_in
from tests.fuzz.mutation import mutated

HANG = 5
"""Seconds that one input may take; source: issue 16."""

Feed = Callable[[bytes], str]
"""Reads one input; returns "read", or the code of the refusal. Whatever it raises is a failure."""

Mutate = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Parser:
    """A parser.

    Attributes:
        seeds: makes files that it reads; their folder has room for what belongs to them.
        opened: makes it ready, in the folder of its seeds.
        suffixes: endings of strangers' files that are for it.
        workspace: whether seeds and feeding need a sample workspace.
        mutate: how a seed is changed.
        tries: inputs in `make test`.
        slow: whether it belongs to `make test-long`.
    """

    seeds: Callable[[Path], dict[str, bytes]]
    opened: Callable[[Path], AbstractContextManager[Feed]]
    suffixes: tuple[str, ...] = ()
    workspace: bool = False
    mutate: Mutate = mutated
    tries: int = 60
    slow: bool = False


PARSERS: dict[str, Parser] = {
    "csv": Parser(files.csv, files.manifest("m.csv"), (".csv",)),
    "jsonl": Parser(files.jsonl, files.manifest("m.jsonl"), (".jsonl",)),
    "xlsx": Parser(files.xlsx, files.manifest("m.xlsx"), (".xlsx",), tries=20),
    "parquet": Parser(files.parquet, files.manifest("m.parquet"), (".parquet",)),
    "zip": Parser(files.zipped, files.upload, (".zip",)),
    "labels": Parser(files.labels, files.labels_read),
    "order": Parser(files.order, files.order_read),
    "feed": Parser(files.feed, files.feed_read, (".rss", ".atom", ".xml"), mutate=files.feed_mutated),
    "nist": Parser(files.nist, files.nist_read, (".an2", ".an", ".nist", ".eft", ".an2k")),
    "backup": Parser(papers.backup, papers.backup_read, mutate=papers.backup_mutated, tries=20),
    "proof": Parser(papers.proof, papers.proof_read, workspace=True),
    "report": Parser(papers.report, papers.report_read, workspace=True, tries=20),
    "register": Parser(papers.register, papers.register_read, workspace=True, tries=20),
    "package": Parser(
        papers.package, papers.package_read, workspace=True, mutate=papers.package_mutated, tries=10, slow=True
    ),
    "picture": Parser(media.pictures, media.picture_read, media.PICTURES, tries=100),
    "video": Parser(media.videos, media.video_read, media.VIDEOS, tries=100, slow=True),
    "saml": Parser(sign_in.answers, sign_in.answer_read, workspace=True, mutate=sign_in.mutated_answer, tries=20),
}
