"""Requests that proxies, load balancers and probes send and browsers do not: each gets an answer, and none a stuck connection."""

from __future__ import annotations

import socket

import pytest
from tests.factories.deployed import Server

SERVED = ("--no-worker", "--name", "faces.example", "--behind-proxy")
PAGE = (
    b"/accounts/login/ HTTP/1.1\r\nHost: faces.example\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
)
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def ask(server: Server, sent: bytes) -> bytes:
    """Send bytes on a connection of their own; return all that comes until the server ends it, or has no more to say."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(sent)
        received = b""
        while data := connection.recv(65536):
            received += data
            if b"</html>" in received or received.endswith(b"0\r\n\r\n"):
                break
        return received


@pytest.mark.parametrize("path", [b"/healthz", b"/readyz"])
@pytest.mark.parametrize(
    "head",
    [
        b" HTTP/1.0\r\n\r\n",  # Amazon's and HAProxy's oldest probe; zulip/zulip#37848
        b" HTTP/1.1\r\nHost: 10.42.8.201:8000\r\nConnection: close\r\n\r\n",  # a pod's own; paperless-ngx#3214
        b" HTTP/1.1\r\nHost: [fe80::1%25eth0]:8000\r\nConnection: close\r\n\r\n",
        b" HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
    ],
    ids=["no host", "an address", "an address with a zone", "an empty host"],
)
def test_a_probe_is_answered_whatever_it_calls_the_server(shared: Server, path: bytes, head: bytes) -> None:
    assert b" 200 " in ask(shared, b"GET " + path + head).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "head",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",  # granian#73
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVzdA==\r\n",
        b"Connection: upgrade\r\nUpgrade:\r\n",  # what nginx sends where a sample for web sockets was copied
        b"Cookie: other=" + b"a" * 20_000 + b"\r\n",  # cookies of the whole domain; GSA/api.data.gov#461
    ],
    ids=["HTTP/2", "a web socket", "nothing", "20 kB of cookies"],
)
def test_an_upgrade_that_is_not_offered_and_cookies_of_others_leave_the_page_as_it_is(
    shared: Server, head: bytes
) -> None:
    answer = ask(shared, b"GET " + PAGE + head + b"\r\n")
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert b"csrfmiddlewaretoken" in answer


@pytest.mark.parametrize("body", [b"0\r\n\r\n", b"3;ext=1\r\na=b\r\n0\r\nX-Sum: 1\r\n\r\n"], ids=["empty", "trailer"])
def test_a_form_in_chunks_is_read_to_its_end(shared: Server, body: bytes) -> None:
    """Through a proxy without request buffering; psf/requests#2950, nginx/nginx#316. It has no token: 403, not 400."""
    assert b" 403 " in ask(shared, b"POST " + PAGE + FORM + body).split(b"\r\n")[0]


def test_the_head_of_an_answer_fits_into_the_smallest_buffer_of_a_proxy(shared: Server) -> None:
    """Nginx's proxy_buffer_size is 4 kB: more is "upstream sent too big header", a 502 (frappe/bench#1068)."""
    answer = ask(shared, b"GET " + PAGE.replace(b"login/", b"login/?next=/" + b"a" * 3000, 1) + b"\r\n")
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert len(answer.partition(b"\r\n\r\n")[0]) < 4096 - 1000


def test_a_way_to_a_page_that_must_sign_in_first_fits_too(shared: Server) -> None:
    """The redirect repeats the address, which a proxy bounds to 8 kB: one that does not fit leads to the sign-in alone."""
    sent = PAGE.replace(b"/accounts/login/", b"/cases/?q=" + b"a" * 7000, 1)
    received = ask(shared, b"GET " + sent + b"Connection: close\r\n\r\n")
    head = received.partition(b"\r\n\r\n")[0]
    assert b" 302 " in head.split(b"\r\n")[0]
    assert len(head) < 4096
