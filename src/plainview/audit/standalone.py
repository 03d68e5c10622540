"""Verify a copy of a Plainview log without Plainview: one file, Python 3.11 or later, and `cryptography`.

    python standalone.py FOLDER [--key VKEY] [--kept FILE] [--register FILE] [--json]

FOLDER holds log.jsonl, checkpoints and key.pub; or tiles (c2sp.org/tlog-tiles), whose root is computed. VKEY is the
log's first public key as you learnt it elsewhere; without it, FOLDER's own is believed. Keys that it
introduced later are followed from there.
FILE is a checkpoint that you kept earlier; or a register.json, whose searches recount.py, which is in the same folder,
counts again. Exit status: 0 all is sound, 1 it is not, 2 the question could not be asked.

This file owns a second, independent reading of docs/reference/log-format.md. It must never import Plainview,
write a file or use the network. It is short so that you can read it before you trust it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write("This script needs one package: pip install cryptography\n")
    raise SystemExit(2) from None

MAX_ENTRY = 65_536  # bytes of one canonical entry
MAX_LINE = MAX_ENTRY + 85  # with {"entry": and ,"leaf":"<64 hex digits>"} and the newline
MAX_NOTE = 65_536  # bytes of one signed checkpoint
MAX_DEPTH = 8  # levels of lists and objects in subject
MAX_INTEGER = 2**53 - 1
MAX_PROBLEMS = 20  # spelt out; the rest are counted

NAME = r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}"
WORD = r"[a-z][a-z0-9_]*"
RULES = {  # of the text fields of an entry
    "at": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{2}Z",
    "log": NAME,
    "action": rf"(?=.{{1,64}}\Z){WORD}(\.{WORD})*",
    "actor": r"[A-Za-z0-9_-]{1,64}",
}
TYPES = {"v": int, "seq": int, "subject": dict, "sealed": dict} | dict.fromkeys(RULES, str)
ESCAPES = {code: f"\\u{code:04x}" for code in range(32)}
ESCAPES |= {ord(char): "\\" + short for char, short in zip('"\\\b\t\n\f\r', '"\\btnfr', strict=True)}

LINE = re.compile(rb'\{"entry":(.*),"leaf":"([0-9a-f]{64})"\}\n', re.DOTALL)
Say = Callable[[str], None]  # notes a problem


class Bad(Exception):
    """What is wrong with the piece in hand."""


# --- entries: canonical JSON (RFC 8785) of objects, lists, strings, integers, true, false and null ----------


def canonical(value: Any, depth: int) -> str:
    """Return the only spelling of a value; `depth` levels of lists and objects are allowed."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + value.translate(ESCAPES) + '"'
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return str(value)
    if isinstance(value, int | float) or depth == 0:
        raise Bad("a number is not an integer below 2**53, or lists and objects are nested too deeply")
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth - 1) for item in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))  # RFC 8785, 3.2.3: by UTF-16 code units
    return "{" + ",".join(f"{canonical(key, 0)}:{canonical(value[key], depth - 1)}" for key in keys) + "}"


def read_entry(data: bytes) -> dict[str, Any]:
    """Return the fields of an entry whose bytes are canonical and whose fields keep their rules."""
    if len(data) > MAX_ENTRY:
        raise Bad("it is too long")
    try:
        entry: dict[str, Any] = json.loads(data.decode())
        spelt = canonical(entry, 1 + MAX_DEPTH).encode()  # the first level is the entry itself
    except (ValueError, RecursionError):
        raise Bad("it is not JSON in UTF-8") from None
    if spelt != data:
        raise Bad("it is not in canonical form")
    types = {name: type(value) for name, value in entry.items()} if type(entry) is dict else {}
    if types != TYPES or entry["v"] != 1 or entry["seq"] < 0:
        raise Bad("a field is missing, too many or not what it must be")
    texts = [(entry[name], name, rule) for name, rule in RULES.items()]
    for name, commitment in entry["sealed"].items():
        texts += [(name, "a name in sealed", r"[a-z][a-z0-9_.]{0,63}"), (commitment, name, r"[0-9a-f]{64}")]
    for text, name, rule in texts:
        if type(text) is not str or not re.fullmatch(rule, text):
            raise Bad(f"{name} is not of the form {rule}")
    try:
        date.fromisoformat(entry["at"][:10])
    except ValueError:
        raise Bad("there is no such day") from None
    return entry


