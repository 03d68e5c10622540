"""How many clicks, keys, fields and pages a lead takes.

Run it with `python benchmarks/desk_path.py`; it prints one JSON object. A sample workspace is served on this machine and
walked in headless Chromium by three people, as tests/browser/test_counted_path.py does. Sign-ins are left out; a page
is a document that the browser loads or a file that it opens. Before
this desk the same way took 35 clicks and 24 pages, and the rejection of 19 candidates 361 keys and 57 pages.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.factories import path
from tests.factories.live import CASE, Live, launch, make_workspace, probe, serve, wait_until_served


def main() -> None:
    """Print the counts."""
    with tempfile.TemporaryDirectory(prefix="plainview-desk-") as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        live = serve(make_workspace(Path(folder)))
        try:
            wait_until_served(live, browser)
            counts = _walk(live, browser, Path(folder))
        finally:
            live.stop()
            browser.close()
    print(json.dumps(counts))  # noqa: T201  the script's answer


def _walk(live: Live, browser: object, folder: Path) -> dict[str, object]:
    hands = {
        name: path.Hand(live.signed_in(browser, name).new_page())  # type: ignore[arg-type]
        for name in ("examiner", "verifier", "supervisor")
    }
    path.examine(hands["examiner"], probe(folder), CASE)
    path.verify(hands["verifier"])
    path.release(hands["supervisor"])
    path.report(hands["examiner"])
    people = {name: asdict(hand.counts) for name, hand in hands.items()}
    total = {key: sum(counts[key] for counts in people.values()) for key in ("clicks", "keys", "fields", "pages")}
    return {"lead": people | {"total": total}}


if __name__ == "__main__":
    main()
