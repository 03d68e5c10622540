"""Reading JSON that a stranger sent: once, strictly, and never deeper than anything of ours is.

Owns what counts as JSON here.
"""

from __future__ import annotations

import json
from typing import Any

from plainview.api.problems import Fault, Unusable

_DEEP = 20  # levels of a body


def pointer(name: object) -> str:
    """Return a part of a JSON pointer (RFC 6901)."""
    return str(name)[:100].replace("~", "~0").replace("/", "~1")


def read_json(raw: bytes) -> Any:
    """Return a JSON body; a byte order mark before it is ignored (RFC 8259, section 8.1).

    Raises:
        Unusable: it is not JSON, it is not UTF-8, it names a field twice, or it is too deep.
    """
    if not raw.strip():
        raise Unusable(400, "api.json", "The body is empty.", "Send a JSON object.")
    try:
        read = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Unusable(400, "api.json", "The body is not UTF-8.", "Send JSON as UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        why = f"The body is not JSON: line {error.lineno}, column {error.colno}."
        raise Unusable(400, "api.json", why, "Correct the request.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise Unusable(400, "api.json", "A number in the body is too long.", "Correct the request.") from error
    if _depth(read) > _DEEP:
        raise _too_deep()
    return read


def _too_deep() -> Unusable:
    return Unusable(400, "api.json", f"The body is more than {_DEEP} levels deep.", "Correct the request.")


def _depth(value: Any, level: int = 0) -> int:
    if level > _DEEP or not isinstance(value, dict | list):
        return level
    parts = value.values() if isinstance(value, dict) else value
    return max((_depth(part, level + 1) for part in parts), default=level + 1)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        fault = Fault(pointer=f"#/{pointer(twice)}", where="body", detail="The field is there more than once.")
        raise Unusable(
            422, "api.fields", "A field of the body is there more than once.", "Correct the request.", [fault]
        )
    return read


def _no_constant(name: str) -> Any:
    raise Unusable(400, "api.json", f"{name} is not a number in JSON.", "Correct the request.")
