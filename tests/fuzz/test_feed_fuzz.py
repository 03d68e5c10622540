"""A stranger's list, cut and changed anywhere, is read or refused; nothing else comes out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.mutations import tries
from tests.factories.notices import rss

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds.mapping import OWN, Mapping, of_table
from plainview.casework.feeds.reading import ListPage, read_details, read_page

_ITEM = {"uid": "1", "url": "https://h/1", "images": [{"original": "https://h/1.jpg", "caption": None}], "status": "na"}
_FBI = Mapping(form="json", items="items", id="uid", image="images[].{link: original, caption: caption}", page="url")
SEEDS: list[tuple[bytes, Mapping]] = [
    (json.dumps({"total": 2, "page": 1, "items": [_ITEM, _ITEM | {"uid": "2"}]}).encode(), _FBI),
    (json.dumps([{"image": "https://h/1.jpg", "captured_on": "2020-01-02"}] * 3).encode(), OWN),
    (b"image,page,captured_on\nhttps://h/1.jpg,https://h/1,2020-01-02\n" * 2, OWN),
    (rss("h.example", [("1", "/a.jpg"), ("2", "/b.jpg")]), of_table({"form": "feed"})),
]


@pytest.mark.parametrize(("seed", "mapping"), SEEDS, ids=["json", "own", "csv", "rss"])
@settings(max_examples=tries(100) // (4 if tries(100) > 100 else 1))
@given(data=st.data())
def test_a_changed_list_is_read_or_refused(seed: bytes, mapping: Mapping, data: st.DataObject) -> None:
    changed = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(changed)))
        end = data.draw(st.integers(start, min(len(changed), start + 20)))
        changed[start:end] = data.draw(st.binary(max_size=12))
    for read in (read_page, read_details):
        try:
            page = read(
                bytes(changed), mapping if read is read_page else Mapping(details="a", details_image="items[].url")
            )
        except Unusable:
            continue
        if isinstance(page, ListPage):
            assert len(page.ids) == page.rows
