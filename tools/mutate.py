"""Small wrongs in a Python source: a comparison, an and/or, a constant, a sign, a flag, a missing value.

Owns which wrongs there are and where each one is. It reads text and returns text: it runs nothing and writes nothing.
Texts for people, annotations and docstrings are left alone, and so is what only another wrong could show: `strict=` of
zip, and None for False where mypy refuses it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SWAPS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
}
"""operator -> its text and the text that replaces it."""

_TEXTS = (ast.JoinedStr, ast.List, ast.Tuple)


@dataclass(frozen=True)
class Mutant:
    """One wrong.

    Attributes:
        module: path below src/plainview, with slashes.
        owner: the qualified name of the outermost function, or of the class; empty at module level.
        in_function: whether it is in a function's body, so that exchanging the function's code is enough.
        names: what the statement outside a function gives a value to.
        source, change: the line without its indentation, and "old -> new" (with "#n" where a line has several alike).
        line: where the line is, from 1.
        first, last: the lines of the statement, from 1; one of them runs whenever the wrong could.
        start, end, new: the bytes that are replaced, and by what.
    """

    module: str
    owner: str
    in_function: bool
    names: frozenset[str]
    source: str
    change: str
    line: int
    first: int
    last: int
    start: int
    end: int
    new: bytes

    @property
    def key(self) -> str:
        """What stays the same when lines move."""
        return "\n".join((self.module, self.owner, self.source, self.change))

    def apply(self, text: bytes) -> bytes:
        """Return the module's text with this one wrong in it."""
        return text[: self.start] + self.new + text[self.end :]


class _Walk:
    def __init__(self, module: str, text: bytes) -> None:
        self.module, self.text, self.lines = module, text, text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.mutants: list[Mutant] = []
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.owner, self.in_function, self.names, self.span = "", False, frozenset[str](), (1, 1)

    def begin(self, node: ast.expr) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def finish(self, node: ast.expr) -> int:
        return self.starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def add(self, start: int, end: int, new: str) -> None:
        old = self.text[start:end].decode()
        line = self.text.count(b"\n", 0, start) + 1
        source = self.lines[line - 1].decode().strip()
        change = f"{old if len(old) < 60 else old[:57] + '...'} -> {new}".replace("\n", " ")
        place = (self.owner, source, change)
        self.seen[place] += 1
        if self.seen[place] > 1:
            change = f"{change} #{self.seen[place]}"
        self.mutants.append(
            Mutant(self.module, self.owner, self.in_function, self.names, source, change, line, *self.span, start, end, new.encode())
        )  # fmt: skip

    def operator(self, op: ast.AST, start: int, end: int) -> None:
        old, new = SWAPS.get(type(op), ("", ""))
        pattern = rf"\b{old}\b".replace(" ", r"\s+") if old.isidentifier() or " " in old else re.escape(old)
        found = re.search(pattern.encode(), self.text[start:end]) if old else None
        if found:
            self.add(start + found.start(), start + found.end(), new)

    def statement(self, node: ast.stmt) -> None:
        body = getattr(node, "body", None)
        before = self.owner, self.in_function, self.names, self.span
        last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        self.span = (first, max(last, node.lineno))
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not self.in_function and not is_function and not self.owner:
            names = (child for child in ast.walk(node) if isinstance(child, ast.Name))
            self.names = frozenset(name.id for name in names if isinstance(name.ctx, ast.Store))
        if isinstance(node, ast.ClassDef) or (is_function and not self.in_function):
            self.owner = f"{self.owner}.{node.name}".lstrip(".")
            self.names = frozenset({node.name, *self.owner.split(".")[:-1]})
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "type_params"} or (name == "body" and is_function):
                continue
            for child in value if isinstance(value, list) else [value]:
                self.node(child)
        if is_function:
            self.in_function = True
            for child in node.body:
                self.node(child)
        self.owner, self.in_function, self.names, self.span = before

    def node(self, node: object) -> None:
        if isinstance(node, ast.stmt):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                return  # a docstring
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                return
            if isinstance(node, ast.Return) and node.value and ast.unparse(node.value) not in ("None", "False"):
                self.span = (node.lineno, node.end_lineno or node.lineno)
                self.add(self.begin(node.value), self.finish(node.value), "None")
            if isinstance(node, ast.AugAssign):
                self.span = (node.lineno, node.end_lineno or node.lineno)
                self.operator(node.op, self.finish(node.target), self.begin(node.value))
            self.statement(node)
        elif isinstance(node, ast.expr):
            self.expression(node)
        elif isinstance(node, ast.arg):
            return  # only an annotation
        elif isinstance(node, ast.AST):
            for child in ast.iter_child_nodes(node):
                self.node(child)

    def expression(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=bool()):
                self.add(self.begin(node), self.finish(node), str(not node.value))
            case ast.Constant(value=int() | float()):
                self.add(self.begin(node), self.finish(node), repr(node.value + 1))
            case ast.Compare():
                for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                    self.operator(op, self.finish(left), self.begin(right))
            case ast.BoolOp():
                for left, right in zip(node.values, node.values[1:], strict=False):
                    self.operator(node.op, self.finish(left), self.begin(right))
            case ast.BinOp() if not any(map(_is_text, (node.left, node.right))):
                self.operator(node.op, self.finish(node.left), self.begin(node.right))
            case ast.UnaryOp(op=ast.Not()):
                self.add(self.begin(node), self.begin(node) + 3, "   ")
            case ast.UnaryOp(op=ast.USub()):
                self.add(self.begin(node), self.begin(node) + 1, "+")
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.keyword) and child.arg == "strict"):
                self.node(child)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, _TEXTS) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def mutants_of(module: str, text: bytes) -> list[Mutant]:
    """Return every wrong of one module, in the order of its text."""
    walk = _Walk(module, text)
    tree = ast.parse(text)
    for node in tree.body:
        walk.node(node)
    return sorted(walk.mutants, key=lambda mutant: (mutant.start, mutant.change))


@dataclass(frozen=True)
class Folder:
    """One folder below src/plainview with its modules."""

    src: Path
    name: str

    @cached_property
    def texts(self) -> dict[str, bytes]:
        """Path below src/plainview -> text of the module."""
        package = self.src / "plainview"
        paths = sorted((package / self.name).rglob("*.py"))
        return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}

    def mutants(self) -> Iterator[Mutant]:
        """Yield every wrong of every module."""
        for module, text in self.texts.items():
            yield from mutants_of(module, text)

    def mentioning(self, names: frozenset[str]) -> set[str]:
        """Return the modules whose text has one of these names."""
        pattern = re.compile(rb"\b(" + b"|".join(re.escape(name.encode()) for name in sorted(names)) + rb")\b")
        return {module for module, text in self.texts.items() if names and pattern.search(text)}

    def reached(self, entries: Iterable[str]) -> set[str]:
        """Return the modules of this folder that a process which begins with one of these imports."""
        waiting, reached = list(entries), set[str]()
        while waiting:
            module = waiting.pop()
            if module in self.texts and module not in reached:
                reached.add(module)
                for node in ast.walk(ast.parse(self.texts[module])):
                    if isinstance(node, ast.ImportFrom) and node.module:
                        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                        paths = [name.removeprefix("plainview.").replace(".", "/") for name in names]
                        waiting += [ending for path in paths for ending in (f"{path}.py", f"{path}/__init__.py")]
        return reached
