"""`plainview faces` and `plainview compare`: what the recogniser sees, without a gallery or a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.cli.common import Box, Json, print_json, print_table, say, with_box
from plainview.cli.pictures import draw_faces
from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.edits import apply, read
from plainview.recognition.engine import Engine, compare
from plainview.recognition.prepare import looked_at, ready
from plainview.recognition.types import Face


def describe(face: Face, prepared: str = "") -> dict[str, Any]:
    """Return one face as JSON: box (x, y, width, height) and points in pixels, detector score, quality 0 to 100,
    and by how many degrees the face is turned clockwise in the picture (0: upright).

    Args:
        face: the face.
        prepared: how a search would prepare the picture for it, in words.
    """
    return {
        "box": [round(float(value), 1) for value in face.detection.box],
        "points": [[round(float(x), 1), round(float(y), 1)] for x, y in face.detection.points],
        "score": round(face.detection.score, 4),
        "turned": round(face.quality.components["turned"]),
        "quality": face.quality.overall,
        "quality_detail": {name: round(float(value), 3) for name, value in face.quality.components.items()},
        "advice": list(face.quality.advice),
        "prepared": prepared or None,
    }


def faces(
    image: Path,
    draw: Annotated[Path | None, typer.Option(help="Write the picture with boxes and points here.")] = None,
    box: Box = None,
    json: Json = False,
) -> None:
    """Find the faces of a picture: boxes, points and quality, largest first."""
    data = read_file(image)
    engine = Engine.load()
    with Decoder() as decoder:
        decoded, chain = decoder.decode(data), read(with_box((), box, ""))
    picture = apply(decoded, chain)
    ready(engine, decoded, chain)  # refuses a picture without a usable face
    looked = looked_at(engine, decoded, chain)
    detected = [face for face, _ in looked]
    if draw is not None:
        draw_faces(picture, detected, draw)
    if json:
        print_json({"faces": [describe(*seen) for seen in looked], "notes": list(picture.notes)})
        return
    rows = [
        (
            number,
            ", ".join(f"{value:.0f}" for value in face.detection.box),
            f"{face.detection.score:.2f}",
            face.quality.overall,
            " ".join((*face.quality.advice, prepared)).strip(),
        )
        for number, (face, prepared) in enumerate(looked, start=1)
    ]
    for note in picture.notes:
        say(note)
    print_table(("Face", "Box x, y, w, h", "Detector score", "Quality", "Advice"), rows)


def compare_two(image_a: Path, image_b: Path, json: Json = False) -> None:
    """Compare the largest faces of two pictures: the cosine of their templates. It names nobody."""
    engine = Engine.load()
    with Decoder() as decoder:
        vectors = []
        for path in (image_a, image_b):
            done = ready(engine, decoder.decode(read_file(path)), ())
            vectors.append(engine.template(done.picture, done.face.detection))
    score = compare(vectors[0], vectors[1])
    if json:
        print_json({"score": round(score, 6)})
    else:
        say(f"Score {score:.3f} (cosine, -1 to 1; {engine.pack.identity}). Not a probability.")
