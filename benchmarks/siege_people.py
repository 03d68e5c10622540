"""The people of a siege: each with a session, a token and an address of their own, who work, and remember what was said to them.

Owns what they do and what they were promised. Nobody asks twice: what was not acknowledged may or may not have happened,
and nothing is claimed about it.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests
from requests.adapters import HTTPAdapter

PURPOSE = "find out who held the door of the van"
PAIR = "PAIR"
"""The case of the examiner who searches for what administrators enrolled."""

KNOWN, GROWING = "known", "growing"
"""The gallery that stays as it is, whose lists are known; and the one that is enrolled into and erased from."""

PAGES = {
    "examiner": ("/", "/cases/", "/galleries/", "/alerts/", "/leads/", "/policy/", "/me/"),
    "admin": ("/", "/galleries/", "/members/", "/policy/", "/me/"),
    "auditor": ("/", "/log/", "/flags/", "/policy/", "/me/"),
}
_SHORT_S = 90.0  # a request that is not answered by then has failed

Rows = list[tuple[str, str]]
"""A candidate list: (reference, score as it was sent)."""


@dataclass
class Promised:
    """What was acknowledged to anybody, and what was wrong at once. Shared by all threads."""

    cases: list[str] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    """Reference -> gallery; without those that were erased, or that somebody asked to erase."""
    erased: list[str] = field(default_factory=list)
    searches: dict[str, Rows] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    """Job -> pictures that it was given."""
    wrong_lists: list[str] = field(default_factory=list)
    failures: list[tuple[float, float, str]] = field(default_factory=list)
    """(began, ended, what) of every answer of 500 and above, and of every connection that broke."""
    refused: Counter[str] = field(default_factory=Counter)
    took: dict[str, list[float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Unanswered(Exception):
    """A request that was not answered with success; what it asked for may have happened."""


class _From(HTTPAdapter):
    """Connections from one address of loopback, so that each person has their own."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_connections=2, pool_maxsize=2)

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, source_address=(self._address, 0), **options)  # type: ignore[no-untyped-call]


