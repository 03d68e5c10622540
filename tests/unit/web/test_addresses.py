"""Addresses in templates are those that Django would find."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse, set_script_prefix

from plainview.web.pages import PAGES
from plainview.web.templatetags.addresses import address

PLACE = re.compile(r"<(?:(\w+):)?\w+>")


def test_every_page_has_the_address_that_django_finds() -> None:
    known = 0
    for page in PAGES:
        values = [12 if kind == "int" else "S75ZXK3VCE6TK" for kind in PLACE.findall(page.path)]
        found = address(page.name, values)
        known += found is not None
        assert found in (None, reverse(page.name, args=values)), page.name
    assert known > len(PAGES) * 0.9


@pytest.mark.parametrize("value", ["a b", "ü", "a/b", "", "a?b", "12 ", "1" * 19, "-1", True])
def test_what_must_be_quoted_or_refused_is_left_to_django(value: object) -> None:
    assert address("session-end", [value]) is None
    if value != "1" * 19 and value != "-1" and value is not True:
        assert address("search", [value]) is None


def test_the_tag_does_all_that_djangos_does() -> None:
    context = Context({"id": "S1", "odd": "a b"})
    for text in (
        "{% url 'search' id %}",
        "{% url 'search' odd %}",
        "{% url 'search' public_id=id %}",
        "{% url 'search' id as place %}{{ place }}",
        "{% url 'no-such-page' as place %}{{ place }}",
    ):
        expected = {"odd": "/searches/a%20b/", "no-such": ""}
        said = next((value for key, value in expected.items() if key in text), "/searches/S1/")
        assert Template(text).render(context) == said
    with pytest.raises(NoReverseMatch):
        Template("{% url 'no-such-page' %}").render(context)


def test_a_folder_in_front_of_the_addresses_is_kept() -> None:
    set_script_prefix("/faces/")
    try:
        assert address("search", ["S1"]) == reverse("search", args=["S1"]) == "/faces/searches/S1/"
    finally:
        set_script_prefix("/")
