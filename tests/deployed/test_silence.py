"""No process of ours opens a connection that its operator did not configure: every command, and a served session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories.command_lines import LINES
from tests.factories.evaluation import portraits
from tests.factories.forks import COLUMNS, Forks
from tests.factories.silence import Watch

from plainview.cli.commands import COMMANDS
from plainview.recognition.install import default_models_dir

ADMINISTRATOR = "admin@agency.example"

OTHERS = {
    "examine form": "",
    "verify assign": "",
    "faces": "{image}",
    "compare": "{image} {canary_probe}",
    "urgent sweep": "",
    "lead form": "",
    "trial send-reports": "",
    "report check": "{folder}/report.json --log {folder}/log",
    "report send-due": "",
    "canary run": "",
    "member join": "CODE --name Jo",
    "member sample-credentials": "",
    "retention check-proof": "{proof}",
    "register check": "{register}",
    "audit monitor": "{folder}/log --state {folder}/state.json",
    "audit consistency": "--from 1 --to 2",
    "audit inclusion": "--entry 1",
    "audit sample-verify": "{folder}/log",
    "audit verify": "",
    "audit checkpoint": "",
    "audit export": "{folder}/log",
    "audit rotate": "--reason the-operator-changes",
    "audit heartbeat": "",
    "audit cosignature add": "{folder}/cosigned.txt",
    "audit cosignature ask": "",
    "audit tiles": "{folder}/tiles",
    "audit witness init": "{folder}/witness --name witness.example/w1",
    "audit witness cosign": "{folder}/witness {folder}/log",
    "audit witness status": "{folder}/witness",
    "audit witness follow": "{folder}/witness KEY",
    "audit witness serve": "{folder}/nothing",
    "verify-package": "{package}",
    "init": "{folder}/new --sample",
    "demo": "",
    "serve": "--port 1 --host 0.0.0.0",
    "doctor": "",
    "status": "",
    "backup": "{folder}/monday.age",
    "backups list": "",
    "backups rehearse": "{folder}/monday.age",
    "backups run": "--now",
    "restore": "{folder}/monday.age {folder}/restored",
    "upgrade": "",
    "move-workspace": "--to folder",
    "proposal table": "",
    "proposal ask-head": "{proposal}",
    "proposal rescue": "admin@agency.example --reason lost",
    "proposal accept": "CODE",
    "clock list": "--all",
    "keys list": "",
    "keys rotate": "--reason a-disk-was-lost",
    "keys replace": "secret.key --reason a-disk-was-lost",
    "mail test": "you@agency.example",
    "mail list": "",
    "mail retry": "",
    "models list": "",
    "models verify": "yunet-sface",
    "models card": "yunet-sface",
    "agency propose": "booking --jurisdiction North --head-name Head --head-email head@agency.example",
    "agency terms": "",
    "agency accept": "CODE",
    "agency open": "booking --administrator new@agency.example",
    "agency suspend": "booking --reason the-reason",
    "agency sign-in": "booking county {folder}/sign-in.toml",
    "agency list": "",
    "evaluate": "{people} --json {folder}/result.json",
    "evaluate-labels": "{people} --out {folder}/pages",
    "bench search": "--n 2000",
    "bench enrol": "--images 10",
    "bench video": "--clips 1 --people 2 --seconds 1",
    "version": "",
    "controls": "--state met",
}
"""The line of every other command; some are refused, after everything that they load."""

HERE = {"webhook add": "https://localhost:1/hook"}
"""Lines that name an address which is looked up: one of this machine."""

NAMED = {"webhook test"}
"""Commands that ask for the host which the agency itself configured: they look its name up, and it has no address here."""

ELSEWHERE = {
    "worker": "run by `bench serve`",
    "bench serve": "the served session below",
    "bench whole": "its parts are commands of this list, and the served session below",
    "models install": "its one address is what it is for: a package index that the operator configured",
}


def test_an_attempt_to_reach_the_outside_is_seen_and_stopped() -> None:
    watch = Watch()
    code = """
import socket
for family, place in ((socket.AF_INET, ("192.0.2.7", 443)), (socket.AF_INET6, ("2001:db8::7", 443))):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as s:
            try:
                s.connect(place) if kind == socket.SOCK_STREAM else s.sendto(b"x", place)
            except ConnectionRefusedError:
                print("refused")
