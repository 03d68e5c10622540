"""Kill -9 the worker at random moments of jobs and steps; every job is done once, every step goes on.

    python benchmarks/worker_rounds.py [--kills 50] [--seed 1] [--json]

Asks for enrolments as a page does, one at a time, and runs real `plainview worker` processes, which are killed at
random; the lease of a job is shortened, so that a killed one is taken up at once. Then a last worker finishes, and the
script checks: every job is done, every picture is in the gallery once, the log verifies, no step is failing or stuck.
Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

_WORKER = """
import sys
from datetime import timedelta
from plainview.casework.workspace import folder
from plainview.cli.start import start_django
start_django()
from plainview.casework import jobs
from plainview.casework.enrolment import batches
from plainview.casework.upkeep import work
jobs.LEASE = work._LEASE = timedelta(seconds=1)
jobs._TRIES = 1000
batches.BATCH = 2
sys.argv = ["plainview", "worker"]
print("starts", flush=True)
from plainview.cli.main import main
main()
"""
PICTURES = 12  # of one job


def _pictures(number: int) -> list[tuple[str, io.BytesIO]]:
    from tests.factories.models import collins

    chance, face = np.random.default_rng(number), collins().pixels
    files = []
    for index in range(PICTURES):
        noisy = np.clip(face.astype(np.int16) + chance.integers(-12, 12, face.shape), 0, 255).astype(np.uint8)
        files.append((f"{number}-{index}.png", io.BytesIO(cv2.imencode(".png", noisy)[1].tobytes())))
    return files


def run(kills: int, longest: float, chance: random.Random, home: Path) -> dict[str, Any]:
    """Make a workspace, kill and check; return the figures."""
    os.environ["PLAINVIEW_HOME"] = str(home)
    from plainview.cli.setup import make_workspace

    make_workspace(sample=True)
    from plainview.casework.enrolment import intake
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.models import Gallery, Job

    admin = member_by_email("admin@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    create_gallery("g", **passport, expires_on=date(2999, 1, 1), acting_member=admin)
    asked = killed = killed_at_work = 0
    while killed < kills:
        if not Job.objects.filter(finished_at=None).exists():
            intake.ask_files(
                Gallery.objects.get().pk, _pictures(asked), source_url="https://x.example/", acting_member=admin
            )
            asked += 1
        process = _worker()
        time.sleep(chance.uniform(0.0, longest))
        killed_at_work += Job.objects.filter(state=Job.State.RUNNING).exists()
        process.kill()
        process.wait()
        killed += 1
    time.sleep(1.1)
    last, end = _worker(), time.monotonic() + 300
    while Job.objects.filter(finished_at=None).exists() and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(2.0)
    began = time.monotonic()
    last.terminate()
    last.wait()
    return {
        "kills": killed,
        "at_work": killed_at_work,
        "jobs": asked,
        **_check(asked),
        "end_s": round(time.monotonic() - began, 2),
    }


def _worker() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", _WORKER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    assert process.stdout is not None  # noqa: S101
    process.stdout.readline()
    return process


def _check(asked: int) -> dict[str, Any]:
    from collections import Counter

    from django.utils import timezone

    from plainview.casework.log.read import verify_log
    from plainview.casework.models import Job, Reference, WorkerStep

    names = Counter(Reference.objects.exclude(template=b"").values_list("file_name", flat=True))
    wanted = {f"{number}-{index}.png" for number in range(asked) for index in range(PICTURES)}
    problems = [f"a job is {job.state}: {job.note}" for job in Job.objects.exclude(state=Job.State.DONE)]
    problems += [f"{name} is missing" for name in sorted(wanted - set(names))]
    problems += [f"{name} is there {count} times" for name, count in names.items() if count > 1]
    steps = list(WorkerStep.objects.all())
    problems += [f"the step {step.name} fails: {step.error}" for step in steps if step.failures]
    late = timezone.now() - timedelta(hours=2)
    problems += [f"the step {step.name} is stuck" for step in steps if step.due_at < late or step.done_at is None]
    log = verify_log()
    problems += [] if log.ok else [f"the log does not verify: {log.problems}"]
    return {"pictures": sum(names.values()), "steps": len(steps), "entries": log.entries, "problems": problems}


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=50)
    options.add_argument(
        "--longest", type=float, default=4.0, help="seconds that a worker lives at most; a job takes two or three"
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))
    with tempfile.TemporaryDirectory(prefix="plainview-worker-") as folder:
        figures = run(chosen.kills, chosen.longest, random.Random(chosen.seed), Path(folder) / "workspace")  # noqa: S311
    print(json.dumps(figures) if chosen.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))  # noqa: T201
    sys.exit(bool(figures["problems"]))


if __name__ == "__main__":
    main()
