"""How long every page takes in a full agency, what a first view weighs, and when candidates can be used on a slow line.

Run it with `python benchmarks/pages.py [--references N] [--rounds N] [--pause S] [--no-browser]`; it prints one JSON
object. A workspace of its own gets 60 galleries, 100 cases and 100,000 references (synthetic templates over crops of the
two bundled portraits), searches, examinations, leads and a disclosure; it is served on this machine, and four people open
their pages over HTTP, each page read for about half a second: quicker than people read. Without a pause (`--pause 0`) each
of them is greedy, and the server makes them wait for one another (serving.turns). `ratio` is p95 / limit, and
`ratio_to_lightest` is p95 / p95 of the lightest page: on a busy machine only the second says something about the page.
`alone` is the quickest of three answers to one person, while nobody else asks. A slow line is Chromium's network emulation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

LIMIT_MS, VIEW_KB, USABLE_S = 150.0, 300.0, 4.0
"""p95 of a page, weight of a first view, and time to a usable candidate list at 400 kbit/s; source: the desk's issue."""

GALLERIES, CASES, SEARCHES, EXAMINED = 60, 100, 30, 12
SLOW = {"offline": False, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8, "latency": 300}
"""Bytes a second and milliseconds: a phone's 3G, as in the walk that the limits come from."""


@dataclass
class World:
    """The workspace: session keys by role, and the addresses that depend on it."""

    sessions: dict[str, str] = field(default_factory=dict)
    pages: dict[str, list[str]] = field(default_factory=dict)
    search: str = ""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--references", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds that a person reads a page, about")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder of the workspace; one that is there is measured again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plainview-pages-") as name:
        folder = asked.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PLAINVIEW_HOME"] = str(folder / "workspace")
        world = _world(folder, asked.references)
        with _served(folder) as url:
            figures: dict[str, object] = {
                "references": asked.references,
                **_timed(url, world, asked.rounds, asked.pause),
            }
            if not asked.no_browser:
                figures |= _seen(url, world)
    print(json.dumps(figures))  # noqa: T201  the script's answer


def _world(folder: Path, references: int) -> World:
    """Return the workspace in a folder; make it first where there is none."""
    stored = folder / "world.json"
    if stored.exists():
        return World(**json.loads(stored.read_text()))
    from plainview.cli.setup import make_workspace

    make_workspace(sample=True)
    world = _fill(folder, references)
    stored.write_text(json.dumps(asdict(world)))
    return world


