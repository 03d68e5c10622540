"""A served sample workspace and a real headless Chromium: what the browser tests and the screenshots share.

Owns starting and stopping both. Everything is asked of the server through pages and of the workspace through the
command line, as people do it.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Playwright
from tests.factories import forks
from tests.factories.models import collins, hopper, scaled, turned

from plainview.recognition.types import Pixels

GALLERY, CASE = "custody", "26-0142"
PEOPLE = ("examiner", "verifier", "supervisor", "admin", "auditor")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The system's Chromium or Chrome; None lets Playwright take its own."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launch(playwright: Playwright, *options: str) -> Browser:
    """Start Chromium. It fails, and never skips, where there is none: `make browser` brings one."""
    return playwright.chromium.launch(executable_path=chromium(), args=[*_FLAGS, *options])


def wide(pixels: Pixels, factor: float) -> Pixels:
    """The picture stretched sideways: another face, as far as a gallery for tests goes."""
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=1.0), dtype=np.uint8)


def photographs(folder: Path) -> Path:
    """Twelve renderings of the two bundled portraits."""
    folder.mkdir(parents=True)
    for name, picture in {"hopper": hopper(), "collins": collins()}.items():
        made = {
            "a": picture.pixels,
            "b": picture.pixels[:, ::-1],
            "narrow": wide(picture.pixels, 0.72),
            "broad": wide(picture.pixels, 1.35),
            "tilted": turned(picture, 12).pixels,
            "dark": (picture.pixels * 0.45).astype(np.uint8),
        }
        for kind, pixels in made.items():
            cv2.imwrite(str(folder / f"{name}-{kind}.jpg"), np.ascontiguousarray(pixels))
    return folder


def manifest(folder: Path) -> Path:
    """A manifest of these photographs with where they came from: a file's own address would name this machine."""
    path = folder.with_suffix(".csv")
    rows = [f"{file},https://custody.example/{file.name}" for file in sorted(folder.iterdir())]
    path.write_text("\n".join(["path,source_url", *rows]) + "\n")
    return path


def pictures_loaded(page: Page) -> None:
    """Wait for every picture of the page; a page under this security policy lets nothing poll it by eval."""
    page.evaluate(
        """() => Promise.all(Array.from(document.images).map(i => {
          i.loading = "eager";
          return i.complete || new Promise(done => { i.addEventListener("load", done); i.addEventListener("error", done); });
        }))"""
    )


def follow(link: Locator) -> None:
    """Click, and wait until the page has loaded that the click brings: read at once, it may still be the old one."""
    with link.page.expect_navigation():
        link.click()