@dataclass
class Person:
    """One person at work.

    Attributes:
        url, cookie, ca: the server, the name of its session cookie, the file of its authority ("" without TLS).
        session, token: of the member; `pair` is the token of an examiner who searches for what an administrator enrolled.
        known: probe -> its list in the gallery that stays as it is.
    """

    number: int
    role: str
    url: str
    cookie: str
    ca: str
    session: str
    token: str
    pair: str
    known: dict[Path, Rows]
    promised: Promised
    think_s: float
    case: str = ""
    chance: random.Random = field(default_factory=random.Random)
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        """Give them their address, their session and their habits."""
        self.chance = random.Random(self.number)  # noqa: S311  habits, not secrets
        self.http.mount("http", _From(f"127.0.{1 + self.number // 200}.{1 + self.number % 200}"))
        self.http.cookies.set(self.cookie, self.session)
        self.http.verify = self.ca or True
        self.http.trust_env = False

    def work(self, until: float) -> None:
        """Work until this moment of time.monotonic()."""
        time.sleep(self.chance.uniform(0.0, self.think_s))
        while time.monotonic() < until:
            with suppress(Unanswered):
                self._something()
            time.sleep(self.chance.uniform(0.3, 1.7) * self.think_s)

    def _something(self) -> None:
        act = self.chance.random()
        if self.role == "auditor" or act < 0.45:
            self._ask("page", "GET", self.chance.choice(PAGES[self.role]))
        elif self.role == "admin":
            self._enrol_in_background() if act < 0.55 else self._enrol_search_erase()
        elif not self.case or act < 0.55:
            self._open_case()
        elif act < 0.75:
            self._search(*self.chance.choice(list(self.known.items())))
        elif act < 0.85:
            self._look_again()
        else:
            self._search_by_page(self.chance.choice(list(self.known)))

    def _open_case(self) -> None:
        number = f"S-{self.number}-{self.chance.randrange(1 << 32):08x}"
        self._api("case", "POST", "/cases", json={"number": number, "offence": "robbery"})
        with self.promised.lock:
            self.promised.cases.append(number)
        self.case = self.case or number

    def _search(self, probe: Path, right: Rows) -> None:
        result = self._searched(self.token, probe.read_bytes(), KNOWN, self.case)
        if result != right:
            self._say_wrong(f"{probe.name} in {KNOWN}: {first_difference(result, right)}")

    def _look_again(self) -> None:
        with self.promised.lock:
            mine = [key for key in self.promised.searches if key.startswith(f"{self.number} ")]
        if not mine:
            return
        key = self.chance.choice(mine)
        result = rows_of(self._api("shown again", "GET", f"/searches/{key.split()[1]}"))
        right = self.promised.searches[key]
        if result != right:
            self._say_wrong(f"search {key} shown again: {first_difference(result, right)}")

    def _search_by_page(self, probe: Path) -> None:
        """Prepare a draft and search with it, by the forms."""
        page = self._ask("page", "GET", f"/prepare/?case={self.case}")
        form = {"csrfmiddlewaretoken": _token(page.text), "case": self.case}
        draft = self._ask("draft", "POST", "/prepare/", data=form, files={"photo": probe.open("rb")})
        address = draft.url.removeprefix(self.url)
        page = self._ask("page", "GET", f"{address}search/")
        form = {"csrfmiddlewaretoken": _token(page.text), "purpose": PURPOSE}
        form |= {"galleries_shown": "1", "galleries": KNOWN, "top": "20"}
        answer = self._ask("search by page", "POST", f"{address}search/", data=form)
        result = re.search(r"/searches/([A-Z0-9]+)/", answer.url)
        if result is None:
            return self._refused("search by page", f"ended at {answer.url.removeprefix(self.url)}")
        rows = rows_of(self._api("shown again", "GET", f"/searches/{result[1]}"))
        self._remember(result[1], rows)
        if rows != self.known[probe]:
            self._say_wrong(f"{probe.name} by page: {first_difference(rows, self.known[probe])}")
        return None

    def _enrol_search_erase(self) -> None:
        data = self._photograph()
        done = self._api("enrol", "POST", f"/galleries/{GROWING}/references", files={"image": ("new.jpg", data)})
        new = [reference["id"] for reference in done["references"]]
        if not new:
            return self._refused("enrol", str(done["failed"])[:120])
        with self.promised.lock:
            self.promised.references |= dict.fromkeys(new, GROWING)
        result = self._searched(self.pair, data, GROWING, PAIR)
        if not result or new[0] not in [reference for reference, score in result if score == result[0][1]]:
            self._say_wrong(f"{new[0]}, just enrolled, is not the first for its own picture: {result[:2]}")
        if self.chance.random() < 0.5:
            return None
        with self.promised.lock:
            self.promised.references.pop(new[0])
        self._api("erase", "POST", f"/references/{new[0]}/expunge", json={"reason": "the court ordered it"})
        with self.promised.lock:
            self.promised.erased.append(new[0])
        result = self._searched(self.pair, data, GROWING, PAIR)
        if new[0] in [reference for reference, _ in result]:
            self._say_wrong(f"{new[0]} was erased and is on a list")
        return None

    def _enrol_in_background(self) -> None:
        files = [("files", (f"{i}.jpg", self._photograph())) for i in range(3)]
        job = self._api("job", "POST", f"/galleries/{GROWING}/enrolments", files=files)
        with self.promised.lock:
            self.promised.jobs[job["id"]] = len(files)

    def _searched(self, token: str, data: bytes, gallery: str, case: str) -> Rows:
        form = {"case": case, "purpose": PURPOSE, "gallery": gallery, "top": "20"}
        result = self._api("search", "POST", "/searches", token, data=form, files={"image": ("probe.jpg", data)})
        rows = rows_of(result)
        self._remember(result["search_id"], rows)
        return rows

    def _remember(self, search: str, rows: Rows) -> None:
        with self.promised.lock:
            self.promised.searches[f"{self.number} {search}"] = rows

    def _photograph(self) -> bytes:
        """Return a picture of a real face that nobody has enrolled."""
        face = np.asarray(cv2.imread(str(self.chance.choice(list(self.known)))), dtype=np.int16)
        noise = np.random.default_rng(self.chance.randrange(1 << 60)).integers(-14, 15, face.shape)
        return bytes(cv2.imencode(".jpg", np.clip(face + noise, 0, 255).astype(np.uint8))[1])

    def _api(self, act: str, method: str, path: str, token: str = "", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        send: Callable[..., requests.Response] = requests.Session.request
        bare = requests.Session()  # without the cookies of the pages
        bare.mount("http", self.http.adapters["http"])
        bare.verify, bare.trust_env = self.http.verify, False
        return self._answered(
            act, lambda: send(bare, method, f"{self.url}/api/v1{path}", headers=headers, timeout=_SHORT_S, **options)
        ).json()

    def _ask(self, act: str, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Referer": f"{self.url}/", "Origin": self.url}
        answer = self._answered(
            act, lambda: self.http.request(method, self.url + path, headers=headers, timeout=_SHORT_S, **options)
        )
        if "/accounts/login/" in answer.url:
            self._refused(act, f"{path}: signed out")
            raise Unanswered
        return answer

    def _answered(self, act: str, send: Callable[[], requests.Response]) -> requests.Response:
        began = time.monotonic()
        try:
            answer = send()
        except requests.RequestException as error:
            return self._failed(began, f"{act}: {type(error).__name__}")
        if answer.status_code >= 500:
            return self._failed(began, f"{act}: {answer.status_code} {_said(answer)}")
        if answer.status_code >= 400:
            self._refused(act, f"{answer.status_code} {_said(answer)}")
            raise Unanswered
        with self.promised.lock:
            self.promised.took.setdefault(act, []).append(time.monotonic() - began)
        return answer

    def _failed(self, began: float, act: str) -> Any:
        with self.promised.lock:
            self.promised.failures.append((began, time.monotonic(), act))
        raise Unanswered

    def _refused(self, act: str, why: str) -> None:
        with self.promised.lock:
            self.promised.refused[f"{act}: {why}"] += 1

    def _say_wrong(self, act: str) -> None:
        with self.promised.lock:
            self.promised.wrong_lists.append(act)


def rows_of(result: Any) -> Rows:
    """Return the list of an answer of the API."""
    return [(candidate["reference_id"], str(candidate["score"])) for candidate in result["candidates"]]


def first_difference(result: Rows, right: Rows) -> str:
    """Say where two lists differ."""
    if len(result) != len(right):
        return f"{len(result)} candidates, not {len(right)}"
    rank = next((rank for rank, pair in enumerate(zip(result, right, strict=True)) if pair[0] != pair[1]), None)
    return "" if rank is None else f"rank {rank + 1}: {result[rank]}, not {right[rank]}"


def _said(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("rule", ""))
    except ValueError:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.S)
        return heading[1].strip() if heading else ""


def _token(page: str) -> str:
    result = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if result is None:
        raise Unanswered
    return result[1]
