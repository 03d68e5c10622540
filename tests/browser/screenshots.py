"""Photographs of every page, light, dark and on a phone, of a sample workspace in which three people have worked.

Run it with `make screenshots`. It writes docs/screenshots/NAME-{light,dark,phone}.jpg.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
from playwright.sync_api import Browser, Page, sync_playwright
from tests.factories import walk
from tests.factories.live import (
    CASE,
    GALLERY,
    Live,
    launch,
    make_workspace,
    manifest,
    pictures_loaded,
    probe,
    serve,
    wait_until_served,
)
from tests.factories.models import collins, scaled

LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


def main(out: Path) -> None:
    """Walk the five steps, then take every page in every look."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plainview-shots-") as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = launch(playwright)
        live = serve(make_workspace(folder))
        try:
            wait_until_served(live, browser)
            for who, pages in _work(live, browser, folder).items():
                for look, options in LOOKS.items():
                    _take(live, browser, who, pages, look, options, out)
        finally:
            live.stop()


def _work(live: Live, browser: Browser, folder: Path) -> dict[str, dict[str, str]]:
    """Let three people work; returns person -> name of a page -> its address."""
    examiner = live.signed_in(browser, "examiner").new_page()
    walk.prepare(examiner, probe(folder))
    walk.choose(examiner)
    search = walk.search(examiner)
    walk.compare(examiner, search)
    walk.conclude(examiner)
    walk.verify(live.signed_in(browser, "verifier").new_page())
    supervisor = live.signed_in(browser, "supervisor").new_page()
    walk.decide(supervisor)
    walk.release(supervisor)
    lead = supervisor.url.split("#")[0].removeprefix(live.url)
    # A second candidate stays half way, so that every page has something to show.
    walk.compare(examiner, search, 2)
    walk.conclude(examiner)
    examiner.goto(f"/searches/{search}/alert/")
    alert = examiner.url.removeprefix(live.url)
    examiner.get_by_role("button", name="Save the alert").click()
    examiner.wait_for_url("**/alerts/")
    (folder / "new").mkdir()
    cv2.imwrite(str(folder / "new" / "arrived.jpg"), scaled(collins(), 0.65).pixels)
    live.cli("enrol", GALLERY, manifest(folder / "new"), "--as", "admin@agency.example")
    walk.prepare(examiner, probe(folder, "second.jpg"))
    draft = examiner.url.removeprefix(live.url)
    outside = _outsiders(live, search)
    examination = live.json("examine", "list", "--as", "supervisor@agency.example")["examinations"][0][
        "examination"
    ]
    task = live.json("verify", "list", "--as", "verifier@agency.example")["verifications"][0]["verification"]
    return {
        "examiner": {
            "home": "/", "cases": "/cases/", "case": "/cases/1/", "prepare-begin": f"/prepare/?case={CASE}",
            "prepare": draft, "search": f"{draft}search/", "candidates": f"/searches/{search}/",
            "candidates-list": f"/searches/{search}/?as=list", "alert-new": alert,
            "examine": f"/searches/{search}/candidates/3/examine/", "examinations": "/examinations/",
            "alerts": "/alerts/", "videos": "/videos/", "my-record": "/me/", "proficiency": "/proficiency/",
            "sign-in-set-up": "/accounts/2fa/", "sessions": "/sessions/",
        },
        "verifier": {"verifier-home": "/", "verifications": "/verifications/", "verify": f"/verifications/{task}/"},
        "supervisor": {
            "supervisor-home": "/", "leads": "/leads/", "lead": lead,
            "release": f"/examinations/{examination}/release/", "approvals": "/approvals/",
            "disclosure": f"/searches/{search}/disclosure/", "exoneration": f"/exonerations/{outside['review']}/",
        },
        "admin": {
            "administrator-home": "/", "galleries": "/galleries/", "gallery": "/galleries/1/",
            "enrol": "/galleries/1/enrol/", "members": "/members/", "policy": "/policy/",
            "policy-change": "/policy/change/",
        },
        "auditor": {"auditor-home": "/", "log": "/log/", "log-entry": "/log/12/", "flags": "/flags/",
                    "samples": "/samples/", "sample": f"/samples/{outside['sample']}/"},
        "counsel": {"disclosures": "/disclosures/", "disclosed": f"/disclosures/{search}/"},
    }  # fmt: skip


def _outsiders(live: Live, search: str) -> dict[str, str]:
    """A disclosure to the defence with a review, and a sample with a finding."""
    supervisor, auditor = ("--as", "supervisor@agency.example"), ("--as", "auditor@agency.example")
    until = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    who = ("--email", "counsel@agency.example", "--name", "Counsel of the defence", "--until", until)
    code = live.json("disclosure", "grant", search, *who, *supervisor)["code"]
    live.invited["counsel"] = code
    asked = ("--requester", "Counsel", "--body", "the defence of B", "--why", "he was abroad at the time")
    review = live.json("exoneration", "ask", search, *asked, *supervisor)["review"]
    sample = live.json("audit", "sample", "--n", "3", "--seed", "blue bicycle", *auditor)["sample"]
    live.cli("audit", "finding", sample, "1", "--finding", "in order", *auditor)
    return {"review": review, "sample": sample}


def _take(
    live: Live,
    browser: Browser,
    who: str,
    pages: dict[str, str],
    look: str,
    options: dict[str, object],
    out: Path,
) -> None:
    context = live.signed_in(browser, who, **options)
    page = context.new_page()
    for name, path in pages.items():
        _settled(page, path)
        page.screenshot(path=str(out / f"{name}-{look}.jpg"), type="jpeg", quality=70, full_page=True)
    context.close()


def _settled(page: Page, path: str) -> None:
    page.goto(path)
    pictures_loaded(page)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
