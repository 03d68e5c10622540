"""After a click a browser test waits for what the click brings: a page that is read at once may still be the old one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]

ACTS = {"click", "dblclick", "tap", "select_option", "go_back", "set_input_files"}
READS = {
    "all",
    "all_inner_texts",
    "all_text_contents",
    "bounding_box",
    "content",
    "count",
    "evaluate",
    "evaluate_all",
    "get_attribute",
    "inner_html",
    "inner_text",
    "input_value",
    "is_checked",
    "is_disabled",
    "is_enabled",
    "is_hidden",
    "is_visible",
    "text_content",
    "title",
    "url",
    "run",
}
WAITS = ("expect_", "wait_for", "goto", "reload", "to_", "not_to_")
Event = tuple[str, int]


class Walk:
    """The acts, waits and reads of the functions of some sources, in the order in which they happen."""

    def __init__(self, *sources: str) -> None:
        trees = [ast.parse(source) for source in sources]
        self.functions = [[n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)] for tree in trees]
        self.named = {function.name: function for some in self.functions for function in some}
        self.here: dict[str, ast.FunctionDef] = {}

    def events(self, node: ast.AST, within: tuple[str, ...]) -> Iterator[Event]:
        """Yield (what, line); what a helper does stands at the line that calls it."""
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            return
        parts: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.For | ast.While):
            parts += node.body  # what ends a round is before what begins the next
        for part in parts:
            if isinstance(node, ast.If) and part in node.orelse:
                yield "wait", node.lineno  # the other branch did not act
            yield from self.events(part, within)
        if isinstance(node, ast.With):  # `with page.expect_...():` waits where the block ends
            for item in node.items:
                yield from ((what, line) for what, line in self.events(item, within) if what == "wait")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            helper = self.here.get(node.func.id) or self.named.get(node.func.id)
            if helper and helper.name not in within:
                for part in helper.body:
                    yield from ((what, node.lineno) for what, _ in self.events(part, (*within, helper.name)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            enter = name == "press" and "Enter" in ast.unparse(node)  # other keys have done their work when it returns
            if name.startswith(WAITS):
                yield "wait", node.lineno
            elif name in ACTS or enter:
                yield "act", node.lineno
            elif name in READS:
                yield "read", node.lineno
        elif isinstance(node, ast.Attribute) and node.attr == "url" and "page" in ast.unparse(node.value):
            yield "read", node.lineno

    def too_soon(self) -> list[list[int]]:
        """Return, for each source, the lines that read a page after an act without a wait between them."""
        return [sorted(set(self._of_source(some))) for some in self.functions]

    def _of_source(self, functions: list[ast.FunctionDef]) -> Iterator[int]:
        self.here = {function.name: function for function in functions}
        for function in functions:
            acted = False
            for part in function.body:
                for what, line in self.events(part, (function.name,)):
                    if what == "read" and acted:
                        yield line
                    acted = what == "act" or (acted and what == "read")


def test_no_browser_test_reads_a_page_at_once_after_a_click() -> None:
    paths = [path for path in sorted(TESTS.rglob("*.py")) if "playwright" in path.read_text()]
    paths.remove(Path(__file__))
    assert len(paths) > 15
    lines = zip(paths, Walk(*(path.read_text() for path in paths)).too_soon(), strict=True)
    assert [f"{path.relative_to(TESTS)}:{line}" for path, some in lines for line in some] == []


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("page.locator('a').click()\nassert page.locator('p').count() == 1", [3]),
        ("page.keyboard.press('Control+Enter')\nassert page.url", [3]),
        ("page.locator('a').click()\nassert findings(page) == []", [3]),
        ("for n in 1, 2:\n  page.content()\n  page.locator('a').click()", [3]),
        ("page.locator('a').click()\nexpect(page.locator('p')).to_have_count(1)\npage.content()", []),
        ("with page.expect_navigation():\n  page.locator('a').click()\npage.content()", []),
        ("page.locator('a').click()\npage.wait_for_url('**/b')\nassert findings(page) == []", []),
        ("if a:\n page.locator('a').click()\nelse:\n page.content()", []),
        ("page.keyboard.press('Tab')\npage.evaluate('document.activeElement.id')", []),
    ],
)
def test_the_shape_is_seen(body: str, lines: list[int]) -> None:
    test = "def test(page):\n" + "".join(f" {line}\n" for line in body.splitlines())
    helper = "def findings(page):\n return Axe().run(page)\n"
    assert Walk(test, helper).too_soon() == [lines, []]
