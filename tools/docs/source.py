"""Reads the source of Plainview for what the reference pages list; nothing of it is run.

Owns which entries of the log, refusals, settings and environment variables the code names, and where.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[2] / "src/plainview"
_GAP = "…"  # stands for a part of a text that is filled in when it is shown


@dataclass(slots=True)
class LogEntry:
    """The public and the sealed fields of one action, and the files that write it."""

    fields: set[str] = field(default_factory=set)
    sealed: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place that refuses: what, why and what to do next, with gaps where a value is filled in."""

    rule: str
    what: str
    why: str
    next_step: str
    file: str


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package by its path below src/plainview."""
    return {
        path.relative_to(SRC).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(SRC.rglob("*.py"))
        if "migrations" not in path.parts
    }


@cache
def constants() -> dict[str, str]:
    """Return every text constant in capitals that one module defines at its top."""
    values: dict[str, str] = {}
    for tree in modules().values():
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                value = getattr(node, "value", None)
                if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    values.setdefault(target.id, value.value)
    return values


def log_entries() -> dict[str, LogEntry]:
    """Return every action that the code can write, except the `.refused` of acts."""
    entries: dict[str, LogEntry] = {}
    for path, function, call in _calls("write_entry"):
        named = _texts(call.args[0])
        subject = call.args[1] if len(call.args) > 1 else None
        secret = call.args[2] if len(call.args) > 2 else None
        for action in named or _passed_on(call.args[0], function, path):
            entry = entries.setdefault(action, LogEntry())
            entry.fields |= _keys(subject, function)
            entry.sealed |= _keys(secret, function)
            entry.files.add(path)
    return entries


def refusals() -> list[Refusal]:
    """Return every place that refuses with a rule that is written out, in the order of rules."""
    places = []
    for path, function, call in _calls("Refused", "Unusable", "WitnessRefused", "_refusal"):
        parts = _parts(call, path)
        rule = _texts(parts[0]) if parts[0] is not None else []
        if not rule:
            continue
        what, why, next_step = (_text(_assigned(part, function)) for part in parts[1:])
        if why.strip(_GAP + " .") == "" and function is not None:
            why = _reasons(modules()[path], function.name) or why
        places.append(Refusal(rule[0], what, why, next_step, path))
    return sorted(places, key=lambda place: (place.rule, place.file))


def _parts(call: ast.Call, path: str) -> list[ast.expr | None]:
    """Return rule, what, why and next step of a call that makes a refusal."""
    name = getattr(call.func, "id", "")
    if isinstance(call.func, ast.Attribute) and call.func.attr == "_refusal":
        name = "WitnessRefused" if path == "audit/witness.py" else ""
    elif name == "_refusal":
        return [None] * 4
    if name == "Unusable":
        rule, why = _arguments(call, ("code", "why"))
        return [rule, ast.Constant("Not fetched"), why, None]
    if name == "WitnessRefused":
        rule, why, next_step = _arguments(call, ("rule_id", "why", "next_step"))
        return [rule, ast.Constant("Not cosigned"), why, next_step]
    return _arguments(call, ("rule_id", "what", "why", "next_step"))


def settings_read() -> set[str]:
    """Return the keys of workspace.toml that the code reads, a table and its key joined by a dot."""
    keys = {"version"}  # for programs that read a workspace of another version
    for path, _, call in _calls("get", "_index_setting"):
        owner = ast.unparse(call.func)
        name = next(iter(_texts(call.args[0])), "") if call.args else ""
        if owner.endswith("_index_setting"):
            keys.add(f"index.{name}")
        elif owner.startswith("mail_settings."):
            keys.add(f"mail.{name}")
        elif owner in ("_settings.get", "settings.get") or owner.endswith(".settings().get"):
            keys.add(name)
        elif path.endswith(("upkeep/backup.py", "upkeep/schedule.py")) and owner == "section.get":
            keys.add(f"backup.{name}")
        elif owner == "bucket.get" and path.endswith("workspace/pictures.py"):
            keys.add(f"s3.{name}")
        elif owner == "witness.get" and path.endswith("workspace/folder.py"):
            keys.add(f"witness.{name}")
        elif owner == "outgoing.get":
            tables = ("feeds", "webhooks", "witness") if path.endswith("outgoing.py") else ("feeds",)
            keys.update(f"{table}.{name}" for table in tables)
    for _, _, node in _looked_at():
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "self.settings()":
            keys.add(_texts(node.slice)[0])
    return keys - {"mail", "index", "feeds", "webhooks", "witness", "backup", "s3", "", "agency"}


def environment_read() -> set[str]:
    """Return the environment variables that the code reads or sets."""
    names = set()
    for _, _, call in _calls("get", "setdefault", "getenv"):
        if ast.unparse(call.func).startswith("os."):
            names.update(_texts(call.args[0]))
    for _, _, node in _looked_at():
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names.update(_texts(node.slice))
        for keyword in node.keywords if isinstance(node, ast.Call) else []:
            if keyword.arg == "envvar":
                names.update(_texts(keyword.value))
    return names


def _calls(*names: str) -> Iterator[tuple[str, ast.FunctionDef | None, ast.Call]]:
    """Yield the calls of functions with these names, with the module and the function around each."""
    for name in names:
        yield from _calls_by_name().get(name, [])


@cache
def _calls_by_name() -> dict[str, list[tuple[str, ast.FunctionDef | None, ast.Call]]]:
    calls: dict[str, list[tuple[str, ast.FunctionDef | None, ast.Call]]] = {}
    for path, inner, node in _looked_at():
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            calls.setdefault(name, []).append((path, inner, node))
    return calls


@cache
def _looked_at() -> list[tuple[str, ast.FunctionDef | None, ast.Call | ast.Subscript]]:
    """Return every call and every subscript, with the module and the function around each: the tree is walked once."""
    nodes = []
    for path, tree in modules().items():
        todo: deque[tuple[ast.AST, ast.FunctionDef | None]] = deque([(tree, None)])
        while todo:
            node, function = todo.popleft()
            inner = node if isinstance(node, ast.FunctionDef) else function
            if isinstance(node, ast.Call | ast.Subscript):
                nodes.append((path, inner, node))
            for name in node._fields:
                value = getattr(node, name, None)
                for part in value if isinstance(value, list) else (value,):
                    if isinstance(part, ast.AST) and part._fields:
                        todo.append((part, inner))
    return nodes


def _arguments(call: ast.Call, names: tuple[str, ...]) -> list[ast.expr | None]:
    stated = {keyword.arg: keyword.value for keyword in call.keywords}
    return [call.args[at] if at < len(call.args) else stated.get(name) for at, name in enumerate(names)]


def _texts(node: ast.expr) -> list[str]:
    """Return the texts that an expression can be: a literal, one of two, or a constant of the package."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return [constants()[name]] if name in constants() else []
    return []


