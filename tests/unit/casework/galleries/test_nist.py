"""ANSI/NIST-ITL files: what goes out comes in again with its provenance, hashes are checked, any bytes are answered."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import cv2
import nistitl
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainview.casework.galleries.nist import MAX_RECORDS, FaceRecord, read_nist
from plainview.casework.galleries.nist_write import Exported, exchangeable, write_nist
from plainview.recognition.errors import BadMedia
from plainview.tables.dates import iso

PICTURE = b"\xff\xd8\xff\xe0 10.999:\x1c\x1d\x1e\x1f 1.001:5 \x00 picture"
KEPT = {
    "SRC": "WA0010",
    "SAP": "50",
    "POS": "F",
    "ANN": [["20200101000000Z", "NFIQ", "m", "d"]],
    "SOR": [["1", "2"]],
}


def made(**fields: object) -> bytes:
    record = nistitl.AsciiRecord(10)
    record.IDC = 1
    values = {"IMT": "FACE", "SRC": "X", "PHD": "19990701"} | fields
    for name, value in values.items():
        setattr(record, name, value)
    record.DATA = PICTURE
    message = nistitl.Message()
    message.TOT = "FACE"
    message += record
    return bytes(message.NIST)


def code_of(data: bytes) -> str:
    with pytest.raises(BadMedia) as caught:
        [record.picture() for record in read_nist(data)]
    return caught.value.code


def test_pictures_go_out_and_come_in_with_their_provenance() -> None:
    out = [
        Exported(PICTURE, "JPEG", (10, 20), date(2020, 1, 2), KEPT),
        Exported(PICTURE + b"!", "PNG", (30, 40), None, {}),
    ]
    first, second = read_nist(write_nist(out, agency="AGENCY", number="T-7", software="Plainview 1"))
    assert (first.number, first.captured_on, first.picture()) == (1, date(2020, 1, 2), PICTURE)
    assert (second.number, second.captured_on, second.picture()) == (2, None, PICTURE + b"!")
    assert first.provenance["SRC"] == "WA0010"
    assert second.provenance["SRC"] == second.provenance["ORI"] == "AGENCY"
    assert first.provenance["TCN"] == "T-7"
    assert (first.provenance["SAP"], first.provenance["SOR"]) == ("50", [["1", "2"]])
    before, now = first.provenance["ANN"]
    assert before == KEPT["ANN"][0]
    assert now[1:] == ["Plainview 1", "Plainview", "exported"]
    assert first.provenance["HAS"] == hashlib.sha256(PICTURE).hexdigest().upper()
    fields = nistitl.Message()
    fields.parse(write_nist(out, agency="A", number="T", software="S"))
    assert [fields[1][tag].value for tag in (6, 7, 11)] == ["10", "20", "JPEGB"]


@pytest.mark.parametrize("source", ["Polizei Köln", "Ведомство 5", "東京"])
def test_a_text_of_any_script_goes_out_as_utf_8_and_the_file_says_so(source: str) -> None:
    stored = {"SRC": source, "ANN": [["20200101000000Z", source, "m", "d"]]}
    data = write_nist([Exported(PICTURE, "JPEG", (1, 1), None, stored)], agency="A", number="T", software="S")
    assert b"1.015:003\x1fUTF-8\x1c" in data
    assert data.count(source.encode()) == 2
    (record,) = read_nist(data)
    assert (record.provenance["SRC"], record.provenance["ANN"][0][1], record.picture()) == (source, source, PICTURE)


def test_an_ascii_file_needs_no_other_encoding_and_a_separator_in_a_text_is_a_space() -> None:
    exported = Exported(PICTURE, "JPEG", (1, 1), None, {"SRC": "a\x1cb\x1dc", "SOR": [["1\x1f2", "3\x1e4"]]})
    data = write_nist([exported], agency="A\x1dB", number="T", software="S")
    assert b"1.002:0500\x1d" in data
    assert b"1.015:" not in data
    (record,) = read_nist(data)
    assert [record.provenance[name] for name in ("ORI", "SRC", "SOR")] == ["A B", "a b c", [["1 2", "3 4"]]]


def test_descriptive_records_are_passed_over() -> None:
    message = nistitl.Message()
    message.parse(made())
    person = nistitl.AsciiRecord(2)
    person.IDC = 2
    person += nistitl.Field(2, 18, "DOE,JANE")
    message += person
    (record,) = read_nist(bytes(message.NIST))
    assert "DOE" not in repr(record)


def test_a_picture_that_is_not_what_its_hash_says_is_refused() -> None:
    right = hashlib.sha256(PICTURE).hexdigest()
    assert read_nist(made(HAS=right))[0].picture() == PICTURE
    assert code_of(made(HAS="0" * 64)) == "exchange_hash"


def test_what_is_no_face_or_no_file() -> None:
    assert code_of(made(IMT="TATTOO")) == "exchange_no_face"
    empty = nistitl.Message()
    empty.TOT = "X"
    assert code_of(bytes(empty.NIST)) == "exchange_no_face"
    assert code_of(b"") == "exchange_damaged"
    assert code_of(made()[:-1]) == "exchange_damaged"


@pytest.mark.parametrize("day", ["", "199", "19991301", "00000000", "unknown"])
def test_a_date_that_is_none_is_left_out(day: str) -> None:
    assert read_nist(made(PHD=day))[0].captured_on is None


@pytest.mark.parametrize(
    ("phd", "taken"),
    [
        ("20241105", "2024-11-05"),
        ("202411", "2024-11"),
        ("20241100", "2024-11"),
        ("2024", "2024"),
        ("20240000", "2024"),
        ("00000000", ""),
        ("20240230", ""),
        ("17991231", ""),
        ("2024-11-05", "2024-11-05"),
    ],
)
def test_a_date_is_kept_as_far_as_it_is_known(phd: str, taken: str) -> None:
    (record,) = read_nist(made(PHD=phd))
    assert _taken(record) == taken
    assert record.provenance["PHD"] == phd
    again = write_nist(
        [Exported(PICTURE, "JPEG", (1, 1), None, record.provenance)], agency="A", number="1", software="S"
    )
    assert _taken(read_nist(again)[0]) == taken


def _taken(record: FaceRecord) -> str:
    return iso(record.captured_on, record.captured_precision) if record.captured_on else ""


def with_count(data: bytes, count: int) -> bytes:
    """The file with another number of records in its Type-1 record (CNT), which is as long."""
    at = data.index(b"1.003:1\x1f1\x1e") + len(b"1.003:1\x1f")
    return data[:at] + b"%d" % count + data[at + 1 :]


@pytest.mark.parametrize("behind", [b"\r\n", b"\0" * 40, b"\x1a", b"x", b"\x1c", b"trailer of some program"])
def test_bytes_behind_the_last_record_are_no_concern(behind: bytes) -> None:
    assert read_nist(made() + behind)[0].picture() == PICTURE


def test_a_byte_order_mark_and_a_wrong_count_are_no_concern() -> None:
    assert read_nist(b"\xef\xbb\xbf" + made())[0].picture() == PICTURE
    for count in (0, 2, 9):
        assert read_nist(with_count(made(), count))[0].picture() == PICTURE


def test_a_wrong_length_is_no_concern_where_the_end_can_be_seen() -> None:
    whole = made()
    (length,) = re.findall(rb"10\.001:(\d+)\x1d", whole)
    for wrong in (int(length) - 7, int(length) + 7, 10, 999):
        assert read_nist(whole.replace(b"10.001:" + length, b"10.001:%03d" % wrong))[0].picture() == PICTURE
    first = re.findall(rb"1\.001:(\d+)\x1d", whole)[0]
    shorter = whole.replace(b"1.001:" + first, b"1.001:%03d" % (int(first) - 20), 1)
    assert read_nist(shorter)[0].picture() == PICTURE


def test_a_file_that_ends_early_is_refused_with_the_record() -> None:
    two = write_nist([Exported(PICTURE * 9, "JPEG", (1, 1), None, {})] * 2, agency="A", number="1", software="S")
    for end in (len(two) - 1, len(two) - 100, len(two) // 2 + 40):
        with pytest.raises(BadMedia, match=r"record [23]") as caught:
            read_nist(two[:end])
        assert caught.value.code == "exchange_damaged"


def raw(pixels: np.ndarray, space: str) -> bytes:
    record = nistitl.AsciiRecord(10)
    record.IDC = 1
    values = {3: "FACE", 4: "X", 5: "20240301", 6: pixels.shape[1], 7: pixels.shape[0], 11: "NONE", 12: space}
    for tag, value in values.items():
        record += nistitl.Field(10, tag, str(value))
    record += nistitl.BinaryField(10, 999, pixels.tobytes())
    message = nistitl.Message()
    message.TOT = "FACE"
    message += record
    return bytes(message.NIST)


@pytest.mark.parametrize("space", ["GRAY", "RGB", "SRGB", "UNK", "SYCC"])
def test_pixels_without_compression_are_read(space: str) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    stored = rgb[:, :, 0] if space == "GRAY" else rgb
    if space == "SYCC":
        stored = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[:, :, [0, 2, 1]]
    png = read_nist(raw(stored, space))[0].picture()
    seen = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    expected = np.dstack([stored] * 3) if space == "GRAY" else rgb
    assert np.abs(seen.astype(int) - expected).max() <= (5 if space == "SYCC" else 0)


def test_pixels_that_are_not_as_many_as_the_record_says_are_refused() -> None:
    pixels = np.zeros((20, 30), np.uint8)
    assert code_of(raw(pixels, "GRAY").replace(b"10.006:30", b"10.006:31")) == "exchange_damaged"
    assert code_of(raw(pixels, "RGB")) == "exchange_damaged"


def test_fields_that_programs_write_carelessly_are_no_concern() -> None:
    # A compressed picture under CGA NONE, and FACE in another case.
    stated = {"HLL": 30, "VLL": 20, "CGA": "NONE", "CSP": "SRGB"}
    assert read_nist(made(IMT="Face ", **stated))[0].picture() == PICTURE
    assert code_of(made(**stated).replace(PICTURE[:4], b"\0\0\0\0")) == "exchange_damaged"


def test_the_xml_encoding_is_named_for_what_it_is() -> None:
    assert code_of(b'\xef\xbb\xbf<?xml version="1.0"?><itl:NISTBiometricInformationExchangePackage/>') == "exchange_xml"


@pytest.mark.parametrize("name", ["nist-phd-yyyymm.an2", "nist-uncompressed-cga-none.an2"])
def test_the_files_of_strangers_give_a_picture(name: str) -> None:
    (record,) = read_nist((Path(__file__).parents[3] / "inputs" / name).read_bytes())
    picture = cv2.imdecode(np.frombuffer(record.picture(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert _taken(record) == ("2024-11" if "phd" in name else "2024-03-01")


def test_a_file_of_countless_records_is_refused_at_once() -> None:
    assert code_of(b"2.001:8\x1d" * (MAX_RECORDS + 1)) == "exchange_damaged"
    assert code_of(b"\x00\x00\x00\x05\x01" * (MAX_RECORDS + 1)) == "exchange_damaged"


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda place, data: made()[:place] + data + made()[place:],
            st.integers(0, 300),
            st.binary(max_size=8),
        ),
    )
)
@example(b"10.001:16\x1d10.002:1\x1c")
@example(b"99.001:10\x1d")
@example(b"1.001:0\x1d")
def test_any_bytes_give_records_or_a_refusal(data: bytes) -> None:
    try:
        pictures = [record.picture() for record in read_nist(data)]
    except BadMedia:
        return
    assert all(pictures)


def test_only_containers_that_the_format_has() -> None:
    assert [exchangeable(name) for name in ("JPEG", "MPO", "PNG", "JPEG2000", "HEIF", "WEBP", "TIFF")] == [
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("stated", "day", "precision", "written"),
    [
        ("20241105", date(2024, 11, 5), "day", "20241105"),
        ("202411", date(2024, 11, 1), "month", "20241100"),
        ("20241100", date(2024, 11, 1), "month", "20241100"),
        ("2024", date(2024, 1, 1), "year", "20240000"),
        ("20240000", date(2024, 1, 1), "year", "20240000"),
    ],
)
def test_a_date_without_its_day_keeps_its_precision(stated: str, day: date, precision: str, written: str) -> None:
    (record,) = read_nist(made(PHD=stated))
    assert (record.captured_on, record.captured_precision) == (day, precision)
    picture = Exported(PICTURE, "JPEG", (2, 3), day, {}, precision)
    (again,) = read_nist(write_nist([picture], agency="A", number="T", software="S"))
    assert (again.provenance["PHD"], again.captured_precision) == (written, precision)


def test_a_strangers_file_of_a_month_is_of_that_month_and_one_of_the_future_is_refused() -> None:
    (record, *_) = read_nist((Path(__file__).parents[3] / "inputs" / "nist-phd-yyyymm.an2").read_bytes())
    assert (record.captured_on, record.captured_precision) == (date(2024, 11, 1), "month")
    (future,) = read_nist(made(PHD="21240301"))
    with pytest.raises(BadMedia) as refused:
        future.picture()
    assert refused.value.code == "exchange_date"


def with_person(domain: str = "", **fields: object) -> bytes:
    """A photograph with a Type-2 record, written by nistitl; the fields by their numbers ("_015": 2.015)."""
    message = nistitl.Message()
    message.parse(made())
    person = nistitl.AsciiRecord(2)
    person.IDC = 0
    for name, value in fields.items():
        setattr(person, name, value)
    message += person
    data = bytes(message.NIST)
    if not domain:
        return data
    length = int(data[6 : data.index(b"\x1d")])  # of the first record, 1.001
    field = f"\x1d1.013:{domain}\x1f1.0".encode()
    end = data.index(b"\x1c")
    return data[:end].replace(b"%d" % length, b"%d" % (length + len(field)), 1) + field + data[end:]


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"_015": "NY1234567Z", "_014": "98765AB1"}, "NY1234567Z"),
        ({"_014": [["98765AB1"], ["11111AA1"]]}, "98765AB1"),
        ({"_018": "DOE,JOHN"}, ""),
    ],
)
def test_the_number_of_a_person_is_read_and_never_a_name(fields: dict[str, object], subject: str) -> None:
    assert [record.subject for record in read_nist(with_person(**fields))] == [subject]


@pytest.mark.parametrize(("domain", "subject"), [("INT-I", ""), ("NORAM", "NY4"), ("noram", "NY4")])
def test_a_file_of_another_domain_numbers_nobody(domain: str, subject: str) -> None:
    assert [record.subject for record in read_nist(with_person(domain, _015="NY4"))] == [subject]
