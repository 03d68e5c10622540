"""What goes wrong between this machine and a bucket: busy, slow, cut off, gone, versioned, full. A real server behind a
proxy that does one of these."""

from __future__ import annotations

import http.server
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from tests.contract.test_storage_contract import LOOPBACK, S3Harness, swift
from tests.factories.swift_server import SwiftServer

from plainview.storage import s3
from plainview.storage.base import BlobMissing, StorageError, StorageFull, StorageReadOnly, digest_of
from plainview.storage.s3 import S3BlobStore
from plainview.storage.seal import Sealer

__all__ = ["swift"]
pytestmark = [pytest.mark.slow, *LOOPBACK]
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SLOW_S = 2.0  # longer than the client waits in these tests
SEALER = Sealer(bytes(range(32)))


class Trouble(http.server.BaseHTTPRequestHandler):
    """Passes requests on, after doing what `plan` says for the next ones."""

    target: ClassVar[str]
    plan: ClassVar[list[str]] = []
    seen: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append(f"{self.command} {self.path}")
        what = self.plan.pop(0) if self.plan else "pass"
        if what == "gone":
            self.connection.close()
            self.close_connection = True
            return
        if what == "slow":
            time.sleep(SLOW_S)
        if what == "half-written":  # the server gets the head and half of the body, and then the connection is gone
            self._write_half(body)
            self.connection.close()
            self.close_connection = True
            return
        if what.isdigit():
            code = {"503": "SlowDown", "507": "InsufficientStorage", "403": "AccessDenied"}[what]
            answer = f"<Error><Code>{code}</Code></Error>".encode()
            self.send_response(int(what))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer)
            return
        request = urllib.request.Request(self.target + self.path, body or None, dict(self.headers), method=self.command)  # noqa: S310
        try:
            with _direct.open(request) as answered:
                status, headers, data = answered.status, dict(answered.headers), answered.read()
        except urllib.error.HTTPError as error:
            status, headers, data = error.code, dict(error.headers), error.read()
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server", "content-length"):
                self.send_header(name, value)
        self.send_header(
            "Content-Length", headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if what == "half" else data)
        if what == "half":
            self.connection.close()
            self.close_connection = True

    def _write_half(self, body: bytes) -> None:
        host, _, port = self.target.rpartition("/")[2].partition(":")
        head = f"{self.command} {self.path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in self.headers.items())
        with socket.create_connection((host, int(port)), timeout=10) as server:
            server.sendall(f"{head}\r\n".encode() + body[: len(body) // 2])

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def trouble(swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3BlobStore, list[str]]]:
    """A store behind the proxy, and the plan of the proxy."""
    monkeypatch.setattr(s3, "_TRIES", 3)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trouble)
    Trouble.target, Trouble.plan, Trouble.seen = swift.url, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    harness = S3Harness(None)  # type: ignore[arg-type]  # it needs no folder
    # Swift signs for the host that was asked: the client's, not the proxy's.
    bucket = replace(harness.bucket, endpoint=f"http://127.0.0.1:{server.server_port}")
    yield S3BlobStore(bucket, SEALER), Trouble.plan
    server.shutdown()
    server.server_close()


Store = tuple[S3BlobStore, list[str]]


def test_a_busy_server_and_a_broken_connection_are_asked_again(trouble: Store) -> None:
    store, plan = trouble
    plan += ["503", "pass", "gone", "503"]
    digest = store.put(b"picture")
    plan += ["half", "503"]
    assert store.get(digest) == b"picture"


def test_what_fails_every_time_is_one_sentence_and_keeps_nothing(trouble: Store) -> None:
    store, plan = trouble
    plan += ["503"] * 3
    with pytest.raises(StorageError, match=r"SlowDown|503"):
        store.put(b"picture")
    plan += ["gone"] * 3
    with pytest.raises(StorageError, match="cannot be reached"):
        store.get(digest_of(b"picture"))
    plan.clear()
    assert list(store.digests()) == []


def test_a_server_that_is_slow_is_asked_again_and_is_gone_if_it_stays_so(
    trouble: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(s3._TIMEOUTS, "read_timeout", SLOW_S / 4)
    store, plan = trouble
    store = S3BlobStore(store._bucket, SEALER)  # it reads its timeouts when it is opened
    plan += ["pass", "slow"]
    digest = store.put(b"picture")
    plan += ["slow"]
    assert store.get(digest) == b"picture"
    plan += ["slow"] * 3
    with pytest.raises(StorageError, match="cannot be reached"):
        store.get(digest)
    plan.clear()


def test_what_arrived_by_half_is_no_object_and_is_sent_again(trouble: Store) -> None:
    store, plan = trouble
    data = bytes(range(256)) * 4_000
    plan += ["pass", "half-written", "half-written"]
    assert store.get(store.put(data)) == data
    plan += ["pass", *["half-written"] * 3]
    with pytest.raises(StorageError, match="cannot be reached"):
        store.put(data + b"1")
    plan.clear()
    assert list(store.digests()) == [digest_of(data)]


def test_a_full_bucket_and_a_key_that_may_not_write_are_told_apart(trouble: Store) -> None:
    store, plan = trouble
    plan += ["pass", "507", "507", "507"]
    with pytest.raises(StorageFull):
        store.put(b"picture")
    plan.clear()
    plan += ["pass", "403"]
    with pytest.raises(StorageReadOnly):
        store.put(b"picture")


def test_a_large_blob_goes_in_parts_and_a_failed_one_leaves_none(
    trouble: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, plan = trouble
    monkeypatch.setattr(s3, "_PART", 5 << 20)
    data = bytes(12 << 20)
    digest = store.put(data)
    assert any("uploadId" in line for line in Trouble.seen)
    assert store.get(digest) == data
    plan += ["pass", "pass", *["403"] * 3]
    with pytest.raises(StorageError):
        store.put(data + b"1")
    plan.clear()
    assert list(store.digests()) == [digest]


def test_nothing_of_the_environment_is_asked(trouble: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = trouble
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    again = S3BlobStore(store._bucket, SEALER)
    with pytest.raises(BlobMissing):
        again.get("0" * 64)


def test_no_bucket_and_a_wrong_secret_are_refused_at_opening(swift: SwiftServer) -> None:
    bucket = S3Harness(None).bucket  # type: ignore[arg-type]
    with pytest.raises(StorageError, match="failed"):
        S3BlobStore(replace(bucket, name="no-such-bucket"), SEALER)
    with pytest.raises(StorageReadOnly) as refused:
        S3BlobStore(replace(bucket, secret="wrong"), SEALER)  # noqa: S106
    assert "wrong" not in str(refused.value)
    assert "testing" not in repr(bucket)
