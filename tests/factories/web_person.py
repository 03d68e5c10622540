"""A person with a browser without scripts: follows links, redirects and forms across servers, as HTTP.

`python -m tests.factories.web_person` reads one JSON list of steps on stdin and prints one JSON object a step. A process
of its own, because the tests themselves may open no socket.

Steps: {"get": URL}, {"form": {field: value}, "action": part of the form's address} fills and sends a form of the last
page, {"post": URL, "data": {}}. After each step: {status, url, text, forms}.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.forms.append(
                {"action": named.get("action") or "", "method": named.get("method") or "get", "fields": {}}
            )
        elif tag in ("input", "button") and self.forms and named.get("name"):
            self.forms[-1]["fields"].setdefault(named["name"], named.get("value") or "")


def _forms(text: str) -> list[dict[str, Any]]:
    parser = _Forms()
    parser.feed(text)
    return parser.forms


def _walk(steps: list[dict[str, Any]], verify: str | bool) -> None:
    session, page = requests.Session(), None
    session.verify = verify
    for step in steps:
        if "get" in step:
            page = _get(session, step)
        elif "post" in step:
            page = session.post(step["post"], data=step["data"], timeout=60)
        else:
            assert page is not None
            forms = [form for form in _forms(page.text) if step.get("action", "") in form["action"]]
            assert forms, (step, page.status_code, page.url, page.text)
            (form, *_) = forms
            url = urljoin(page.url, form["action"])
            page = session.post(url, data={**form["fields"], **step["form"]}, headers={"Referer": page.url}, timeout=60)
        seen = {
            "status": page.status_code,
            "url": page.url,
            "text": page.text,
            "headers": dict(page.headers),
            "forms": _forms(page.text),
        }
        sys.stdout.write(json.dumps(seen) + "\n")


def _get(session: requests.Session, step: dict[str, Any]) -> requests.Response:
    """Get a page; with {"wait": seconds}, as soon as somebody listens there."""
    end = time.monotonic() + step.get("wait", 0)
    while True:
        try:
            return session.get(step["get"], timeout=60, headers=step.get("headers"))
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def walk(*steps: dict[str, Any], authority: Path | None = None) -> list[dict[str, Any]]:
    """What the person saw after each step."""
    asked = json.dumps({"steps": steps, "verify": str(authority) if authority else True})
    done = subprocess.run(
        [sys.executable, "-m", "tests.factories.web_person"],
        cwd=Path(__file__).parents[2],
        input=asked,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    told = json.load(sys.stdin)
    _walk(told["steps"], told["verify"])