def _fill(folder: Path, references: int) -> World:
    from allauth.mfa.totp.internal import auth as totp
    from tests.factories.examination import SIMILAR

    from plainview.casework.cases.open_close import open_case
    from plainview.casework.disclosure.grants import grant
    from plainview.casework.examination.examine import examine
    from plainview.casework.examination.verify import answer_verification, show_verification
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.leads.decide import release
    from plainview.casework.models import Reference
    from plainview.casework.people.members import join
    from plainview.casework.probes.preparations import prepare
    from plainview.casework.probes.probe import probe_of
    from plainview.casework.search.answers import Answer
    from plainview.casework.search.meaning import cautions_about
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill, session
    from plainview.policy.examination import CONTRADICTIONS, NOT, POTENTIAL

    people = {name: member_by_email(f"{name}@agency.example") for name in _ROLES if name != "counsel"}
    photographs = sorted(varied(folder / "photographs", 60).iterdir())
    passport: dict[str, Any] = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    small = references // 10 // (GALLERIES - 1)
    for number in range(GALLERIES):
        gallery = create_gallery(
            f"gallery {number:02}",
            **passport,
            expires_on=date(2099, 1, 1) if number % 9 else datetime.now(UTC).date() + timedelta(days=40),
            acting_member=people["admin"],
        )
        count = small if number else references - small * (GALLERIES - 1)
        fill(gallery, people["admin"], photographs, count)
    for number in range(CASES):
        open_case(f"C-{number:03}", "robbery", acting_member=people["examiner"])

    def examined(answer: Answer, verified: bool = True) -> str:
        first, examiner = answer.candidates[0], people["examiner"]
        seen = [caution.id for caution in cautions_about(first)]
        how: dict[str, Any] = {"components": SIMILAR, "conclusion": POTENTIAL, "notes": "benchmark"}
        examination = examine(answer.search.public_id, first.rank, **how, acknowledged=seen, acting_member=examiner)
        task = examination.verifications.get()
        if not verified:
            return task.public_id
        show_verification(task.public_id, acting_member=task.verifier)
        words = {item.position: POTENTIAL if item.is_candidate else NOT for item in task.items.all()}
        full = {place: SIMILAR for place, word in words.items() if word == POTENTIAL}
        answer_verification(task.public_id, words, full, acting_member=task.verifier)
        return examination.public_id

    world, released, waiting = World(), [], ""
    for number in range(SEARCHES):
        path = photographs[number % len(photographs)]
        asked = Request(f"C-{number % 10:03}", "find a witness", "gallery 00", origin="cctv")
        answer = run_search(probe_of(path.name, path.read_bytes()), asked, acting_member=people["examiner"])
        world.search = world.search or answer.search.public_id
        if number < EXAMINED:
            released.append(examined(answer))
        elif number == EXAMINED:
            waiting = examined(answer, verified=False)
    checked = dict.fromkeys(CONTRADICTIONS, "cannot be checked: recorded by the benchmark of the pages")
    leads = [
        release(examination, contradictions=checked, acting_member=people["supervisor"]) for examination in released[:8]
    ]
    draft = prepare("C-050", photographs[0].name, photographs[0].read_bytes(), acting_member=people["examiner"])
    reference = Reference.objects.latest("pk").public_id
    until = datetime.now(UTC).date() + timedelta(days=30)
    granted = grant(world.search, "counsel@defence.example", "Counsel", until, acting_member=people["supervisor"])
    people["counsel"] = join(granted.code, "Counsel")
    totp.TOTP.activate(people["counsel"], totp.generate_totp_secret())
    services().close()
    world.sessions = {name: session(member) for name, member in people.items()}
    listed, lead = f"/searches/{world.search}/", f"/leads/{leads[0].public_id}/"
    world.pages = {
        "examiner": [
            *("/", "/cases/", "/cases/1/", "/prepare/", "/leads/", "/alerts/", "/examinations/", "/videos/", "/me/"),
            *("/news/", "/find/?q=C-00", "/policy/", "/shared/", listed, f"{listed}candidates/3/examine/"),
            *(f"/prepare/{draft.public_id}/", f"{listed}alert/", "/cases/open/", "/sessions/", "/tokens/"),
        ],
        "supervisor": [
            *("/", "/cases/1/", "/reports/", "/retention/", "/retention/rules/", "/approvals/", "/leads/", lead),
            *(
                "/everything/",
                "/reports/schedules/",
                "/retention/events/",
                "/proficiency/",
            ),
            *(
                f"/examinations/{released[-1]}/release/",
                f"{listed}disclosure/",
                "/exonerations/",
                "/holds/",
                "/members/",
            ),
        ],
        "admin": [
            *("/", "/galleries/", "/galleries/1/", "/galleries/1/enrol/", "/feeds/", "/policy/change/", "/proposals/"),
            *("/retention/rules/", "/rights-requests/", "/members/", "/webhooks/", "/status/", "/reports/"),
            *("/galleries/1/people/", "/galleries/1/passport/", f"/references/{reference}/", "/agreements/new/"),
            f"/members/{people['examiner'].public_id}/",
        ],
        "auditor": [
            *("/", "/log/", "/log/12/", "/log/?about=C-000", f"/log/?member={people['examiner'].public_id}"),
            *("/log/?action=search.requested", "/flags/", "/samples/", "/cases/", "/reports/", "/register/", listed),
        ],
        "verifier": ["/", "/verifications/", f"/verifications/{waiting}/?all=1", f"/verifications/{waiting}/faces/1/"],
        "counsel": ["/disclosures/", f"/disclosures/{world.search}/"],
    }
    return world


