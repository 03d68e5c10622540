"""Real processes on loopback: a server as it is deployed, a proxy, TLS with a certificate authority of our own."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_socket
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.factories import forks
from tests.factories.deployed import Server, credentials, start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes take their time: `make test-long` runs them, and CI does."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and not item.get_closest_marker("slow"):
            item.add_marker("long")


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """These tests open sockets, on loopback only."""


@pytest.fixture(scope="session")
def workspace_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new sample workspace with every call: copies of one."""
    first = tmp_path_factory.mktemp("first") / "workspace"
    done = forks.run(first, ["init", "--sample"])
    assert done.returncode == 0, done.stderr

    def make() -> Path:
        return Path(shutil.copytree(first, tmp_path_factory.mktemp("deployed") / "workspace"))

    return make


@pytest.fixture
def home(workspace_of: Callable[[], Path]) -> Path:
    return workspace_of()


@pytest.fixture
def served() -> Iterator[Callable[..., Server]]:
    """served(home, *options): a running server, ended with the test."""
    servers: list[Server] = []

    def begin(home: Path, *options: str, **more: int) -> Server:
        servers.append(start(home, *options, **more))
        servers[-1].wait_until_it_answers()
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, workspace_of: Callable[[], Path]) -> Iterator[Server]:
    """One server for the tests of a module, with the options that its SERVED names."""
    pytest_socket.enable_socket()
    server = start(workspace_of(), *request.module.SERVED)
    try:
        server.wait_until_it_answers()
        server.credentials = credentials(server.home)
        yield server
    finally:
        server.stop()


class Authority(NamedTuple):
    """Files of a certificate for localhost and faces.example, of its key, and of the authority that signed it."""

    certificate: Path
    key: Path
    root: Path

    def client(self, name: str = "") -> ssl.SSLContext:
        """What a browser that trusts the authority has; it asks for this name, if one is given."""
        context = _Named(ssl.PROTOCOL_TLS_CLIENT)
        context.name = name
        context.load_verify_locations(str(self.root))
        return context


class _Named(ssl.SSLContext):
    """A context that asks for a name which this machine does not resolve."""

    name = ""

    def wrap_socket(self, *arguments: Any, server_hostname: Any = None, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*arguments, server_hostname=self.name or server_hostname, **options)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls"))


def make_authority(folder: Path) -> Authority:
    """Make a certificate authority and a certificate."""
    now = datetime.datetime.now(datetime.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of the tests")])

    def builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
        )

    root = (
        builder(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    names = [
        x509.DNSName("localhost"),
        x509.DNSName("faces.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "faces.example")]), key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    made = Authority(folder / "chain.pem", folder / "key.pem", folder / "root.pem")
    pem = serialization.Encoding.PEM
    made.certificate.write_bytes(certificate.public_bytes(pem) + root.public_bytes(pem))
    made.root.write_bytes(root.public_bytes(pem))
    made.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return made
