"""A real Ray cluster of one machine for the tests, as a deployed one is: with its token and with TLS."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.factories.certificates import make_certificates

_READY_WITHIN_S = 120.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _own_address() -> str:
    """Return the address that this machine would send from, as Ray does; nothing is sent, and Ray is not imported:
    it reads its environment when it is.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:  # no route: Ray stays on 127.0.0.1
            return "127.0.0.1"
        return str(probe.getsockname()[0])


class RayCluster:
    """A head on a free port, in a process group of its own, which `stop` ends."""

    def __init__(self, folder: Path, cpus: int = 2) -> None:
        """Make the certificates and the token; `start` starts it. `environment` is what whoever connects needs."""
        # Ray puts the machine's own address in place of 127.0.0.1.
        certificates = make_certificates(folder / "tls", address=_own_address())
        self.folder = folder
        self.cpus = cpus
        self.address = f"127.0.0.1:{_free_port()}"
        self.client_address = f"ray://127.0.0.1:{_free_port()}"
        """For processes on machines that are not of the cluster."""
        self.environment = {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USE_TLS": "1",
            "RAY_TLS_SERVER_CERT": str(certificates.chain),
            "RAY_TLS_SERVER_KEY": str(certificates.key),
            "RAY_TLS_CA_CERT": str(certificates.authority),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        port = self.address.rpartition(":")[2]
        command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--disable-usage-stats"]
        command += ["--node-ip-address=127.0.0.1", f"--port={port}", f"--num-cpus={self.cpus}"]
        command += [f"--ray-client-server-port={self.client_address.rpartition(':')[2]}"]
        # Sockets are below the folder, and the name of a socket has 107 bytes at most.
        command += [f"--temp-dir={self.folder}", "--include-dashboard=false", "--object-store-memory=80000000"]
        with (self.folder / "head.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **self.environment}, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + _READY_WITHIN_S
        while b"Ray runtime started" not in (self.folder / "head.log").read_bytes():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "head.log").read_text())
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and everything that it started; SIGKILL is a machine that is gone."""
        if self._process is not None:
            os.killpg(self._process.pid, how)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None
