"""Through a real nginx and a real Caddy, over TLS: the configurations of docs/howto/serving.md and deploy/proxy, as people copy them."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.deployed.conftest import Authority
from tests.factories.deployed import Person, Server, credentials, free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "serving.md").read_text("utf-8")
NAMES = ("faces.police.example", "plainview.agency.example")
"""The names in the configurations, which people replace by theirs."""


def block(begin: str) -> str:
    """The configuration on the page that begins with these words."""
    return next(text for text in re.findall(r"```\n(.*?)```", PAGE, re.S) if text.startswith(begin))


def sample(name: str) -> str:
    """The configuration in deploy/proxy."""
    return (ROOT / "deploy" / "proxy" / name).read_text("utf-8")


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def nginx(text: str, folder: Path, port: int, backend: int, authority: Authority) -> list[str]:
    for name in NAMES:
        text = text.replace(name, "faces.example")
    text = re.sub(r"listen \[::\].*\n", "", text).replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = text.replace("443 ssl", f"127.0.0.1:{port} ssl")
    text = re.sub(r"\S*chain.pem", str(authority.certificate), text)
    text = re.sub(r"\S*key.pem", str(authority.key), text).replace("127.0.0.1:8000", f"127.0.0.1:{backend}")
    paths = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {paths} {text} }}"
    (folder / "nginx.conf").write_text(whole)
    return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(text: str, folder: Path, port: int, backend: int, authority: Authority) -> list[str]:
    tls = f"{{\n    tls {authority.certificate} {authority.key}\n    bind 127.0.0.1\n"
    for name in NAMES:
        text = text.replace(f"{name} {{", f"https://faces.example:{port} {tls}", 1)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{backend}")
    options = f"{{\n  admin off\n  auto_https disable_redirects\n  storage file_system {folder}\n}}\n"
    (folder / "Caddyfile").write_text(options + text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.mark.parametrize(
    ("proxy", "text"),
    [
        (nginx, block("server {")),
        (nginx, sample("nginx.conf")),
        (caddy, block("faces.police.example {")),
        (caddy, sample("Caddyfile")),
    ],
    ids=["nginx-page", "nginx-deploy", "caddy-page", "caddy-deploy"],
)
def test_people_sign_in_through_it_and_have_their_own_address(
    proxy: Callable[[str, Path, int, int, Authority], list[str]],
    text: str,
    home: Path,
    served: Callable[..., Server],
    authority: Authority,
    tmp_path: Path,
) -> None:
    port = free_port()
    server = served(home, "--no-worker", "--name", f"faces.example:{port}", "--behind-proxy")
    server.credentials = credentials(home)
    with running(proxy(text, tmp_path, port, server.port, authority), port, tmp_path / "log"):
        person = Person(
            server,
            {"Host": f"faces.example:{port}"},
            port=port,
            tls=authority.client("faces.example"),
            source="127.0.0.9",
        )
        assert person.sign_in("examiner@agency.example").status == 302
        page = person.get("/")
        assert page.status == 200
        assert page.header("strict-transport-security")
        assert set(person.cookies) == {"__Host-session", "__Host-csrftoken", "__Host-device"}
        spoofed = person.get("/sessions/", **{"X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.4.4"}).text
        assert "127.0.0.9" in spoofed
        assert "8.8." not in spoofed
        assert person.get("/metrics").status == 404
    assert "was refused" not in server.output
