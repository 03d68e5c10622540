"""A publisher on this machine: an https server with its own certificate, whose answers a test writes."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Publisher:
    """What the server answers and what it was asked.

    Attributes:
        host: "localhost:PORT".
        ca_file: the certificate to trust.
        pages: path -> (status, headers, body).
        asked: (path, Host header) of every request, in order.
        headers: the headers of every request, in order.
        lists: path without a query -> function of the query that returns (status, headers, body).
    """

    def __init__(self, port: int, ca_file: Path) -> None:
        self.host, self.ca_file = f"localhost:{port}", str(ca_file)
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.lists: dict[str, Callable[[dict[str, str]], tuple[int, dict[str, str], bytes]]] = {}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return what is answered to a path with its query."""
        bare, _, query = path.partition("?")
        if path not in self.pages and bare in self.lists:
            return self.lists[bare](dict(parse_qsl(query, keep_blank_values=True)))
        return self.pages.get(path, (404, {}, b""))

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Answer with this; returns the full link."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, named, body)
        return f"https://{self.host}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def publisher(folder: Path, certificate: str | None = None) -> Iterator[Publisher]:
    """Run the server while the block runs; a second one takes the first one's certificate."""
    certificate = certificate or str(_certificate(folder))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers["Host"]))
            made.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, headers, body = made.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  a client that hangs up is what is tested
    made = Publisher(server.server_port, Path(certificate))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "publisher.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
