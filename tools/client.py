"""Writes what plainview.client knows of the API, from its OpenAPI document: the types of every answer, and the operations.

Owns the form of the generated files. `make openapi` writes them; tests/unit/api/test_published.py compares them with the
document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BY_HAND = frozenset({"Picture", "Result"})
"""Types of the client that no answer of the document has: those of bulk enrolment, which is a stream of lines."""

_KINDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_BODIES = {"application/json": "json", "application/x-www-form-urlencoded": "form", "multipart/form-data": "form"}
_WIDTH = 120

Schema = dict[str, Any]


class Client:
    """The files of plainview/client that are made from a document."""

    def __init__(self, document: Schema, prefix: str) -> None:
        self._document, self._prefix = document, prefix
        self._schemas: dict[str, Schema] = document["components"]["schemas"]

    def files(self) -> dict[str, str]:
        """Return the text of each file, by its path in the folder of the client."""
        groups: dict[str, dict[str, None]] = {}
        home: dict[str, str] = {}
        for group, _, _, described in self._operations():
            for name in self._below(_answer(described)[1]):
                if name not in home:
                    home[name] = group
                    groups.setdefault(group, {})[name] = None
        made = {f"types/{_module(group)}.py": self._types(group, list(names), home) for group, names in groups.items()}
        made["types/__init__.py"] = self._index({group: list(names) for group, names in groups.items()})
        made["operations.py"] = self._table()
        return made

    def _operations(self) -> Iterator[tuple[str, str, str, Schema]]:
        """Yield the group, the method, the path and the description of each operation that is no stream."""
        for path, methods in self._document["paths"].items():
            for method, described in methods.items():
                body = described.get("requestBody", {"content": {}})["content"]
                if (
                    set(body) <= set(_BODIES)
                    and not path.endswith("/upload")
                    and described["operationId"]
                    not in (
                        "video_begin",
                        "reference_bulk",
                    )
                ):
                    yield described["tags"][0], method.upper(), path.removeprefix(self._prefix), described

    def name(self, schema: str) -> str:
        """Return the name of a type in the client: without "Out", unless that is another's."""
        short = schema.removesuffix("Out")
        return schema if short in self._schemas or short in BY_HAND else short

    def _below(self, schema: Any) -> Iterator[str]:
        """Yield the names of the schemas that one needs, those first that others need."""
        if isinstance(schema, list):
            for part in schema:
                yield from self._below(part)
        elif isinstance(schema, dict):
            for key, value in schema.items():
                if key == "$ref":
                    name = value.rpartition("/")[2]
                    yield from self._below(self._schemas[name])
                    yield name
                else:
                    yield from self._below(value)

    def hint(self, schema: Schema) -> str:
        """Return a schema as a type of Python."""
        if "$ref" in schema:
            return self.name(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            return " | ".join(dict.fromkeys(self.hint(option) for option in schema["anyOf"]))
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return f"Literal[{', '.join(json.dumps(value) for value in values)}]"
        match schema.get("type"):
            case "array":
                return f"list[{self.hint(schema.get('items') or {})}]"
            case "object":
                values = schema.get("additionalProperties")
                return f"dict[str, {self.hint(values) if isinstance(values, dict) else 'Any'}]"
            case kind:
                return _KINDS.get(str(kind), "Any")

    def _types(self, group: str, names: list[str], home: dict[str, str]) -> str:
        classes, elsewhere = [], {}
        for name in names:
            schema = self._schemas[name]
            about = schema.get("description", name).splitlines()[0]
            fields = [f"    {field}: {self.hint(part)}" for field, part in schema["properties"].items()]
            classes.append("\n".join([f"class {self.name(name)}(TypedDict):", f'    """{about}"""', "", *fields]))
            for used in self._below(schema["properties"]):
                if home[used] != group:
                    elsewhere.setdefault(_module(home[used]), set()).add(self.name(used))
        text = "\n\n\n".join(classes)
        typing = ", ".join(word for word in ("Any", "Literal", "TypedDict") if word in text)
        imports = [
            _import(f"plainview.client.types.{module}", sorted(used, key=str.lower))
            for module, used in sorted(elsewhere.items())
        ]
        parts = [f"from typing import {typing}\n", *(["".join(imports)] if imports else [])]
        head = f'"""Answers of the API: {group.lower()}; `make openapi` writes this file."""'
        return f"{head}\n\nfrom __future__ import annotations\n\n{chr(10).join(parts)}\n\n{text}\n"

    def _index(self, groups: dict[str, list[str]]) -> str:
        imports = {
            f"plainview.client.types.{_module(g)}": sorted(map(self.name, names), key=str.lower)
            for g, names in groups.items()
        }
        imports["plainview.client.types.bulk"] = sorted(BY_HAND)
        names = sorted(name for part in imports.values() for name in part)
        every = "".join(f'    "{name}",\n' for name in names)
        lines = "".join(_import(module, part) for module, part in sorted(imports.items()))
        head = '"""What the API answers, as types; `make openapi` writes this file, and bulk.py is written by hand."""'
        return f"{head}\n\nfrom __future__ import annotations\n\n{lines}\n__all__ = [\n{every}]\n"

    def _table(self) -> str:
        rows, used = [], set()
        for _, method, path, described in self._operations():
            query = [p["name"] for p in described["parameters"] if p["in"] == "query"]
            words = [method, path, *([f"?{','.join(query)}"] if query else [])]
            for kind, content in described.get("requestBody", {"content": {}})["content"].items():
                words.append(self._body(_BODIES[kind], content["schema"]))
            media, schema = _answer(described)
            answer = "None" if media is None else self.hint(schema) if media == "application/json" else "bytes"
            used |= {answer} - {"None", "bytes", "dict[str, Any]"}
            name = described["operationId"]
            row = f'{name}: Operation[{answer}] = Operation("{" ".join(words)}")'
            if len(row) > _WIDTH:
                row = f'{name}: Operation[{answer}] = Operation(\n    "{" ".join(words)}"\n)'
            rows.append(row)
        rows.sort()
        return _TABLE.format(
            imports=_import("plainview.client.types", sorted(used, key=str.lower)), rows="\n".join(rows)
        )

    def _body(self, form: str, schema: Schema) -> str:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        if form == "json":
            return form
        files = [name for name, field in schema["properties"].items() if "binary" in json.dumps(field)]
        return f"form:{','.join(files)}" if files else form


def _answer(described: Schema) -> tuple[str | None, Schema]:
    """Return the media type and the schema of the answer; None if it has no body."""
    good = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
    for media, content in good.get("content", {}).items():
        return media, content["schema"]
    return None, {}


def _module(group: str) -> str:
    return group.lower().replace(" ", "_").replace(",", "")


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    return (
        line if len(line) <= _WIDTH + 1 else f"from {module} import (\n" + "".join(f"    {n},\n" for n in names) + ")\n"
    )


_TABLE = '''"""Every operation that `Client.run` calls, with the type of its answer; `make openapi` writes this file.

A text is the method, the path, the names of the query, and the form of the body with the names of its files.
"""

from __future__ import annotations

from typing import Any

from plainview.client.operation import Operation
{imports}
{rows}
'''


def write(document: Schema, prefix: str, folder: Path) -> None:
    """Write the files into the folder of the client, in place of those that were made before."""
    for old in (folder / "types").glob("*.py"):
        if old.name != "bulk.py":
            old.unlink()
    for name, text in Client(document, prefix).files().items():
        (folder / name).write_text(text, encoding="utf-8")
