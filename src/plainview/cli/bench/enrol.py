"""Measures whole enrolment against its inference, and against a bare loop, in a sample workspace of its own.

The bare loop is what anyone would write with the same two networks: decode the file with OpenCV, look for faces once,
align each by the points of that look, and run the network once. It stores nothing.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.items import Item
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.enrolment.preparing import box_of
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Member
from plainview.casework.pictures import face_file
from plainview.casework.workspace.services import services
from plainview.recognition.detect import MIN_SCORE
from plainview.recognition.engine import Engine
from plainview.recognition.near import picture_hash
from plainview.recognition.quality import MIN_FACE_PX
from plainview.recognition.types import Detection, Picture

_SUFFIXES = (".jpg", ".jpeg", ".png")
_ROUNDS = 3


def measure(photographs: Path, images: int) -> dict[str, object]:
    """Enrol the photographs and return the figures."""
    items = [item for item in read_items(photographs) if item.path.suffix.lower() in _SUFFIXES][:images]
    admin = member_by_email("admin@agency.example")
    engine, decoder = services().engine, services().decoder
    decoded = [decoder.decode(item.path.read_bytes()) for item in items]
    stages = _stages(items)

    def inference() -> None:
        for picture in decoded:
            for face in engine.enrol_faces(picture):
                engine.reference_template(picture, face.detection)

    inference()
    _bare(engine, items)
    ratios, rates, speedups, cpu_ratios, to_bare, one_to_bare, cpu_ms, busy = [], [], [], [], [], [], [], []
    for i in range(_ROUNDS):
        limit, limit_cpu, _ = _spent(inference)
        _, bare_cpu, _ = _spent(partial(_bare, engine, items))
        one_core, own_cpu, one_cpu = _spent(partial(_enrolled, f"bench-{i}", items, admin, 1))
        two_cores, _, all_cpu = _spent(partial(_enrolled, f"both-{i}", items, admin, 2))
        ratios.append(one_core / limit)
        cpu_ratios.append(own_cpu / limit_cpu)
        speedups.append(one_core / two_cores)
        rates.append(len(items) / two_cores)
        to_bare.append(all_cpu / bare_cpu)
        one_to_bare.append(one_cpu / bare_cpu)
        cpu_ms.append((all_cpu / len(items) * 1e3, bare_cpu / len(items) * 1e3))
        busy.append(all_cpu / two_cores)
    services().close()
    return {
        "images": len(items),
        "images_per_s": round(statistics.median(rates), 2),
        "ratio_to_inference": round(statistics.median(ratios), 3),
        # Of this process alone, so that it means something on a busy machine; decoding is the child's.
        "cpu_ratio_to_inference": round(statistics.median(cpu_ratios), 3),
        # Of this process and the decoder's child, without their start.
        "ratio_to_bare": round(statistics.median(to_bare), 3),
        "ratio_to_bare_one_core": round(statistics.median(one_to_bare), 3),
        "cpu_ms_an_image": round(statistics.median(whole for whole, _ in cpu_ms), 2),
        "bare_cpu_ms_an_image": round(statistics.median(bare for _, bare in cpu_ms), 2),
        "cores_busy": round(statistics.median(busy), 2),
        "speedup_two_cores": round(statistics.median(speedups), 2),
        "stages": stages,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _stages(items: list[Item]) -> dict[str, float]:
    """Mean milliseconds of each stage of one picture, one picture after another."""
    engine, decoder = services().engine, services().decoder
    stages: dict[str, list[float]] = {
        "decode": [],
        "detect_and_quality": [],
        "template": [],
        "shown_face": [],
        "picture_hash": [],
    }
    for item in items:
        marks = [time.perf_counter()]
        picture = decoder.decode(item.path.read_bytes())
        marks.append(time.perf_counter())
        faces = engine.enrol_faces(picture)
        marks.append(time.perf_counter())
        for face in faces:
            engine.reference_template(picture, face.detection)
        marks.append(time.perf_counter())
        for face in faces:
            face_file(picture.pixels, item.name, box_of(face))
        marks.append(time.perf_counter())
        picture_hash(picture.pixels)
        marks.append(time.perf_counter())
        for name, begin, end in zip(stages, marks, marks[1:], strict=False):
            stages[name].append((end - begin) * 1e3)
    return {name: round(statistics.mean(times), 2) for name, times in stages.items()}


def _bare(engine: Engine, items: list[Item]) -> None:
    for item in items:
        pixels = np.asarray(cv2.imdecode(np.frombuffer(item.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
        picture = Picture(pixels, "", (pixels.shape[1], pixels.shape[0]))
        for face in engine.detector.looked(pixels, MIN_SCORE):
            box = (float(face[0]), float(face[1]), float(face[2]), float(face[3]))
            if box[2] >= MIN_FACE_PX:  # as enrolment does
                engine.plain_template(picture, Detection(box, face[4:14].reshape(5, 2), float(face[14])))


def _enrolled(name: str, items: list[Item], admin: Member, cores: int) -> None:
    create_gallery(
        name,
        legal_basis="benchmark",
        source="benchmark",
        owner="benchmark",
        expires_on=datetime.now(UTC).date() + timedelta(days=1),
        acting_member=admin,
    )
    enrol(name, items, acting_member=admin, cores=cores)


def _spent(work: Callable[[], None]) -> tuple[float, float, float]:
    """Return seconds by the clock, CPU seconds of this process, and of this process with its children."""
    began, own, children = time.perf_counter(), time.process_time(), _children()
    work()
    own_after = time.process_time() - own
    return time.perf_counter() - began, own_after, own_after + _children() - children


def _children() -> float:
    """CPU seconds of the children of this process, running and ended: the decoder."""
    ended, ticks = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime, stime (proc(5), counted from the state)
    return ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime
