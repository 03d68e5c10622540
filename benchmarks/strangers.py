"""Strangers' videos: what FFmpeg decodes of each file beside what Plainview does.

    python benchmarks/strangers.py FOLDER [--faces] [--json]

The reference decodes every picture stream of every file with PyAV (FFmpeg's libraries) in a process of its own, frame by
frame and nothing else. Plainview reads the same files through its restricted child, segment by segment, as `plainview video`
does. A file counts as `same` when every stream that Plainview offers has the reference's number of frames; as `reason` when
Plainview says why not (a refusal, or what was passed over); else as `wrong`. With `--faces` faces are looked for too, and
people counted. A folder with ANSI/NIST-ITL files gets the rows of strangers_exchange.py as well.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import av.error

from plainview.casework.videos.passed import announced_end, lost_places, passed_over
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.video.persons import group
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.segment import cut_up, process
from plainview.recognition.video.types import BytesSource

_EXCHANGE = (".an2", ".an", ".nist", ".eft", ".an2k")
_MINUTES = 20  # a file may take the reference


class _NoFaces:
    """An engine that finds nothing, where only frames are counted."""

    def glance(self, *_: object) -> list[Any]:
        return []


def reference(path: Path) -> dict[str, Any]:
    """What FFmpeg decodes: frames and seconds of each picture stream, and the kinds of all streams."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            kinds = [stream.type for stream in container.streams]
            pictures = [number for number, stream in enumerate(container.streams.video) if stream.codec_context]
        return {"streams": kinds, "pictures": [_decoded(path, number) for number in pictures]}
    except av.error.FFmpegError as error:
        return {"error": type(error).__name__, "streams": [], "pictures": []}


def _decoded(path: Path, number: int) -> dict[str, Any]:
    frames, times = 0, []
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.video[number]
        stream.thread_type = "AUTO"
        try:
            for packet in container.demux(stream):
                try:
                    for frame in packet.decode():
                        frames += 1
                        times += [frame.time] if frame.time is not None else []
                except av.error.FFmpegError:
                    continue
        except av.error.FFmpegError:  # the end cannot be read: what the decoder still has comes out
            frames += len(stream.codec_context.decode(None))
    seconds = round(max(times) - min(times), 3) if times else 0.0
    return {"frames": frames, "seconds": seconds}


def ours(path: Path, engine: Any, *, faces: bool) -> dict[str, Any]:
    """What Plainview decodes: the same of each stream that it offers, or its refusal."""
    source = BytesSource(path.read_bytes())
    try:
        with VideoReader(source) as reader:
            offered = len(reader.info.streams)
    except BadMedia as bad:
        return {"code": bad.code, "why": bad.why, "pictures": []}
    rows: list[dict[str, Any]] = []
    for number in range(1, offered + 1):
        try:
            rows.append(_looked(source, number, engine, faces=faces))
        except BadMedia as bad:
            rows.append({"frames": 0, "passed_over": [], "code": bad.code, "why": bad.why})
    refused = [line for line in rows if "code" in line]
    if refused and not any(line["frames"] for line in rows):
        return {"code": refused[0]["code"], "why": refused[0]["why"], "pictures": rows}
    return {"pictures": rows}


def _looked(source: BytesSource, number: int, engine: Any, *, faces: bool) -> dict[str, Any]:
    lost, tracks = [], []
    with VideoReader(source, stream=number) as reader:
        index = reader.index()
        for segment in cut_up(reader.info, index):
            detected = process(reader, segment, engine)
            lost.append(lost_places(detected, segment, index))
            tracks += detected.tracks
        base, end = reader.info.time_base, announced_end(reader.info, index)
    entries, none = passed_over(index, base, lost, {}, end)
    line: dict[str, Any] = {
        "frames": len(index.stamps) - len(none),
        "seconds": round(float((index.stamps[-1] - index.stamps[0]) * base), 3),
        "parts": len(index.parts),
        "passed_over": entries,
    }
    if faces:
        numbers = group(tracks, max(1, round(1 / base)))
        stills = [
            sum(len(track.stills) for track, own in zip(tracks, numbers, strict=True) if own == n) for n in set(numbers)
        ]
        line |= {"persons": len(stills), "stills": stills}
    return line


def compared(theirs: dict[str, Any], own: dict[str, Any]) -> str:
    """`same`, `reason`, `wrong`, or `neither` where FFmpeg decodes nothing and Plainview says so."""
    there = [line["frames"] for line in theirs["pictures"]]
    here = [line["frames"] for line in own["pictures"]]
    if not any(there) and not any(here):
        return "neither"
    if "code" in own:
        return "reason"
    if here and all(frames in there for frames in here) and max(here) == max(there):
        return "same"
    return "reason" if any(line["passed_over"] for line in own["pictures"]) else "wrong"


def table(folder: Path, *, faces: bool, results: Path | None) -> dict[str, Any]:
    """Compare every file of a folder; those that `results` has are not compared again."""
    engine: Any = Engine.load() if faces else _NoFaces()
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results and results.exists() else []
    done = {line["file"] for line in rows}
    for path in sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() not in _EXCHANGE):
        if path.name in done:
            continue
        answer = subprocess.run(  # noqa: S603 (this file, in a process of its own)
            [sys.executable, __file__, str(path), "--reference"],
            capture_output=True,
            timeout=_MINUTES * 60,
            check=False,
        )
        theirs = json.loads(answer.stdout or b'{"error": "crash", "streams": [], "pictures": []}')
        own = ours(path, engine, faces=faces)
        rows.append({"file": path.name, "ffmpeg": theirs, "plainview": own, "result": compared(theirs, own)})
        sys.stderr.write(f"{rows[-1]['result']:8} {path.name}\n")
        if results:
            with results.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    decodable = [line for line in rows if any(stream["frames"] for stream in line["ffmpeg"]["pictures"])]
    counts = {name: sum(line["result"] == name for line in decodable) for name in ("same", "reason", "wrong")}
    explained = counts["same"] + counts["reason"]
    return {
        "files": len(rows),
        "decoded_by_ffmpeg": len(decodable),
        **counts,
        "same_or_reason_share": round(explained / max(1, len(decodable)), 4),
        "rows": rows,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faces", action="store_true", help="look for faces too and count people")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", type=Path, help="file that keeps each result, so that an ended run goes on")
    parser.add_argument("--reference", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reference:
        sys.stdout.write(json.dumps(reference(asked.folder)))
        return
    result = table(asked.folder, faces=asked.faces, results=asked.keep)
    if any(path.suffix.lower() in _EXCHANGE for path in asked.folder.rglob("*")):
        try:
            exchange = importlib.import_module("strangers_exchange")
        except ModuleNotFoundError:
            result["exchange"] = "strangers_exchange.py is not there"
        else:
            result["exchange"] = exchange.rows(asked.folder)
    if asked.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    for line in result["rows"]:
        there = ", ".join(f"{stream['frames']}" for stream in line["ffmpeg"]["pictures"]) or "none"
        here = ", ".join(f"{stream['frames']}" for stream in line["plainview"]["pictures"])
        here = here or line["plainview"].get("code")
        sys.stdout.write(f"{line['result']:8} {line['file']:50} FFmpeg {there:>8}   Plainview {here}\n")
    sys.stdout.write(json.dumps({key: value for key, value in result.items() if key != "rows"}) + "\n")


if __name__ == "__main__":
    main()
