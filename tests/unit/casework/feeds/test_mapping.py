"""A list is read by its mapping: every notice with its pictures, or the row and the reason; nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.notices import rss

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds.mapping import OWN, Mapping, as_table, of_table
from plainview.casework.feeds.reading import Image, read_details, read_page
from plainview.policy.decision import Refused

ROWS = [
    {"image": "https://h.example/1.jpg", "page": "https://h.example/1", "captured_on": "2020-02-29"},
    {"image": "https://h.example/2.jpg"},
]
CSV = "image,page,captured_on\nhttps://h.example/1.jpg,https://h.example/1,2020-02-29\nhttps://h.example/2.jpg,,\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps({"pictures": ROWS}),
        CSV,
        "\ufeff" + CSV,
        CSV.replace(",", ", "),
        CSV.replace(",", ";"),
    ],
)
def test_every_form_of_our_own_gives_the_same(text: str) -> None:
    first, second = read_page(text.encode(), OWN).notices
    assert (first.images, first.page) == ((Image("https://h.example/1.jpg"),), "https://h.example/1")
    assert first.captured_on == date(2020, 2, 29)
    assert (second.id, second.page, second.captured_on) == ("https://h.example/2.jpg", "", None)


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        (b"\xff\xfe", "feed.shape", "it is empty"),
        (b'{"pictures": 3}', "feed.shape", "no list at"),
        (b'{"results": []}', "feed.shape", "it has results"),
        (b"[3]", "feed.shape", "row 1: it is not an object"),
        (b'[{"image": ""}]', "feed.shape", "row 1: it has no picture"),
        (b'[{"photo": "x"}]', "feed.shape", "it has photo"),
        (b'[{"image": "x", "captured_on": "2020-13-01"}]', "feed.shape", "not a date"),
        (b'[{"image": "x", "captured_on": "01/02/2020"}]', "feed.shape", "not a date"),
        (b"[{", "feed.list", "cut off"),
        (b'{"pictures": [{"image": "x"}', "feed.list", "cut off"),
        (b"PAR1 and nothing", "feed.list", "cannot be used"),
        (b"PK\x03\x04 and nothing", "feed.list", "cannot be used"),
        (b"url,page\na,b\n", "feed.shape", "did you mean image?"),
        (b'image,page\na,"b\nc,d\n', "feed.list", "line 2: a quote is opened in this row and never closed"),
        (b"<html><a href='https://h.example/1.jpg'>1</a></html>", "feed.list", "web page"),
        (b"<?xml version='1.0'?><list><a/></list>", "feed.list", "neither RSS nor Atom"),
    ],
)
def test_what_is_no_list_is_refused_with_what_it_has_instead(text: bytes, code: str, word: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_page(text, OWN)
    assert caught.value.code == code
    assert word in caught.value.why


def test_a_web_page_instead_of_json_is_named() -> None:
    with pytest.raises(Unusable) as caught:
        read_page(b"<!DOCTYPE html><html><body>Just a moment...</body></html>", replace(OWN, form="json"))
    assert "web page, not JSON" in caught.value.why


def test_a_row_that_cannot_be_used_is_told_and_the_others_are_taken() -> None:
    page = read_page(b'[{"image": "a"}, {"image": 4}, {"image": "b", "captured_on": "yesterday"}, {"image": "c"}]', OWN)
    assert [notice.id for notice in page.notices] == ["a", "c"]
    assert [row for row, _ in page.passed_over] == [2, 3]
    assert page.rows == 4
    wide = read_page(b"image,page\na,b\nc,d,e\n", OWN)
    assert [notice.id for notice in wide.notices] == ["a"]
    assert wide.passed_over == (
        (
            2,
            "it has more cells than the header (3; the header has 2): a cell that contains a comma needs quotes around it",
        ),
    )


def test_a_notice_may_have_several_pictures_and_drawings_are_left_out() -> None:
    mapping = Mapping(id="uid", image="images[].{link: original, caption: caption}", captured_on="", page="")
    captions = [None, "", "Photograph taken in 2015", "Age-enhanced photograph", "Artist Sketch", "Tattoo on left arm"]
    row = {"uid": 7, "images": [{"original": f"https://h/{n}", "caption": text} for n, text in enumerate(captions)]}
    row["images"].append({"original": "https://h/0", "caption": "the same again"})
    (notice,) = read_page(json.dumps([row]).encode(), mapping).notices
    assert notice.id == "7"
    assert [image.link for image in notice.images] == ["https://h/0", "https://h/1", "https://h/2"]
    assert (notice.left_out, notice.images[2].caption) == (3, "Photograph taken in 2015")


def test_a_condition_takes_some_notices_and_another_calls_some_over() -> None:
    mapping = Mapping(id="uid", page="", captured_on="", where="kind == 'missing'", withdrawn="status == 'located'")
    rows = [
        {"uid": "1", "kind": "missing", "image": "a", "status": "na"},
        {"uid": "2", "kind": "wanted", "image": "b", "status": "na"},
        {"uid": "3", "kind": "missing", "image": "c", "status": "located"},
        {"uid": "4", "kind": None, "image": "d", "status": None},
    ]
    page = read_page(json.dumps(rows).encode(), mapping)
    assert [(notice.id, notice.withdrawn) for notice in page.notices] == [("1", False), ("3", True)]
    assert page.ids == ("1", "2", "3", "4")


def test_rss_is_read_by_feedparser_and_a_cut_one_is_refused() -> None:
    mapping = of_table({"form": "feed"})
    assert not mapping.complete
    text = rss("h.example", [("101", "/a.jpg"), ("102", "/b.jpg")])
    first, second = read_page(text, mapping).notices
    assert (first.id, first.page, first.images) == (
        "101",
        "https://h.example/case?caseNum=101",
        (Image("https://h.example/a.jpg"),),
    )
    assert second.id == "102"
    for cut in (text[: len(text) // 2], text[:-12], b"", b"https://h.example/feed.xml", b"{}"):
        with pytest.raises(Unusable) as caught:
            read_page(cut, mapping)
        assert caught.value.code == "feed.list"


@pytest.mark.parametrize(
    "change_of",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: b"\n\n" + text,
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.replace(b"<title>", b"<title>a&nbsp;&uuml;b", 1),
    ],
)
def test_a_list_is_read_as_its_publisher_may_have_written_it(change_of: Callable[[bytes], bytes]) -> None:
    text = change_of(rss("h.example", [("101", "/a.jpg")]))
    (notice,) = read_page(text, of_table({"form": "feed"})).notices
    assert notice.images == (Image("https://h.example/a.jpg"),)


def test_films_of_an_rss_list_are_no_pictures() -> None:
    text = rss("h.example", [("101", "/a.jpg")])
    more = b"""<enclosure url="https://h.example/a.mp4" type="video/mp4" length="1"/>
