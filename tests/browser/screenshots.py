"""Photographs of every page, light, dark and on a phone, of a sample workspace in which three people have worked.

Run it with `make screenshots`. It writes screenshots/NAME-{light,dark,wide,phone}.jpg.
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
    rivertown_at_work,
    serve,
    wait_until_served,
)
from tests.factories.models import collins, scaled
from tests.factories.public import make_public_workspace

from plainview.policy.retention import BEGINNING

LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "light"},
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
        _take_register(browser, folder, out)


def _take_register(browser: Browser, folder: Path, out: Path) -> None:
    """The public register, as whoever is not signed in sees it, of a workspace with a year behind it."""
    live = serve(make_public_workspace(folder), "--no-worker")
    try:
        wait_until_served(live, browser)
        for look, options in LOOKS.items():
            page = browser.new_context(base_url=live.url, **options).new_page()
            page.goto("/register/")
            agency = page.get_by_role("link", name="Rivertown Police").get_attribute("href")
            pages = {
                "register": "/register/",
                "register-agency": agency,
                "register-history": "/register/history/",
            }
            for name, path in pages.items():
                page.goto(path)
                page.screenshot(path=str(out / f"{name}-{look}.jpg"), type="jpeg", quality=70, full_page=True)
            page.context.close()
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
    film = folder / "ride.mp4"
    live.python(
        f"import pathlib; from tests.factories.clips import clip; pathlib.Path({str(film)!r}).write_bytes(clip(frames=75).data)"
    )
    video = live.json("video", film, "--case", CASE, "--as", "examiner@agency.example")
    retention = _retention(live, folder, search)
    outside = _outsiders(live, search)
    examination = live.json("examine", "list", "--as", "supervisor@agency.example")["examinations"][0]["examination"]
    task = live.json("verify", "list", "--as", "verifier@agency.example")["verifications"][0]["verification"]
    shared = live.python(rivertown_at_work(GALLERY))
    live.others |= shared["people"]
    number, _ = walk.ask(browser.new_context(base_url=live.url).new_page(), probe(folder, "asking.jpg"))
    live.cli("rights", "confirm", number, "--how", "passport shown at the desk", "--as", "supervisor@agency.example")
    live.cli("rights", "search", number, "--as", "admin@agency.example")
    return {
        "examiner": {
            "home": "/",
            "cases": "/cases/",
            "case": "/cases/1/",
            "prepare-begin": f"/prepare/?case={CASE}",
            "prepare": draft,
            "candidates": f"/searches/{search}/",
            "candidates-together": f"/searches/{search}/?together=1",
            "tasks": "/",
            "everything": "/everything/",
            "news": "/news/",
            "alert-new": alert,
            "examine": f"/searches/{search}/candidates/3/examine/",
            "examinations": "/examinations/",
            "alerts": "/alerts/",
            "videos": "/videos/",
            "video": f"/videos/{video['video_id']}/",
            "still": f"/stills/{video['persons'][0]['best']['id']}/",
            "find": f"/find/?q={CASE}",
            "tokens": "/tokens/",
            "token-new": "/tokens/new/",
            "alert-preference": "/alerts/preference/",
            "not-there": "/nothing-here/",
            "case-open": "/cases/open/",
            "my-record": "/me/",
            "proficiency": "/proficiency/",
            "sign-in-set-up": "/accounts/2fa/",
            "sessions": "/sessions/",
            "shared": "/shared/",
            "shared-take": shared["take"],
            "shared-searched": shared["searched"],
        },
        "verifier": {"verifier-home": "/", "verifications": "/verifications/", "verify": f"/verifications/{task}/"},
        "supervisor": {
            "supervisor-home": "/",
            "leads": "/leads/",
            "lead": lead,
            "release": f"/examinations/{examination}/release/",
            "approvals": "/approvals/",
            "report": "/reports/",
            "report-schedules": "/reports/schedules/",
            "disclosure": f"/searches/{search}/disclosure/",
            "exoneration": f"/exonerations/{outside['review']}/",
        },
        "admin": {
            "administrator-home": "/",
            "galleries": "/galleries/",
            "gallery": "/galleries/1/",
            "enrol": "/galleries/1/enrol/",
            "gallery-new": "/galleries/new/",
            "gallery-people": "/galleries/1/people/",
            "feeds": "/feeds/",
            "feed-new": "/feeds/new/",
            "webhooks": "/webhooks/",
            "webhook-new": "/webhooks/new/",
            "status": "/status/",
            "invite": "/members/invite/",
            "policy-file": "/policy/change/?file=1",
            "admin-everything": "/everything/",
            "members": "/members/",
            "proposals": "/proposals/",
            "policy": "/policy/",
            "policy-change": "/policy/change/",
            "agreement": shared["agreement"],
            "agreement-new": "/agreements/new/",
            "retention": "/retention/",
            "retention-rules": "/retention/rules/",
            "holds": "/holds/",
            "retention-events": "/retention/events/",
            "retention-run": retention,
            "rights": "/rights/",
            "rights-state": f"/rights/{number}/",
            "requests": "/rights-requests/",
            "request": f"/rights-requests/{number}/",
        },
        "auditor": {
            "auditor-home": "/",
            "log": "/log/",
            "log-entry": "/log/12/",
            "flags": "/flags/",
            "samples": "/samples/",
            "sample": f"/samples/{outside['sample']}/",
        },
        "counsel": {"disclosures": "/disclosures/", "disclosed": f"/disclosures/{search}/"},
        "Rivertown examiner": {"shared-ask": shared["ask"], "shared-answer": shared["answered"]},
        "Rivertown supervisor": {"shared-authorise": shared["authorise"]},
    }


def _retention(live: Live, folder: Path, search: str) -> str:
    """Rules, an order and holds; returns the address of a run that waits for approval."""
    admin, supervisor = ("--as", "admin@agency.example"), ("--as", "supervisor@agency.example")
    rules = folder / "rules.toml"
    by_age = '[[rule]]\nid = "by-age"\nwhat = "references"\nafter = "enrolment"\ndays = 45\n'
    rules.write_text(f"{BEGINNING}\n{by_age}")
    proposed = live.json("retention", "set", rules, "--reason", "the new law of this place", *admin)["proposal"]
    live.cli("proposal", "approve", proposed, *supervisor)
    order = folder / "order.csv"
    listed = ["hopper-tilted", "collins-dark", "collins-a"]
    rows = [f"https://custody.example/{name}.jpg,2026-01-02,Order 12 of 2026" for name in listed]
    order.write_text("\n".join(["source_url,ordered_on,authority", *rows]) + "\n")
    live.cli("retention", "event", "court-order", "import", order, *admin)
    why = ("--reason", "the defence appeals", "--authority", "District court, letter of 3 May")
    first = live.json("candidates", search, "--as", "auditor@agency.example")["candidates"][0]["reference_id"]
    live.cli("hold", "place", "--reference", first, *why, "--review", "2999-01-01", *supervisor)
    return f"/retention/runs/{live.json('retention', 'propose', *supervisor)['run']}/"


def _outsiders(live: Live, search: str) -> dict[str, str]:
    """A disclosure to the defence with a review, and a sample with a finding."""
    supervisor, auditor = ("--as", "supervisor@agency.example"), ("--as", "auditor@agency.example")
    until = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    who = ("--email", "counsel@agency.example", "--name", "Counsel of the defence", "--until", until)
    code = live.json("disclosure", "grant", search, *who, *supervisor)["code"]
    live.invited["counsel"] = code
    asked = ("--requester", "Counsel", "--body", "the defence of B", "--reason", "he was abroad at the time")
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
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
