"""Slow bodies, bodies that nobody may send, uploads that are killed: others are served, nothing lies in the clear."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.factories.deployed import Person, Server

SERVED = ("--no-worker",)


def _send(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(data)
    return connection


def test_a_hundred_slow_bodies_and_heads_stop_nobody(shared: Server) -> None:
    body = b"POST /rights/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\na"
    held = [_send(shared.port, body) for _ in range(100)]
    held += [_send(shared.port, b"GET / HTTP/1.1\r\nHost: local") for _ in range(100)]
    person = Person(shared)
    for _ in range(5):
        assert person.get("/accounts/login/").status == 200
    fields = {"login": "nobody@agency.example", "password": "wrong"}
    assert person.post("/accounts/login/", fields).status == 200
    for connection in held:
        connection.close()


@pytest.mark.parametrize("path", ["/accounts/login/", "/no/such/page/", "/galleries/1/enrol/", "/accounts/saml/x/acs/"])
def test_a_large_body_that_nobody_may_send_is_refused_before_it_is_read(shared: Server, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n".encode()
    with _send(shared.port, head + b"a" * 100) as connection:
        answer = connection.recv(65536)
    assert answer.split()[1] in (b"413", b"403")
    assert b"Retry" not in answer


def test_chunks_without_a_length_are_counted(shared: Server) -> None:
    with _send(
        shared.port, b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    ) as held:
        for _ in range(5):
            held.sendall(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
        assert b" 413 " in held.recv(65536)


def test_answers_of_an_unknown_sign_in_service_are_not_stored(shared: Server) -> None:
    before = sum(file.stat().st_size for file in shared.home.glob("plainview.sqlite3*"))
    person = Person(shared)
    for _ in range(3):
        answer = person.ask(
            "POST", "/accounts/saml/anything/acs/", b"SAMLResponse=" + os.urandom(50_000).hex().encode()
        )
        assert answer.status == 404
        assert answer.cookies == []
    assert sum(file.stat().st_size for file in shared.home.glob("plainview.sqlite3*")) - before < 100_000


def _scratch_files(server: Server) -> list[Path]:
    """The files of the workspace's scratch folder that the server has open and has written to."""
    found = []
    for path in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            if "workspace/scratch" in str(path.readlink()) and path.stat().st_size:
                found.append(path)
    return found


def test_an_upload_that_is_killed_leaves_nothing_in_the_clear(
    home: Path, served: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server = served(home, "--no-worker")
    mark = b"A FACE IN THE CLEAR. "
    photo = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n' + mark * 300_000
    head = b"POST /rights/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with _send(server.port, head + b"Content-Length: 9000000\r\n\r\n" + photo):
        end = time.monotonic() + 20  # what was sent may be in the buffers of the socket still
        while not (scratch := _scratch_files(server)) and time.monotonic() < end:
            time.sleep(0.05)
        assert len(scratch) == 1, "the body is not in the workspace's encrypted scratch"
        assert mark not in scratch[0].read_bytes()
        server.signal(signal.SIGKILL, group=True)
        server.process.wait()
    left = [path for folder in (tmp_path, home) for path in folder.rglob("*") if path.is_file()]
    assert [path for path in left if mark in path.read_bytes()] == []
    assert list((home / "scratch").iterdir()) == []


def test_too_many_files_are_refused_with_a_page(shared: Server) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    person = Person(shared)
    person.get("/rights/")
    assert person.ask("POST", "/rights/", part * 2800 + b"--x--\r\n", form).status == 403  # read whole; it has no token
    answer = person.ask("POST", "/rights/", part * 5100 + b"--x--\r\n", form)
    assert answer.status == 413
    assert "5,000 files" in answer.text


def test_pages_are_compressed_and_static_files_kept_for_good(shared: Server) -> None:
    person = Person(shared)
    page = person.get("/rights/", **{"Accept-Encoding": "gzip"})
    assert page.header("content-encoding") == "gzip"
    plain = person.get("/rights/").text
    assert len(page.body) < len(plain) / 2
    style = next(
        part for part in plain.split('"') if part.startswith("/static/plainview/plainview.") and part.endswith(".css")
    )
    kept = person.get(style)
    assert "immutable" in kept.header("cache-control")
    assert "immutable" not in person.get("/static/plainview/plainview.css").header("cache-control")
