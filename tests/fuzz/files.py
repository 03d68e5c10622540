"""Targets of `make fuzz`: tables, archives, lists of publishers and exchange files."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import nistitl
import pyarrow
import pyarrow.parquet
from tests.factories.pictures import png
from tests.factories.tables import MANIFEST, workbook
from tests.fuzz.mutation import mutated
from tests.fuzz.refusal import refused

from plainview.casework.enrolment import incoming
from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.enrolment.pairing import described, paired
from plainview.casework.feeds.mapping import OWN, Mapping, of_table
from plainview.casework.feeds.reading import read_details, read_page
from plainview.casework.galleries.nist import read_nist
from plainview.casework.galleries.nist_write import Exported, write_nist
from plainview.casework.retention.court_orders import read_order
from plainview.evaluation.dataset import LABELS
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia
from plainview.tables.errors import TableError
from plainview.tables.names import Names
from plainview.tables.read import open_table

INPUTS = Path(__file__).parents[1] / "inputs"

Feed = Callable[[bytes], str]

ROWS: list[dict[str, Any]] = [
    {"path": "photos/a.jpg", "source_url": "https://e.example/1", "page_url": "", "captured_on": "2024-11-05"},
    {"path": "Müller.jpg", "source_url": "urn:x", "page_url": "https://e.example/p", "captured_on": "2024"},
]
CSV = "path,source_url,page_url,captured_on\n" + "".join(",".join(row.values()) + "\n" for row in ROWS)
ORDER = b"reference,source_url,provenance,ordered_on,authority\nR1,,,2026-01-02,Court 3\n,,TCN=12-345,2026-01-02,c\n"


def csv(_: Path) -> dict[str, bytes]:
    semicolons = CSV.replace(",", ";")
    return {
        "csv": CSV.encode(),
        "utf-16": semicolons.encode("utf-16"),
        "sep": b"sep=;\r\n" + semicolons.encode(),
        "mark": b"\xef\xbb\xbf" + semicolons.replace("\n", "\r\n").encode(),
        "excel": (INPUTS / "manifest-excel-semicolon.csv").read_bytes(),
        "spaces": (INPUTS / "manifest-space-after-comma.csv").read_bytes(),
    }


def jsonl(_: Path) -> dict[str, bytes]:
    return {"jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode()}


def xlsx(_: Path) -> dict[str, bytes]:
    def fill(sheet: Any) -> None:
        sheet.append(list(ROWS[0]))
        sheet.append(["a.jpg", "https://e.example/1", None, date(2024, 11, 5)])
        sheet.append(["b.jpg", "Open", None, 2024])
        sheet["B3"].hyperlink = "https://e.example/2"
        sheet["A9"], sheet["B9"] = "c.jpg", "https://e.example/3"
        sheet.row_dimensions[2].hidden = True

    return {"xlsx": workbook(fill)}


def parquet(_: Path) -> dict[str, bytes]:
    out, packed = io.BytesIO(), io.BytesIO()
    rows = pyarrow.Table.from_pylist(ROWS)
    pyarrow.parquet.write_table(rows, out, compression="none")
    pyarrow.parquet.write_table(rows, packed, compression="gzip", use_dictionary=False)
    return {"parquet": out.getvalue(), "gzip": packed.getvalue()}


def zipped(_: Path) -> dict[str, bytes]:
    made = {}
    for name, how in (("deflated", zipfile.ZIP_DEFLATED), ("stored", zipfile.ZIP_STORED), ("lzma", zipfile.ZIP_LZMA)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", how) as archive:
            archive.writestr("export/photos/a.jpg", b"picture" * 20)
            archive.writestr("export/Müller.jpg", b"p")
            archive.writestr("export/manifest.csv", CSV)
        made[name] = out.getvalue()
    return made


def manifest(name: str) -> Callable[[Path], AbstractContextManager[Feed]]:
    """Read a manifest as an enrolment does, with every row."""

    def read(data: bytes) -> str:
        try:
            table = open_table(data, name, MANIFEST)
            reading = paired(table, name, Names(["photos/a.jpg", "export/Müller.jpg"])).reading
            rows = list(described(table))
        except TableError as error:
            return refused("table" if error.number >= 1 else "", error.sentence(name), error.next_step)
        assert reading.rows == len(rows)
        assert all(row.path.strip() and "\0" not in row.path for row in rows)
        json.dumps([row.about for row in rows]).encode()
        "".join(row.path for row in rows).encode()  # no half characters
        return "read"

    return _plain(read)


def _plain(read: Feed) -> Callable[[Path], AbstractContextManager[Feed]]:
    """A target that needs nothing to be ready."""

    @contextmanager
    def opened(_: Path) -> Iterator[Feed]:
        yield read

    return opened


def _upload(data: bytes) -> str:
    try:
        for file in incoming.files([("z.zip", io.BytesIO(data))]):
            assert len(file.data) <= incoming.MAX_FILE_BYTES + 1
            file.name.encode()
    except Refused as error:
        return refused(error.rule_id, error.why, error.next_step)
    return "read"


upload = _plain(_upload)


def labels(_: Path) -> dict[str, bytes]:
    return {"labels": b'path,person,note\na/1.jpg,ada,"x, y"\nb/1.jpg,bo,\n'}


def _labels(data: bytes) -> str:
    try:
        list(open_table(data, "labels.csv", LABELS).rows())
    except TableError as error:
        return refused("table", error.why, error.next_step)
    return "read"


labels_read = _plain(_labels)


def order(_: Path) -> dict[str, bytes]:
    tabs = ORDER.replace(b",", b"\t")
    return {"commas": ORDER, "tabs": tabs, "semicolons": b"\xef\xbb\xbf" + ORDER.replace(b",", b";")}


def _order(data: bytes) -> str:
    good, bad, _ = read_order(data)
    assert good or bad
    assert all(row.line >= 1 for row in (*good, *bad))
    for row in bad:
        refused("order", row.why, "-")
    return "refused" if bad else "read"


order_read = _plain(_order)


_ITEM = {"uid": "1", "url": "https://h/1", "images": [{"original": "https://h/1.jpg", "caption": None}], "status": "na"}
_FBI = Mapping(form="json", items="items", id="uid", image="images[].{link: original, caption: caption}", page="url")
_ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>n</title><entry><id>1</id>
<link href="https://h/1"/><updated>2020-01-02T00:00:00Z</updated><summary type="html">&lt;img src="/1.jpg"&gt;</summary>
<link rel="enclosure" type="image/jpeg" href="https://h/1.jpg"/></entry></feed>"""
_RSS = b"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>n</title><link>https://h/</link>
<item><guid>1</guid><link>https://h/1</link><pubDate>Thu, 02 Jan 2020 03:04:05 GMT</pubDate>
<description>&lt;p&gt;a&lt;img src="/1.jpg" alt="b"&gt;</description></item>
<item><guid>2</guid><link>https://h/2</link><enclosure url="https://h/2.jpg" type="image/jpeg" length="9"/></item></channel></rss>"""
_MAPPINGS: list[tuple[bytes, Mapping]] = [
    (json.dumps({"total": 2, "page": 1, "items": [_ITEM, _ITEM | {"uid": "2"}]}).encode(), _FBI),
    (json.dumps([{"image": "https://h/1.jpg", "captured_on": "2020-01-02"}] * 3).encode(), OWN),
    (b"image,page,captured_on\nhttps://h/1.jpg,https://h/1,2020-01-02\n" * 2, OWN),
    (_RSS, of_table({"form": "feed"})),
    (_ATOM, of_table({"form": "feed"})),
]
"""A publisher's list, and the mapping by which it is read: the number of a mapping is the first byte of an input."""

