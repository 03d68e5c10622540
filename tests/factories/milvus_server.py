"""A real standalone Milvus server for the tests: installed once into an environment of its own, started, stopped.

The server comes from PyPI and needs an old setuptools, so it never shares this project's environment. It is kept
in the user's cache (or in PLAINVIEW_MILVUS), about 200 MB, and starts in a few seconds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_PACKAGES = ("milvus==2.3.5", "setuptools<81")
_SETTINGS = (
    "queryNode.segcore.interimIndex.enableIndex=false",  # it looks at one eighth of what was added lately
    "proxy.timeTickInterval=20",  # each search waits for a tick, 200 ms as shipped
)
_READY_WITHIN_S = 180.0


def home() -> Path:
    """The environment that the server is installed in."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("PLAINVIEW_MILVUS") or cache / "plainview" / "milvus-2.3.5")


def install() -> Path:
    """Install the server if it is missing and return its program; several processes may ask at once."""
    place = home()
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = place / "bin" / "milvus-server"
        if not (place / "ready").is_file():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", *_PACKAGES]
            subprocess.run(pip, check=True)
            (place / "ready").touch()
    return program


class MilvusServer:
    """One server on a free port, with its data in a folder; one at a time on a machine: its etcd has fixed ports."""

    def __init__(self, folder: Path) -> None:
        """Choose the port; `start` starts it."""
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._wrapper: subprocess.Popen[bytes] | None = None
        self._turn = -1

    def start(self) -> None:
        """Start the server and wait until it answers."""
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        program = install()
        self._turn = os.open(home().parent / "milvus.turn", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        command = [str(program), "--data", str(self.folder), "--proxy-port", str(self.port)]
        command += [part for setting in _SETTINGS for part in ("--extra-config", setting)]
        with (self.folder / "server.log").open("ab") as log:
            self._wrapper = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                client = MilvusClient(self.address, timeout=2)
                client.list_collections()
                client.close()
                return
            except MilvusException:
                if time.monotonic() > deadline or self._wrapper.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Kill the server at once, as a power cut would; what it acknowledged is in its folder."""
        if self._wrapper is not None:
            os.killpg(self._wrapper.pid, signal.SIGKILL)  # the wrapper alone would leave the server behind
            self._wrapper.wait()
            self._wrapper = None
            os.close(self._turn)
