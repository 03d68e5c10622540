"""A real server that speaks S3: OpenStack Swift with its s3api, one node, as Debian packages it; signatures are checked.

Swift's own programs run as separate processes on loopback, each with a configuration of a few lines.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.factories.providers import free_port

PROGRAMS = ("swift-proxy-server", "swift-account-server", "swift-container-server", "swift-object-server")
PACKAGES = "swift-proxy swift-account swift-container swift-object"
KEY, SECRET = "test:tester", "testing"

_STORAGE = """[DEFAULT]
devices = {devices}
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {etc}
user = {user}
log_level = WARNING
db_preallocation = off
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
_PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {etc}
user = {user}
log_level = WARNING
[pipeline:main]
pipeline = catch_errors proxy-logging cache s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""


def installed() -> bool:
    """Whether Swift's programs are there."""
    return all(shutil.which(name) for name in (*PROGRAMS, "swift-ring-builder"))


class SwiftServer:
    """One node with one device below a folder whose file system keeps extended attributes."""

    def __init__(self, folder: Path) -> None:
        """Write the configuration and the rings; `start` starts the four servers."""
        self.folder, self.etc = folder, folder / "etc"
        (folder / "devices/d1").mkdir(parents=True)
        self.etc.mkdir()
        (self.etc / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = default\ndefault = yes\n"
        )
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._commands: list[list[str]] = []
        values = {"etc": self.etc, "devices": folder / "devices", "user": "root"}
        for kind in ("account", "container", "object"):
            port = free_port()
            self._write(f"{kind}-server", _STORAGE.format(kind=kind, port=port, **values))
            ring = ["swift-ring-builder", str(self.etc / f"{kind}.builder")]
            for words in (("create", "1", "1", "1"), ("add", f"r1z1-127.0.0.1:{port}/d1", "1"), ("rebalance",)):
                subprocess.run([*ring, *words], check=True, capture_output=True, env=self._environment)
        self._write("proxy-server", _PROXY.format(port=self.port, **values))

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "SWIFT_CONF_DIR": str(self.etc), "HOME": str(self.folder)}

    def _write(self, name: str, text: str) -> None:
        path = self.etc / f"{name}.conf"
        path.write_text(text)
        self._commands.append([f"swift-{name}", str(path)])

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._running = [self._begin(command) for command in self._commands]
        for _ in range(300):
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert all(process.poll() is None for process in self._running), (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)
        raise TimeoutError(f"Swift in {self.folder} does not answer")

    def start_one(self, number: int) -> None:
        """Start one of its servers again that has ended."""
        self._running[number] = self._begin(self._commands[number])

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=self._environment, cwd=self.folder)

    def stop(self) -> None:
        """Stop every server."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(30)
        self._running = []
