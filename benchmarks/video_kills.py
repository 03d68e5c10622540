"""Kill -9 a worker at random while it processes a video, again and again; nothing may be lost or done twice.

Processes one video without disturbance, then the same video while the worker is killed. The stills of
both must be the same. Prints one JSON object; exit code 1 when they differ.

    python benchmarks/video_kills.py [--kills 50] [--seconds 60] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORKER = """
import sys
from datetime import timedelta
from plainview.cli.start import start_django
start_django()
from plainview.casework import jobs
from plainview.casework.videos import process as video_process
from plainview.casework.workspace.services import services
jobs.LEASE = timedelta(seconds=0.2)  # a killed worker is replaced at once
real = video_process.segments.cut_up
video_process.segments.cut_up = lambda info, index: real(info, index, 2.0)
pk = int(sys.argv[1])
services().engine
print("ready", flush=True)
jobs.run(pk, video_process.process_video)
services().close()
"""


def main() -> int:
    """Print the figures; return 1 when the stills differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plainview-kills-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        result = measure(asked.kills, asked.seconds, random.Random(asked.seed))  # noqa: S311  not for secrets
    print(json.dumps(result))  # noqa: T201
    return 0 if result["same"] else 1


def measure(kills: int, seconds: float, chance: random.Random) -> dict[str, object]:
    """Make a workspace and a video, and process it twice."""
    from plainview.cli.setup import make_workspace

    make_workspace(sample=True)
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email

    open_case("K-1", "robbery", acting_member=member_by_email("examiner@agency.example"))
    data = _footage(seconds)
    calm, calm_job = _received(data)
    began = time.perf_counter()
    _work(calm_job)
    whole = time.perf_counter() - began
    wild, wild_job = _received(data)
    killed = by_hand = 0
    while killed < kills:
        if _work(wild_job, kill_after=chance.uniform(0.05, whole / 6)):
            killed += 1
        elif _again(wild):
            by_hand += 1
        else:
            break
    _work(wild_job)
    first, second = _stills(calm), _stills(wild)
    repeated = len(second) - len({json.dumps(still) for still in second})
    return {
        "kills": killed,
        "gone_on_by_hand": by_hand,
        "same": first == second,
        "stills": len(first),
        "stills_after_kills": len(second),
        "repeated": repeated,
        "lost": len([still for still in first if still not in second]),
        "state": _state(wild),
        "undisturbed_s": round(whole, 1),
    }


def _footage(seconds: float) -> bytes:
    from plainview.cli.bench.video import known_portraits
    from plainview.evaluation.footage import RATE, busy, film
    from plainview.recognition.engine import Engine

    walks, cuts = busy(known_portraits(None, 2, 1, Engine.load()), seconds, size=(960, 540), seed=3)
    options = {"preset": "ultrafast", "crf": "26", "g": "25"}
    return film(walks, int(seconds * RATE), size=(960, 540), cuts=cuts, options=options).data


def _received(data: bytes) -> tuple[int, int]:
    from plainview.casework.find import member_by_email
    from plainview.casework.videos.upload import add_part, begin_video, finish_video
    from plainview.policy.video import PART_BYTES

    member = member_by_email("examiner@agency.example")
    video = begin_video("K-1", "clip.mp4", len(data), acting_member=member)
    for offset in range(0, len(data), PART_BYTES):
        add_part(video.public_id, offset, data[offset : offset + PART_BYTES], acting_member=member)
    video, job = finish_video(video.public_id, acting_member=member)
    return video.pk, job.pk


def _work(job: int, kill_after: float | None = None) -> bool:
    """Run a worker on the job; return whether it was killed before it had ended."""
    process = subprocess.Popen(  # noqa: S603  this interpreter
        [sys.executable, "-c", _WORKER, str(job)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101
    with process.stdout:
        process.stdout.readline()  # it has loaded everything and begins
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            time.sleep(0.3)  # longer than the lease
            return True
    return False


def _again(video: int) -> bool:
    """Continue a video whose workers ended five times without storing anything, as a person would; False when done."""
    from plainview.casework.find import member_by_email
    from plainview.casework.models import Video
    from plainview.casework.videos.process import settle
    from plainview.casework.videos.upload import process_again

    settle()
    record = Video.objects.get(pk=video)
    if record.state != Video.State.FAILED:
        return False
    process_again(record.public_id, acting_member=member_by_email("examiner@agency.example"))
    return True


def _stills(video: int) -> list[list[object]]:
    from plainview.casework.models import Still

    rows = Still.objects.filter(video_id=video).select_related("track").order_by("pts", "frame", "box")
    return [[still.frame, still.frame_sha256, still.box, still.quality, still.track.person] for still in rows]


def _state(video: int) -> str:
    from plainview.casework.models import Video

    return str(Video.objects.get(pk=video).state)


if __name__ == "__main__":
    sys.exit(main())
