"""What the API adds to a search: API / in process, with authentication, rules and record apart; and bulk / plain enrolment.

`record_ms` is one durable entry; a search has two, in process as by the API.

`in_process` does what `plainview search` does, without starting a process; `wsgi` is the same probe through the API's
whole way in this process. They take turns, so that a busy machine
slows all of them. Photographs are varied copies of the two bundled portraits; the gallery is synthetic.
"""

from __future__ import annotations

import base64
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

REFERENCES, PROBES, PICTURES = 10_000, 80, 60


def main() -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder))))  # noqa: T201  the script's answer


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1e3


def _measure(folder: Path) -> dict[str, object]:
    from django.core.wsgi import get_wsgi_application

    from plainview.casework.cases.open_close import open_case
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.log.channel import Channel, acting_through
    from plainview.casework.log.guard import permit
    from plainview.casework.people.bearers import token_of
    from plainview.casework.people.tokens import Wish, make_token
    from plainview.casework.probes.probe import probe_of
    from plainview.casework.search.as_json import answer_json
    from plainview.casework.search.run import Request, authorise, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill
    from plainview.policy.permissions import Permission
    from plainview.storage.base import digest_of

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport: dict[str, Any] = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    passport["expires_on"] = date(2099, 1, 1)
    photographs = sorted(varied(folder / "photographs", PROBES).iterdir())
    fill(create_gallery("large", **passport, acting_member=admin), admin, photographs, REFERENCES)
    open_case("BENCH", "benchmark", acting_member=examiner)
    purpose = "find out who held the door of the van"
    text = make_token(Wish(("all",)), acting_member=examiner)[1]
    admins = make_token(Wish(("all",)), acting_member=admin)[1]
    application = get_wsgi_application()

    def in_process(path: Path) -> None:
        data = path.read_bytes()
        asked = Request("BENCH", purpose, "large", probe_sha256=digest_of(data))
        with acting_through(Channel("cli", {"os_user": "bench"})):
            authorise(asked, acting_member=examiner)
            json.dumps(answer_json(run_search(probe_of(path.name, data), asked, acting_member=examiner)))

    def wsgi(path: Path) -> None:
        body, kind = _form(path, {"case": "BENCH", "purpose": purpose, "gallery": "large"})
        status, answer = _call(application, "/api/v1/searches", body, kind, text)
        if status != 201:
            raise RuntimeError(answer)

    times: dict[str, list[float]] = {"in_process": [], "wsgi": []}
    # A photograph is searched once: what watches for misuse would look closer at a second time.
    for number, path in enumerate(photographs):
        name, act = ("wsgi", wsgi) if number % 2 else ("in_process", in_process)
        times[name].append(_timed(lambda act=act, path=path: act(path)))
    first = PROBES // 8  # the first ones build the index and warm the caches
    medians = {name: statistics.median(values[first:]) for name, values in times.items()}
    apart = {
        "authentication_ms": statistics.median(_timed(lambda: token_of(text)) for _ in range(50)),
        "rules_ms": statistics.median(
            _timed(lambda: permit("search.run", Permission.SEARCH_RUN, examiner)) for _ in range(50)
        ),
        "record_ms": statistics.median(_timed(lambda: _record(examiner)) for _ in range(50)),
        "whole_empty_operation_ms": statistics.median(
            _timed(lambda: _call(application, "/api/v1/me", b"", "", text, method="GET")) for _ in range(50)
        ),
    }
    pictures = sorted(varied(folder / "new", 2 * PICTURES).iterdir())
    create_gallery("plain", **passport, acting_member=admin)
    create_gallery("bulk", **passport, acting_member=admin)
    for path in pictures[PICTURES:]:
        path.rename(folder / path.name)
    plain = _timed(lambda: enrol("plain", read_items(folder / "new"), acting_member=admin)) / PICTURES
    lines = b"".join(
        json.dumps({"image": base64.b64encode((folder / path.name).read_bytes()).decode()}).encode() + b"\n"
        for path in pictures[PICTURES:]
    )
    path = "/api/v1/galleries/bulk/references/bulk"
    bulk = _timed(lambda: _call(application, path, lines, "application/x-ndjson", admins)) / PICTURES
    services().close()
    return {
        "references": REFERENCES,
        "in_process_ms": round(medians["in_process"], 2),
        "api_ms": round(medians["wsgi"], 2),
        "ratio_api_to_in_process": round(medians["wsgi"] / medians["in_process"], 3),
        **{name: round(value, 2) for name, value in apart.items()},
        "enrol_ms": round(plain, 2),
        "bulk_ms": round(bulk, 2),
        "bulk_per_second": round(1e3 / bulk, 1),
        "ratio_bulk_to_enrol": round(bulk / plain, 3),
        "synthetic_gallery": True,
    }


def _record(examiner: Any) -> None:
    """Write one entry of the log with its signed checkpoint, durably, as every view and every act does."""
    from django.db import transaction

    from plainview.casework.log.write import write_entry

    with transaction.atomic():
        write_entry(
            "candidates.viewed",
            {"agency": examiner.agency.public_id, "search": "S0", "candidates": 0},
            acting_member=examiner,
        )


def _form(path: Path, fields: dict[str, str]) -> tuple[bytes, str]:
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = f'--B\r\nContent-Disposition: form-data; name="image"; filename="{path.name}"\r\n\r\n'
    return "".join(parts).encode() + head.encode() + path.read_bytes() + b"\r\n--B--\r\n", (
        "multipart/form-data; boundary=B"
    )


def _call(
    application: Any, path: str, body: bytes, kind: str, token: str, *, method: str = "POST"
) -> tuple[int, bytes]:
    """Send a request as the front of the server does."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": kind,
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    status: list[str] = []
    answer = b"".join(application(environ, lambda line, headers, exc=None: status.append(line)))
    return int(status[0].split()[0]), answer


if __name__ == "__main__":
    main()
