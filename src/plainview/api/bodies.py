"""What a request brings: its media type, its body, and fields that the operation does not know.

Owns these checks, which run before an operation does. A fault names its field with a JSON pointer; a body is never read
twice in two ways.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI

from plainview.api.operation import Operation
from plainview.api.plain import pointer, read_json
from plainview.api.problems import MEDIA_TYPE, Fault, Unusable

_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_PIECE = 1 << 20
_TAIL = 300  # bytes: the last boundary has at most 70 characters, four dashes and line ends


@cache
def _models(api: NinjaAPI, name: str) -> Mapping[str, Any]:
    """Return the models of an operation's parameters by where they are: path, query, form, file, body."""
    for bound in api._get_bound_routers():
        for view in bound.path_operations.values():
            for operation in view.operations:
                if operation.view_func.__name__ == name:
                    return {model.__ninja_param_source__ or "": model for model in operation.models}
    raise KeyError(name)


def check(request: HttpRequest, operation: Operation, api: NinjaAPI) -> None:
    """Check the parts of a request, and read its body if it is JSON.

    Raises:
        Unusable: an answer that the caller does not take, a wrong media type, a body that is too large, cut or unreadable,
            or an unknown or repeated field.
    """
    gives = operation.gives or _JSON
    stated = request.META.get("HTTP_ACCEPT", "").strip()
    if stated and not any(map(request.accepts, (gives, _JSON, MEDIA_TYPE))):
        why = f"The answer is {gives}, which the header Accept does not name."
        raise Unusable(406, "api.accept", why, f"Send Accept: {gives}, or none.")
    models = _models(api, operation.name)
    _known(request.GET.lists(), models.get("query"), "query")
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > operation.body:
        raise Unusable(
            413, "api.body", f"The body has {length:,} bytes; the limit is {operation.body:,}.", "Send less at once."
        )
    wanted = _MULTIPART if "file" in models else _JSON if "body" in models else _FORM if "form" in models else ""
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if coding not in ("", "identity"):
        why = f"The body is encoded as {coding[:20]}; it is taken as it is only."
        raise Unusable(415, "api.encoding", why, "Send it uncompressed.", headers={"Accept-Encoding": "identity"})
    kind = request.content_type or ""
    wanted = operation.media or wanted
    if not wanted:
        if length:
            raise Unusable(415, "api.media", "This operation takes no body.", "Send none.")
        return
    if kind != wanted and (length or wanted != _JSON):
        why = f"The body is {kind or 'of no stated type'}; this operation takes {wanted}."
        raise Unusable(415, "api.media", why, f"Send Content-Type: {wanted}.")
    if operation.media:
        return
    if wanted == _JSON:
        request.plain_body = read_json(request.body)  # type: ignore[attr-defined]
        return
    if wanted == _MULTIPART:
        _complete(request)
    form, file = models.get("form"), models.get("file")
    _known(request.POST.lists(), form, "form", beside=_names(file))
    _known(request.FILES.lists(), file, "file", beside=_names(form))


def _known(fields: Iterable[tuple[str, list[Any]]], model: Any, where: str, *, beside: Collection[str] = ()) -> None:
    """Refuse a field that the operation does not know, one that is there twice, and control characters.

    Args:
        fields: name -> values, as they were sent.
        model: what the operation knows of this kind.
        where: the kind: "query", "form" or "file".
        beside: the fields of the other kind in the same body, which a refusal names too.
    """
    known = _names(model)
    lists = set(getattr(model, "__ninja_collection_fields__", ()))
    faults = []
    for name, values in fields:
        place = f"#/{pointer(name)}"
        if name not in known:
            says = f"The operation has no such field; it has {', '.join(sorted({*known, *beside})) or 'none'}."
            faults.append(Fault(pointer=place, where=where, detail=says))
        elif len(values) > 1 and name not in lists:
            faults.append(Fault(pointer=place, where=where, detail="The field is there more than once."))
    if faults:
        raise Unusable(
            422, "api.fields", f"A field of the {where} is unknown or repeated.", "Correct the request.", faults
        )


def _names(model: Any) -> set[str]:
    if model is None:
        return set()
    flat = getattr(model, "__ninja_flatten_map__", None)
    if flat:
        return set(flat)
    return {field.alias or name for name, field in model.model_fields.items()}


def _complete(request: HttpRequest) -> None:
    """Refuse a multipart body that ends before its last boundary: Django would take what has arrived."""
    boundary = request.content_params.get("boundary", "") if request.content_params else ""
    stream = request.META["wsgi.input"]
    if not stream.seekable():  # another server than ours
        stream = io.BytesIO(request.body)
    try:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read(_TAIL)
    finally:
        stream.seek(0)
    if not boundary or f"--{boundary}--".encode("latin-1", "replace") not in tail:
        raise Unusable(400, "api.cut", "The body ends before its last boundary: it was cut.", "Send it again, whole.")


def fingerprint(request: HttpRequest) -> str:
    """Return a hash of method, address and body: the same for the same request."""
    parts = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == _MULTIPART:
        for name, values in sorted(request.POST.lists()):
            parts.update(json.dumps([name, values]).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                parts.update(json.dumps([name, file.name, file.size]).encode())
                for chunk in file.chunks():
                    parts.update(chunk)
                file.seek(0)
    elif request.META["wsgi.input"].seekable():  # a bulk enrolment may be larger than memory
        stream = request.META["wsgi.input"]
        while piece := stream.read(_PIECE):
            parts.update(piece)
        stream.seek(0)
    else:
        parts.update(request.body)
    return parts.hexdigest()


def wrong_fields(errors: Iterable[Mapping[str, Any]]) -> Unusable:
    """Return the fault of fields that have the wrong type or are missing or unknown."""
    faults = []
    for error in errors:
        where, *path = error["loc"]
        if where == "body" and path:
            path = path[1:]  # the name of the parameter, which nobody outside sees
        place = "#" + "".join(f"/{pointer(part)}" for part in path)
        faults.append(Fault(pointer=place, where=str(where), detail=_says(error)))
    return Unusable(422, "api.fields", "A field is wrong or missing.", "Correct the request.", faults)


def _says(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "The field is missing."
        case "extra_forbidden":
            return "The operation has no such field."
    says = str(error["msg"]).removeprefix("Value error, ")
    return f"{says[:1].upper()}{says[1:]}".rstrip(".") + "."


def wrong_header(name: str, why: str) -> Unusable:
    """Return the fault of a header."""
    fault = Fault(pointer=f"#/{pointer(name)}", where="header", detail=why)
    return Unusable(422, "api.fields", "A header is wrong.", "Correct the request.", [fault])