# --- the tree (RFC 9162, 2.1) -------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 hash."""
    return hashlib.sha256(data).digest()


class Tree:
    """The roots of the perfect subtrees of a growing tree, as (leaves, hash), largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf and merge subtrees of equal size."""
        self.size += 1
        self.peaks.append((1, leaf))
        while len(self.peaks) > 1 and self.peaks[-1][0] == self.peaks[-2][0]:
            (_, right), (leaves, left) = self.peaks.pop(), self.peaks.pop()
            self.peaks.append((2 * leaves, sha256(b"\x01" + left + right)))

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        root = self.peaks[-1][1] if self.peaks else sha256(b"")
        for _, peak in self.peaks[-2::-1]:
            root = sha256(b"\x01" + peak + root)
        return root


# --- keys and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), and the files -------------------


def unbase64(text: str) -> bytes:
    """Return the bytes of base64 in its only spelling: no stray characters, no stray bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if base64.b64encode(data).decode() != text:
        raise Bad("there is something that is not base64")
    return data


class Key:
    """The log's public key, from its text form name+id+base64(0x01 || key)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
        typed = unbase64(encoded)
        self.id = sha256(self.name.encode() + b"\n" + typed)[:4]
        if not re.fullmatch(NAME, self.name) or typed[:1] != b"\x01" or key_id != self.id.hex():
            raise Bad("this is not a verifier key of type Ed25519, or its id is not its own")
        try:
            self.public = Ed25519PublicKey.from_public_bytes(typed[1:])
        except ValueError:
            raise Bad("this is not an Ed25519 public key") from None

    def signed(self, line: str, body: str) -> bool:
        """Say whether a signature line is by this key, and refuse one that claims to be and is not."""
        mark, name, encoded = [*line.split(" ", 2), "", ""][:3]
        blob = unbase64(encoded)
        if mark != "\u2014" or not name or re.search(r"[\s+]", name) or len(blob) < 5:
            raise Bad("a signature line is malformed")
        if (name, blob[:4]) != (self.name, self.id):
            return False  # a witness's cosignature or an unknown kind: ignored, as the specification asks
        try:
            self.public.verify(blob[4:], body.encode())
        except InvalidSignature:
            raise Bad("the signature is not valid") from None
        return True


def read_checkpoint(key: Key | None, note: bytes, check: bool = True) -> tuple[int, bytes]:
    """Return (size, root) of a checkpoint of the key's log; `check` its signature unless that comes later."""
    if key is None:
        raise Bad("there is no key to check it with")
    if len(note) > MAX_NOTE or re.search(rb"[\x00-\x09\x0b-\x1f]", note):
        raise Bad("it is too long or holds control characters")
    try:
        body, _, signatures = note.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise Bad("it is not UTF-8") from None
    if not body or not signatures.endswith("\n"):
        raise Bad("it is not a text, an empty line and signatures")
    if check and True not in [key.signed(line, body + "\n") for line in signatures[:-1].split("\n")]:
        raise Bad("it is not signed by the key")
    lines = body.split("\n")
    if len(lines) < 3 or "" in lines or lines[0] != key.name:
        raise Bad("it is not a checkpoint of this log")
    size, root = lines[1], unbase64(lines[2])
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size) or len(root) != 32 or (size == "0" and root != sha256(b"")):
        raise Bad("its size or its root is not one")
    return int(size), root


def read_lines(path: Path, say: Say) -> Iterator[bytes]:
    """Yield lines with their newlines; of an overlong line only its beginning, without a newline."""
    if not path.is_file():
        say(f"{path.name} is missing")
        return
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            yield line
            while len(line) == MAX_LINE and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE)


