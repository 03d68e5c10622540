"""Strangers' files with something wrong in them: bytes changed, cut out, put in, doubled or taken from another file.

Half of the mutations of a ZIP file are made in one of its members, half of those of JSON put an odd value in an odd place, and
half of those of XML change its elements and leave it well-formed, so that what lies behind a checksum or a parser is reached
too.
"""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from lxml import etree

PIECES = (
    *(b"\0", b'"', b"\r", b"\n", b",", b";", b"\t", b"\xff", b"\xef\xbb\xbf", b"<", b">", b"&", b"{", b"=", b"[", b"]"),
    *(b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"../", b"\xc3("),
)
NUMBERS = (b"0", b"-1", b"1", b"65536", b"4294967296", b"9" * 20, b"9" * 400, b"1e308", b"NaN", b"\xd9\xa3")
ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 1e308, float("nan"), "", "\0", "\ud800", "x" * 300, "../../etc/passwd"),
    *([], {}, [[]], {"a": None}, "2024-13-45", "00" * 32, [1] * 60, "https://[", 2**63),
)
WORDS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "9" * 400,
        "x" * 300,
        "true",
        "1e308",
        "#",
        "../../etc/passwd",
        "urn:x",
        "http://[",
        "\u202e\ufeff",
    ),
    *(
        "2024-13-45T99:99:99Z",
        "9999-12-31T23:59:59Z",
        "0000-00-00T00:00:00Z",
        "2026-01-01T00:00:00+99:99",
        "examiner@",
        "P1Y",
    ),
)
_NUMBER = re.compile(rb"[0-9]+")


def mutated(seed: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Return the file with a few changes, at least one byte long.

    Args:
        seed: a file that is read.
        chance: where and how.
        others: files of the same kind, of which a piece may be taken.
    """
    if chance.random() < 0.5:
        if seed.startswith(b"PK\3\4"):
            return _member_mutated(seed, chance)
        if seed[:1] in b"[{":
            return _odd_json(seed, chance)
        if seed[:1] == b"<":
            return _odd_xml(seed, chance)
    return _bytes_changed(seed, chance, others) or b"\0"


def _bytes_changed(seed: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        # The head is hit as often as all the rest.
        at = chance.randint(0, min(len(data), 300) if chance.random() < 0.5 else len(data))
        length = chance.choice((1, 2, 4, 8, 16, 64, 400))
        match chance.randrange(10):
            case 0 | 1:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 2:
                data[at : at + 1] = bytes([(data[at] if at < len(data) else 0) ^ 1 << chance.randrange(8)])
            case 3:
                data[at : at + length] = b""
            case 4:
                data[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 2, 200))
            case 5:
                piece = chance.choice(PIECES)
                data[at : at + len(piece)] = piece
            case 6:
                data[at:at] = data[at : at + length * 8]
            case 7:
                number = _NUMBER.search(data, at)
                if number:
                    data[number.start() : number.end()] = chance.choice(NUMBERS)
            case 8:
                other = chance.choice(others) if others else seed
                begin = chance.randint(0, len(other))
                data[at : at + length] = other[begin : begin + length]
            case 9 if chance.random() < 0.5:
                data[at:] = b""
    return bytes(data)


def _member_mutated(seed: bytes, chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = chance.choice(old.namelist())
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, mutated(content, chance) if info.filename == chosen else content)
    return out.getvalue()


def _odd_json(seed: bytes, chance: random.Random) -> bytes:
    """Return the JSON file with up to three values taken out or replaced, at any depth; of JSON Lines, in one line."""
    lines = seed.split(b"\n")
    number = chance.randrange(len(lines)) if len(lines) > 2 and seed[:1] == b"{" and lines[0][-1:] == b"}" else -1
    try:
        value = json.loads(seed if number < 0 else lines[number])
    except ValueError:
        return _bytes_changed(seed, chance) or b"\0"
    for _ in range(chance.randint(1, 3)):
        value = _odd(value, chance)
    text = json.dumps(value).encode()
    if number < 0:
        return text
    lines[number] = text
    return b"\n".join(lines)


def _odd_xml(seed: bytes, chance: random.Random) -> bytes:
    """Return the XML file with up to three elements or attributes taken out, doubled, moved, renamed or given other text."""
    try:
        root = etree.fromstring(seed, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return _bytes_changed(seed, chance) or b"\0"
    for _ in range(chance.randint(1, 3)):
        elements = [element for element in root.iter() if isinstance(element.tag, str)]
        _element_changed(chance.choice(elements), chance.choice(elements), chance)
    return etree.tostring(root)


def _element_changed(element: Any, other: Any, chance: random.Random) -> None:
    """Change an element; another of the same file is the place to which it goes, or gives its name."""
    above, value = element.getparent(), chance.choice(WORDS)
    match chance.randrange(8):
        case 0 if above is not None:
            above.remove(element)
        case 1 if above is not None:
            above.insert(chance.randint(0, len(above)), deepcopy(element))
        case 2:
            other.insert(chance.randint(0, len(other)), deepcopy(element))
        case 3 if above is not None and element is not other and element not in other.iterancestors():
            other.insert(0, element)
        case 4:
            element.tag = other.tag
        case 5:
            element.text = value
        case 6 if element.attrib:
            del element.attrib[chance.choice(sorted(element.attrib))]
        case 7 if element.attrib:
            element.set(chance.choice(sorted(element.attrib)), value)
        case _:
            element.insert(0, etree.Comment(value.replace("-", "~")))


def _odd(value: Any, chance: random.Random) -> Any:
    at = value
    while isinstance(at, dict | list) and at:
        key = chance.choice(sorted(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], dict | list) or not at[key] or chance.random() < 0.25:
            if chance.random() < 0.7:
                at[key] = deepcopy(chance.choice(ODD))
            else:
                del at[key]
            return value
        at = at[key]
    return deepcopy(chance.choice(ODD))
