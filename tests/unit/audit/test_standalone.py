"""The outsider's script agrees with the package on every log, sound or not, and needs none of it."""

from __future__ import annotations

import base64
import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import plainview.audit
from plainview.audit.checkpoint import Signer, parse
from plainview.audit.logfile import MAX_LINE_BYTES, Record
from plainview.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from plainview.audit.record import BadEntry, Entry, parse_line
from plainview.audit.verify import verify_folder

ORIGIN = "agency.example/log"
SCRIPT = Path(plainview.audit.__file__).with_name("standalone.py")

# Runs the script's own verdict on many folders in one isolated interpreter.
DRIVER = """
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("standalone", sys.argv[1])
standalone = importlib.util.module_from_spec(spec)
spec.loader.exec_module(standalone)
for line in sys.stdin:
    folder, kept = json.loads(line)
    verdict = standalone.verify(pathlib.Path(folder), None, None if kept is None else kept.encode())
    print(json.dumps(verdict))
foreign = {name.partition(".")[0] for name in sys.modules} & {"plainview", "rfc8785", "django", "numpy"}
assert not foreign, foreign
"""


def run(*args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def verdicts(folders: Iterable[tuple[Path, str | None]]) -> list[dict[str, Any]]:
    done = run("-c", DRIVER, SCRIPT, stdin="".join(json.dumps([str(path), kept]) + "\n" for path, kept in folders))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("standalone", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dense(tools: Any, signer: Signer, records: list[Record]) -> Any:
    return tools.copy.of(signer, records)


@pytest.fixture
def sparse(tools: Any, signer: Signer, sparse_records: list[Record]) -> Any:
    return tools.copy.of(signer, sparse_records)


def test_it_is_short_enough_to_be_read() -> None:
    assert len(SCRIPT.read_text().splitlines()) < 400


def test_a_sound_log(dense: Any, signer: Signer, tmp_path: Path) -> None:
    folder = dense.write(tmp_path / "log")
    (tmp_path / "kept").write_bytes(dense.notes[7])
    done = run(SCRIPT, folder, "--key", signer.verifier.text, "--kept", tmp_path / "kept", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = verify_folder(folder)
    assert json.loads(done.stdout) == {
        "ok": True,
        "entries": 40,
        "root": report.root,
        "first_bad": None,
        "problems": [],
    }
    assert done.stdout.count("\n") == 1
    assert json.loads(run(SCRIPT, folder).stdout) == json.loads(done.stdout)


def test_a_log_that_is_not_sound(tools: Any, dense: Any, tmp_path: Path) -> None:
    lines = tools.covered_up(tools.damages["alter"](list(dense.lines), 17))
    done = run(SCRIPT, dense.with_lines(lines).write(tmp_path / "log"), "--json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["ok"], verdict["first_bad"]) == (1, False, 17)
    assert len(verdict["problems"]) == 1
    assert "entries changed from 17 to 17" in verdict["problems"][0]


def test_an_overlong_line_is_one_bad_entry_and_those_after_it_are_judged(dense: Any, tmp_path: Path) -> None:
    lines = [*dense.lines[:17], b"x" * (5 * MAX_LINE_BYTES // 2) + b"\n", *dense.lines[18:]]
    folder = dense.with_lines(lines).write(tmp_path / "log")
    verdict, report = json.loads(run(SCRIPT, folder, "--json").stdout), verify_folder(folder)
    assert (verdict["entries"], verdict["first_bad"]) == (report.entries, report.first_bad) == (40, 17)
    assert len(verdict["problems"]) == len(report.problems) == 2  # the line, and the root over it


def test_a_kept_checkpoint_that_the_log_does_not_extend(dense: Any, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(dense.notes[39])
    short = dense.with_lines(dense.lines[:30])
    done = run(SCRIPT, short.write(tmp_path / "log"), "--kept", tmp_path / "kept", "--json")
    assert (done.returncode, json.loads(done.stdout)["first_bad"]) == (1, 30)


def test_another_key_is_not_believed(tools: Any, dense: Any, tmp_path: Path) -> None:
    folder = dense.write(tmp_path / "log")
    done = run(SCRIPT, folder, "--key", Signer.generate(tools.origin).verifier.text, "--json")
    assert (done.returncode, json.loads(done.stdout)["first_bad"]) == (1, 0)


@pytest.mark.parametrize(
    "args",
    [
        ["nowhere"],
        ["log", "--key", "not a key"],
        ["log", "--kept", "nowhere"],
        [],
        ["log", "--no-such-option"],
    ],
)
def test_a_question_that_cannot_be_asked(dense: Any, tmp_path: Path, args: list[str]) -> None:
    dense.write(tmp_path / "log")
    paths = [tmp_path / arg if arg in ("log", "nowhere") else arg for arg in args]
    done = run(SCRIPT, *paths)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage:" in done.stderr


@pytest.mark.long
def test_it_agrees_with_the_package_on_hundreds_of_damaged_logs(
    tools: Any, dense: Any, sparse: Any, tmp_path: Path
) -> None:
    rng = random.Random(8785)
    cases: list[tuple[Path, str | None]] = []
    for number in range(300):
        copy = rng.choice([dense, sparse])
        for _ in range(rng.choice([1, 1, 1, 2])):
            try:
                damaged = tools.random_damage(copy, rng)
            except (ValueError, IndexError):  # what a first damage left cannot be taken apart for a second
                continue
            copy = damaged
        kept = rng.choice([None, rng.choice(dense.notes).decode(), rng.choice(sparse.notes).decode()])
        cases.append((copy.write(tmp_path / str(number)), kept))
    reports = [verify_folder(path, kept_checkpoint=kept) for path, kept in cases]
    for (path, kept), report, verdict in zip(cases, reports, verdicts(cases), strict=True):
        told = (verdict["ok"], verdict["first_bad"], verdict["entries"])
        assert told == (report.ok, report.first_bad, report.entries), (path, kept, report, verdict)
        assert verdict["root"] == report.root or not report.ok
    assert sum(report.ok for report in reports) < 30, "nearly every damage shows (a lost checkpoint does not)"


@pytest.mark.long
def test_it_agrees_on_every_sampled_bit_flip(dense: Any, tmp_path: Path) -> None:
    rng = random.Random(9162)
    starts = [sum(map(len, dense.lines[:n])) for n in range(41)]
    bits = rng.sample(range(8 * starts[-1]), 150)
    cases = [(dense.flipped("lines", bit).write(tmp_path / str(bit)), None) for bit in bits]
    for bit, verdict in zip(bits, verdicts(cases), strict=True):
        expected = next(n for n in range(40) if bit // 8 < starts[n + 1])
        assert (verdict["ok"], verdict["first_bad"]) == (False, expected), f"bit {bit}"


BASE = (
    b'{"action":"a","actor":"m","at":"2026-11-23T03:38:24.12Z","log":"l","sealed":{},"seq":0,"subject":{"k":%s},"v":1}'
)
ROOM = 65_536 - len(BASE) + len(b"%s")


@pytest.mark.parametrize(
    ("value", "sound"),
    [
        (b'"' + b"x" * (ROOM - 2) + b'"', True),
        (b'"' + b"x" * (ROOM - 1) + b'"', False),
        (b"[" * 7 + b"]" * 7, True),
        (b"[" * 8 + b"]" * 8, False),
        (b"[" * 30_000 + b"]" * 30_000, False),
        (b"9007199254740991", True),
        (b"-9007199254740991", True),
        (b"9007199254740992", False),
        (b"1.0", False),
        (b"-0", False),
        (b"NaN", False),
        ('{"\U0001f600":1,"\ufb33":2}'.encode(), True),
        ('{"\ufb33":2,"\U0001f600":1}'.encode(), False),
        (rb'"\u001f\b\t\n\f\r\"\\/' + '\x7f\u2028é"'.encode(), True),
        (rb'"\u001F"', False),
        (rb'"\/"', False),
        (rb'"\ud83d"', False),
        (rb'{"\ud83d":1}', False),
    ],
    ids=range(18),
)
def test_the_limits_of_an_entry_are_the_same(
    tools: Any, signer: Signer, tmp_path: Path, value: bytes, sound: bool
) -> None:
    data = BASE % value
    module = load()
    for read, refusal in ((parse_line, BadEntry), (module.read_entry, module.Bad)):
        if sound:
            read(data)
        else:
            with pytest.raises(refusal):
                read(data)


@pytest.mark.parametrize(
    ("second", "sound"),
    [
        (Entry(1, "2026-11-23T00:00:01.00Z", ORIGIN, "a", "m", {}, {}), True),
        (Entry(1, "2026-11-23T00:00:00.99Z", ORIGIN, "a", "m", {}, {}), False),
        (Entry(2, "2026-11-23T00:00:01.00Z", ORIGIN, "a", "m", {}, {}), False),
        (Entry(1, "2026-11-23T00:00:01.00Z", "other.example/log", "a", "m", {}, {}), False),
    ],
    ids=["sound", "time", "number", "log"],
)
def test_even_a_signed_entry_must_keep_the_rules(tools: Any, tmp_path: Path, second: Entry, sound: bool) -> None:
    signer, frontier, records = Signer.generate(ORIGIN), Frontier(), []
    for entry in (Entry(0, "2026-11-23T00:00:01.00Z", ORIGIN, "a", "m", {}, {}), second):
        frontier = frontier.append(entry.leaf())
        records.append(Record(entry.canonical, entry.leaf(), signer.sign(frontier.size, frontier.root())))
    verdict = load().verify(tools.copy.of(signer, records).write(tmp_path / "log"))
    assert (verdict["ok"], verdict["first_bad"]) == (sound, None if sound else 1)


def test_a_key_vouches_only_for_its_own_log(tools: Any, signer: Signer, records: list[Record], tmp_path: Path) -> None:
    body = records[0].checkpoint.split("\n\n")[0].replace(tools.origin, "other.example/log")  # type: ignore[union-attr]
    folder = tools.copy.of(signer, [replace(records[0], checkpoint=signer.sign_note(body + "\n"))])
    for verdict in (load().verify(folder.write(tmp_path / "log")), asdict(verify_folder(tmp_path / "log"))):
        assert (verdict["ok"], verdict["first_bad"]) == (False, 0)


@pytest.mark.parametrize(
    ("size", "root", "right"),
    [
        ("7", bytes(32), True),
        ("0", EMPTY_ROOT, True),
        ("9" * 19, bytes(32), True),
        ("9" * 20, bytes(32), False),
        ("07", bytes(32), False),
        ("-7", bytes(32), False),
        ("x", bytes(32), False),
        ("7", bytes(31), False),
        ("7", bytes(33), False),
        ("0", bytes(32), False),
    ],
)
def test_a_signed_size_and_root_are_numbers_of_the_format(signer: Signer, size: str, root: bytes, right: bool) -> None:
    module = load()
    note = signer.sign_note(f"{signer.verifier.name}\n{size}\n{base64.b64encode(root).decode()}\n").encode()
    if right:
        assert module.read_checkpoint(module.Key(signer.verifier.text), note) == (int(size), root)
    else:
        with pytest.raises(module.Bad, match="its size or its root"):
            module.read_checkpoint(module.Key(signer.verifier.text), note)


def test_no_bit_of_a_checkpoint_or_a_key_can_be_flipped(signer: Signer, records: list[Record]) -> None:
    module = load()
    key = module.Key(signer.verifier.text)
    note = str(records[6].checkpoint).encode()
    assert module.read_checkpoint(key, note) == (7, parse(note.decode()).root)
    for read, data in (
        (lambda data: module.read_checkpoint(key, data), note),
        (lambda data: module.Key(data.decode("latin-1")), signer.verifier.text.encode()),
    ):
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(module.Bad):
                read(bytes(flipped))


@pytest.mark.parametrize("text", ["AAAAAAB=", "AAAAAAA", "AAAAAAA=\n", " AAAAAAA=", "AAAA_AA=", "AAAAéAA="])
def test_base64_has_one_spelling(text: str) -> None:
    module = load()
    assert module.unbase64("AAAAAAA=") == bytes(5)
    with pytest.raises(module.Bad):
        module.unbase64(text)


def test_an_empty_log_has_the_empty_root(signer: Signer) -> None:
    module = load()
    key = module.Key(signer.verifier.text)
    assert module.read_checkpoint(key, signer.sign(0, EMPTY_ROOT).encode()) == (0, EMPTY_ROOT)
    with pytest.raises(module.Bad):
        module.read_checkpoint(key, signer.sign(0, bytes(32)).encode())


def test_the_longest_entry_fits_a_line_of_both(tools: Any, tmp_path: Path) -> None:
    signer = Signer.generate("l")
    data = BASE % (b'"' + b"x" * (ROOM - 2) + b'"')
    leaf = leaf_hash(data)
    note = signer.sign(1, Frontier().append(leaf).root())
    folder = tools.copy.of(signer, [Record(data, leaf, note)]).write(tmp_path / "log")
    assert verify_folder(folder).ok
    assert verdicts([(folder, None)])[0]["ok"]


@pytest.mark.slow
def test_every_single_bit_of_a_thousand_entries(tools: Any, signer: Signer, tmp_path: Path) -> None:
    """Every bit of every line by the script's own check of a line; then whole folders by both, sampled."""
    copy = tools.copy.of(signer, tools.make_records(signer, 1000))
    module = load()
    key = module.Key(signer.verifier.text)
    latest = ""
    for number, line in enumerate(copy.lines):
        for bit in range(8 * len(line)):
            flipped = bytearray(line)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(module.Bad):
                module.check_line(bytes(flipped), number, key, latest)
        latest, _ = module.check_line(line, number, key, latest)
    for note in copy.notes[::50]:
        for bit in range(8 * (len(note) - 1)):
            flipped = bytearray(note[:-1])
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(module.Bad):
                module.read_checkpoint(key, bytes(flipped))

    rng = random.Random(1000)
    starts = [sum(map(len, copy.lines[:n])) for n in range(1001)]
    bits = rng.sample(range(8 * starts[-1]), 25)
    cases = [(copy.flipped("lines", bit).write(tmp_path / str(bit)), None) for bit in bits]
    for bit, (path, _), verdict in zip(bits, cases, verdicts(cases), strict=True):
        expected = next(n for n in range(1000) if bit // 8 < starts[n + 1])
        report = verify_folder(path)
        assert (verdict["ok"], verdict["first_bad"]) == (report.ok, report.first_bad) == (False, expected)


def test_the_script_computes_the_root_from_tiles_and_notices_an_altered_hash(tmp_path: Path) -> None:
    signer = Signer.from_private_bytes(ORIGIN, bytes(range(32)))
    leaves = [leaf_hash(bytes([number // 256, number % 256])) for number in range(600)]
    tree = Frontier()
    for leaf in leaves:
        tree = tree.append(leaf)
    for path, first, last in (("000", 0, 256), ("001", 256, 512), ("002.p/88", 512, 600)):
        file = tmp_path / "tile" / "0" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(leaves[first:last]))
    (tmp_path / "checkpoint").write_text(signer.sign(600, tree.root()))
    sound = run(SCRIPT, tmp_path, "--key", signer.verifier.text)
    assert (sound.returncode, json.loads(sound.stdout)["entries"]) == (0, 600)
    assert run(SCRIPT, tmp_path).returncode == 2, "tiles have no key in them"
    other = Signer.from_private_bytes(ORIGIN, bytes(32)).verifier.text
    assert run(SCRIPT, tmp_path, "--key", other).returncode == 1
    (tmp_path / "tile" / "0" / "001").write_bytes(b"".join([*leaves[256:511], bytes(32)]))
    altered = run(SCRIPT, tmp_path, "--key", signer.verifier.text)
    assert altered.returncode == 1
    assert "do not give the root" in altered.stdout
