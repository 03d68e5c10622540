"""Starting, ending and killing: one server a workspace, no orphan, a worker that comes back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.deployed import Person, Server, alive, free_port, start, wait_until_gone

ROUNDS = Path(__file__).parents[2] / "benchmarks" / "stop_rounds.py"


def test_a_server_ends_in_time_with_its_work_done_however_it_is_told(home: Path) -> None:
    """Three rounds of the script; `--rounds 50` is the long form."""
    done = subprocess.run(
        [sys.executable, ROUNDS, "--rounds", "3", "--home", home, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["right"] == 3


@pytest.mark.slow
def test_a_server_ends_in_time_in_every_way() -> None:
    done = subprocess.run(
        [sys.executable, ROUNDS, "--rounds", "10", "--json"], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_service_manager_hears_of_it_once_it_answers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit is of Type=notify, so that the command after `systemctl start` finds a server."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        server = start(home, "--no-worker")
        try:
            assert manager.recv(100) == b"READY=1"
            assert Person(server).get("/readyz").status == 200
        finally:
            server.stop()


def test_one_server_a_workspace_a_taken_port_is_one_line_and_a_worker_comes_back(
    home: Path, served: Callable[..., Server]
) -> None:
    server = served(home)
    second = start(home, port=free_port())
    assert second.process.wait(60) == 1
    assert second.output.count("\n") <= 2
    assert f"already served on http://127.0.0.1:{server.port}/ by process {server.process.pid}" in second.output

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server.stop()
        refused = start(home, port=taken.getsockname()[1])
        assert refused.process.wait(60) == 1
        assert refused.output.count("\n") <= 2
        assert "Address already in use" in refused.output
        assert "Traceback" not in refused.output

    again = served(home)  # the lock is free again
    worker = _worker(again)
    os.kill(worker, signal.SIGKILL)
    end = time.monotonic() + 60
    while _workers(again) in ([], [worker]) and time.monotonic() < end:
        time.sleep(0.05)
    assert _worker(again) != worker
    assert "The worker ended (signal SIGKILL); it is started again." in again.output

    everything = [again.process.pid, *again.children()]
    again.signal(signal.SIGKILL)
    assert wait_until_gone(everything, 10) == []


def _workers(server: Server) -> list[int]:
    return [pid for pid in server.children() if b"worker" in _command(pid)]


def _worker(server: Server) -> int:
    end = time.monotonic() + 60
    while not _workers(server) and time.monotonic() < end:
        time.sleep(0.05)
    (pid,) = _workers(server)
    assert alive(pid)
    return pid


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_the_worker_does_a_step_after_one_that_fails_and_says_so(home: Path, served: Callable[..., Server]) -> None:
    """An alert whose row is damaged, and a table that is gone: letters and jobs go on."""
    code = (
        "from plainview.cli.start import open_workspace; open_workspace(); "
        "from django.db import connection; connection.cursor().execute('DROP TABLE alert_mark')"
    )
    assert forks.run(home, [], code=code).returncode == 0
    server = served(home)
    look = (
        "import json; from plainview.cli.start import open_workspace; open_workspace(); "
        "from plainview.casework.models import WorkerStep; from plainview.casework.upkeep import life; "
        "print(json.dumps([[a.step for a in life.alarms()], len(life.living()), "
        "WorkerStep.objects.exclude(done_at=None).filter(name='expired sessions').count()]))"
    )
    end = time.monotonic() + 90
    found = None
    while time.monotonic() < end:
        found = json.loads(forks.run(home, [], code=look).stdout)
        if found == [["alerts"], 1, 1]:
            break
        time.sleep(0.2)
    assert found == [["alerts"], 1, 1]
    lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if line["logger"] == "plainview.worker"]
    assert said["event"] == "The step 'alerts' failed: OperationalError"
    assert (said["level"], said["error"]) == ("error", "OperationalError")
    assert said["trace"]
    assert "no such table" not in server.output


def test_a_contradiction_of_options_is_one_line(home: Path) -> None:
    for options, rule in (
        (("--trusted-proxy", "10.0.0.1"), "serve.options"),
        (("--name", "a b"), "serve.name"),
        (("--behind-proxy", "--trusted-proxy", "proxy"), "serve.trusted_proxy"),
        (("--host", "0.0.0.0"), "serve.sample"),  # noqa: S104
    ):
        done = forks.run(home, ["serve", *options])
        assert done.returncode == 1
        assert rule in done.stderr
        assert done.stderr.count("\n") <= 3


def test_no_workspace_is_one_line(tmp_path: Path) -> None:
    done = forks.run(tmp_path / "none", ["serve"])
    assert done.returncode == 1
    assert "workspace.missing" in done.stderr
