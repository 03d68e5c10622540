"""The index contract on an adapter that needs a server, and a log long enough to fill one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.contract import test_index_contract as contract

from plainview.index.base import Block, Index


def whole_contract(*, logs: int) -> dict[str, Callable[..., Any]]:
    """Return every test of the contract, for the `make` of the module that takes them.

    Args:
        logs: how many logs `test_any_log_against_a_dict` tries, instead of its usual number: each step asks the server.
    """

    def test_any_log_against_a_dict(make: Callable[[], Index]) -> None:
        class Machine(contract.LogAgainstDict):
            pass

        Machine.make = staticmethod(make)
        few = contract.settings(max_examples=logs, stateful_step_count=12, deadline=None)
        contract.run_state_machine_as_test(Machine, settings=few)

    tests = {name: test for name, test in vars(contract).items() if name.startswith("test_")}
    return tests | {"test_any_log_against_a_dict": test_any_log_against_a_dict}


def log_of(count: int) -> tuple[NDArray[np.float32], list[Block]]:
    """Return so many templates, and the log that adds them as references 1, 2, 3 ... in blocks of 10,000."""
    templates = contract.faces(count, seed=11)
    blocks = [
        Block.of_adds(first + 1, np.arange(first + 1, first + len(rows) + 1), rows)
        for first in range(0, count, 10_000)
        for rows in [templates[first : first + 10_000]]
    ]
    return templates, blocks
