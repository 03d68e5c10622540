"""Rules that every template keeps."""

from __future__ import annotations

import re
from pathlib import Path

from django.template import Context, Engine

import plainview.web

TEMPLATES = Path(plainview.web.__file__).parent / "templates"


def test_no_template_asks_a_mapping_for_its_items_by_a_dot() -> None:
    loops = re.compile(r"\{% for [^%]*\.items %\}")
    assert [path.name for path in TEMPLATES.rglob("*.html") if loops.search(path.read_text("utf-8"))] == []


def test_a_key_named_items_hides_nothing() -> None:
    engine = Engine(libraries={}, builtins=["plainview.web.templatetags.pairs"])
    page = engine.from_string("{% for name, value in entry|pairs %}{{ name }}={{ value }} {% endfor %}")
    assert page.render(Context({"entry": {"items": 3, "bytes": 9}})) == "items=3 bytes=9 "
