"""Reads the manifest of a model pack that somebody brings: a TOML file beside an ONNX file.

Owns the format and its checks. It must never guess: a missing statement (licence, training data, colour
order) is an error that names it, and so is a word that it does not know. It reads the manifest only; the
network is checked by `install`.
"""

from __future__ import annotations

import math
import re
import tomllib
from itertools import pairwise
from typing import Any

from plainview.recognition.errors import PackError
from plainview.recognition.foreign import foreign
from plainview.recognition.packs import (
    ALIGNMENTS,
    PACKS,
    USES,
    Calibration,
    Colour,
    EmbedInput,
    Looks,
    Mirrored,
    ModelFile,
    ModelPack,
)

MANIFEST_NAME = "pack.toml"
"""File name of the manifest in an installed pack's folder."""

MAX_BYTES = 64 * 1024
"""Largest manifest that is read."""

MAX_DIMENSION = 4096
"""Largest template that is accepted; published face models give 128 to 1,024 numbers."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NON_COMMERCIAL = re.compile(r"non.?commercial|\bNC\b|research.only", re.IGNORECASE)

_EXAMPLE = "docs/reference/model-packs.md shows a complete manifest."


def read_manifest(text: bytes) -> ModelPack:
    """Turn a manifest into a card.

    Args:
        text: bytes of the TOML file, UTF-8.

    Returns:
        The pack, with `source` and `detector` None: its files came with the manifest, faces are found by the
        default pack's detector.

    Raises:
        PackError: it is no TOML, or a statement is missing, unknown or contradictory.
    """
    if len(text) > MAX_BYTES:
        raise _wrong(f"it has {len(text):,} bytes; {MAX_BYTES:,} are read at most")
    with foreign(lambda _: _wrong("it is not TOML in UTF-8")):
        table = tomllib.loads(text.decode("utf-8"))
    top = _Table(table, "")
    if top.whole("manifest") != 1:
        raise _wrong('"manifest" must be 1, the version of this format')
    name, version = top.matching("name", _NAME), top.matching("version", _VERSION)
    if name in PACKS:
        raise _wrong(f'"name" must be its own: {name} is a pack of Plainview')
    summary, maker, licence = top.text("summary"), top.text("maker"), top.text("licence")
    training_data = top.text("training_data")
    model = top.table("model")
    pack = ModelPack(
        name=name,
        version=version,
        summary=summary,
        source=None,
        detector=None,
        recogniser=ModelFile(
            name=model.matching("file", _FILE),
            bytes=model.whole("bytes", lowest=1),
            sha256=model.matching("sha256", _SHA256),
            maker=maker,
            licence=licence,
            training_data=training_data,
        ),
        embed=EmbedInput(
            input=model.text("input"),
            output=model.text("output"),
            colour=_colour(model),
            mean=model.three("mean"),
            std=model.three("std", above=0.0),
        ),
        dimension=model.whole("dimension", lowest=2, highest=MAX_DIMENSION),
        alignment=model.one_of("template", ALIGNMENTS),
        permitted_uses=_permitted_uses(top, licence),
        mirrored=_mirrored(model),
        looks=_looks(model),
        cubic=model.switch("cubic"),
        calibration=_calibration(top),
        group_differences=top.sentences("group_differences"),
    )
    model.nothing_else()
    top.nothing_else()
    return pack


def _colour(model: _Table) -> Colour:
    return "RGB" if model.one_of("colour", ("RGB", "BGR")) == "RGB" else "BGR"


def _mirrored(model: _Table) -> Mirrored:
    if model.values.get("mirrored") == "probe":
        model.values.pop("mirrored")
        return "probe"
    return "always" if model.switch("mirrored") else "never"


def _looks(model: _Table) -> Looks:
    if "looks" not in model.values:
        return 4
    looks = model.whole("looks")
    if looks not in (2, 4):
        raise _wrong('"model.looks" must be 2 or 4')
    return 2 if looks == 2 else 4


def _permitted_uses(top: _Table, licence: str) -> frozenset[str]:
    uses = top.sentences("permitted_uses", required=True)
    for use in uses:
        if use not in USES:
            raise _wrong(f'"permitted_uses" may hold {", ".join(USES)}, not {use!r}')
    if "investigation" in uses and _NON_COMMERCIAL.search(licence):
        raise _wrong(f'"permitted_uses" holds investigation, which the licence {licence!r} does not permit')
    return frozenset(uses)


def _calibration(top: _Table) -> Calibration | None:
    if "calibration" not in top.values:
        return None
    table = top.table("calibration")
    levels = table.table("cosine_at_fmr")
    pairs: list[tuple[float, float]] = []
    for key in list(levels.values):
        try:
            rate = float(key)
        except ValueError:
            rate = math.nan
        if not 0.0 < rate < 1.0:
            raise _wrong(f'"calibration.cosine_at_fmr" is keyed by rates such as "1e-3", not {key!r}')
        pairs.append((rate, levels.number(key, -1.0, 1.0)))
    pairs.sort(reverse=True)
    falling = all(a[0] > b[0] and a[1] < b[1] for a, b in pairwise(pairs))
    if not pairs or not falling:
        raise _wrong('"calibration.cosine_at_fmr" needs rates whose cosines rise as the rates fall')
    result = Calibration(tuple(pairs), data=table.text("data"), measured_by=table.text("measured_by"))
    table.nothing_else()
    return result


class _Table:
    """One table of the manifest: takes values out by kind, and knows what was never asked for."""

    def __init__(self, values: dict[str, Any], path: str) -> None:
        self.values = dict(values)
        self.path = path

    def _take(self, key: str, kind: type | tuple[type, ...], meaning: str) -> Any:
        if key not in self.values:
            raise _wrong(f'"{self.path}{key}" is missing ({meaning})')
        value = self.values.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise _wrong(f'"{self.path}{key}" must be {meaning}')
        return value

    def text(self, key: str) -> str:
        value = str(self._take(key, str, "a text"))
        if not value.strip() or len(value) > 2000 or not value.isprintable():
            raise _wrong(f'"{self.path}{key}" must be a text of one line, 2,000 characters at most')
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise _wrong(f'"{self.path}{key}" must look like {pattern.pattern}')
        return value

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise _wrong(f'"{self.path}{key}" must be one of {", ".join(allowed)}')
        return value

    def whole(self, key: str, *, lowest: int = 0, highest: int = 2**40) -> int:
        value = int(self._take(key, int, "a whole number"))
        if not lowest <= value <= highest:
            raise _wrong(f'"{self.path}{key}" must be from {lowest:,} to {highest:,}')
        return value

    def switch(self, key: str) -> bool:
        """True or false; false where it is not there."""
        return key in self.values and bool(self._take(key, bool, "true or false"))

    def number(self, key: str, lowest: float, highest: float) -> float:
        value = self._take(key, (int, float), "a number")
        if not lowest <= value <= highest:
            raise _wrong(f'"{self.path}{key}" must be from {lowest:g} to {highest:g}')
        return float(value)

    def three(self, key: str, *, above: float = -math.inf) -> tuple[float, float, float]:
        meaning = "three numbers, one for each channel in the order of colour"
        values = self._take(key, list, meaning)
        sound = [
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= 1e6 and v > above for v in values
        ]
        if len(values) != 3 or not all(sound):
            raise _wrong(f'"{self.path}{key}" must be {meaning}')
        return (float(values[0]), float(values[1]), float(values[2]))

    def sentences(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        if key not in self.values and not required:
            return ()
        values = self._take(key, list, "a list of texts")
        sound = all(isinstance(v, str) and v.strip() and v.isprintable() for v in values)
        if not sound or (required and not values):
            raise _wrong(f'"{self.path}{key}" must be a list of texts')
        return tuple(values)

    def table(self, key: str) -> _Table:
        return _Table(self._take(key, dict, "a table"), f"{self.path}{key}.")

    def nothing_else(self) -> None:
        if self.values:
            raise _wrong(f'"{self.path}{next(iter(self.values))}" is not known')


def _wrong(problem: str) -> PackError:
    return PackError(f"The manifest cannot be used: {problem}.", _EXAMPLE)
