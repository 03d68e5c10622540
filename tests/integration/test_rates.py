"""The requests of a token, counted over real processes that share a workspace."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.integration.conftest import EXAMINER, Cli

from plainview.api.rates import PER_MINUTE, PORTIONS

pytestmark = pytest.mark.long

PROCESS = """
import json, os, sys
from types import SimpleNamespace
home, token, asked = sys.argv[1:]
os.environ["PLAINVIEW_HOME"] = home
from plainview.cli.start import start_django
start_django()
from plainview.api import rates
from plainview.api.problems import Unusable
from plainview.casework.models import Token
rates.time = SimpleNamespace(time=lambda: 60_001.0)  # one minute, however slow this machine is
token = Token.objects.get(public_id=token)
print("ready", flush=True)
sys.stdin.readline()
allowed = 0
for _ in range(int(asked)):
    try:
        rates.spend(token)
        allowed += 1
    except Unusable:
        pass
print(json.dumps(allowed))
"""


def counted(cli: Cli, processes: int, asked: int) -> list[int]:
    """Requests that each of several processes answered, of those that it was asked at the same time as the others."""
    token = cli.json("token", "new", "--scope", "case.read", "--as", EXAMINER)["token"].partition(".")[0]
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(cli.home), token, str(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in begun:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in begun]


def test_two_processes_answer_together_what_one_may(cli: Cli) -> None:
    answered = counted(cli, 2, PER_MINUTE * 2 // 3)
    assert all(answered), "both took a part of it"
    assert PER_MINUTE - 2 * PER_MINUTE // PORTIONS <= sum(answered) <= PER_MINUTE
