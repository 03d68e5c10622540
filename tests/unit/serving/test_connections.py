"""A proxy closes an idle connection before the server does; everybody else's is closed early."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import uvicorn
from tests.factories import loops
from uvicorn.server import ServerState

from plainview.casework.workspace.serving import Serving
from plainview.serving.connections import IDLE, PROXY_IDLE, Connection
from plainview.serving.front import Front
from plainview.serving.interpreters import Interpreters


@pytest.mark.parametrize(
    ("peer", "seconds"),
    [("10.0.4.7", PROXY_IDLE), ("::ffff:10.0.4.7", PROXY_IDLE), ("10.0.5.7", IDLE), ("fe80::1%eth0", IDLE)],
)
def test_a_trusted_proxy_keeps_its_connections_longer_than_a_browser(peer: str, seconds: float, tmp_path: Path) -> None:
    front = Front(Interpreters(MagicMock()), Serving(secure="proxy", trusted=("10.0.4.0/24",)), MagicMock(), tmp_path)
    config = uvicorn.Config(front, timeout_keep_alive=int(IDLE), ws="none", lifespan="off", log_config=None)
    config.limit_max_connections = 10  # type: ignore[attr-defined]
    config.load()
    transport = MagicMock(spec=asyncio.Transport)
    addresses: dict[str, Any] = {"peername": (peer, 1), "sockname": ("10.0.4.1", 8000)}
    transport.get_extra_info.side_effect = lambda name, default=None: addresses.get(name, default)

    async def connect() -> float:
        connection = Connection(config, ServerState(), {}, asyncio.get_running_loop())
        connection.connection_made(transport)
        return connection.timeout_keep_alive

    assert loops.run(connect()) == seconds


def test_a_proxy_of_the_usual_products_is_the_first_to_close() -> None:
    usual = {"Google Cloud": 600, "Azure": 240, "Caddy": 120, "nginx": 60, "Amazon": 60}
    assert max(usual.values()) < PROXY_IDLE
