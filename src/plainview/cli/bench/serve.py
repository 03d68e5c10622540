"""`plainview bench serve`: several people search a large gallery at once, over HTTP, as a browser would.

Owns a workspace of its own, thrown away afterwards: its references are synthetic (random templates over pictures of two
public-domain portraits), its people are real sessions, the server and its worker are the real ones.
"""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import requests
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from plainview.casework.cases.open_close import open_case
from plainview.casework.enrolment.preparing import box_of
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.log.commit import Unit
from plainview.casework.log.committed import BY_MODEL
from plainview.casework.log.write import write_entry
from plainview.casework.models import Enrolment, Gallery, GalleryChange, Member, Reference, Training
from plainview.casework.pictures import face_file
from plainview.casework.workspace.insert import insert_many, insert_values, places_of, values_of
from plainview.casework.workspace.services import services
from plainview.cli.bench.common import varied

LIMIT_MS, PAGE_LIMIT_MS = 1500.0, 200.0
"""How long a person may wait for candidates and for any other page; source: the issue of the web application."""

CANDIDATES = 20
_PICTURES = 200  # different pictures behind the references
_SYNTHETIC = "-"  # the file name of every synthetic reference
PAGES = ("/", "/prepare/?case=BENCH", "/cases/", "/alerts/", "/leads/", "/galleries/", "/policy/", "/me/")


@dataclass
class _Person:
    """One signed-in person and their measurements, in milliseconds."""

    url: str
    cookie: str
    photograph: Path
    searches: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)


def measure(home: Path, references: int, people: int, searches: int) -> dict[str, object]:
    """Fill a gallery, serve it and let people search it at once; return the figures."""
    photographs = sorted(varied(home / "photographs", _PICTURES).iterdir())
    cookies = _prepare(photographs, references, people)
    return _measure(home, photographs, cookies, searches) | {"gallery_size": references}


def _prepare(photographs: list[Path], count: int, people: int) -> list[str]:
    """Fill the gallery and sign people in; returns their session keys."""
    prepare(photographs, count)
    examiner = member_by_email("examiner@agency.example")
    known = Member.objects.filter(email__startswith="bench-").count()
    keys = [session(colleague(examiner, known + number)) for number in range(people)]
    services().close()
    return keys


def prepare(photographs: list[Path], count: int) -> Gallery:
    """Make the gallery of `count` synthetic references and the case, unless a kept workspace has them.

    Raises:
        ValueError: the kept gallery was filled with another number.
    """
    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    gallery = Gallery.objects.filter(name="large").first()
    if gallery is not None:
        if gallery.reference_set.filter(file_name=_SYNTHETIC).count() != count:
            raise ValueError(f"the kept gallery was not filled with {count} references")
        return gallery
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    fill(gallery, admin, photographs, count)
    open_case("BENCH", "benchmark", acting_member=examiner)
    return gallery


