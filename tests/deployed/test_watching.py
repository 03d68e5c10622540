"""The served application as programs watch it: probes, metrics, status, and a log that names nobody."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.deployed import START, free_port
from tests.factories.live import Live, serve
from tests.factories.web_person import walk

from plainview.casework.workspace.serving import Serving

TOKEN = "a token of the monitoring"  # noqa: S105


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("watching") / "workspace"
    assert forks.run(home, ["init", "--sample"]).returncode == 0
    with (home / "workspace.toml").open("a") as settings:
        settings.write(f'metrics_token = "{TOKEN}"\n')
    served = serve(home)
    walk({"get": f"{served.url}/healthz", "wait": 120})
    yield served
    served.stop()


def test_probes_answer_whatever_name_the_request_has(live: Live) -> None:
    other = {"Host": "10.1.2.3:8000"}
    health, ready, page = walk(
        {"get": f"{live.url}/healthz", "headers": other},
        {"get": f"{live.url}/readyz", "headers": other},
        {"get": f"{live.url}/accounts/login/", "headers": other},
    )
    assert (health["status"], health["text"]) == (200, "ok\n")
    assert (ready["status"], json.loads(ready["text"])) == (200, {"ready": True, "problems": []})
    assert page["status"] == 400
    assert "Set-Cookie" not in health["headers"]


def test_metrics_are_for_this_machine_and_for_who_has_the_token(live: Live) -> None:
    through_a_proxy = {"X-Forwarded-For": "203.0.113.9"}
    walk({"get": f"{live.url}/accounts/login/"})
    here, proxied, wrong, token = walk(
        {"get": f"{live.url}/metrics"},
        {"get": f"{live.url}/metrics", "headers": through_a_proxy},
        {"get": f"{live.url}/metrics", "headers": {**through_a_proxy, "Authorization": "Bearer wrong"}},
        {"get": f"{live.url}/metrics", "headers": {**through_a_proxy, "Authorization": f"Bearer {TOKEN}"}},
    )
    assert [answer["status"] for answer in (here, proxied, wrong, token)] == [200, 404, 404, 200]
    lines = here["text"].splitlines()
    for begin in (
        'plainview_info{version="',
        'plainview_part_ok{part="disk"} 1.0',
        'plainview_part_ok{part="mail"} 1.0',
        'plainview_number{name="free_bytes",part="disk"}',
        'plainview_requests_total{status="2xx",view="account_login"}',
        "process_resident_memory_bytes",
    ):
        assert any(line.startswith(begin) for line in lines), begin


def test_status_is_one_object_with_every_part(live: Live) -> None:
    done = forks.run(live.home, ["status", "--json"])
    said = json.loads(done.stdout)
    parts = {"schema", "worker", "queue", "disk", "backup", "rehearsal", "witness", "mail", "canaries", "clock", "rows"}
    assert parts | {"ok", "version", "certificate"} == set(said)
    assert all({"ok", "says"} <= set(said[part]) for part in parts)
    assert done.returncode == (0 if said["ok"] else 1)


def test_each_line_of_the_servers_log_is_an_object_and_names_nobody(live: Live) -> None:
    walk(
        {"get": f"{live.url}/accounts/login/?next=/cases/?name=Jo+Doe"},
        {"form": {"login": "jo.doe@agency.example", "password": "wrong"}, "action": "login"},
        {"get": f"{live.url}/join/A-SECRET-CODE/"},
        {"get": f"{live.url}/accounts/login/", "headers": {"Host": "other.example"}},
    )
    log = Path(live.home.parent / f"serve-{live.url.rpartition(':')[2]}.log").read_text()
    start, choose, *rest = log.splitlines()
    assert start.startswith("Plainview on ")
    assert choose.startswith("Open it in a browser on this machine")
    people = list(takewhile(lambda line: not line.startswith("{"), rest))  # the sample people, as a terminal shows them
    for who, *how in zip(*[iter(people)] * 4, strict=True):
        assert who.endswith("@agency.example")
        assert [line.partition(": ")[0] for line in how] == ["  Password", "  Code now", "  Authenticator secret"]
    lines = [json.loads(line) for line in rest[len(people) :]]
    views = {line.get("view") for line in lines if line["event"] == "request"}
    assert {"account_login", "join"} <= views
    assert {line["logger"] for line in lines} == {"plainview.requests", "plainview.front"}
    said = json.dumps(lines)
    for secret in ("jo.doe", "Jo+Doe", "A-SECRET-CODE", "203.0.113.9"):
        assert secret not in said


def test_what_the_server_starts_fails_in_a_line_of_its_log(home: Path) -> None:
    environment = {**os.environ, "PLAINVIEW_HOME": str(home), "PLAINVIEW_SERVE": json.dumps(asdict(Serving()))}
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli.main", "backups", "run"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert (done.returncode, said["event"], said["rule"]) == (1, "command failed", "backup.no_schedule")
    assert str(home) not in line


def test_in_a_terminal_the_passwords_of_a_sample_are_the_last_lines(home: Path) -> None:
    port, (screen, terminal) = free_port(), pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "plainview.cli.main", "serve", "--port", str(port), "--no-worker"],
        env={**os.environ, "PLAINVIEW_HOME": str(home)},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown: list[bytes] = []
    reading = threading.Thread(target=_read_all, args=(screen, shown))
    reading.start()
    try:
        walk({"get": f"http://127.0.0.1:{port}/accounts/login/", "wait": START})
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START)
        reading.join()
        os.close(screen)
    lines = b"".join(shown).decode().split()
    assert lines[-3:-1] == ["Authenticator", "secret:"], lines


def _read_all(screen: int, into: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # nobody has the terminal open any longer
        while data := os.read(screen, 65536):
            into.append(data)