def _passed_on(node: ast.expr, function: ast.FunctionDef | None, module: str) -> list[str]:
    """Return the actions that callers of `function` hand to it, or that an f-string over a state can be."""
    if isinstance(node, ast.JoinedStr):
        beginning = _text(node).split(_GAP)[0]
        return [f"{beginning}cancelled", f"{beginning}failed"] if beginning == "video." else []
    if function is None or not isinstance(node, ast.Name):
        return []
    arguments = [*function.args.posonlyargs, *function.args.args]
    place = next((at for at, argument in enumerate(arguments) if argument.arg == node.id), None)
    defaults = zip(reversed(arguments), reversed(function.args.defaults), strict=False)
    keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    actions = [
        text for name, value in (*defaults, *keywords) if name.arg == node.id and value for text in _texts(value)
    ]
    for path, _, call in _calls(function.name):
        if function.name.startswith("_") and path != module:
            continue
        stated = {keyword.arg: keyword.value for keyword in call.keywords}
        value = stated.get(node.id) or (call.args[place] if place is not None and place < len(call.args) else None)
        actions += _texts(value) if value is not None else []
    return actions


def _keys(node: ast.expr | None, function: ast.FunctionDef | None) -> set[str]:
    """Return the keys of a dict display, following names within the function and both sides of a condition."""
    if isinstance(node, ast.Dict):
        keys = {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
        inner = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
        return keys.union(*(_keys(value, function) for value in inner))
    if isinstance(node, ast.IfExp):
        return _keys(node.body, function) | _keys(node.orelse, function)
    if isinstance(node, ast.BinOp):
        return _keys(node.left, function) | _keys(node.right, function)
    if isinstance(node, ast.BoolOp):
        return set[str]().union(*(_keys(value, function) for value in node.values))
    if isinstance(node, ast.Name) and function is not None:
        assigned = [
            each.value for each in ast.walk(function) if isinstance(each, ast.Assign) and _names(each) == node.id
        ]
        return set[str]().union(*(_keys(value, None) for value in assigned))
    return set()


def _assigned(node: ast.expr | None, function: ast.FunctionDef | None) -> ast.expr | None:
    """Return what a name was assigned in the function, if it is a text there; else the expression itself."""
    if isinstance(node, ast.Name) and function is not None:
        for each in ast.walk(function):
            if isinstance(each, ast.Assign) and _names(each) == node.id and _text(each.value) != _GAP:
                return each.value
    return node


def _names(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def _text(node: ast.expr | None) -> str:
    """Return a text with gaps where something is filled in; a gap alone when nothing of it is written out."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _filled(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return _text(node.body)
    return _texts(node)[0] if node is not None and _texts(node) else _GAP


def _filled(part: ast.expr) -> str:
    """Return a gap for a value that is filled in, with the noun of what is counted."""
    call = getattr(part, "value", None)
    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "counted":
        nouns = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
        return f"{_GAP} {nouns[1] if len(nouns) > 1 else f'{nouns[0]}s'}"
    return _GAP


def _reasons(tree: ast.Module, function: str) -> str:
    """Return the reasons that a helper which refuses is called with, in the order of the file."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function)
    reasons = (_text(part) for node in calls for part in node.args if isinstance(part, ast.Constant | ast.JoinedStr))
    return " ".join(dict.fromkeys(reason for reason in reasons if " " in reason.strip()))
