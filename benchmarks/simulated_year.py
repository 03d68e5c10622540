"""A simulated year of normal work in one agency, with planted misuse: what each rule reports about both.

    python benchmarks/simulated_year.py [--seed N] [--json]

The limits of `plainview.policy.misuse` were chosen on seed 1; report another seed. Faces are random unit vectors of
128 components. Two pictures of one face have a cosine around 0.67 with a spread of 0.12, two faces around 0.09: what
the default pack gives on 2,844 photographs of LFW (measured 0.669, 0.117 and 0.095, 0.088). Everything else is
assumed, and stated below in one place.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from plainview.policy.misuse import LIMITS, SearchFact, closed_case, findings
from plainview.scores.same_face import same_faces

DIMENSION = 128
MEMBERS = 12
DAYS = 365
CASES_A_DAY = 5.2  # opened by the whole agency on a working day
SHIFTS = (
    (7, 15),
    (8, 16),
    (9, 17),
    (14, 22),
    (22, 6),
)  # begin and end of work, hours; members keep one for months
FACES = 1.6  # mean number of faces of a case, heavy-tailed below: most have one, a riot has a dozen
AGAIN = 0.35  # chance that a face is searched again with another frame, as often as it happens
ORIGINS = (
    ("cctv", 0.52),
    ("phone video", 0.18),
    ("social media", 0.12),
    ("identity document", 0.08),
    ("photograph", 0.10),
)
GENUINE, STRANGER = 0.67, 0.09  # mean cosines
PLANTED_A_KIND = 24


@dataclass
class World:
    """Everything drawn so far."""

    random: np.random.Generator
    facts: list[tuple[SearchFact, np.ndarray]] = field(default_factory=list)
    closed: list[tuple[str, datetime]] = field(default_factory=list)
    planted: dict[str, str] = field(default_factory=dict)  # search -> kind

    def person(self) -> np.ndarray:
        """Return a new face."""
        vector = self.random.standard_normal(DIMENSION)
        near = STRANGER / GENUINE  # between the persons themselves; their pictures are further apart
        vector[0] += np.sqrt(DIMENSION * near / (1 - near))
        return vector / np.linalg.norm(vector)

    def picture(self, person: np.ndarray) -> np.ndarray:
        """Return the template of a picture of a face."""
        mean = np.sqrt(np.clip(self.random.normal(GENUINE, 0.12), 0.15, 0.95))
        noise = self.random.standard_normal(DIMENSION)
        noise -= (noise @ person) * person
        vector = mean * person + np.sqrt(1 - mean**2) * noise / np.linalg.norm(noise)
        return vector.astype(np.float32)

    def search(
        self,
        member: int,
        case: str,
        at: datetime,
        person: np.ndarray,
        origin: str,
        *,
        posed: bool,
        kind: str = "",
    ) -> None:
        """Add one search."""
        random = self.random
        share = float(
            np.clip(random.normal(0.42, 0.09), 0.1, 0.9) if posed else np.exp(random.normal(np.log(0.07), 0.6))
        )
        quality = int(np.clip(random.normal(90, 8) if posed else random.normal(42, 18), 1, 100))
        name = f"S{len(self.facts)}"
        fact = SearchFact(name, f"M{member}", case, at, 0, origin, quality, min(share, 1.0))
        self.facts.append((fact, self.picture(person)))
        if kind:
            self.planted[name] = kind


def simulate(seed: int) -> World:
    """Return a year of normal work, with planted misuse."""
    random = np.random.default_rng(seed)
    world = World(random)
    shifts = random.integers(0, len(SHIFTS), (MEMBERS, 4))  # a new shift every quarter
    holidays = {(m, int(d)) for m in range(MEMBERS) for d in random.integers(0, DAYS, 30)}
    begin, number = datetime(2025, 1, 6, tzinfo=UTC), 0
    for day in range(DAYS):
        weekend = day % 7 >= 5
        on_duty = [
            m for m in range(MEMBERS) if (m, day) not in holidays and random.random() < (0.35 if weekend else 0.9)
        ]
        for _ in range(random.poisson(CASES_A_DAY * (0.4 if weekend else 1))):
            if not on_duty:
                continue
            number += 1
            _case(world, f"C{number}", begin + timedelta(days=day), on_duty, shifts[:, day * 4 // DAYS])
    _plant(world, begin, shifts)
    world.facts.sort(key=lambda fact: fact[0].at)
    return world


def _moment(world: World, day: datetime, shift: int) -> datetime:
    first, last = SHIFTS[shift]
    hours = (last - first) % 24
    late = float(world.random.exponential(0.6)) if world.random.random() < 0.08 else 0.0  # overtime
    return day + timedelta(hours=first + hours * float(world.random.beta(1.3, 1.3)) + late)


def _origin(world: World) -> str:
    names, weights = zip(*ORIGINS, strict=True)
    return str(world.random.choice(names, p=weights))


def _case(world: World, case: str, day: datetime, on_duty: list[int], shifts: np.ndarray) -> None:
    random = world.random
    faces = min(int(1 + random.pareto(2.2) * FACES * 0.55), 30)
    member = int(random.choice(on_duty))
    for _ in range(faces):
        person, origin = world.person(), _origin(world)
        # Some video shows a face in full: a cashier's camera, a doorbell.
        posed = random.random() < (0.003 if origin in ("cctv", "phone video") else 0.7)
        at = _moment(world, day, int(shifts[member]))
        world.search(member, case, at, person, origin, posed=posed)
        while random.random() < AGAIN:
            who = member if random.random() < 0.8 else int(random.choice(on_duty))
            later = day + timedelta(days=1 + int(random.exponential(2.0)))
            world.search(who, case, _moment(world, later, int(shifts[who])), person, origin, posed=posed)
    if random.random() < 0.006:  # a member tries a case that was closed yesterday
        world.closed.append((f"M{member}", day + timedelta(hours=10)))


def _plant(world: World, begin: datetime, shifts: np.ndarray) -> None:
    random = world.random
    for i in range(PLANTED_A_KIND):
        member = int(random.integers(MEMBERS))
        day = begin + timedelta(days=int(random.integers(150, DAYS - 10)))
        shift = int(shifts[member, (day - begin).days * 4 // DAYS])
        for n in range(18 + i % 3 * 6):  # one old case number for many unrelated people
            at = _moment(world, day + timedelta(days=n // 4), shift)
            world.search(member, f"HIDE{i}", at, world.person(), "cctv", posed=False, kind="unrelated_faces")
        for n in range(2):  # a friend's portrait, declared as video
            at = _moment(world, day + timedelta(days=n), shift)
            world.search(member, f"FRIEND{i}", at, world.person(), "cctv", posed=True, kind="portrait_probe")
        first = SHIFTS[shift][0]
        at = day + timedelta(hours=(first + 16) % 24, minutes=int(random.integers(60)))
        world.search(member, f"NIGHT{i}", at, world.person(), "photograph", posed=True, kind="unusual_hour")
        for n in range(25 + i % 3 * 15):  # an afternoon of looking people up
            at = _moment(world, day + timedelta(days=3), shift)
            world.search(member, f"BUSY{i}-{n}", at, world.person(), "social media", posed=True, kind="unusual_volume")
        person = world.person()
        for n in range(8 + i % 3 * 3):  # until the list shows the wanted answer
            at = _moment(world, day + timedelta(days=n), shift)
            world.search(member, f"AGAIN{i}", at, person, "phone video", posed=False, kind="same_face_again")


def judge(world: World) -> dict[str, object]:
    """Run every rule over the year as it would have run then."""
    of_case: dict[str, list[int]] = defaultdict(list)
    of_member: dict[str, list[int]] = defaultdict(list)
    false: Counter[str] = Counter()
    noticed: dict[str, set[str]] = defaultdict(set)
    places: dict[str, set[str]] = defaultdict(set)
    facts = [fact for fact, _ in world.facts]
    for number, (fact, template) in enumerate(world.facts):
        rows = of_case[fact.case]
        faces = same_faces(np.stack([*(world.facts[i][1] for i in rows), template])) if rows else [0]
        named = dict(zip(rows, faces, strict=False))
        before = set(rows) | set(of_member[fact.member][-2000:])
        history = [_with_face(facts[i], named.get(i, -1 - i)) for i in sorted(before)]
        kind = world.planted.get(fact.search)
        for finding in findings(_with_face(fact, faces[-1]), history):
            rule = finding.rule_id.partition(".")[2]
            if kind is None:
                false[rule] += 1
            else:
                noticed[rule].add(f"{kind} {_place(fact, kind)}")
        if kind is not None:
            places[kind].add(f"{kind} {_place(fact, kind)}")
        rows.append(number)
        of_member[fact.member].append(number)
    by_member: dict[str, list[datetime]] = defaultdict(list)
    for member, at in sorted(world.closed, key=lambda attempt: attempt[1]):
        by_member[member].append(at)
        false["closed_case"] += closed_case(at, by_member[member], LIMITS) is not None
    normal = len(facts) - len(world.planted)
    return {
        "searches": len(facts),
        "normal_searches": normal,
        "members": MEMBERS,
        "days": DAYS,
        "false_alarms": {
            rule: {
                "count": false[rule],
                "per_1000_searches": round(1000 * false[rule] / normal, 2),
                "per_member_year": round(false[rule] / MEMBERS, 2),
            }
            for rule in (*places, "closed_case")
        },
        "planted_found": {kind: f"{len(noticed[kind] & group)} of {len(group)}" for kind, group in places.items()},
    }


def _with_face(fact: SearchFact, face: int) -> SearchFact:
    return SearchFact(fact.search, fact.member, fact.case, fact.at, face, fact.origin, fact.quality, fact.face_share)


def _place(fact: SearchFact, kind: str) -> str:
    """Return the unit in which a planted kind is counted: its case, or for a busy day its day."""
    return f"{fact.member} {fact.at.date()}" if kind == "unusual_volume" else fact.case


def main() -> None:
    """Print what the rules report."""
    parser = argparse.ArgumentParser(description="Simulate a year of work and judge it.")
    parser.add_argument("--seed", type=int, default=2, help="1 was used to choose the limits")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = {"seed": arguments.seed, **judge(simulate(arguments.seed))}
    text = json.dumps(result, indent=None if arguments.json else 2)
    print(text)  # noqa: T201  the script's answer


if __name__ == "__main__":
    main()
