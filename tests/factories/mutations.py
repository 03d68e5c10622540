"""Strangers' files with something wrong in them: bytes changed, cut out, put in; JSON with odd values in odd places."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from tests.properties import fuzzing

ODD: list[Any] = [None, True, -1, 0, 10**30, 1e308, "", "\0", "x" * 300, "../../etc/passwd", [], {}, [[]], {"a": None}]


def tries(usual: int) -> int:
    """Return so many examples in `make test`, and a twentieth of 100,000 in `make fuzz`, which takes twenty times as many."""
    return 5_000 if fuzzing else usual


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """The file with a few bytes changed, cut out or put in; its head is hit as often as the rest."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(data), 200)) | st.integers(0, len(data)))
        how = draw(st.sampled_from(["change", "cut", "insert", "end"]))
        if how == "change":
            piece = draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, bytes(4)]))
            data[at : at + len(piece)] = piece
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif how == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=32))
        else:
            del data[at:]
    return bytes(data)


@st.composite
def odd_json(draw: st.DrawFn, seed: bytes) -> bytes:
    """The JSON file with up to three values taken out or replaced, at any depth."""
    value = json.loads(seed)
    for _ in range(draw(st.integers(1, 3))):
        at: Any = value
        while isinstance(at, dict | list) and at:
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            if not isinstance(at[key], dict | list) or not at[key] or draw(st.integers(0, 3)) == 0:
                if draw(st.booleans()):
                    at[key] = draw(st.sampled_from(ODD))
                else:
                    del at[key]
                break
            at = at[key]
    return json.dumps(value).encode()


def mutated(seed: bytes) -> st.SearchStrategy[bytes]:
    """A JSON file with wrong bytes, or with odd values."""
    return damaged(seed) | odd_json(seed)