_ROLES = ("examiner", "supervisor", "admin", "auditor", "verifier", "counsel")
_AT_ONCE = (("examiner",), ("supervisor",), ("admin",), ("auditor", "verifier", "counsel"))
"""Who opens pages at the same time; the last three after each other."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    import socket

    import requests

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "plainview.cli.main", "serve", "--port", url.rsplit(":", 1)[1]]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        end = time.monotonic() + 180
        while True:
            try:
                requests.get(f"{url}/accounts/login/", timeout=10)
                break
            except (requests.ConnectionError, requests.Timeout):
                if time.monotonic() > end or server.poll() is not None:
                    print((folder / "serve.log").read_text(), file=sys.stderr)  # noqa: T201
                    raise
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


def _timed(url: str, world: World, rounds: int, pause: float) -> dict[str, object]:
    """Let four people open their pages at once, with a pause after each; return p95 by page and the slowest."""
    waits: dict[str, list[float]] = defaultdict(list)
    troubles: list[str] = []

    def work(name: str, times: int, pause: float = 0) -> None:
        import requests

        http = requests.Session()
        http.cookies.set("session", world.sessions[name])
        for _ in range(times):
            for path in world.pages[name]:
                began = time.perf_counter()
                answer = http.get(url + path, timeout=60)
                if times > 1:
                    waits[f"{name} {path}"].append((time.perf_counter() - began) * 1e3)
                if answer.status_code != 200 or "/accounts/" in answer.url:
                    troubles.append(f"{name} {path}: {answer.status_code} {answer.url}")
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  people do not read in step

    for name in _ROLES:
        work(name, 1)  # the first answer of a page loads its templates
    for name in _ROLES:
        work(name, 3)
    alone = {page: min(times) for page, times in waits.items()}
    waits.clear()
    crowd = [
        threading.Thread(target=lambda names=names: [work(name, rounds, pause) for name in names]) for names in _AT_ONCE
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    p95 = {page: statistics.quantiles(values, n=20, method="inclusive")[-1] for page, values in waits.items()}
    lightest = min(p95.values())
    worst = sorted(p95, key=lambda page: -p95[page])
    return {
        "people": len(_AT_ONCE),
        "pause_s": pause,
        "pages": len(p95),
        "lightest_p95_ms": round(lightest, 1),
        "over_limit": sum(value > LIMIT_MS for value in p95.values()),
        "alone_mean_ms": round(statistics.mean(alone.values()), 1),
        "alone_slowest_ms": {page: round(alone[page], 1) for page in sorted(alone, key=lambda page: -alone[page])[:4]},
        "slowest": {
            page: {
                "p50_ms": round(statistics.median(waits[page]), 1),
                "p95_ms": round(p95[page], 1),
                "ratio": round(p95[page] / LIMIT_MS, 2),
                "ratio_to_lightest": round(p95[page] / lightest, 1),
            }
            for page in worst[:12]
        },
        "troubles": sorted(set(troubles)),
    }


def _seen(url: str, world: World) -> dict[str, object]:
    """Open pages in Chromium: what the first view of each weighs, and candidates on a slow line."""
    from playwright.sync_api import sync_playwright
    from tests.factories.live import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        weights = {}
        for name in _ROLES:
            for path in world.pages[name]:
                if not path.startswith("/find"):
                    weights[f"{name} {path}"] = _weight(browser, url, world.sessions[name], path)
        heavy = sorted(weights, key=lambda page: -weights[page])[:6]
        usable = _slow(browser, url, world.sessions["examiner"], f"/searches/{world.search}/")
        browser.close()
    return {
        "heaviest_kb": {page: round(weights[page] / 1e3, 1) for page in heavy},
        "heaviest_ratio": round(weights[heavy[0]] / 1e3 / VIEW_KB, 2),
        "candidates_at_400_kbit_s": {name: round(value, 2) for name, value in usable.items()},
        "candidates_ratio": round(usable["usable_s"] / USABLE_S, 2),
    }


def _page(browser: Any, url: str, session: str) -> Any:
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "session", "value": session, "url": url}])
    return context.new_page()


def _weight(browser: Any, url: str, session: str, path: str) -> float:
    """Return the bytes that a first view of a page takes, as the network had them."""
    page = _page(browser, url, session)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(path, wait_until="networkidle")
    page.context.close()
    return sum(sizes)


_IN_VIEW = """() => Array.from(document.images).filter(image => {
  const box = image.getBoundingClientRect();
  return box.width > 0 && box.top < innerHeight && box.bottom > 0;
}).every(image => image.complete && image.naturalWidth > 0)"""


def _slow(browser: Any, url: str, session: str, path: str) -> dict[str, float]:
    """Return when the list was there, and when every picture in view was, in seconds, on a slow line and an empty cache."""
    page = _page(browser, url, session)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    began = time.perf_counter()
    page.goto(path, wait_until="domcontentloaded", timeout=60_000)
    listed = time.perf_counter() - began
    while not page.evaluate(_IN_VIEW) and time.perf_counter() - began < 60:
        time.sleep(0.05)
    usable = time.perf_counter() - began
    page.context.close()
    return {"listed_s": listed, "usable_s": usable}


if __name__ == "__main__":
    main()
