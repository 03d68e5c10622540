"""Pages of record on paper: nothing is cut at the edge of an A4 sheet, and no empty form is printed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.factories.live import CASE, GALLERY, Live, pictures_loaded, probe

A4 = {"width": 703, "height": 1032}
"""A sheet within its margins of 1.2 cm, in pixels of CSS."""


@pytest.mark.long
def test_pages_of_record_fit_a_sheet_and_print_no_empty_form(
    live: Live, page_of: Callable[..., Page], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = ("--case", CASE, "--purpose", "find the rider", "--gallery", GALLERY, "--as", "examiner@agency.example")
    search = live.json("search", probe(tmp_path_factory.mktemp("paper")), *asked)["search_id"]
    pages = {
        "examiner": (f"/searches/{search}/", f"/searches/{search}/candidates/2/examine/", "/cases/1/"),
        "supervisor": ("/reports/", "/leads/", "/holds/"),
        "auditor": ("/log/",),
    }
    for name, addresses in pages.items():
        page = page_of(name, viewport=A4)
        page.emulate_media(media="print")
        for address in addresses:
            page.goto(address)
            pictures_loaded(page)
            cut = page.evaluate(
                "Array.from(document.querySelectorAll('main *')).filter(e => e.checkVisibility() "
                "&& e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
            )
            assert cut == [], address
            fields = page.locator("main :is(input, select, textarea):not([type=hidden], .component *, [name=notes])")
            assert [field.get_attribute("name") for field in fields.all() if field.is_visible()] == [], address