def read_checkpoints(path: Path, keys: list[Key], say: Say) -> Iterator[tuple[int, bytes]]:
    """Yield (size, root) of every checkpoint signed by the last of `keys` that covers more than one before it."""
    newest = -1
    for number, note in enumerate(read_notes(path, say), start=1):
        try:
            if not note.endswith(b"\n\n"):
                raise Bad("it is cut short")
            size, root = read_checkpoint(keys[-1] if keys else None, note[:-1])
            if size <= newest:
                raise Bad("it covers no more entries than one before it")
        except Bad as bad:
            say(f"checkpoint {number}: {bad}")
        else:
            newest = size
            yield size, root


def read_notes(path: Path, say: Say) -> Iterator[bytes]:
    """Yield the notes of a checkpoints file: each runs to the first empty line after a signature line."""
    note, signed = b"", False
    for line in read_lines(path, say):
        note += line if len(note) <= MAX_NOTE else b""
        if line == b"\n" and signed:
            yield note
            note, signed = b"", False
        signed = signed or line.startswith("\u2014 ".encode())
    if note:
        yield note


# --- the verdict --------------------------------------------------------------------------------------------


def check_line(line: bytes, number: int, key: Key | None, latest: str) -> tuple[str, Key | None]:
    """Return the time of an entry on whose line nothing is wrong, and the key that it introduces, if any.

    `latest` is the time of the entry before it.
    """
    parts = LINE.fullmatch(line)
    if not parts:
        raise Bad("the line is cut short or not of the right form")
    entry = read_entry(parts[1])
    if entry["seq"] != number or (key and entry["log"] != key.name):
        raise Bad(f"it says that it is number {entry['seq']} of {entry['log']}")
    if sha256(b"\x00" + parts[1]).hex() != parts[2].decode():
        raise Bad("its leaf hash is not the hash of its bytes")
    if entry["at"] < latest:
        raise Bad("its time is before that of an entry before it")
    if entry["action"] != "log.key_rotated":
        return entry["at"], None
    successor = Key(str(entry["subject"].get("key")))
    if successor.name != entry["log"]:
        raise Bad("it introduces the key of another log")
    return entry["at"], successor


def verify(folder: Path, trusted: Key | None = None, kept_note: bytes | None = None) -> dict[str, Any]:
    """Follow the checks of docs/reference/log-format.md; return ok, entries, root, first_bad, problems."""
    problems: list[str] = []
    doubtful: list[int] = []  # the first entry that a problem makes doubtful, if any

    def say(problem: str, first: int | None = None) -> None:
        problems[MAX_PROBLEMS:] = ["and more"] if len(problems) >= MAX_PROBLEMS else [problem]
        if first is not None:
            doubtful[:] = [min([first, *doubtful])]

    key = trusted
    try:
        public_key = Key((folder / "key.pub").read_bytes().decode("ascii", "replace").removesuffix("\n"))
        key = trusted or public_key
        if public_key.text != key.text:
            say("key.pub is not the key that you trust")
    except (Bad, OSError) as error:
        say(f"key.pub: {error}")

    def read_kept(check: bool) -> tuple[int, bytes] | None:
        try:
            note = kept_note.rstrip(b"\n") + b"\n" if kept_note is not None else None
            return read_checkpoint(keys[-1] if keys else None, note, check) if note is not None else None
        except Bad as bad:
            say(f"the checkpoint that was kept: {bad}")
            return None

    keys = [key] if key else []  # the last one signs; an entry under its checkpoint introduces the next
    kept_checkpoint = read_kept(check=False)  # its signature is checked at its size: only then its key is known
    tree, latest, kept_root = Tree(), "", b""
    proven, covered, agrees = 0, -1, True  # the size that a signed root proved; that one covered; so far
    signed, successor = read_checkpoints(folder / "checkpoints", keys, say), None
    due = next(signed, None)
    lines = read_lines(folder / "log.jsonl", say)
    while True:
        if kept_checkpoint and kept_checkpoint[0] == tree.size:
            kept_checkpoint, kept_root = read_kept(check=True), tree.root()
        if due and due[0] == tree.size:
            if agrees and due[1] == tree.root():
                proven = tree.size
                keys += [successor] if successor else []
            elif agrees:
                agrees = False
                say(f"a signed root differs: entries changed from {proven} to {due[0] - 1}", proven)
            covered, due = tree.size, next(signed, None)
        if (line := next(lines, None)) is None:
            break
        try:
            successor = None
            latest, successor = check_line(line, tree.size, key, latest)
        except Bad as bad:
            say(f"entry {tree.size}: {bad}", tree.size)
        # The stated hash goes into the tree: if a signed root agrees with it, this very entry was altered.
        stated = LINE.fullmatch(line)
        tree.add(bytes.fromhex(stated[2].decode()) if stated else sha256(line))
    if due:
        last = max(signed, default=due)[0]
        say(f"{last} entries were signed, {tree.size} are there: the rest is missing", proven)
    elif covered < tree.size or covered < 0:
        say(f"no valid checkpoint covers the entries from {proven} on", proven if tree.size else None)
    if kept_checkpoint and kept_checkpoint[0] > tree.size:
        kept_checkpoint = read_kept(check=True)
    if kept_checkpoint and kept_checkpoint[0] > tree.size:
        say(f"the kept checkpoint covers {kept_checkpoint[0]} entries, {tree.size} are there", tree.size)
    elif kept_checkpoint and kept_checkpoint[1] != kept_root:
        # A change found above explains it; else the holder of the key made the change and signed it again.
        explained = min(doubtful, default=kept_checkpoint[0]) < kept_checkpoint[0]
        say(f"changed in 0 to {kept_checkpoint[0] - 1} since a checkpoint was kept", None if explained else 0)
    root, first = tree.root().hex(), min(doubtful, default=None)
    return {"ok": not problems, "entries": tree.size, "root": root, "first_bad": first, "problems": problems}


