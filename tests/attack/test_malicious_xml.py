"""Malicious XML in every reader of it: entities, thousands of attributes, deep nesting, in any encoding and any place."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from tests.factories.notices import rss
from tests.factories.tables import MANIFEST, workbook
from tests.fuzz import sign_in

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds import news
from plainview.casework.feeds.mapping import of_table
from plainview.casework.feeds.reading import read_page
from plainview.tables.errors import TableError
from plainview.tables.read import open_table

MANY = " ".join(f'a{number}="x"' for number in range(20_000))
DEEP = "<a>" * 5_000 + "</a>" * 5_000
ENTITY = '<!DOCTYPE rss [<!ENTITY i "{}">]>'.format("ha" * 5_000)
DEFAULTS = '<!DOCTYPE rss [<!ATTLIST item a CDATA "{}">]>'.format("ha" * 5_000)
OUTSIDE = '<!DOCTYPE rss [<!ENTITY % o SYSTEM "file:///etc/passwd"> %o;]>'

_LIST = rss("h.example", [("101", "/a.jpg")]).decode()
_HEAD, _BODY = _LIST[: _LIST.index("<rss")], _LIST[_LIST.index("<rss") :]


def refusal_of(data: bytes) -> str:
    with pytest.raises(Unusable) as caught:
        read_page(data, of_table({"form": "feed"}))
    assert caught.value.code == "feed.list"
    return caught.value.why


def declaring(text: str, encoding: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}{_BODY}'.encode(encoding)


@pytest.mark.parametrize("declared", [ENTITY, DEFAULTS, OUTSIDE, f"<!-- {'x' * 5_000} -->{ENTITY}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_list_that_defines_entities_is_refused_in_every_form_of_unicode(declared: str, encoding: str) -> None:
    assert "line 1: it defines entities or attributes" in refusal_of((declared + _BODY).encode(encoding))


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-5", "shift_jis", "gb18030", "iso-2022-jp", "euc-kr"])
def test_a_list_that_defines_entities_is_refused_in_the_encoding_that_it_states(encoding: str) -> None:
    assert read_page(declaring("", encoding), of_table({"form": "feed"})).rows == 1
    assert "it defines entities" in refusal_of(declaring(ENTITY, encoding))


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "punycode", "unicode_escape", "idna", "rot13", "utf-16", "hex"])
def test_an_encoding_that_hides_what_is_in_a_text_is_not_read(encoding: str) -> None:
    assert f"it states the encoding {encoding}" in refusal_of(
        f'<?xml version="1.0" encoding="{encoding}"?>{_BODY}'.encode()
    )


def test_a_list_with_thousands_of_attributes_deep_nesting_or_too_much_is_refused_with_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attributes = _LIST.replace("\n", " ").replace("<item", f"\n\n<item {MANY}")
    assert "line 3: an element has 20,000 attributes" in refusal_of(attributes.encode())
    assert "more than 100 elements are inside each other" in refusal_of(
        _LIST.replace("<item>", f"<item>{DEEP}").encode()
    )
    monkeypatch.setattr(news, "NEWS_EVENTS", 20)
    assert "elements and pieces of text, and 20 are read" in refusal_of(_LIST.encode())
    monkeypatch.setattr(news, "NEWS_BYTES", 1 << 10)
    assert "MB of RSS or Atom are read" in refusal_of(_LIST.encode() + b" " * 2_000)


def changed(change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """Return a good workbook whose parts, and their names, were changed."""
    out, good = io.BytesIO(), workbook(lambda sheet: sheet.append(["path"]) or sheet.append(["a.jpg"]))
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(*change(name, source.read(name)))
    return out.getvalue()


def elsewhere(name: str, part: bytes) -> tuple[str, bytes]:
    """Give the sheet a name that says nothing of XML."""
    return name.replace("sheet1.xml", "sheet1.dat"), part.replace(b"sheet1.xml", b"sheet1.dat")


@pytest.mark.parametrize(
    ("old", "new", "encoding", "word"),
    [
        (b"<sheetData>", f"<sheetData {MANY}>".encode(), "utf-8", "20,000 attributes"),
        (b"<row", f"<row {MANY}".encode(), "utf-8", "20,001 attributes"),
        (b"<sheetData>", f"<sheetData>{DEEP}".encode(), "utf-8", "inside each other"),
        (b"<worksheet", f"<!-- {'x' * 5_000} -->{ENTITY}<worksheet".encode(), "utf-8", "it defines entities"),
        (b"<worksheet", f"{ENTITY}<worksheet".encode(), "utf-16", "it defines entities"),
    ],
)
def test_a_workbook_with_such_a_part_is_refused_whatever_the_part_is_called(
    old: bytes, new: bytes, encoding: str, word: str
) -> None:
    def malicious(name: str, part: bytes) -> tuple[str, bytes]:
        return name, part.replace(old, new, 1).decode().encode(encoding) if "sheet1" in name else part

    for rename in (lambda *part: part, elsewhere):
        with pytest.raises(TableError, match=word) as caught:
            list(open_table(changed(lambda name, part, to=rename: to(*malicious(name, part))), "m.xlsx", MANIFEST))
        assert "sheet1" in caught.value.why
    assert len(list(open_table(changed(elsewhere), "m.xlsx", MANIFEST))) == 1


def deflated(text: str) -> str:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packing.compress(text.encode()) + packing.flush()).decode()


@pytest.mark.parametrize("text", [f"<a {MANY}/>", DEEP, f"{ENTITY}<rss>&i;</rss>", "<a>"])
def test_such_an_answer_of_a_sign_in_service_is_refused_before_it_is_kept(
    workspace: Path, tmp_path: Path, text: str
) -> None:
    sign_in.configure(tmp_path)
    client = Client(HTTP_HOST="localhost")
    sent = client.post("/accounts/saml/harbour/acs/", {"SAMLResponse": base64.b64encode(text.encode()).decode()})
    assert (sent.status_code, b"cannot be read" in sent.content) == (403, True)
    for name in ("SAMLRequest", "SAMLResponse"):
        sent = client.get("/accounts/saml/harbour/sls/", {name: deflated(text)})
        assert (sent.status_code, b"cannot be read" in sent.content) == (403, True)


def test_a_small_address_that_unpacks_to_megabytes_is_refused(workspace: Path, tmp_path: Path) -> None:
    sign_in.configure(tmp_path)
    sent = Client(HTTP_HOST="localhost").get(
        "/accounts/saml/harbour/sls/", {"SAMLRequest": deflated(f"<a>{'<b/>' * 500_000}</a>")}
    )
    assert (sent.status_code, b"cannot be read" in sent.content) == (403, True)
