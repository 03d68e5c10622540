"""A few rounds of the kill script: `benchmarks/kill_rounds.py --rounds 100` is the long form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_rounds.py"


@pytest.mark.slow
def test_after_a_kill_at_any_moment_everything_holds() -> None:
    command = [sys.executable, str(SCRIPT), "--rounds", "8", "--seed", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["rounds"], told["problems"]) == (8, [])
    assert told["killed"] > 0
    assert told["acknowledged"] > 0
