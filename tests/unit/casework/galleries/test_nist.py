"""ANSI/NIST-ITL files: what goes out comes in again with its provenance, hashes are checked, any bytes are answered."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import nistitl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainview.casework.galleries.nist import MAX_RECORDS, Exported, exchangeable, read_nist, write_nist
from plainview.recognition.errors import BadMedia

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
    assert code_of(made() + b"x") == "exchange_damaged"


@pytest.mark.parametrize("day", ["", "199", "19991301", "00000000", "unknown"])
def test_a_date_that_is_none_is_left_out(day: str) -> None:
    assert read_nist(made(PHD=day))[0].captured_on is None


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
