"""The promise of /api/v1: what was published stays. `make openapi` publishes new operations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from tools.client import Client, write

from plainview.api import bulk, problems
from plainview.api.document import PREFIX, api
from plainview.api.operations import OPERATIONS

FOLDER = Path(problems.__file__).parents[1] / "client"
PUBLISHED = Path(__file__).parents[2] / "data" / "openapi-v1.json"


def current() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema()))


def flat(document: dict[str, Any], schema: dict[str, Any], way: str = "", seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Path of each property -> its types, and whether it is required."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in seen:
            return {}
        return flat(document, document["components"]["schemas"][name], way, (*seen, name))
    rows: dict[str, Any] = {}
    kinds = sorted({str(option.get("type", option.get("$ref", "any"))) for option in schema.get("anyOf", [schema])})
    rows[way or "."] = {"types": [kind.rpartition("/")[2] for kind in kinds]}
    for option in schema.get("anyOf", ()):
        rows |= {key: value for key, value in flat(document, option, way, seen).items() if key != (way or ".")}
    for name, child in schema.get("properties", {}).items():
        rows |= flat(document, child, f"{way}/{name}", seen)
        rows[f"{way}/{name}"]["required"] = name in schema.get("required", ())
    if isinstance(schema.get("items"), dict):
        rows |= flat(document, schema["items"], f"{way}[]", seen)
    return rows


def promise(document: dict[str, Any]) -> dict[str, Any]:
    """Operation -> its scope, its parameters, its body and its answer, flat."""
    made = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            body = described.get("requestBody", {"content": {}})["content"]
            good = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
            made[f"{method.upper()} {path}"] = {
                "id": described["operationId"],
                "scope": described["security"][0]["bearer"],
                "parameters": {p["name"]: p["required"] for p in described.get("parameters", ())},
                "takes": {kind: flat(document, content["schema"]) for kind, content in body.items()},
                "status": next(status for status in described["responses"] if status.startswith("2")),
                "gives": {kind: flat(document, content["schema"]) for kind, content in good.get("content", {}).items()},
            }
    return made


def test_what_was_published_is_still_there() -> None:
    now, then = promise(current()), json.loads(PUBLISHED.read_text(encoding="utf-8"))
    for name, old in then.items():
        assert name in now, f"{name} is gone"
        new = now[name]
        assert (new["id"], new["scope"], new["status"]) == (old["id"], old["scope"], old["status"]), name
        for parameter, required in old["parameters"].items():
            assert parameter in new["parameters"], (name, parameter)
            assert new["parameters"][parameter] <= required, (name, parameter, "became required")
        assert not {p for p, required in new["parameters"].items() if required} - set(old["parameters"]), name
        _same_or_more(name, old["takes"], new["takes"], asked=True)
        _same_or_more(name, old["gives"], new["gives"], asked=False)


def _same_or_more(name: str, old: dict[str, Any], new: dict[str, Any], *, asked: bool) -> None:
    assert set(old) <= set(new), (name, "another media type")
    for kind, fields in old.items():
        for field, known in fields.items():
            assert field in new[kind], (name, f"{field} is gone")
            now = new[kind][field]
            assert set(known["types"]) <= set(now["types"]) if asked else set(now["types"]) <= set(known["types"]), (
                name,
                field,
                known,
                now,
            )
            if asked:
                assert now.get("required", False) <= known.get("required", False), (name, f"{field} became required")
        if asked:
            added = {field for field, now in new[kind].items() if now.get("required")} - set(fields)
            assert not added, (name, f"{added} are required")


def test_everything_is_published() -> None:
    """A new operation is published with the version that brings it."""
    assert set(promise(current())) == set(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def test_the_document_is_complete() -> None:
    described = {
        operation["operationId"]: (method, operation)
        for methods in current()["paths"].values()
        for method, operation in methods.items()
    }
    assert set(described) == {operation.name for operation in OPERATIONS}
    makes = {operation.name: operation.makes for operation in OPERATIONS}
    for _, operation in described.values():
        assert operation["summary"]
        assert operation["security"][0]["bearer"] is not None
        assert {"401", "403", "404", "422"} <= set(operation["responses"])
        assert ("Idempotency-Key" in {p["name"] for p in operation["parameters"]}) == makes[operation["operationId"]]


def test_a_file_is_described_as_one() -> None:
    """A generated client would decode a picture as a text (openapi-generator, openapi-typescript)."""
    for methods in current()["paths"].values():
        for described in methods.values():
            for kind, content in next(iter(described["responses"].values())).get("content", {}).items():
                if kind.partition("/")[0] in ("image", "application") and kind not in (
                    "application/json",
                    bulk.MEDIA_TYPE,
                ):
                    assert content["schema"] == {"type": "string", "format": "binary"}, described["operationId"]


def test_every_refusal_of_a_request_is_documented() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(problems.__file__).parent.rglob("*.py"))
    named = set(re.findall(r"(?<![\w.])(?:api|signature|rekognition)\.[a-z_]+(?=\"|\])", sources))
    assert named == {rule for rule in problems.RULES if rule.split(".")[0] in ("api", "signature", "rekognition")}


def test_no_two_types_have_one_name() -> None:
    """The document names a type once: of two with one name, the second would describe both (django-ninja, issue 965)."""
    types = [*below(BaseModel)]
    names = [made.__name__ for made in types if made.__module__.startswith("plainview.api")]
    assert not {name for name in names if names.count(name) > 1}


def below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in dict.fromkeys(kind.__subclasses__()):
        yield child
        yield from below(child)


def made() -> dict[str, str]:
    """The files of plainview.client that are made from the document."""
    return Client(current(), PREFIX).files()


def test_the_client_is_the_document() -> None:
    """Every operation with its way and its answer, and every type with its fields."""
    assert {str(path.relative_to(FOLDER)) for path in (FOLDER / "types").glob("*.py")} == {
        name for name in (*made(), "types/bulk.py") if name.startswith("types/")
    }
    for name, text in made().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: make openapi"


def publish() -> None:
    """Write the promise of this version, and what the client has of it; `make openapi` calls it."""
    write(current(), PREFIX, FOLDER)
    rows = (
        f"{json.dumps(name)}: {json.dumps(made, sort_keys=True)}" for name, made in sorted(promise(current()).items())
    )
    PUBLISHED.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