def fill(gallery: Gallery, member: Member, photographs: list[Path], count: int) -> None:
    """Put `count` synthetic references into an empty gallery: random templates, real pictures and boxes."""
    engine = services().engine
    faces = []
    for path in photographs:
        data, picture = path.read_bytes(), services().decoder.decode(path.read_bytes())
        face = engine.enrol_faces(picture)[0]
        blob, box = services().blobs.put(data), box_of(face)
        file = services().blobs.put(face_file(picture.pixels, blob, box))
        faces.append((blob, box, face.detection.points.tolist(), file))
    random = np.random.default_rng(1)
    run = Enrolment.objects.create(gallery=gallery, member=member)
    pack, dimension = engine.pack.identity, engine.pack.dimension
    shared: dict[str, Any] = {
        "gallery": gallery,
        "enrolment": run,
        "quality": 50,
        "pack": pack,
        "file_name": _SYNTHETIC,
    }
    of_face = [
        values_of(
            Reference(face_number=1, quality_detail={}, blob=blob, box=box, points=points, face_file=file, **shared)
        )
        for blob, box, points, file in faces
    ]
    own = places_of(Reference, "public_id", "face_number", "template")
    newest = 0
    for first in range(0, count, 5_000):
        vectors = random.standard_normal((min(5_000, count - first), dimension), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = []
        for number, vector in enumerate(vectors, start=first):
            turn, place = divmod(number, len(of_face))
            values, name = of_face[place].copy(), str(Reference._meta.get_field("public_id").get_default())
            sealed = services().templates.seal(vector.tobytes(), f"template:{name}".encode())
            for column, value in zip(own, (name, turn + 1, sealed), strict=True):
                values[column] = value
            rows.append(values)
        with transaction.atomic():
            insert_values(Reference, rows)
            new = Reference.objects.filter(gallery=gallery, pk__gt=newest).order_by("pk").values_list("pk", flat=True)
            keys = list(new)
            newest = keys[-1]
            insert_many(
                [
                    GalleryChange(gallery=gallery, seq=seq, is_add=True, reference_id=key)
                    for seq, key in enumerate(keys, start=first + 1)
                ]
            )
            type(gallery).objects.filter(pk=gallery.pk).update(log_head=first + len(keys), pack=pack)
            units = [Unit(BY_MODEL[Reference], str(key)) for key in keys]
            write_entry("rows.committed", {"gallery": gallery.pk}, acting_member=member, rows=units)


def colleague(examiner: Member, number: int) -> Member:
    """Return another examiner of the agency, trained like this one, with a second factor."""
    member = Member.objects.create(
        agency=examiner.agency,
        email=f"bench-{number}@agency.example",
        name=f"Bench {number}",
        roles=examiner.roles,
        is_sample=True,
    )
    totp.TOTP.activate(member, totp.generate_totp_secret())
    for training in examiner.trainings.all():
        Training.objects.create(
            member=member,
            course=training.course,
            hours=training.hours,
            completed_on=training.completed_on,
            expires_on=training.expires_on,
            recorded_by=training.recorded_by,
        )
    with transaction.atomic():
        write_entry("rows.committed", {"member": member.public_id}, acting_member=None, rows=[member])
    return member


def session(member: Member) -> str:
    """Return the key of a session as a sign-in makes it: the benchmark is not about passwords."""
    store = SessionStore()
    store[SESSION_KEY] = str(member.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = member.get_session_auth_hash()
    store.save()
    return str(store.session_key)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the workspace as `plainview serve` does while the block runs; yields the address and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "plainview.cli.main", "serve", "--port", str(port)]
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        _wait(url, server)
        yield url, server
    finally:
        server.terminate()
        server.wait()


def _measure(home: Path, photographs: list[Path], cookies: list[str], rounds: int) -> dict[str, object]:
    with served(home) as (url, _):
        crowd = [_Person(url, cookie, photographs[i]) for i, cookie in enumerate(cookies)]
        _work(crowd[0], 1)  # builds the index, and loads the model
        crowd[0] = _Person(url, cookies[0], photographs[0])
        began = time.perf_counter()
        threads = [threading.Thread(target=_work, args=(person, rounds)) for person in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
    waits = [value for person in crowd for value in person.searches]
    if len(waits) < len(cookies) * rounds:
        raise RuntimeError(f"only {len(waits)} searches were answered; see {home / 'serve.log'}")
    p95 = float(np.quantile(waits, 0.95))
    pages = float(np.quantile([value for person in crowd for value in person.pages], 0.95))
    return {
        "people": len(cookies),
        "searches": len(waits),
        "p50_ms": round(statistics.median(waits), 1),
        "p95_ms": round(p95, 1),
        "ratio_to_limit": round(p95 / LIMIT_MS, 3),
        "searches_per_s": round(len(waits) / seconds, 2),
        "pictures_p95_ms": round(float(np.quantile([v for p in crowd for v in p.pictures], 0.95)), 1),
        "pages_p95_ms": round(pages, 1),
        "pages_ratio_to_limit": round(pages / PAGE_LIMIT_MS, 3),
        "synthetic_gallery": True,
    }


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            requests.get(f"{url}/accounts/login/", timeout=60)
        except requests.ConnectionError:
            if time.monotonic() > end or server.poll() is not None:
                raise
            time.sleep(0.2)
        else:
            return


def _work(person: _Person, rounds: int) -> None:
    """Prepare, search, load every candidate's picture and open the other pages, `rounds` times."""
    http = requests.Session()
    http.cookies.set("session", person.cookie)
    for _ in range(rounds):
        draft = draft_page(http, person.url, person.photograph)
        began = time.perf_counter()
        page = http.get(f"{draft}search/", timeout=60).text
        person.pages.append((time.perf_counter() - began) * 1e3)
        asked = {
            "csrfmiddlewaretoken": _token(page),
            "purpose": "find out who held the door of the van",
            "galleries_shown": "1",
            "galleries": "large",
            "top": str(CANDIDATES),
        }
        began = time.perf_counter()
        answer = http.post(f"{draft}search/", data=asked, timeout=120, headers={"Referer": draft})
        person.searches.append((time.perf_counter() - began) * 1e3)
        answer.raise_for_status()
        if "/searches/" not in answer.url:
            raise RuntimeError(f"no candidates at {answer.url}")
        began = time.perf_counter()
        pictures = re.findall(r'<img class="face" src="(/searches/[^"]+)"', answer.text)
        if len(pictures) <= CANDIDATES:  # the probe's is one of them
            raise RuntimeError(f"{len(pictures)} pictures at {answer.url}")
        for source in dict.fromkeys(pictures):  # ten faces are one picture
            http.get(person.url + unescape(source), timeout=60).raise_for_status()
        person.pictures.append((time.perf_counter() - began) * 1e3)
        for path in PAGES:
            began = time.perf_counter()
            http.get(person.url + path, timeout=60).raise_for_status()
            person.pages.append((time.perf_counter() - began) * 1e3)


def draft_page(http: requests.Session, url: str, photograph: Path) -> str:
    """Make a draft with one face; return the address of its page."""
    page = http.get(f"{url}/prepare/?case=BENCH", timeout=60)
    page.raise_for_status()
    with photograph.open("rb") as file:
        answer = http.post(
            f"{url}/prepare/",
            data={"csrfmiddlewaretoken": _token(page.text), "case": "BENCH"},
            files={"photo": file},
            timeout=120,
            headers={"Referer": url},
        )
    answer.raise_for_status()
    return answer.url


def _token(page: str) -> str:
    match = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if match is None:
        raise RuntimeError("the page has no form: is the session signed in?")
    return match.group(1)
