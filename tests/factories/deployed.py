"""A real `plainview serve`, started as a service manager starts it: a process group of its own, no terminal.

Owns starting, asking and ending it. Also used by benchmarks/stop_rounds.py and benchmarks/greedy.py.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

START = 120.0  # seconds for a start on a busy machine


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plainview(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "plainview.cli.main", *map(str, words)],
        env={**os.environ, "PLAINVIEW_HOME": str(home), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@dataclass
class Answer:
    """An answer: status, headers as they came (lower-case name, value), body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, "" if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookies(self) -> list[str]:
        """Every Set-Cookie."""
        return [value for key, value in self.headers if key == "set-cookie"]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Person:
    """A browser, as far as HTTP goes: cookies, and the headers that it always sends."""

    server: Server
    always: dict[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request on a connection of its own."""
        port = self.port or self.server.port
        connection: http.client.HTTPConnection
        if self.tls is not None:
            connection = http.client.HTTPSConnection(
                "localhost", port, timeout=60, source_address=(self.source, 0), context=self.tls
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(self.source, 0))
        sent = {**self.always, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            answer = Answer(
                response.status, [(key.lower(), value) for key, value in response.getheaders()], response.read()
            )
        finally:
            connection.close()
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    @property
    def origin(self) -> str:
        """What a browser sends as Origin."""
        port = self.port or self.server.port
        secure = self.tls is not None or self.always.get("X-Forwarded-Proto") == "https"
        return f"http{'s' if secure else ''}://{self.always.get('Host', f'127.0.0.1:{port}')}"

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Load the form's page first, as people do, then send it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)
        assert token is not None, f"{path} has no form"
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin, **headers}
        return self.ask("POST", path, urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode(), sent)

    def sign_in(self, email: str) -> Answer:
        """Sign in with password and code; returns the last answer, a redirect when it worked."""
        held = self.server.credentials[email]
        self.post("/accounts/login/", {"login": email, "password": held["password"]})
        return self.post("/accounts/2fa/authenticate/", {"code": self.server.code(email)})


@dataclass
class Server:
    """A running server.

    Attributes:
        home: the workspace.
        log: the file with all that it prints.
    """

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text("utf-8")

    def code(self, email: str) -> str:
        """A code (RFC 6238) of this moment or the next period: the same one is never taken twice."""
        counter = max(int(time.time()) // 30, self.used.get(email, 0) + 1)
        while counter > int(time.time()) // 30 + 1:
            time.sleep(0.05)
        self.used[email] = counter
        secret = self.credentials[email]["totp_secret"]
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digest = hmac.new(key, counter.to_bytes(8, "big"), "sha1").digest()
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"

    def children(self) -> list[int]:
        """The processes that it started, and theirs."""
        return _below(self.process.pid)

    def wait_until_it_answers(self) -> None:
        """Wait for the first answer.

        Raises:
            AssertionError: it ended, or took too long.
        """
        end = time.monotonic() + START
        while time.monotonic() < end:
            assert self.process.poll() is None, self.output
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
                continue
            if "stop with Ctrl-C" in self.output:
                return
            time.sleep(0.02)
        raise AssertionError(self.output)

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process, or to its group as a terminal does."""
        (os.killpg if group else os.kill)(self.process.pid, number)

    def stop(self) -> None:
        """End it, whatever it takes."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL, group=True)
                self.process.wait()


def start(home: Path, *options: str, port: int = 0) -> Server:
    """Start a server and return at once."""
    port = port or free_port()
    log = home.parent / f"serve-{port}-{time.monotonic_ns()}.log"
    mine = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "plainview.cli.main", "serve", "--port", str(port), *options],
            env={**mine, "PLAINVIEW_HOME": str(home), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(home, port, process, log)


def credentials(home: Path) -> dict[str, dict[str, str]]:
    """How the sample people sign in."""
    done = plainview(home, "member", "sample-credentials", "--json")
    assert done.returncode == 0, done.stderr
    people: dict[str, dict[str, str]] = json.loads(done.stdout)["people"]
    return people


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not collected does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_until_gone(pids: list[int], seconds: float) -> list[int]:
    """Wait for the end of all; return those that still run."""
    end = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def _below(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid:
            found += [int(folder.name), *_below(int(folder.name))]
    return found
