"""The static site of a register: pages made from its figures alone, so that the site and the data agree.

Owns the names of the files. A page must never load anything from another server; the one script only searches and sorts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from plainview.recheck.register import PAGE, SCRIPT

_BARS, _NAMED = 18, 10  # most bars drawn, and most bars that all have a label
_MARGIN = 16  # units on either side, for the outermost labels
_STYLES = ("plainview.css", "records.css", "register.css")


def pages(register: dict[str, Any], digest: str, history: list[str]) -> dict[str, bytes]:
    """Return every page and the script by file name.

    Args:
        register: the register.
        digest: SHA-256 of register.json, shown on every page.
        history: file names of the earlier registers.
    """
    context = {
        "register": register,
        "sha256": digest,
        "history": history,
        "static_site": True,
        "styles": "\n".join(_asset(name).read_text("utf-8") for name in _STYLES),
    }
    texts: dict[str, str] = {
        PAGE: render_to_string("register/site_list.html", context | {"agencies": register["agencies"]})
    }
    for agency in register["agencies"]:
        shown = context | {"agency": agency, "chart": chart(agency), "table": table(agency)}
        texts[f"{agency['id']}.html"] = render_to_string("register/site_agency.html", shown)
    texts[SCRIPT] = _asset(SCRIPT).read_text("utf-8")
    return {name: text.encode() for name, text in texts.items()}


def chart(agency: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an agency's newest rows as bars in a drawing of 640 by 160 units, from y = 160 upwards; whole numbers."""
    rows = agency["by_month"][-_BARS:]
    most = max((row["searches"] or 0 for row in rows), default=0) or 1
    step = (640 - 2 * _MARGIN) // max(len(rows), 6)
    bars = []
    for i, row in enumerate(rows):
        height = 160 * (row["searches"] or 0) // most
        count = "–" if row["searches"] is None else row["searches"]
        span = row["from"] if row["from"] == row["until"] else f"{row['from']} to {row['until']}"
        # Above `_NAMED` bars there is room for every second label only.
        words = "" if len(rows) > _NAMED and (len(rows) - 1 - i) % 2 else row["until"]
        bars.append(
            {
                "x": _MARGIN + i * step + 2,
                "y": 160 - height,
                "width": step - 4,
                "height": height,
                "middle": _MARGIN + i * step + step // 2,
                "above": 154 - height,
                "count": count,
                "title": f"{span}: {count}",
                "words": words,
            }
        )
    return bars


def table(agency: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an agency's rows, newest first, with a cell for every offence of the agency; None where a row has none."""
    return [
        {"row": row, "cells": [(offence, row["offences"].get(offence)) for offence in agency["by_offence"]]}
        for row in reversed(agency["by_month"])
    ]


def _asset(name: str) -> Path:
    path = finders.find(f"plainview/{name}")
    assert isinstance(path, str)  # noqa: S101  it is part of the package
    return Path(path)
