"""The index in parts under the one index contract, without a cluster: the parts are in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.contract import test_index_contract as contract
from tests.factories.crew import sharded

from plainview.index.base import Index


@pytest.fixture(params=["three parts", "three parts, always scanning"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Index]:
    # So wide a cut that none of these few is missed; see the factory of the compressed index.
    choices = {
        "three parts": (3, {}),
        "three parts, always scanning": (3, {"cut": 12.0, "all_below": 0}),
    }
    parts, how = choices[request.param]
    return lambda: sharded(contract.DIM, tmp_path_factory.mktemp("index"), parts, **how)[0]


# Every test of the contract, on this adapter.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})
