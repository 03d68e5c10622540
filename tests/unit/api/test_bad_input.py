"""Whatever is sent: a problem that names the field, never a traceback, nothing half-made."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.factories.programs import program
from tests.factories.work import case, entries, gallery, probe

from plainview.casework.models import Case, Reference

OPEN = {"number": "C-1", "offence": "robbery"}
JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "status", "rule", "pointers"),
    [
        (b"{", JSON, 400, "api.json", []),
        (b"", JSON, 400, "api.json", []),
        (b"\xff\xfe{}", JSON, 400, "api.json", []),
        (b'{"number": NaN, "offence": "x"}', JSON, 400, "api.json", []),
        (b"[" * 100_000, JSON, 400, "api.json", []),
        (b'{"number":' + b"1" * 5000 + b"}", JSON, 400, "api.json", []),
        (b'{"number": "a", "number": "b", "offence": "x"}', JSON, 422, "api.fields", ["#/number"]),
        (b"[]", JSON, 422, "api.fields", ["#"]),
        (b'"text"', JSON, 422, "api.fields", ["#"]),
        (b'{"number": 7, "offence": ["x"]}', JSON, 422, "api.fields", ["#/number", "#/offence"]),
        (b'{"number": "a"}', JSON, 422, "api.fields", ["#/offence"]),
        (b'{"number": "a", "offence": "x", "ofense": "y"}', JSON, 422, "api.fields", ["#/ofense"]),
        (b'{"number": "a\\u0000", "offence": "x"}', JSON, 422, "api.fields", ["#/number"]),
        (b'{"number": "\\ud800", "offence": "x"}', JSON, 422, "api.fields", ["#/number"]),
        (json.dumps(OPEN | {"number": "x" * 501}).encode(), JSON, 422, "api.fields", ["#/number"]),
        (b"number=a&offence=x", "application/x-www-form-urlencoded", 415, "api.media", []),
        (b'{"number": "a", "offence": "x"}', "application/merge-patch+json", 415, "api.media", []),
        (b"<x/>", "application/xml", 415, "api.media", []),
        (b"x" * (2 << 20), JSON, 413, "api.body", []),
    ],
)
def test_a_bad_body_is_a_problem_and_makes_nothing(
    workspace: Path, body: bytes, kind: str, status: int, rule: str, pointers: list[str]
) -> None:
    answer = program().send("POST", "/cases", body, kind)
    assert (answer.status, answer.rule) == (status, rule), answer.raw
    assert [error["pointer"] for error in answer.json.get("errors", ())] == pointers
    assert not Case.objects.exists()
    assert not entries("case.opened")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"top": "ten"}, "#/top"),
        ({"top": "1e1"}, "#/top"),
        ({"top": "1_0"}, "#/top"),
        ({"face": "0"}, "#/face"),
        ({"face": "99999999999999999999"}, "#/face"),
        ({"box": "1,2,3"}, "#/box"),
        ({"casse": "C-1"}, "#/casse"),
        ({"case": ["C-1", "C-2"]}, "#/case"),
        ({"purpose": "\x01"}, "#/purpose"),
    ],
)
def test_a_bad_field_of_a_form_is_named(workspace: Path, tmp_path: Path, changed: dict[str, Any], pointer: str) -> None:
    fields = {"case": "C-1", "purpose": "find the rider", "gallery": "g"} | changed
    answer = program().form("/searches", probe(tmp_path), **fields)
    assert (answer.status, answer.rule) == (422, "api.fields"), answer.raw
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_a_form_that_was_cut_enrols_nothing(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    before = Reference.objects.count()
    whole = (
        b'--B\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\n'
        + probe(tmp_path).read_bytes()
        + b"\r\n--B--\r\n"
    )
    admin, kind = program("admin"), "multipart/form-data; boundary=B"
    for body in (whole[: len(whole) // 2], whole[:-6], whole.replace(b"--B--", b"--C--")):
        answer = admin.send("POST", "/galleries/g/references", body, kind)
        assert (answer.status, answer.rule) == (400, "api.cut"), answer.raw
    assert Reference.objects.count() == before
    assert admin.send("POST", "/galleries/g/references", whole, kind).json["enrolled"] == 1


def test_a_picture_that_cannot_be_used_is_named_and_nothing_is_recorded(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    answer = program().form("/searches", b"no picture", case="C-1", purpose="find the rider", gallery="g")
    assert (answer.status, answer.rule) == (422, "media.not_an_image")
    assert answer.json["errors"][0]["pointer"] == "#/image"
    assert not entries("search.requested")


def test_an_unknown_name_leads_to_the_list_and_an_unknown_field_to_all_fields(workspace: Path, tmp_path: Path) -> None:
    who, image = program(), probe(tmp_path)
    case()
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "nosuch"}
    answer = who.form("/searches", image, **asked)
    assert (answer.rule, answer.json["act"]) == ("gallery.unknown", "GET /api/v1/galleries")
    fields = "also, box, case, edit, face, gallery, image, origin, purpose, review, top, urgent."
    for answer in (who.form("/searches", image, **asked, foo=3), who.form("/searches", image, "img", **asked)):
        assert answer.json["errors"][0]["detail"] == f"The operation has no such field; it has {fields}"


def test_addresses_and_methods_that_are_not_there(workspace: Path) -> None:
    who = program()
    assert who.get("/nothing").rule == "api.no_operation"
    refused = who.send("PUT", "/cases")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert who.get("/cases/9").rule == "case.unknown"
    assert who.get("/cases/x").rule == "api.no_operation"
    assert who.get("/searches/%00").rule == "search.unknown"
    assert who.get(f"/cases/{10**17}").rule == "case.unknown"
    assert who.get(f"/cases/{10**40}").rule == "api.no_operation"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=!!", "cursor=YWJj", "page=2", "limit=1&limit=2"]
)
def test_a_bad_range_is_named(workspace: Path, query: str) -> None:
    answer = program().get(f"/cases?{query}")
    assert (answer.status, answer.json["errors"][0]["where"]) == (422, "query"), answer.raw


def test_a_list_is_cut_and_continued(workspace: Path) -> None:
    for number in range(5):
        case(f"C-{number}")
    who, seen, cursor = program(), [], ""
    while cursor is not None:
        part = who.get(f"/cases?limit=2&cursor={cursor}").json
        seen += [item["number"] for item in part["items"]]
        cursor = part["next"]
    assert seen == ["C-4", "C-3", "C-2", "C-1", "C-0"]


@pytest.mark.parametrize(
    "day", [0, 86_400, 1.5e9, "86400", "2999-01-01T00:00:00Z", "2999-02-31", "1/2/2999", "２９９９-01-01", ""]
)
def test_a_day_is_the_text_of_a_day(workspace: Path, day: object) -> None:
    """pydantic also reads numbers as seconds since 1970, and moments at midnight as days."""
    answer = program("admin").post("/galleries", {"name": "x", "basis": "b", "source": "s", "expires": day})
    assert (answer.status, [error["pointer"] for error in answer.json["errors"]]) == (422, ["#/expires"])
    assert program("auditor").get(f"/log/entries?since={quote(str(day))}").status == 422


def test_a_body_may_begin_with_a_byte_order_mark_and_is_never_compressed(workspace: Path) -> None:
    who, body = program(), json.dumps(OPEN).encode()
    packed = who.send("POST", "/cases", gzip.compress(body), JSON, Content_Encoding="gzip")
    assert (packed.status, packed.rule) == (415, "api.encoding")
    assert who.send("POST", "/cases", b"\xef\xbb\xbf" + body, JSON).status == 201


def test_head_is_get_without_a_body_and_options_says_what_there_is(workspace: Path) -> None:
    who = program()
    head = who.send("HEAD", "/cases")
    assert (head.status, head.raw) == (200, b"")
    assert who.send("HEAD", "/cases/7").status == 404
    assert program("verifier").send("HEAD", "/cases").status == 403
    assert program("verifier", "token.own").client.head("/api/v1/cases").status_code == 401
    for path, allowed in (("/cases", "GET, HEAD, OPTIONS, POST"), ("/videos", "GET, HEAD, OPTIONS, POST")):
        options = who.client.options(f"/api/v1{path}")
        assert (options.status_code, options["Allow"]) == (204, allowed)
    assert (options["Tus-Version"], options["Tus-Max-Size"]) == ("1.0.0", str(64 * 2**30))
    refused = who.send("PATCH", "/videos/V0/upload", b"x", "application/offset+octet-stream")
    assert refused.headers["Tus-Resumable"] == "1.0.0"
    assert who.client.options("/api/v1/nothing").status_code == 404


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ({"since": "0187-10-19"}, 403),
        ({"since": "0001-01-01", "until": "9999-12-31"}, 403),
        ({"until": "0001-01-01"}, 201),
    ],
)
def test_there_is_no_day_before_the_first(workspace: Path, period: dict[str, str], status: int) -> None:
    """The period before it, and the default one, begin with the first day at the earliest."""
    assert program("admin").post("/reports", period).status == status


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/problem+json", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/xml", 406),
        ("text/html", 406),
    ],
)
def test_an_answer_that_the_caller_does_not_take_is_refused(workspace: Path, accept: str, status: int) -> None:
    answer = program().get("/cases", Accept=accept)
    assert answer.status == status
    assert status == 200 or answer.rule == "api.accept"