def until(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(120):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def probe(folder: Path, name: str = "probe.jpg") -> Path:
    """Another rendering of Eileen Collins."""
    path = folder / name
    cv2.imwrite(str(path), scaled(collins(), 0.9).pixels)
    return path


@dataclass
class Live:
    """A running server on its own workspace.

    Attributes:
        home: the workspace.
        url: where it is served, without the last slash.
        states: the cookies of people who have signed in, by name: a code is good for one sign-in only.
        others: how people of other agencies sign in: name -> email, password, totp_secret.
        invited: codes of people who join at their first sign-in, by name.
    """

    home: Path
    url: str
    process: subprocess.Popen[bytes]
    states: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    others: dict[str, dict[str, str]] = field(default_factory=dict)
    invited: dict[str, str] = field(default_factory=dict)

    def python(self, code: str) -> Any:
        """Run Python on the workspace, after Django has started; returns the JSON that it printed."""
        begin = "from plainview.cli.start import open_workspace; open_workspace(); "
        done = forks.run(self.home, [], code=begin + code)
        assert done.returncode == 0, f"{code}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout or "null")

    def cli(self, *arguments: str | Path) -> str:
        """Run a command on the workspace and return what it printed."""
        return _run(self.home, *arguments)

    def json(self, *arguments: str | Path) -> Any:
        """Run a command with --json."""
        return json.loads(self.cli(*arguments, "--json"))

    def signed_in(self, browser: Browser, name: str, **options: Any) -> BrowserContext:
        """A context of a sample person who has signed in with password and code."""
        if name not in self.states:
            context = browser.new_context()
            page = context.new_page()
            if name in self.invited:
                self.join(
                    page,
                    f"{self.url}/join/{self.invited[name]}/",
                    f"{name}@agency.example",
                    name.capitalize(),
                )
            else:
                self.sign_in(page, name)
            self.states[name] = context.storage_state()
            context.close()
        return browser.new_context(base_url=self.url, storage_state=self.states[name], **options)

    def sign_in(self, page: Page, name: str, *, url: str = "") -> None:
        """Walk the sign-in pages, under another name of the server where `url` gives one."""
        held = self.others.get(name)
        email = held["email"] if held else f"{name}@agency.example"
        page.goto(f"{url or self.url}/accounts/login/")
        page.get_by_label("E-mail address").fill(email)
        held = held or self.json("member", "sample-credentials")["people"][email]
        page.get_by_label("Password").fill(held["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.locator("input[name=code]").fill(self._code(email, held["totp_secret"]))
        page.locator("input[name=code]").press("Enter")
        page.wait_for_url(f"{url or self.url}/")

    def join(self, page: Page, link: str, email: str, name: str) -> None:
        """Walk the pages of joining by an invitation: name, password, second factor."""
        page.goto(link)
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Choose a password").fill("a long password of theirs")
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url("**/totp/activate/")
        secret = page.locator("#authenticator_secret").input_value()
        page.locator("input[name=code]").fill(self._code(email, secret))
        page.locator("input[name=code]").press("Enter")
        page.wait_for_url(lambda url: "activate" not in url)

    def _code(self, email: str, secret: str) -> str:
        """A code (RFC 6238) of this moment or the next period: the same one is never taken twice."""
        now = int(time.time()) // 30
        counter = max(now, self.counters.get(email, 0) + 1)
        while counter > int(time.time()) // 30 + 1:
            time.sleep(0.05)
        self.counters[email] = counter
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digest = hmac.new(key, counter.to_bytes(8, "big"), "sha1").digest()
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"

    def stop(self) -> None:
        """End the server and its worker."""
        self.process.terminate()  # it ends its worker itself
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def rivertown(gallery_name: str) -> str:
    """Code that lets a served workspace have Rivertown with case R-7, and an agreement for this gallery; prints how they sign in."""
    return (
        "import json; from tests.factories import sharing as s; s.agency(); "
        f"s.agreement(galleries=[{gallery_name!r}]); "
        "s.open_case('R-7', 'robbery', acting_member=s.theirs('examiner')); print(json.dumps(s.sign_ins()))"
    )


def rivertown_at_work(gallery_name: str) -> str:
    """As `rivertown`, with one request at each of its stages; prints the addresses of their pages, and how they sign in."""
    return (
        "import json, pathlib, tempfile; from tests.factories import sharing as s; s.agency(); "
        f"print(json.dumps(s.stages(pathlib.Path(tempfile.mkdtemp()), {gallery_name!r})))"
    )


def _environment(home: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return {**mine, "PLAINVIEW_HOME": str(home), "COLUMNS": "200"}


def _run(home: Path, *arguments: str | Path) -> str:
    done = forks.run(home, arguments)
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


def make_workspace(folder: Path) -> Path:
    """A sample workspace with a gallery of twelve references and an open case."""
    home = folder / "workspace"
    _run(home, "init", "--sample")
    admin = ("--as", "admin@agency.example")
    passport = ("--basis", "Custody Images Act s. 4", "--source", "custody desk", "--expires", "2999-12-31")
    _run(home, "gallery", "create", GALLERY, *passport, *admin)
    _run(home, "enrol", GALLERY, manifest(photographs(folder / "photographs")), *admin)
    _run(home, "case", "open", CASE, "--offence", "robbery", "--as", "examiner@agency.example")
    return home


def serve(home: Path, *options: str) -> Live:
    """Serve a workspace on a free port, with its worker, and wait until it answers."""
    # In a process of its own: the tests themselves may open no socket (pytest-socket).
    find = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    port = subprocess.run([sys.executable, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
    with (home.parent / f"serve-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "plainview.cli.main", "serve", "--port", port, *options],
            env=_environment(home),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Live(home, f"http://127.0.0.1:{port}", process)


def wait_until_served(live: Live, browser: Browser, seconds: float = 180) -> None:
    """Wait for the first page."""
    page = browser.new_page()
    end = time.monotonic() + seconds
    while True:
        try:
            page.goto(f"{live.url}/accounts/login/")
        except Error:
            if time.monotonic() > end or live.process.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            page.close()
            return
