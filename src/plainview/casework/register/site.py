"""The static site of a register: its pages from its figures alone, so that the site says what the data say.

Owns the files' names. No page loads anything from elsewhere; the one script only searches and sorts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from plainview.recheck.register import PAGE, SCRIPT

"""The data, the folder of earlier ones, the first page, the hashes of all files, and the script."""

_BARS, _NAMED = 18, 10  # rows that are drawn, and up to how many of them each is named
_MARGIN = 16  # units on either side, into which the outermost words reach
_STYLES = ("plainview.css", "records.css", "register.css")


def pages(told: dict[str, Any], digest: str, history: list[str]) -> dict[str, bytes]:
    """Every page and the script by its file name.

    Args:
        told: the register.
        digest: SHA-256 of register.json, which every page states.
        history: names of the earlier registers' files.
    """
    held = {
        "register": told,
        "sha256": digest,
        "history": history,
        "static_site": True,
        "styles": "\n".join(_asset(name).read_text("utf-8") for name in _STYLES),
    }
    made: dict[str, str] = {PAGE: render_to_string("register/site_list.html", held | {"agencies": told["agencies"]})}
    for agency in told["agencies"]:
        shown = held | {"agency": agency, "chart": chart(agency), "table": table(agency)}
        made[f"{agency['id']}.html"] = render_to_string("register/site_agency.html", shown)
    made[SCRIPT] = _asset(SCRIPT).read_text("utf-8")
    return {name: text.encode() for name, text in made.items()}


def chart(agency: dict[str, Any]) -> list[dict[str, Any]]:
    """The newest rows of an agency as bars of a drawing of 640 by 160 units, upwards from y = 160; whole numbers."""
    rows = agency["by_month"][-_BARS:]
    most = max((row["searches"] or 0 for row in rows), default=0) or 1
    step = (640 - 2 * _MARGIN) // max(len(rows), 6)
    bars = []
    for i, row in enumerate(rows):
        height = 160 * (row["searches"] or 0) // most
        count = "–" if row["searches"] is None else row["searches"]
        span = row["from"] if row["from"] == row["until"] else f"{row['from']} to {row['until']}"
        # Years to come need room: from twelve bars on, every second one is named.
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
    """The rows of an agency, the newest first, with a cell for each offence that is named anywhere; None where it is not."""
    return [
        {"row": row, "cells": [(offence, row["offences"].get(offence)) for offence in agency["by_offence"]]}
        for row in reversed(agency["by_month"])
    ]


def _asset(name: str) -> Path:
    found = finders.find(f"plainview/{name}")
    assert isinstance(found, str)  # noqa: S101  it is part of the package
    return Path(found)
