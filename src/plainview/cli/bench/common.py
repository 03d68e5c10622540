"""What the benchmarks share: varied pictures, and printing a result."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import ENV
from plainview.cli.common import print_json, say
from plainview.cli.portraits import bundled_portraits
from plainview.cli.setup import make_workspace
from plainview.cli.start import start_django

Keep = Annotated[
    Path | None, typer.Option(help="Keep the filled workspace in this folder, and use it again where it is there.")
]


@contextmanager
def home(keep: Path | None) -> Iterator[Path]:
    """Make a sample workspace for the block: in the kept folder, as it is if it is there, or in one that goes after it."""
    with ExitStack() as ends:
        folder = keep or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="plainview-bench-")))
        workspace = folder.absolute() / "workspace"
        os.environ[ENV] = str(workspace)
        if workspace.exists():
            enter(command_line())
            start_django()
        else:
            make_workspace(sample=True)
        yield workspace.parent


def varied(folder: Path, count: int, seed: int = 7) -> Path:
    """Write `count` different 250-pixel crops of the two bundled portraits: real faces, no two files alike."""
    portraits = [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in bundled_portraits().values()]
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    for i in range(count):
        portrait = portraits[i % len(portraits)]
        scale = 250 / min(portrait.shape[:2]) * random.uniform(1.0, 1.2)
        small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x = int((small.shape[1] - 250) * random.uniform(0.3, 0.7))
        cv2.imwrite(str(folder / f"{i:05}.jpg"), small[:250, x : x + 250])
    return folder


def show(result: dict[str, object], *, json: bool) -> None:
    """Print a result as JSON, or as lines for people."""
    if json:
        print_json(result)
        return
    for label, value in result.items():
        say(f"{label:24} {value}")
