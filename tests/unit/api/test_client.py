"""plainview.client against the API itself: the same types, the same operations, retries that do nothing twice."""

from __future__ import annotations

import ast
import base64
import hashlib
import inspect
import json
import re
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from tests.factories import loops
from tests.factories.models import collins, scaled
from tests.factories.programs import program
from tests.factories.work import case, entries, gallery, probe, write

from plainview.api.document import PREFIX, api
from plainview.casework.models import Video
from plainview.client import AsyncClient, Client, PlainviewError, calls, operations, types

DOCUMENT = api.get_openapi_schema()
EXAMPLES: dict[str, dict[str, Any]] = {
    "open_case": {"number": "C", "offence": "o", "jurisdiction": "j"},
    "search": {
        "image": b"x",
        "case": "C",
        "purpose": "p",
        "gallery": "g",
        "origin": "o",
        "top": 5,
        "face": 1,
        "also": [b"y"],
    },
    "enrol": {
        "gallery": "g",
        "image": b"x",
        "source_url": "https://a",
        "page_url": "https://b",
        "captured_on": "2024",
        "subject": "17",
    },
    "enrol_many": {"gallery": "g", "pictures": []},
    "entries": {"before": 5, "action": "a"},
    "report": {"since": "2026-01-01", "until": "2026-01-02"},
}


HELPERS = {"fields_of", "operation", "lines_of", "length_of", "upload"}


def connected(token: str, **options: Any) -> Client:
    transport = httpx.WSGITransport(app=get_wsgi_application())
    return Client("http://localhost", token, transport=transport, **options)


@pytest.mark.parametrize(
    "name", [name for name, act in inspect.getmembers(calls, inspect.isfunction) if name in EXAMPLES]
)
def test_a_call_is_an_operation_of_the_document(name: str) -> None:
    call = getattr(calls, name)(**EXAMPLES[name])
    described, *others = [
        methods[call.method.lower()]
        for path, methods in DOCUMENT["paths"].items()
        if f"{call.method} {PREFIX}{call.path}" == f"{call.method} {path.replace('{name}', 'g')}"
        and call.method.lower() in methods
    ]
    assert not others
    body = next(iter(described.get("requestBody", {"content": {"": {"schema": {}}}})["content"].values()))["schema"]
    body = DOCUMENT["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
    allowed = set(body.get("properties", ())) | {parameter["name"] for parameter in described.get("parameters", ())}
    sent = {*call.query, *(call.body or {}), *call.fields, *call.files}
    assert sent <= allowed
    assert set(body.get("required", ())) <= sent


def test_every_call_is_checked() -> None:
    made = {name for name, act in inspect.getmembers(calls, inspect.isfunction) if act.__module__ == calls.__name__}
    assert {name for name in made if not name.startswith("_")} - HELPERS == set(EXAMPLES)


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


def test_the_type_of_an_answer_is_that_of_its_operation() -> None:
    """What mypy infers is what the document says: the generated table and types are compared in test_published."""
    call = calls.operation(operations.hold_place, {"kind": "case", "name": "C-1"})
    typing.assert_type(call, calls.Call[types.Hold])
    typing.assert_type(calls.search(b"x", case="C", purpose="p", gallery="g"), calls.Call[types.Search])
    typing.assert_type(calls.operation(operations.candidate_picture, {"id": "S", "rank": 1}), calls.Call[bytes])
    with pytest.raises(TypeError, match="no operation"):
        calls.operation("case_opne", {})


DOCS = Path(__file__).parents[3] / "docs" / "howto"


@pytest.mark.parametrize("page", ["api.md", "integrations.md"])
def test_what_a_document_calls_is_there_and_takes_what_it_says(page: str) -> None:
    called = 0
    for block in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "run":
                continue
            (named,) = node.args
            assert isinstance(named, ast.Attribute)
            stated = {keyword.arg: "1" for keyword in node.keywords if keyword.arg}
            call = calls.operation(named.attr, stated)
            described = next(
                methods[call.method.lower()]
                for path, methods in DOCUMENT["paths"].items()
                if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), PREFIX + call.path) and call.method.lower() in methods
            )
            assert described["operationId"] == named.attr
            if call.body is not None:
                reference = described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                body = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
                assert set(body.get("required", ())) <= set(call.body) <= set(body["properties"]), named.attr
            called += 1
    assert called


def test_pictures_and_several_photographs(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    other = write(scaled(collins(), 0.7), tmp_path / "other.png")
    sent: list[int] = []
    with connected(program().token) as faces:
        asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
        answer = faces.search(image, also=[other], progress=sent.append, **asked)
        assert [frame["photograph"] for frame in answer["probe"]["frames"]] == ["other.png"]
        face = faces.run(operations.candidate_picture, id=answer["search_id"], rank=1, part="whole")
        assert face[:2] == b"\xff\xd8"
        assert faces.run("search_probe", id=answer["search_id"], photograph=2)[:2] == b"\xff\xd8"
    assert sent[-1] == image.stat().st_size + other.stat().st_size
    with connected(program("admin").token) as admin:
        job = admin.run(operations.enrolment_ask, name="g", files=[image, other])
    assert job["total"] == 2


def test_a_bulk_enrolment_is_streamed_with_its_length_known(tmp_path: Path) -> None:
    pictures = [
        types.Picture(image=probe(tmp_path), id="ä", source_url="https://a.example/1"),
        types.Picture(image=b"x" * 10),
    ]
    lines = list(calls.lines_of(pictures))
    assert sum(map(len, lines)) == calls.length_of(pictures)
    read = [json.loads(line) for line in lines]
    assert base64.b64decode(read[0].pop("image")) == probe(tmp_path).read_bytes()
    assert read == [{"id": "ä", "source_url": "https://a.example/1"}, {"image": base64.b64encode(b"x" * 10).decode()}]


def test_a_video_is_uploaded_whatever_breaks(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a piece is lost: sent again it is refused with where to continue, and nothing is sent twice."""
    case()
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(calls, "PIECE_BYTES", 70_000)
    inner, lost = httpx.WSGITransport(app=get_wsgi_application()), [True, False, False]

    class Breaking(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = inner.handle_request(request)
            answer.read()
            if request.method == "PATCH" and lost and lost.pop(0):
                raise httpx.ReadError("the connection broke")
            return answer

    video = tmp_path / "door.mp4"
    video.write_bytes(bytes(range(256)) * 800)
    arrived: list[int] = []
    with Client("http://localhost", program().token, transport=Breaking()) as faces:
        identity = faces.upload_video(video, case="C-1", progress=arrived.append)
        stored = Video.objects.get(public_id=identity)
        assert stored.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
        assert arrived[-1] == video.stat().st_size
        with pytest.raises(PlainviewError, match=r"case\.unknown"):
            faces.upload_video(video, case="C-9")
