"""The processes of a siege: servers, workers, a proxy, the database, the bucket and the cluster, each real and killable.

Owns starting them, starting them again when they end (as a service manager does), and ending all. `siege` says who dies.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from tests.deployed.conftest import Authority, make_authority
from tests.factories.deployed import free_port
from tests.factories.postgresql_server import PostgresqlServer
from tests.factories.ray_cluster import RayCluster
from tests.factories.swift_server import KEY, SECRET, SwiftServer

STEPS = ("default", "postgresql", "s3", "ray")
"""What a place has: each has what those before it have, but for the one server of the first."""

AGAIN_S = 1.0
"""Seconds after which a process that ended is started again: less than a service manager's usual five."""

_CADDYFILE = Path(__file__).resolve().parents[1] / "deploy" / "cluster" / "Caddyfile"


@dataclass
class Service:
    """A process that is started again whenever it ends.

    Attributes:
        name: e.g. "web-1".
        command, log: what runs, and where its output goes.
        environment: beside this process's own.
        ready: whether it does its work; asked after a kill.
    """

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start it, and watch it from now on."""
        self._once()
        threading.Thread(target=self._watch, daemon=True, name=f"watch {self.name}").start()

    def kill(self) -> None:
        """Kill it, and nothing else: its children notice, or do not."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        """End it for good."""
        self.stopping.set()
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _once(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  our own command
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while self.process is not None and not self.stopping.is_set():
            self.process.wait()
            if not self.stopping.wait(AGAIN_S):
                self._once()


class Place:
    """A workspace and all that serves it, below one folder.

    Attributes:
        url: where people reach it.
        cookie: name of its session cookie.
        services: by name.
    """

    def __init__(self, folder: Path, step: str) -> None:
        """Start what the workspace needs, and make the workspace; `serve` starts the rest."""
        self.folder, self.home, self.step = folder, folder / "workspace", step
        self.has = STEPS[1 : STEPS.index(step) + 1]
        self.services: dict[str, Service] = {}
        self.environment: dict[str, str] = {"PLAINVIEW_HOME": str(self.home)}
        self.authority: Authority | None = None
        self._end = ExitStack()
        self.postgresql: PostgresqlServer | None = None
        self.swift: SwiftServer | None = None
        self.ray: RayCluster | None = None
        if "postgresql" in self.has:
            self._begin_postgresql()
        self.run("init", "--sample")
        if "s3" in self.has:
            self._begin_swift()
        if "ray" in self.has:
            self._begin_ray()

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of Plainview."""
        done = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "plainview.cli.main", *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def serve(self) -> None:
        """Start servers, workers and the proxy, and wait until they answer."""
        serve = [sys.executable, "-m", "plainview.cli.main", "serve"]
        if self.step == "default":
            port = free_port()
            self.url, self.cookie, backends = f"http://127.0.0.1:{port}", "session", [port]
            self._service("web", [*serve, "--port", str(port)], lambda: _answers(f"{self.url}/readyz"))
        else:
            port, backends = free_port(), [free_port(), free_port()]
            self.url, self.cookie = f"https://localhost:{port}", "__Host-session"
            behind = ["--no-worker", "--behind-proxy", "--name", f"localhost:{port}"]
            for number, backend in enumerate(backends, 1):
                self._service(
                    f"web-{number}",
                    [*serve, "--port", str(backend), *behind],
                    lambda backend=backend: _answers(f"http://127.0.0.1:{backend}/readyz"),
                )
                worker = [sys.executable, "-m", "plainview.cli.main", "worker"]
                self._service(f"worker-{number}", worker, lambda: True)
            self._service("proxy", self._proxy(port, backends), lambda: self._through(port))
        for service in self.services.values():
            self.wait_for(service.ready, 180.0)

    def context(self) -> ssl.SSLContext | None:
        """Return what a browser trusts; None without TLS."""
        return self.authority.client() if self.authority else None

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait until this is so; say whether it came to be."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready():
                return True
            time.sleep(0.2)
        return False

    def of_the_database(self) -> list[psutil.Process]:
        """Return the processes of PostgreSQL that serve connections: killing one makes the server begin again."""
        server = self.postgresql and self.postgresql._process
        children = psutil.Process(server.pid).children() if server else []
        return [child for child in children if "plainview" in " ".join(child.cmdline()[1:])] or children

    def of_the_bucket(self) -> list[psutil.Process]:
        """Return the processes of Swift."""
        return [psutil.Process(process.pid) for process in (self.swift._running if self.swift else [])]

    def parts(self) -> list[psutil.Process]:
        """Return the processes of the index's parts, on this cluster and no other."""
        token = self.environment.get("RAY_AUTH_TOKEN", "none")
        processes = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or [""]
            if words[0].startswith("ray::Shard") and process.environ().get("RAY_AUTH_TOKEN") == token:
                processes.append(process)
        return processes

    def bucket_again(self) -> None:
        """Start the processes of Swift again that have ended."""
        if self.swift:
            for number, process in enumerate(self.swift._running):
                if process.poll() is not None:
                    self.swift.start_one(number)

    def end(self) -> None:
        """End the services of the workspace; the database, the bucket and the cluster stay for the checks."""
        for service in self.services.values():
            service.stopping.set()
        for service in self.services.values():
            service.stop()

    def close(self) -> None:
        """End everything."""
        self.end()
        self._end.close()

    def _service(self, name: str, command: list[str], ready: Callable[[], bool]) -> None:
        service = Service(name, command, self.folder / f"{name}.log", self.environment, ready)
        self.services[name] = service
        service.start()

    def _begin_postgresql(self) -> None:
        place = Path(tempfile.mkdtemp(prefix="plainview-siege-pg-"))  # where its own user may go
        self.postgresql = PostgresqlServer(place, durable=True)
        self._end.callback(subprocess.run, ["rm", "-rf", str(place)], check=False)
        self.postgresql.start()
        self._end.callback(lambda: self.postgresql and self.postgresql.stop())
        self.postgresql.sql("CREATE DATABASE plainview")
        self.environment["DATABASE_URL"] = self.postgresql.url("plainview")

    def _begin_swift(self) -> None:
        import boto3

        self.swift = SwiftServer(self.folder / "swift")
        self.swift.start()
        self._end.callback(self.swift.stop)
        self.environment |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        client: Any = boto3.client(
            "s3",
            endpoint_url=self.swift.url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )
        self.wait_for(lambda: _answers(f"{self.swift and self.swift.url}/", any_status=True), 60.0)
        client.create_bucket(Bucket="pictures")
        self._setting(f'[s3]\nendpoint = "{self.swift.url}"\n')
        self.run("move-workspace", "--blobs", f"s3://pictures/{secrets.token_hex(4)}")

    def _begin_ray(self) -> None:
        place = Path(tempfile.mkdtemp(prefix="ray"))  # the name of a socket has 107 bytes at most
        self._end.callback(subprocess.run, ["rm", "-rf", str(place)], check=False)
        self.ray = RayCluster(place)
        self.environment |= self.ray.environment
        self.ray.start()
        self._end.callback(self.ray.stop)
        self._setting(
            f'[index]\nadapter = "sharded-2"\nray = "{self.ray.client_address}"\nray_folder = "{place / "parts"}"\n'
        )

    def _setting(self, text: str) -> None:
        settings = self.home / "workspace.toml"
        settings.write_text(f"{settings.read_text()}\n{text}")

    def _proxy(self, port: int, backends: list[int]) -> list[str]:
        """Return the command of Caddy with the configuration of deploy/, under this certificate and these addresses."""
        self.authority = make_authority(_new(self.folder / "tls"))
        tls = f"tls {self.authority.certificate} {self.authority.key}\n\tbind 127.0.0.1\n"
        text = _CADDYFILE.read_text("utf-8")
        text = text.replace("plainview.agency.example {", f"https://localhost:{port} {{\n\t{tls}")
        text = text.replace("web-1:8000 web-2:8000", " ".join(f"127.0.0.1:{backend}" for backend in backends))
        options = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {self.folder}/caddy\n}}\n"
        file = self.folder / "Caddyfile"
        file.write_text(options + text)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]

    def _through(self, port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _answers(url: str, *, any_status: bool = False) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310  loopback
    except urllib.error.HTTPError:
        return any_status
    except OSError:
        return False
    return True
