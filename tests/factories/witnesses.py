"""A witness on this machine, served as `plainview audit witness serve` serves it, in a thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plainview.audit.witness import Witness
from plainview.casework.outgoing import Connection
from plainview.serving.connections import Server
from plainview.serving.run import listen
from plainview.serving.witness import WitnessFront

LOCAL = Connection(private=True)


@contextmanager
def served(witness: Witness, prefix: str = "") -> Iterator[str]:
    """Serve the witness while the block runs; yields its submission prefix."""
    listener = listen("127.0.0.1", 0)
    server = Server(WitnessFront(witness, prefix, witness.path), [listener], None)

    async def run() -> None:
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{prefix}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def policy(workspace: Path, *witnesses: tuple[Witness, str], needed: int) -> None:
    """Write the file `witnesses`: these, at their addresses, and how many of them must cosign."""
    names = [f"w{number}" for number in range(len(witnesses))]
    lines = [f"witness {name} {at.key.text} {url}" for name, (at, url) in zip(names, witnesses, strict=True)]
    if needed:
        lines += [f"group enough {needed} {' '.join(names)}", "quorum enough"]
    else:
        lines.append("quorum none")
    (workspace / "witnesses").write_text("\n".join(lines) + "\n")