"""
    done = watch.run(lambda: subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False))
    assert done.stdout.split() == ["refused"] * 4, done.stderr
    assert [attempt.split(" (")[0] for attempt in watch.attempts] == ["192.0.2.7 443"] * 2 + ["2001:db8::7 443"] * 2


def test_telemetry_is_off_as_soon_as_the_package_is_imported_whatever_the_environment_says() -> None:
    code = "import plainview, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.slow
def test_the_recogniser_is_silent_as_a_library_too() -> None:
    """onnxruntime 1.31 looks its host up about ten seconds after its import, where it is not told to be silent."""
    watch, code = Watch(), "from plainview.recognition.engine import Engine; import time; Engine.load(); time.sleep(15)"
    watch.run(lambda: subprocess.run([sys.executable, "-c", code], check=True, env=_without(os.environ)))
    assert watch.attempts == []


def test_every_command_has_its_line_here() -> None:
    assert set(COMMANDS) == set(LINES) | set(OTHERS) | set(ELSEWHERE)


@pytest.mark.slow
def test_no_command_reaches_outside(tmp_path: Path) -> None:
    watch, home = Watch(), tmp_path / "home"
    environment = {**_without(os.environ), **COLUMNS, "HOME": str(home), "TMPDIR": str(_folder(tmp_path / "tmp"))}
    environment["PLAINVIEW_HOME"] = str(tmp_path / "workspace")
    environment.pop("XDG_CACHE_HOME", None)
    made = (
        "import json, pathlib; from plainview.cli.start import open_workspace; open_workspace(); "
        "from tests.integration import test_authorisation_matrix as matrix; "
        f"print(json.dumps(matrix.made_things(pathlib.Path({str(_folder(tmp_path / 'made'))!r}))))"
    )

    def work() -> dict[str, str]:
        forks = Forks()
        said: dict[str, str] = {}
        assert forks.run(["init", "--sample"], environment).returncode == 0
        done = forks.run([], environment, code=made)
        assert done.returncode == 0, done.stderr
        things = json.loads(done.stdout) | {
            "folder": str(_folder(tmp_path / "out")),
            "people": str(portraits(tmp_path / "people")),
        }
        for name, line in {**LINES, **OTHERS, **HERE}.items():
            before = len(watch.attempts)
            words = [word.format(**things) for word in line.split()]
            acting = ["--as", ADMINISTRATOR] if name in LINES else []
            done = forks.run([*name.split(), *words, *acting], environment, timeout=300)
            assert "Traceback" not in done.stderr, (name, done.stderr)
            assert done.returncode != 2, (name, done.stderr)
            said[name] = done.stdout + done.stderr
            if name in NAMED:
                assert all(" 53 (" in attempt for attempt in watch.attempts[before:]), name
                del watch.attempts[before:]
            assert watch.attempts[before:] == [], name
        forks.close()
        return said

    said = watch.run(work)
    assert watch.attempts == []
    assert [path for path in tmp_path.rglob("*") if "microsoft" in path.name.lower() or path.suffix == ".ses"] == []
    assert "whole" in said["audit verify"]


@pytest.mark.slow
def test_a_served_session_reaches_nobody_outside(tmp_path: Path) -> None:
    watch = Watch()
    environment = {**_without(os.environ), "HOME": str(tmp_path / "home"), "TMPDIR": str(_folder(tmp_path / "tmp"))}
    command = [
        sys.executable,
        "-m",
        "plainview.cli.main",
        "bench",
        "serve",
        "--references",
        "300",
        "--people",
        "1",
        "--searches",
        "2",
    ]
    done = watch.run(
        lambda: subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
    )
    assert done.returncode in (0, 1), done.stderr  # 1: too slow on this machine
    assert json.loads(done.stdout)["searches"] > 0
    assert watch.attempts == []
    assert not (tmp_path / "home" / ".cache" / "Microsoft").exists()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _without(environment: os._Environ[str]) -> dict[str, str]:
    """The environment without what a test, or this machine, may have set for us; the model stays where it is."""
    mine = {name: value for name, value in environment.items() if name != "ORT_DISABLE_TELEMETRY"}
    return {**mine, "PLAINVIEW_MODELS": str(default_models_dir())}
