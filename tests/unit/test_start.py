"""What importing the package sets, before any library of ours is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SET = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize("chosen", [{}, dict.fromkeys(_SET, "8")], ids=["unset", "set by the operator"])
def test_threads_that_wait_take_no_time_unless_the_operator_says_otherwise(chosen: dict[str, str]) -> None:
    code = (
        f"import plainview, os, sys; print({{name: os.environ[name] for name in {list(_SET)}}}, 'numpy' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name not in _SET} | chosen
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"{_SET | chosen} False"
