"""Hostile bytes to everything in the audit package that reads: a clear refusal, never another exception."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import plainview.audit
from plainview.audit.checkpoint import BadCheckpoint, BadKey, Signer, VerifierKey, parse, parse_note, verify
from plainview.audit.logfile import split_line, split_note
from plainview.audit.merkle import Frontier
from plainview.audit.record import BadEntry, Entry, Opening, parse_line
from plainview.audit.verify import verify_folder

SIGNER = Signer.from_private_bytes("agency.example/log", bytes(32))
ENTRY = Entry(0, "2026-11-23T03:38:24.12Z", "agency.example/log", "a.b", "m", {"é": [1, None]}, {"x": "00" * 32})
NOTE = SIGNER.sign(1, Frontier().append(ENTRY.leaf()).root())
LINE = b'{"entry":' + ENTRY.canonical + b',"leaf":"' + ENTRY.leaf().hex().encode() + b'"}\n'


def spliced(original: bytes) -> st.SearchStrategy[bytes]:
    """The original with some span of it replaced by anything."""
    place = st.integers(0, len(original))
    return st.builds(
        lambda a, b, new: original[: min(a, b)] + new + original[max(a, b) :],
        place,
        place,
        st.binary(max_size=40),
    )


@pytest.fixture(scope="module")
def standalone() -> ModuleType:
    script = Path(plainview.audit.__file__).with_name("standalone.py")
    spec = importlib.util.spec_from_file_location("standalone", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(data=st.binary(max_size=300) | spliced(ENTRY.canonical))
@example(b"[" * 60_000)
@example(b'{"a":' * 10_000)
def test_entries(data: bytes) -> None:
    with contextlib.suppress(BadEntry):
        assert parse_line(data).canonical == data


@given(data=st.binary(max_size=300) | spliced(LINE))
def test_lines(data: bytes) -> None:
    with contextlib.suppress(BadEntry):
        canonical, leaf = split_line(data)
        assert b'{"entry":' + canonical + b',"leaf":"' + leaf.hex().encode() + b'"}\n' == data


@given(data=st.binary(max_size=200) | spliced(b'{"name":"a","salt":"' + b"00" * 32 + b'","value":1}'))
def test_openings(data: bytes) -> None:
    with contextlib.suppress(BadEntry):
        Opening.from_json(data)


@given(data=st.binary(max_size=300) | spliced(NOTE.encode()))
def test_checkpoints(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(BadCheckpoint):
        parse_note(text)
        parse(text)
    with contextlib.suppress(BadCheckpoint):
        split_note(data)
    with contextlib.suppress(BadCheckpoint):
        verified = verify(text, [SIGNER.verifier])
        assert verified == parse(NOTE), "nothing else was ever signed"


@given(data=st.binary(max_size=120) | spliced(SIGNER.verifier.text.encode()))
def test_keys(data: bytes) -> None:
    with contextlib.suppress(BadKey):
        text = data.decode("utf-8", "surrogateescape")
        assert VerifierKey.parse(text).text == text


@given(data=st.binary(max_size=200) | spliced(Frontier().append(bytes(32)).to_bytes()))
def test_frontiers(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert Frontier.from_bytes(data).to_bytes() == data


@given(
    log=st.just(LINE) | spliced(LINE) | st.binary(max_size=200),
    notes=st.just(NOTE.encode() + b"\n") | spliced(NOTE.encode() + b"\n"),
    key=st.just(SIGNER.verifier.text.encode() + b"\n") | spliced(SIGNER.verifier.text.encode()),
    kept=st.none() | st.just(NOTE) | spliced(NOTE.encode()).map(lambda data: data.decode("utf-8", "replace")),
)
@example(log=b"x" * 70_000 + b"\n" + LINE, notes=b"y" * 140_000 + b"\n\n", key=b"", kept="")
@example(log=b"", notes=NOTE.encode() + b"\n", key=SIGNER.verifier.text.encode() + b"\n", kept=None)
def test_the_two_verifiers_agree_on_any_folder(
    standalone: ModuleType, log: bytes, notes: bytes, key: bytes, kept: str | None
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "log.jsonl").write_bytes(log)
        (folder / "checkpoints").write_bytes(notes)
        (folder / "key.pub").write_bytes(key)
        report = verify_folder(folder, kept_checkpoint=kept)
        verdict = standalone.verify(folder, None, None if kept is None else kept.encode())
    assert (verdict["ok"], verdict["first_bad"], verdict["entries"]) == (
        report.ok,
        report.first_bad,
        report.entries,
    )
    if report.ok:
        assert log == LINE
        assert verdict["root"] == report.root
