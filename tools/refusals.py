"""List every refusal of the source, for the reference page and for the tests that hold how refusals are written.

Owns the reading of `Refused(...)` and of the look-ups of casework/find.py, from the text of the source alone: nothing
of Plainview is imported. Run it to print one JSON object a line.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "plainview"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place of the source that refuses.

    Attributes:
        rule_id: of the rule; an expression in braces where it is computed.
        what, why, next_step: the texts, with an expression in braces where a value is put in; two texts of which one
            is chosen are separated by " / ".
        act: the act that helps, as "Permission.CASE_OPEN"; "" without one.
        file: relative to the source.
        line: where the call begins.
    """

    rule_id: str
    what: str
    why: str
    next_step: str
    act: str
    file: str
    line: int

    @property
    def is_computed(self) -> bool:
        """Return whether the rule id is computed, as where one refusal is made of another."""
        return "{" in self.rule_id


@cache
def refusals(source: Path = SOURCE) -> tuple[Refusal, ...]:
    """Return every refusal below the folder, in the order of files and lines."""
    texts = ((path, path.read_text("utf-8")) for path in sorted(source.rglob("*.py")))
    return tuple(
        refusal
        for path, text in texts
        if "Refused(" in text or "Kind(" in text
        for refusal in of_text(text, path, source)
    )


def of_text(text: str, path: Path, source: Path) -> Iterator[Refusal]:
    """Yield the refusals of one file, in the order of lines."""
    tree = ast.parse(text)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in sorted(calls, key=lambda node: node.lineno):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == "Refused":
            texts = [_text(argument, constants) for argument in call.args] + ["", "", ""]
            act = next((ast.unparse(word.value) for word in call.keywords if word.arg == "act"), "")
        elif name == "Kind" and len(call.args) > 3:
            noun, rule = (_text(argument, constants) for argument in call.args[2:4])
            texts, act = [rule, "Not found", f"There is no {noun} with this id within reach of the member.", ""], ""
        else:
            continue
        yield Refusal(*texts[:4], act, path.relative_to(source).as_posix(), call.lineno)


def codes(source: Path = SOURCE) -> dict[str, str]:
    """Return every code of `BadMedia` with its meaning."""
    for node in ast.parse((source / "recognition" / "errors.py").read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CODES" and node.value is not None:
            meanings: dict[str, str] = ast.literal_eval(node.value)
            return meanings
    raise LookupError("recognition/errors.py has no CODES")


def _text(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body, constants)} / {_text(node.orelse, constants)}"
    if isinstance(node, ast.Name) and node.id in constants:
        return _text(constants[node.id], constants)
    return f"{{{ast.unparse(node)}}}"


if __name__ == "__main__":
    for listed in refusals():
        sys.stdout.write(json.dumps(asdict(listed)) + "\n")