_DETAILS = Mapping(details="a", details_image="items[].url")


def feed(_: Path) -> dict[str, bytes]:
    return {str(number): bytes([number]) + seed for number, (seed, _) in enumerate(_MAPPINGS)}


def feed_mutated(seed: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    return seed[:1] + mutated(seed[1:], chance, others)


def _feed(data: bytes) -> str:
    mapping = _MAPPINGS[data[0]][1] if data[:1] and data[0] < len(_MAPPINGS) else _MAPPINGS[3][1]
    answer = "refused"
    for read, by in ((read_page, mapping), (read_details, _DETAILS)):
        try:
            page = read(data[1:], by)
        except Unusable as error:
            refused(error.code, error.why, "-")
            continue
        if read is read_page:
            assert len(page.ids) == page.rows
            answer = "read"
            for notice in page.notices:
                json.dumps([notice.id, notice.page, [image.link for image in notice.images]]).encode()
            for _, why in page.passed_over:
                refused("row", why, "-")
    return answer


feed_read = _plain(_feed)


def nist(_: Path) -> dict[str, bytes]:
    exported = [Exported(png((20, 20)), "PNG", (20, 20), date(2020, 1, 2), {"SRC": "X", "ANN": [["1", "2"]]})] * 2
    return {"ours": write_nist(exported, agency="A", number="T", software="S"), "raw pixels": _raw_pixels()}


def _raw_pixels() -> bytes:
    message = nistitl.Message()
    message.TOT, message[0].DAT, message[0].ORI, message[0].TCN = "FACE", "20200101", "A", "T"
    record = nistitl.AsciiRecord(10)
    record.IDC = 1
    for tag, value in ((3, "FACE"), (4, "A"), (5, "20200102"), (6, "16"), (7, "16"), (11, "NONE"), (12, "SRGB")):
        record += nistitl.Field(10, tag, value)
    record += nistitl.BinaryField(10, 999, bytes(range(256)) * 3)
    message += record
    return bytes(message.NIST)


def _nist(data: bytes) -> str:
    try:
        records = read_nist(data)
    except BadMedia as error:
        return refused(error.code, error.why, error.next_step)
    for record in records:
        json.dumps(record.provenance).encode()
        record.subject.encode()
        try:
            assert record.picture()
        except BadMedia as error:
            refused(error.code, error.why, error.next_step)
    return "read"


nist_read = _plain(_nist)
