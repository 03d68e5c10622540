"""`plainview serve --name faces.example --tls-cert … --tls-key …`, asked by a client that trusts its authority."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from tests.deployed.conftest import Authority, make_authority
from tests.factories import forks
from tests.factories.deployed import Person, Server, credentials


def test_people_sign_in_and_a_renewed_certificate_is_used(
    home: Path, served: Callable[..., Server], authority: Authority, tmp_path: Path
) -> None:
    mine = make_authority(tmp_path)
    server = served(home, "--name", "faces.example", "--tls-cert", str(mine.certificate), "--tls-key", str(mine.key))
    server.credentials = credentials(home)
    person = Person(server, {"Host": f"faces.example:{server.port}"}, tls=mine.client())
    person.always["X-Forwarded-For"] = "1.2.3.4"
    assert person.sign_in("examiner@agency.example").status == 302
    home_page = person.get("/")
    assert home_page.status == 200
    assert home_page.header("strict-transport-security").startswith("max-age=31536000")
    assert home_page.header("content-encoding") == ""
    assert set(person.cookies) == {"__Host-session", "__Host-csrftoken", "__Host-device"}

    other = authority
    mine.certificate.write_bytes(other.certificate.read_bytes())
    mine.key.write_bytes(other.key.read_bytes())
    end = time.monotonic() + 20
    while "The new certificate is in use" not in server.output and time.monotonic() < end:
        time.sleep(0.05)
    assert Person(server, person.always, tls=other.client()).get("/accounts/login/").status == 200


def test_plain_http_on_the_tls_port_is_an_end_and_no_traceback(
    home: Path, served: Callable[..., Server], authority: Authority
) -> None:
    server = served(home, "--no-worker", "--tls-cert", str(authority.certificate), "--tls-key", str(authority.key))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100) == b""
    assert Person(server, tls=authority.client()).get("/accounts/login/").status == 200
    assert "Traceback" not in server.output


def test_a_key_of_another_certificate_and_a_missing_one_are_one_line(
    home: Path, authority: Authority, tmp_path: Path
) -> None:
    stranger = make_authority(tmp_path)
    for certificate, key in ((authority.certificate, stranger.key), (tmp_path / "none.pem", stranger.key)):
        done = forks.run(home, ["serve", "--tls-cert", certificate, "--tls-key", key])
        assert done.returncode == 1
        assert "serve.certificate" in done.stderr
        assert "Traceback" not in done.stderr
    done = forks.run(home, ["serve", "--tls-cert", authority.certificate])
    assert "serve.options" in done.stderr
