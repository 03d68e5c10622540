"""A publisher's list is read strictly, or refused with the row at fault; nothing else can come out."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.casework.enrolment.feedlist import Offer, read_list
from plainview.casework.enrolment.manifest import Unusable

ROWS = [
    {"image": "https://h.example/1.jpg", "page": "https://h.example/1", "captured_on": "2020-02-29"},
    {"image": "https://h.example/2.jpg"},
]
OFFERS = [
    Offer("https://h.example/1.jpg", "https://h.example/1", date(2020, 2, 29)),
    Offer("https://h.example/2.jpg", "", None),
]
CSV = "image,page,captured_on\nhttps://h.example/1.jpg,https://h.example/1,2020-02-29\nhttps://h.example/2.jpg\n"


@pytest.mark.parametrize(
    "text", [json.dumps(ROWS), json.dumps({"pictures": ROWS}), CSV, "\ufeff" + CSV, CSV.replace(",", ";")]
)
def test_every_form_gives_the_same(text: str) -> None:
    assert read_list(text.encode()) == OFFERS


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"\xff\xfe", "empty"),
        (b'{"pictures": 3}', "neither"),
        (b"[3]", "row 1"),
        (b'[{"image": ""}]', "row 1"),
        (b'[{"image": "x"}, {"image": 4}]', "row 2"),
        (b'[{"image": "x", "captured_on": "2020-13-01"}]', "row 1"),
        (b"[{", "Expecting"),
        (b"url,page\na,b\n", "did you mean image?"),
        (b"<html><a href='https://h.example/1.jpg'>1</a></html>", "a web page"),
    ],
)
def test_what_is_no_list_is_refused_with_the_row(text: bytes, word: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_list(text)
    assert caught.value.code == "feed.list"
    assert word in caught.value.why


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        offers = read_list(data)
    except Unusable:
        return
    assert all(offer.image for offer in offers)
