"""The lifeline of a process that a server started: a pipe that ends when the server does, however it does.

Owns it from before anything slow is imported. Standard library only.
"""

from __future__ import annotations

import os
import signal
import threading
import time

OPTION = "--until-input-ends"

_PATIENCE = 4.5  # seconds for an orderly end


def hold() -> None:
    """End this process when its standard input ends."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # while it starts this ends it; later it ends in order
    time.sleep(_PATIENCE)
    os._exit(1)
