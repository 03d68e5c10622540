"""Many people at work while processes are killed: is an acknowledged write lost, a list wrong, an error unexplained?

    python benchmarks/siege.py                       # 30 minutes, 100 people, everything: see --on
    python benchmarks/siege.py --minutes 3 --people 20 --on postgresql
    python benchmarks/siege.py --default --minutes 3 # SQLite and one server
    make siege MINUTES=3 PEOPLE=20 ON=ray

People open pages and send forms with real sessions, and call the API with real tokens: they search a gallery whose lists
are known, open cases, enrol, erase, and search for what they enrolled. Each minute a random process is killed (a server,
a worker, the proxy, one of the database, of the bucket or of the cluster), and at the end the database for 20 s. A killed
process is started again a second later. At the end everything stops, and what was acknowledged is compared with the
records, and the records with the log.

Prints a table of figures with their limits, or one JSON object; exit status 1 when a limit is not kept. Needs Caddy, and by
`--on`: `make postgresql`, `make swift` and plainview[postgres,s3,cluster].
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import psutil
import requests
from siege_people import GROWING, KNOWN, PAIR, PURPOSE, Person, Promised, rows_of
from siege_place import STEPS, Place
from tests.factories.postgresql_server import PostgresqlServer

LIMITS: dict[str, Callable[[Any], bool]] = {
    "writes_lost": lambda value: value == 0,
    "lists_wrong": lambda value: value == 0,
    "failures_unexplained": lambda value: value == 0,
    "refusals_unexpected": lambda value: value == 0,
    "not_restarted": lambda value: value == 0,
    "jobs_unfinished": lambda value: value == 0,
    "log_and_rows_ok": lambda value: value is True,
    "memory_growth_percent": lambda value: value is None or value <= 10,
}
"""Figure -> whether it is kept; source: the issue of the siege. The growth is of the process that lived longest."""

DATABASE_GONE_S = 20.0
_KNOWN_SIZE, _PROBES = 5_000, 12
_BACK_WITHIN_S = 120.0
_SETTLED_S = 30.0  # of a life that fills caches, and says nothing about the slope
_AFTER_S = 1.0  # an answer that was under way when the killed process was back


@dataclass
class Siege:
    """A siege under way."""

    place: Place
    people: list[Person]
    promised: Promised
    chance: random.Random
    windows: list[tuple[float, float, str]] = field(default_factory=list)
    """(began, ended, what) of every kill, until the killed one worked again."""
    kills: list[dict[str, Any]] = field(default_factory=list)
    memory: dict[int, list[tuple[float, float, str]]] = field(default_factory=dict)

    def run(self, minutes: float, every_s: float) -> None:
        """Let everybody work, and kill."""
        end = time.monotonic() + minutes * 60
        threads = [threading.Thread(target=person.work, args=(end,), daemon=True) for person in self.people]
        watching = threading.Thread(target=self._watch_memory, args=(end,), daemon=True)
        for thread in (*threads, watching):
            thread.start()
        last = end - (DATABASE_GONE_S + 40.0 if self.place.postgresql else 20.0)
        while (pause := min(every_s, last - time.monotonic())) > 0:
            time.sleep(pause)
            if time.monotonic() < last:
                self._kill_one()
        if self.place.postgresql is not None:
            self._without_database(self.place.postgresql)
        for thread in threads:
            thread.join(max(0.0, end + 120 - time.monotonic()))

    def _kill_one(self) -> None:
        services = [service for service in self.place.services.values() if service.process is not None]
        others = {
            "database": self.place.of_the_database(),
            "bucket": self.place.of_the_bucket(),
            "part of the index": self.place.parts(),
        }
        targets = [service.name for service in services] + [name for name, alive in others.items() if alive]
        targets += ["worker of the server"] if self.place.step == "default" else []
        targets += ["whole cluster of the index"] if self.place.ray else []
        name = self.chance.choice(targets)
        began = time.monotonic()
        if name in self.place.services:
            service = self.place.services[name]
            service.kill()
            time.sleep(0.2)
            ready = service.ready
        elif name == "worker of the server":
            server = self.place.services["web"].process
            workers = psutil.Process(server.pid).children() if server else []
            for worker in [child for child in workers if "worker" in child.cmdline()]:
                worker.kill()
            ready = lambda: True  # noqa: E731
        elif name not in others and self.place.ray:
            self.place.ray.stop(signal.SIGKILL)
            self.place.ray.start()
            ready = self._search_works
        else:
            self.chance.choice(others[name]).send_signal(signal.SIGKILL)
            time.sleep(1.0)
            self.place.bucket_again()
            ready = self._search_works
        back = self.place.wait_for(ready, _BACK_WITHIN_S)
        self._note(began, name, back=back)

    def _without_database(self, server: PostgresqlServer) -> None:
        began = time.monotonic()
        server.stop(signal.SIGQUIT)
        time.sleep(DATABASE_GONE_S)
        server.start()
        back = self.place.wait_for(self._search_works, _BACK_WITHIN_S)
        self._note(began, f"database for {DATABASE_GONE_S:.0f} s", back=back)

    def _note(self, began: float, name: str, *, back: bool) -> None:
        ended = time.monotonic()
        self.windows.append((began, ended + _AFTER_S, name))
        self.kills.append({"killed": name, "back_s": round(ended - began, 1) if back else None})
        print(f"killed {name}: back after {ended - began:.1f} s" if back else f"{name} is not back", file=sys.stderr)  # noqa: T201

    def _search_works(self) -> bool:
        """Ask whether a search is answered, its picture stored and its index whole."""
        person = self.people[0]
        try:
            answer = search(person.url, person.ca, person.pair, next(iter(person.known)))
        except requests.RequestException:
            return False
        return answer.status_code == 201

    def _watch_memory(self, end: float) -> None:
        while time.monotonic() < end:
            for service in self.place.services.values():
                process = service.process
                if process is not None and service.name != "proxy" and process.poll() is None:
                    try:
                        resident = psutil.Process(process.pid).memory_info().rss / 1e6
                    except psutil.NoSuchProcess:
                        continue
                    now = time.monotonic()
                    self.memory.setdefault(process.pid, []).append((now, resident, service.name))
            time.sleep(2.0)

    def growth(self) -> dict[str, Any]:
        """Return how much the server or worker that lived longest grew, after its first moments."""
        lives = [
            settled
            for life in self.memory.values()
            if len(settled := [look for look in life if look[0] > life[0][0] + _SETTLED_S]) >= 10
        ]
        if not lives:
            return {"memory_growth_percent": None}
        life = max(lives, key=lambda looks: looks[-1][0] - looks[0][0])
        moments, sizes = np.array([look[0] for look in life]), np.array([look[1] for look in life])
        slope = float(np.polyfit(moments, sizes, 1)[0])
        grown = slope * (moments[-1] - moments[0]) / float(np.median(sizes[:5]))
        return {
            "memory_growth_percent": round(100 * grown, 1),
            "memory_mb_a_minute": round(60 * slope, 2),
            "memory_of": life[0][2],
            "memory_watched_s": round(float(moments[-1] - moments[0])),
            "memory_mb": round(float(sizes[-1])),
        }

    def unexplained(self) -> list[str]:
        """Return the failures at moments when everything worked."""
        return [
            failure
            for began, ended, failure in self.promised.failures
            if not any(begin <= ended and began <= end for begin, end, _ in self.windows)
        ]


def search(url: str, ca: str, token: str, probe: Path) -> requests.Response:
    """Search the gallery whose lists are known, by the API."""
    form = {"case": PAIR, "purpose": PURPOSE, "gallery": KNOWN, "top": "20"}
    with requests.Session() as http:
        http.trust_env = False
        return http.post(
            f"{url}/api/v1/searches",
            data=form,
            files={"image": ("probe.jpg", probe.read_bytes())},
            headers={"Authorization": f"Bearer {token}"},
            verify=ca or True,
            timeout=60,
        )


def prepare(place: Place, people: int, think_s: float) -> tuple[list[dict[str, str]], list[Path]]:
    """Make galleries, cases and people with sessions and tokens, in this process; return who they are, and the probes."""
    os.environ.update(place.environment)
    from plainview.cli.start import start_django

    start_django()
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.log.channel import Channel, acting_through
    from plainview.casework.people.tokens import Wish, make_token
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import colleague, fill, session
    from plainview.cli.start import open_workspace

    open_workspace()
    named = {name: member_by_email(f"{name}@agency.example") for name in ("examiner", "admin", "auditor")}
    passport: dict[str, Any] = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    passport["expires_on"] = date(2099, 1, 1)
    probes = sorted(varied(place.folder / "probes", _PROBES).iterdir())
    who = []
    with acting_through(Channel("cli", {"os_user": "siege"})):
        fill(create_gallery(KNOWN, **passport, acting_member=named["admin"]), named["admin"], probes, _KNOWN_SIZE)
        create_gallery(GROWING, **passport, acting_member=named["admin"])
        open_case(PAIR, "robbery", acting_member=named["examiner"])
        pair = make_token(Wish(("all",)), acting_member=colleague(named["examiner"], people))[1]
        for number in range(people):
            role = "admin" if number % 5 == 4 else "auditor" if number % 10 == 8 else "examiner"
            member = colleague(named[role], number)
            token = "" if role == "auditor" else make_token(Wish(("all",)), acting_member=member)[1]
            who.append({"role": role, "session": session(member), "token": token, "pair": pair})
    services().close()
    services.cache_clear()
    _close()
    return who, probes


def known_lists(place: Place, token: str, ca: str, probes: list[Path]) -> dict[Path, list[tuple[str, str]]]:
    """Return the list of every probe, asked while nobody else does anything."""
    known = {}
    place.wait_for(lambda: search(place.url, ca, token, probes[0]).status_code == 201, _BACK_WITHIN_S)
    for probe in probes:
        answer = search(place.url, ca, token, probe)
        answer.raise_for_status()
        known[probe] = rows_of(answer.json())
    return known


def lost(promised: Promised) -> list[str]:
    """Compare what was acknowledged with the records; return what is missing or still there."""
    from plainview.casework.models import Candidate, Case, Reference

    cases = set(Case.objects.values_list("number", flat=True))
    missing = [f"case {number}" for number in promised.cases if number not in cases]
    stored = dict(Reference.objects.filter(gallery__name=GROWING).values_list("public_id", "template"))
    missing += [f"reference {public}" for public in promised.references if not stored.get(public)]
    missing += [f"{public} was erased and is there" for public in promised.erased if stored.get(public)]
    for key, rows in promised.searches.items():
        result = Candidate.objects.filter(search__public_id=key.split()[1]).order_by("rank")
        recorded = list(result.values_list("reference__public_id", flat=True))
        if recorded != [reference for reference, _ in rows]:
            missing.append(f"search {key}: {len(recorded)} candidates are recorded, {len(rows)} were shown")
    return missing


def unfinished(place: Place, promised: Promised) -> list[str]:
    """Wait for the jobs; return those that are not done, or whose pictures are not in the gallery once."""
    from plainview.casework.models import Job

    def states() -> dict[str, str]:
        return dict(Job.objects.filter(public_id__in=promised.jobs).values_list("public_id", "state"))

    place.wait_for(lambda: set(states().values()) <= {Job.State.DONE, Job.State.FAILED}, 120.0)
    result = states()
    return [f"{job}: {result.get(job)}" for job in promised.jobs if result.get(job) != Job.State.DONE]


def _close() -> None:
    from django.db import connections

    connections.close_all()


def besiege(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run a siege and return its figures."""
    place = Place(folder, arguments.on)
    try:
        who, probes = prepare(place, arguments.people, arguments.think)
        place.serve()
        ca = str(place.authority.root) if place.authority else ""
        known = known_lists(place, who[0]["pair"], ca, probes)
        promised = Promised()
        people = [
            Person(number, person["role"], place.url, place.cookie, ca, person["session"], person["token"],
                   person["pair"], known, promised, arguments.think)
            for number, person in enumerate(who)
        ]  # fmt: skip
        siege = Siege(place, people, promised, random.Random(arguments.seed))  # noqa: S311  moments, not secrets
        siege.run(arguments.minutes, arguments.every)
        jobs = unfinished(place, promised)
        place.end()
        missing = lost(promised)
        _close()
        verified = json.loads(place.run("audit", "verify", "--json", check=False).stdout)
        return figures(arguments, siege, missing, jobs, verified)
    finally:
        place.close()


