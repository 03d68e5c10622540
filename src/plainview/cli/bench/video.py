"""`plainview bench video`: speed compared with plain decoding, and people found compared with looking at every frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from plainview.cli.bench.common import show
from plainview.cli.common import Json
from plainview.cli.portraits import bundled_portraits
from plainview.evaluation.footage import RATE, Footage, Portrait, busy, film, portrait
from plainview.evaluation.video import measure
from plainview.policy.decision import Refused
from plainview.recognition.engine import Engine
from plainview.storage.output import write_file


def bench_video(
    faces: Annotated[
        Path | None,
        typer.Option(help="A folder with a folder of photographs for each person; by default two bundled portraits."),
    ] = None,
    clips: Annotated[int, typer.Option(help="Number of synthetic clips.")] = 6,
    people: Annotated[int, typer.Option(help="People in a clip.")] = 8,
    seconds: Annotated[float, typer.Option(help="Length of a clip.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Also write the clips into this folder.")] = None,
    json: Json = False,
) -> None:
    """Time the search for faces in synthetic 1080p25 clips: adaptively, at every frame, and decoding only."""
    engine = Engine.load()
    known = known_portraits(faces, clips * people, seed, engine)
    footage = []
    for number in range(clips):
        here = known[number * people : (number + 1) * people] if faces else known
        footage.append(_clip(here, seconds, seed + number))
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            write_file(keep / f"clip-{number}.mp4", footage[-1].data, replace=True)
    result = measure(footage, engine, Fraction(RATE))
    show({**result, "clips": clips, "faces": "a folder" if faces else "two bundled portraits"}, json=json)


def _clip(people: list[Portrait], seconds: float, seed: int) -> Footage:
    walks, cuts = busy(people, seconds, seed=seed)
    return film(walks, int(seconds * RATE), cuts=cuts, seed=seed)


def known_portraits(folder: Path | None, count: int, seed: int, engine: Engine) -> list[Portrait]:
    """Return one portrait for each person, chosen by the seed."""
    if folder is None:
        paths = {path.stem: path for path in bundled_portraits().values()}
    else:
        people = sorted(path for path in folder.iterdir() if path.is_dir())
        chosen = np.random.default_rng(seed).permutation(len(people))[:count]
        paths = {people[i].name: min(path for path in people[i].iterdir()) for i in chosen}
    portraits = []
    for person, path in paths.items():
        pixels = cv2.imread(str(path))
        candidate = None if pixels is None else portrait(person, np.asarray(pixels, np.uint8), engine)
        if candidate is not None:
            portraits.append(candidate)
    if not portraits:
        raise Refused(
            "bench.faces",
            "Nothing measured",
            "No portrait with a face was found.",
            "Choose a folder that has a folder of photographs for each person.",
        )
    return portraits