def verify_tiles(folder: Path, key: Key) -> dict[str, Any]:
    """Compute the root from every leaf hash of the tiles and compare it with the checkpoint; return as `verify` does."""
    tree, problems = Tree(), []
    try:
        size, root = read_checkpoint(key, (folder / "checkpoint").read_bytes())
        for number in range(-(-size // 256)):
            *above, last = re.findall("...", f"{number:0{-(-len(str(number)) // 3) * 3}}")
            full, width = folder.joinpath("tile", "0", *(f"x{part}" for part in above), last), size - 256 * number
            partial = full.with_name(f"{last}.p") / str(width)
            data = (partial if partial.is_file() else full).read_bytes()
            for at in range(0, 32 * min(256, width), 32):
                tree.add(data[at : at + 32])
        if tree.root() != root:
            raise Bad(f"the tiles do not give the root of the {size} entries that were signed")
    except (Bad, OSError) as error:
        problems.append(str(error))
    top = tree.root().hex()
    return {"ok": not problems, "entries": tree.size, "root": top, "first_bad": None, "problems": problems}


def main() -> int:
    """Read the command line, verify, print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description="Verify a copy of a Plainview log.")
    parser.add_argument("folder", type=Path, help="the folder with log.jsonl, checkpoints and key.pub, or with tiles")
    parser.add_argument("--key", metavar="VKEY", help="the log's public key, learnt elsewhere than in FOLDER")
    parser.add_argument("--kept", metavar="FILE", type=Path, help="a checkpoint that you kept earlier")
    parser.add_argument("--register", metavar="FILE", type=Path, help="a register.json, to count it again")
    parser.add_argument("--json", action="store_true", help="print the verdict on one line")
    args = parser.parse_args()
    try:
        if not args.folder.is_dir():
            raise Bad(f"{args.folder} is not a folder")
        key = Key(args.key) if args.key is not None else None
        if (args.folder / "tile").is_dir():
            verdict = verify_tiles(args.folder, key or Key("tiles hold no key: give it"))
        else:
            verdict = verify(args.folder, key, args.kept.read_bytes() if args.kept else None)
        if args.register and verdict["ok"]:
            register_bytes = args.register.read_bytes()
            problems = verify(args.folder, key, json.loads(register_bytes)["checkpoint"].encode())["problems"]
            recount = runpy.run_path(str(Path(__file__).with_name("recount.py")))["recount"]
            verdict["problems"] = [*problems, *recount(register_bytes, args.folder)]
            verdict["ok"] = not verdict["problems"]
    except (Bad, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        parser.error(str(error))
    sys.stdout.write(json.dumps(verdict, indent=None if args.json else 2) + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