<media:content xmlns:media="http://search.yahoo.com/mrss/" medium="video" url="https://h.example/b"/>
<media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://h.example/c.jpg"/></item>"""
    (notice,) = read_page(text.replace(b"</item>", more, 1), of_table({"form": "feed"})).notices
    assert [image.link for image in notice.images] == ["https://h.example/a.jpg", "https://h.example/c.jpg"]


ENTRY = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>n</title><item>
<guid>1</guid><link>https://h.example/cases/1/</link>{}</item></channel></rss>"""


@pytest.mark.parametrize(
    "text",
    [
        "<description><![CDATA[<p><img width=300 height='200' src=\"https://h.example/a.jpg?w=1&amp;h=2\" alt='x'/></p>]]></description>",
        "<description>&lt;img src=https://h.example/a.jpg?w=1&amp;amp;h=2 /&gt;&nbsp;Missing</description>",
        "<description>Short</description><content:encoded><![CDATA[<IMG SRC='../../a.jpg?w=1&#038;h=2'>]]></content:encoded>",
        (
            "<description><![CDATA[<img src='/c' width='1' height='1'><img class='wp-smiley' src='/s.png'>"
            "<img src='data:image/gif;base64,R0' data-src='/a.jpg?w=1&amp;h=2'><img src='/a.jpg?w=1&amp;h=2'><img>]]></description>"
        ),
    ],
)
def test_the_picture_that_the_text_of_an_entry_shows_is_taken(text: str) -> None:
    """As publishers write it: in `description` or `content:encoded`, escaped or not, relative, after a counter."""
    (notice,) = read_page(ENTRY.format(text).encode(), of_table({"form": "feed"})).notices
    assert [image.link for image in notice.images] == ["https://h.example/a.jpg?w=1&h=2"]


def test_pictures_in_a_text_have_their_captions_and_give_way_to_those_that_are_stated() -> None:
    mapping = of_table({"form": "feed"})
    text = "<content:encoded><![CDATA[<img src='/a.jpg' alt='Jane'><img src='/b.jpg' alt='Artist sketch'>]]></content:encoded>"
    (notice,) = read_page(ENTRY.format(text).encode(), mapping).notices
    assert (notice.images, notice.left_out) == ((Image("https://h.example/a.jpg", "Jane"),), 1)
    stated = text + "<enclosure url='https://h.example/c.jpg' type='image/jpeg' length='1'/>"
    (notice,) = read_page(ENTRY.format(stated).encode(), mapping).notices
    assert notice.images == (Image("https://h.example/c.jpg"),)
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>1</id><link href="https://h.example/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><img src="/a.jpg"/></div></content></entry></feed>"""
    (notice,) = read_page(atom.encode(), mapping).notices
    assert [image.link for image in notice.images] == ["https://h.example/a.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "iso-8859-1", "utf-16"])
def test_a_list_is_read_in_the_encoding_that_it_states(encoding: str) -> None:
    text = ENTRY.format("<description>x</description><category>Zoë</category>").replace("<guid>1", "<guid>é")
    mapping = of_table({"form": "feed", "kind": "tags[0].term"})
    (notice,) = read_page(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding), mapping).notices
    assert (notice.id, notice.kind) == ("é", "Zoë")


