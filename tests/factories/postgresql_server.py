"""A real PostgreSQL server for the tests, in a folder of its own, on a socket in that folder; Debian's or another on PATH."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

_READY_WITHIN_S = 120.0


def program(name: str) -> str | None:
    """The path of a program of PostgreSQL, the newest version that is installed."""
    found = shutil.which(name)
    every = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(every[-1]) if every else found


class PostgresqlServer:
    """One server; nobody reaches it but through its folder.

    Args:
        folder: empty or absent.
        durable: writes reach the disk, as they do for people.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder, self._durable = folder, durable
        initdb = program("initdb")
        assert initdb, "run `make postgresql`"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self._user: dict[str, int] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        self._run(initdb, "-D", str(folder / "data"), "-U", "plainview", "-A", "trust", "-E", "UTF8", "--no-locale")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        postgres, ready = program("postgres"), program("pg_isready")
        assert postgres
        assert ready
        quick = [] if self._durable else ["-c", "fsync=off", "-c", "full_page_writes=off"]
        command = [postgres, "-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses=", *quick]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder, **self._user
            )
        end = time.monotonic() + _READY_WITHIN_S  # after a crash it first reads its log
        while time.monotonic() < end:
            if subprocess.run([ready, "-q", "-h", str(self.folder), "-t", "1"], check=False).returncode == 0:
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise TimeoutError(f"PostgreSQL in {self.folder} does not answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends every connection, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def url(self, name: str) -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://plainview@{quote(str(self.folder), safe='')}/{name}"

    def sql(self, statement: str) -> None:
        """Run a statement on the server's own database."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._user)
