"""How often a rule that does not compare faces finds the candidate among the faces of a blind verification.

Run it with `python benchmarks/fillers.py FOLDER`, a folder a person; the people with two pictures or more give the sets.
For each set one picture of a person is the probe and another the candidate, and the fillers are chosen among everybody
else as `casework.examination` chooses them. Then each rule picks the most probe-like of the four faces: by the size of
the face, its background, its year, all three, or the face that most resembles the others. Chance is one in four.

Such a data set has no years, and its faces have one size. Both are invented, alike for the pictures of one person
(years within four of the person's own, drawn from 21; sizes within a factor of two), as they would be in custody
pictures; the backgrounds are real. The same rules are printed for fillers drawn at random from the gallery.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np

SETS, SEED = 200, 18
RULES = ("size", "background", "year", "all three", "resembles the others")


def main() -> None:
    """Print one JSON object: sets, chance, its 95 % interval, and the rate of each rule, chosen and at random."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", type=int, default=SETS)
    options = parser.parse_args()
    faces = _faces(options.folder)
    spread = 1.96 * math.sqrt(0.25 * 0.75 / options.sets)
    answer = {
        "sets": options.sets,
        "chance": 0.25,
        "interval": [round(0.25 - spread, 3), round(0.25 + spread, 3)],
        "chosen": _rates(faces, options.sets, chosen=True),
        "at_random": _rates(faces, options.sets, chosen=False),
        "likely": _likely(faces),
    }
    print(json.dumps(answer, indent=1))  # noqa: T201  the script's answer


def _faces(folder: Path) -> dict[str, Any]:
    from plainview.recognition.crop import surroundings
    from plainview.recognition.decode import Decoder
    from plainview.recognition.engine import Engine
    from plainview.recognition.errors import BadMedia
    from plainview.recognition.packs import DEFAULT_PACK

    engine, decoder = Engine.load(DEFAULT_PACK, declared_use="evaluation"), Decoder(children=1)
    persons, templates, around = [], [], []
    for number, path in enumerate(sorted(folder.rglob("*.jpg"))):
        if number % 200 == 0:
            print(f"{number} pictures", file=sys.stderr)  # noqa: T201
        try:
            picture = decoder.decode(path.read_bytes())
            _, face = engine.probe_face(picture)
        except BadMedia:
            continue
        persons.append(path.parent.name)
        templates.append(engine.template(picture, face.detection))
        around.append(surroundings(picture.pixels, [float(value) for value in face.detection.box]))
    decoder.close()
    lots = Random(SEED)  # noqa: S311  the same sets each time
    year = {person: lots.randint(2000, 2020) for person in sorted(set(persons))}
    size = {person: lots.uniform(0.5, 2) for person in sorted(set(persons))}
    return {
        "person": np.array(persons),
        "template": np.stack(templates),
        "background": np.array(around),
        "year": np.array([year[person] + lots.randint(-4, 4) for person in persons], dtype=np.float64),
        "size": np.log([size[person] * lots.uniform(0.5, 2) for person in persons]),
    }


def _rates(faces: dict[str, Any], sets: int, *, chosen: bool) -> dict[str, float]:
    from plainview.scores.fillers import POOL, choose, distances_of
    from plainview.scores.same_face import SAME_FACE

    lots = Random(SEED)  # noqa: S311  as above
    persons, templates = faces["person"], faces["template"]
    people = [person for person in sorted(set(persons)) if (persons == person).sum() > 1]
    lots.shuffle(people)
    hits = dict.fromkeys((*RULES, "a filler is the person"), 0.0)
    for person in people[:sets]:
        probe, candidate = lots.sample(np.flatnonzero(persons == person).tolist(), 2)
        near = templates @ templates[candidate]
        other = (near < SAME_FACE) & (templates @ templates[probe] < SAME_FACE)
        other[[probe, candidate]] = False
        order = [place for place in np.argsort(-near).tolist() if other[place]]
        pool = [candidate, *(order[:POOL] if chosen else lots.sample(order, 3))]
        away = {cue: distances_of([faces[cue][probe], *faces[cue][pool]]) for cue in ("size", "year", "background")}
        cosines = templates[pool].astype(np.float64) @ templates[pool].astype(np.float64).T
        places = (1, 2, 3)
        if chosen:
            quick = {cue: away[cue] for cue in ("size", "year")}
            places = choose(quick, cosines, 3, lots, background=lambda wanted, all_=away: all_["background"][wanted])
        shown = [0, *places]
        hits["a filler is the person"] += any(persons[pool[place]] == person for place in places)
        seen = {cue: away[cue][shown] for cue in away}
        seen["all three"] = sum((cue - cue.mean()) / (cue.std() + 1e-9) for cue in seen.values())
        seen["resembles the others"] = -cosines[np.ix_(shown, shown)].sum(axis=1)
        for rule in RULES:
            nearest = np.flatnonzero(seen[rule] == seen[rule].min())
            hits[rule] += float(0 in nearest) / len(nearest)
    return {rule: round(times / sets, 3) for rule, times in hits.items()}


def _likely(faces: dict[str, Any]) -> dict[str, float]:
    """Return how many pairs of one person, and of two, reach `scores.same_face.LIKELY`."""
    from plainview.scores.same_face import LIKELY

    templates, persons = faces["template"], faces["person"]
    pairs = np.triu(np.ones((len(persons), len(persons)), dtype=bool), 1)
    mated = (persons[:, None] == persons[None, :]) & pairs
    scores = templates @ templates.T
    strangers = pairs & ~mated
    return {
        "mates": round(float((scores[mated] >= LIKELY).mean()), 4),
        "strangers": round(float((scores[strangers] >= LIKELY).mean()), 4),
    }


if __name__ == "__main__":
    main()