def test_a_list_that_was_cut_off_is_refused_with_its_line() -> None:
    with pytest.raises(Unusable, match=r"line [0-9]+: (no element|unclosed|mismatched)"):
        read_page(rss("h.example", [("101", "/a.jpg")])[:-12], of_table({"form": "feed"}))


def test_atom_and_entities_that_grow_or_point_outside() -> None:
    mapping = Mapping(
        form="feed", items="entries", id="id", image="links[?rel=='enclosure'].href", captured_on="", page=""
    )
    atom = (
        '<?xml version="1.0"?>{doctype}<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>i</id>'
        '<entry><id>7</id><title>{title}</title><link rel="enclosure" href="https://h/a.jpg"/></entry></feed>'
    )
    (notice,) = read_page(atom.format(doctype="", title="x").encode(), mapping).notices
    assert notice.images == (Image("https://h/a.jpg"),)
    laughs = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for entities in (laughs, '<!ENTITY i SYSTEM "file:///etc/passwd">'):
        for encoding in ("utf-8", "utf-16"):
            text = atom.format(doctype=f"<!DOCTYPE feed [{entities}]>", title="&i;").encode(encoding)
            with pytest.raises(Unusable, match="it defines entities"):
                read_page(text, mapping)


def test_a_second_list_names_the_pictures_of_one_notice() -> None:
    mapping = Mapping(image="", details="more", details_image="images[].href", id="n", page="", captured_on="")
    assert read_details(b'{"images": [{"href": "a"}, {"href": "b"}]}', mapping) == ((Image("a"), Image("b")), 0)
    assert read_details(b'{"images": []}', mapping) == ((), 0)
    with pytest.raises(Unusable) as caught:
        read_details(b'{"pictures": []}', mapping)
    assert "it has pictures" in caught.value.why


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"item": "x"}, "there is no `item`"),
        ({"items": 3}, "`items` is not a text"),
        ({"complete": "yes"}, "`complete` is not true or false"),
        ({"items": "a["}, "`items` is not a JMESPath"),
        ({"form": "xml"}, "`form`"),
        ({"pages": {"by": "guess"}}, "`pages.by`"),
        ({"pages": {"by": "next"}}, "`pages.next`"),
        ({"pages": {"size": "50"}}, "`size` is not a number"),
        ({"pages": "next"}, "`pages` is not a table"),
        ({"image": ""}, "neither `image` nor `details`"),
        ({"details": "a"}, "belong together"),
        ({"leave_out": "sketch"}, "`leave_out`"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_by_name(table: dict[str, object], word: str) -> None:
    with pytest.raises(Refused) as caught:
        of_table(table)
    assert caught.value.rule_id == "feed.mapping"
    assert word in caught.value.why


def test_a_mapping_is_stored_and_read_back() -> None:
    mapping = Mapping(form="json", items="a", id="b", leave_out=("sketch",))
    assert of_table(json.loads(json.dumps(as_table(mapping)))) == mapping
    assert as_table(OWN) == {}
    assert of_table({}) == OWN


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["image", "2020-01-01"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["image", "page", "pictures"]), inner),
    max_leaves=12,
)


@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(str.encode), _values.map(lambda v: json.dumps(v).encode())
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for mapping in (OWN, Mapping(image="images[].{link: a, caption: b}", id="join('', [page])", where="image > `1`")):
        try:
            page = read_page(data, mapping)
        except Unusable:
            continue
        assert len(page.ids) == page.rows
        assert all(notice.id for notice in page.notices)


def test_the_number_of_a_person_is_read_in_our_own_form_and_only_where_a_mapping_names_it() -> None:
    page = read_page(
        b'[{"image": "a", "subject": " P-7 "}, {"image": "b"}, {"image": "c", "subject": "7\\u00077"}]', OWN
    )
    assert [notice.subject for notice in page.notices] == ["P-7", ""]
    assert len(page.passed_over) == 1
    table = read_page(b"image,subject\na,007\n", OWN)
    assert [notice.subject for notice in table.notices] == ["007"]
    row = {"image": "a", "subject": "robbery of a bank", "person": 42}
    named = of_table({"image": "image", "id": "image", "subject": "person"})
    unnamed = of_table({"image": "image", "id": "image"})
    assert [read_page(json.dumps([row]).encode(), form).notices[0].subject for form in (named, unnamed)] == ["42", ""]
    assert of_table(as_table(OWN)) == OWN
