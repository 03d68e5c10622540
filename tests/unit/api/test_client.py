"""plainview.client against the API itself: the same types, the same operations, retries that do nothing twice."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from tests.factories import loops
from tests.factories.programs import program
from tests.factories.work import case, entries, gallery, probe

from plainview.api.document import PREFIX, api
from plainview.client import AsyncClient, Client, PlainviewError, calls, types

DOCUMENT = api.get_openapi_schema()
SHAPES = {
    "Case": "CaseOut",
    "Search": "SearchOut",
    "Candidate": "CandidateOut",
    "Calibration": "CalibrationOut",
    "Caution": "CautionOut",
    "Reference": "ReferenceOut",
    "Enrolled": "EnrolledOut",
    "Failure": "FailedOut",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "open_case": {"number": "C", "offence": "o", "jurisdiction": "j"},
    "search": {"image": b"x", "case": "C", "purpose": "p", "gallery": "g", "origin": "o", "top": 5, "face": 1},
    "enrol": {"gallery": "g", "image": b"x", "source_url": "https://a", "page_url": "https://b", "captured_on": "2024"},
    "enrol_many": {"gallery": "g", "pictures": []},
    "entries": {"before": 5, "action": "a"},
    "report": {"since": "2026-01-01", "until": "2026-01-02"},
}


def connected(token: str, **options: Any) -> Client:
    transport = httpx.WSGITransport(app=get_wsgi_application())
    return Client("http://localhost", token, transport=transport, **options)


@pytest.mark.parametrize("name", SHAPES)
def test_a_type_has_the_fields_of_the_document(name: str) -> None:
    fields = typing.get_type_hints(getattr(types, name))
    described = DOCUMENT["components"]["schemas"][SHAPES[name]]["properties"]
    assert set(fields) == set(described)
    for field, hint in fields.items():
        kinds = {option.get("type") for option in described[field].get("anyOf", [described[field]])}
        nullable = type(None) in typing.get_args(hint)
        assert ("null" in kinds) == nullable, (name, field)


@pytest.mark.parametrize(
    "name", [name for name, act in inspect.getmembers(calls, inspect.isfunction) if name in EXAMPLES]
)
def test_a_call_is_an_operation_of_the_document(name: str) -> None:
    call = getattr(calls, name)(**EXAMPLES[name])
    (path, described), *others = [
        (path, methods[call.method.lower()])
        for path, methods in DOCUMENT["paths"].items()
        if methods.get(call.method.lower(), {}).get("operationId") == call.operation
    ]
    assert not others
    assert path.replace("{name}", "g") == PREFIX + call.path
    body = next(iter(described.get("requestBody", {"content": {"": {"schema": {}}}})["content"].values()))["schema"]
    body = DOCUMENT["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
    allowed = set(body.get("properties", ())) | {parameter["name"] for parameter in described.get("parameters", ())}
    sent = {*call.query, *(call.body or {}), *call.fields, *({"image"} if call.image is not None else ())}
    assert sent <= allowed
    assert set(body.get("required", ())) <= sent


def test_every_call_is_checked() -> None:
    made = {name for name, act in inspect.getmembers(calls, inspect.isfunction) if act.__module__ == calls.__name__}
    assert {name for name in made if not name.startswith("_")} - {"fields_of", "operation"} == set(EXAMPLES)


def test_the_main_job_with_and_without_asyncio(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    image = probe(tmp_path)
    sent: list[int] = []
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    with connected(program().token) as faces:
        assert faces.open_case("C-1", "robbery")["state"] == "open"
        answer = faces.search(image, progress=sent.append, **asked)
        assert [item["number"] for item in faces.pages("/cases")] == ["C-1"]
    assert sent[-1] == image.stat().st_size

    async def again() -> types.Search:
        transport = httpx.ASGITransport(app=_asgi())
        async with AsyncClient("http://localhost", program().token, transport=transport) as faces:
            return await faces.search(image, **asked)

    assert loops.run(again())["candidates"] == answer["candidates"]


def _asgi() -> Any:
    """The WSGI application behind httpx's transport for asyncio, in this thread: the tests' database is one connection."""
    wsgi = httpx.Client(base_url="http://localhost", transport=httpx.WSGITransport(app=get_wsgi_application()))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event.get("more_body", False)
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        answer = wsgi.request(scope["method"], scope["path"], content=body, headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        raw = [(name.encode(), value.encode()) for name, value in kept.items()]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": raw})
        await send({"type": "http.response.body", "body": answer.content})

    return app


def test_a_request_that_is_sent_again_does_nothing_twice(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks after the server has done what was asked: the answer is the first one."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    inner = httpx.WSGITransport(app=get_wsgi_application())
    lost = [True, True]

    class Breaking(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = inner.handle_request(request)
            answer.read()
            if lost and lost.pop():
                raise httpx.ReadError("the connection broke")
            return answer

    with Client("http://localhost", program().token, transport=Breaking()) as faces:
        assert faces.open_case("C-7", "robbery")["number"] == "C-7"
    assert len(entries("case.opened")) == 1


def test_a_problem_is_an_exception_with_its_rule(workspace: Path) -> None:
    case()
    with connected(program().token) as faces, pytest.raises(PlainviewError) as caught:
        faces.open_case("C-1", "robbery")
    assert (caught.value.status, caught.value.rule) == (409, "case.number_taken")


def test_many_pictures_have_a_result_each(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    pictures = [
        types.Picture(image=probe(tmp_path), id="one", source_url="https://a.example/1"),
        types.Picture(image=bad, id="two"),
        types.Picture(image=tmp_path / "pictures" / "hopper.png", id="three"),
    ]
    with connected(program("admin").token) as faces:
        results = list(faces.enrol_many("g", pictures, at_once=2))
    assert [(result["line"], result["id"], result["outcome"]) for result in results] == [
        (1, "one", "enrolled"),
        (2, "two", "not_an_image"),
        (3, "three", "duplicate"),
    ]
    assert all(results[place]["references"] for place in (0, 2))
    assert results[1]["why"]


def test_any_operation_is_called_by_its_name(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    token = program("admin").token
    with connected(token) as admin:
        hold = admin.run("hold_place", kind="gallery", name="g", reason="a court asked for it", authority="court")
        assert admin.run("hold_list", limit=1)["items"][0]["id"] == hold["id"]
        assert admin.run("gallery_show", name="g")["name"] == "g"
        with pytest.raises(PlainviewError, match=r"hold\.unknown"):
            admin.run("hold_end", id="H0", reason="a reason in words")
        made = admin.run("reference_enrol", name="g", image=probe(tmp_path), source_url="https://a.example/1")
        assert made["enrolled"] == 1
        with pytest.raises(TypeError, match="needs id"):
            admin.run("hold_end", reason="a reason in words")
        with pytest.raises(TypeError, match="has no wrong"):
            admin.run("hold_list", wrong=1)

    async def listed() -> Any:
        async with AsyncClient("http://localhost", token, transport=httpx.ASGITransport(app=_asgi())) as client:
            return await client.run("hold_list", limit=1)

    assert loops.run(listed())["items"][0]["id"] == hold["id"]