def figures(
    arguments: argparse.Namespace, siege: Siege, missing: list[str], jobs: list[str], verified: dict[str, Any]
) -> dict[str, Any]:
    """Return what is printed."""
    promised, unexplained = siege.promised, siege.unexplained()
    spent = {
        f"{act}_p50_p95_ms": [round(1000 * float(np.quantile(took, at))) for at in (0.5, 0.95)]
        for act, took in sorted(promised.took.items())
    }
    # A caller who asks too often is asked to wait: a refusal that is meant.
    refused = {why: count for why, count in promised.refused.items() if ": 429" not in why}
    return {
        "on": arguments.on,
        "minutes": arguments.minutes,
        "people": arguments.people,
        "answered": sum(map(len, promised.took.values())),
        "acknowledged": {
            "cases": len(promised.cases),
            "references": len(promised.references),
            "erased": len(promised.erased),
            "searches": len(promised.searches),
            "jobs": len(promised.jobs),
        },
        "kills": siege.kills,
        "failures_while_one_restarted": len(promised.failures) - len(unexplained),
        "writes_lost": len(missing),
        "lists_wrong": len(promised.wrong_lists),
        "failures_unexplained": len(unexplained),
        "refusals_unexpected": sum(refused.values()),
        "not_restarted": sum(kill["back_s"] is None for kill in siege.kills),
        "jobs_unfinished": len(jobs),
        "log_and_rows_ok": bool(verified["ok"]),
        "log_entries": verified["entries"],
        **siege.growth(),
        **spent,
        "median_back_s": statistics.median([kill["back_s"] or _BACK_WITHIN_S for kill in siege.kills] or [0]),
        "problems": [*missing, *promised.wrong_lists, *unexplained, *refused, *jobs, *verified["problems"]][:40],
    }


def main() -> None:
    """Besiege, and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--people", type=int, default=100)
    options.add_argument("--on", choices=STEPS, default=STEPS[-1], help="each has what those before it have")
    options.add_argument("--default", dest="on", action="store_const", const=STEPS[0], help="SQLite, one server")
    options.add_argument("--every", type=float, default=60.0, help="seconds between two kills")
    options.add_argument("--think", type=float, default=20.0, help="seconds that a person thinks, on average")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="plainview-siege-", ignore_cleanup_errors=True) as folder:
        result = besiege(arguments, Path(folder))
    broken = [name for name, is_kept in LIMITS.items() if not is_kept(result[name])]
    if arguments.json:
        print(json.dumps(result))  # noqa: T201  the script's answer
    else:
        for name, value in result.items():
            mark = "" if name not in LIMITS else "  NOT KEPT" if name in broken else "  kept"
            print(f"{name:36} {value}{mark}")  # noqa: T201
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
