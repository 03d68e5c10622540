"""Notes about a video for people: what is unusual about its file, and how its faces lie in it. It must never write."""

from __future__ import annotations

from typing import Any

import numpy as np

from plainview.casework.models import Video
from plainview.policy.wording import counted
from plainview.recognition.video.types import FrameIndex, PictureStream, VideoInfo


def file_notes(info: VideoInfo, index: FrameIndex) -> list[str]:
    """Return notes about the file for people: missing parts, an uneven frame rate."""
    notes = []
    frames = len(index.stamps)
    if len(info.streams) > 1:
        notes.append(
            f"The file has {len(info.streams)} streams of pictures, as of several cameras. This is stream {info.stream}."
        )
    if len(index.parts) > 1:
        times = ", ".join(
            f"{float((part.first - index.stamps[0]) * info.time_base):,.1f} s" for part in index.parts[1:9]
        )
        more = "" if len(index.parts) <= 9 else " and later"
        notes.append(
            f"The time stamps start again {counted(len(index.parts) - 1, 'time')}, as in recordings that were joined: at "
            f"{times}{more}. Each part follows the one before it; a still also has the time of its own part."
        )
    if index.counted:
        notes.append("The file has no time stamps: times are counted from its frames at its stated or usual rate.")
    if info.announced_frames > frames:
        notes.append(
            f"The file announces {counted(info.announced_frames, 'frame')} and has {frames:,}: the others are missing, empty, or "
            "left out by its own edit list."
        )
    if index.bad_packets:
        notes.append(f"At {counted(index.bad_packets, 'place')} the file is damaged or incomplete, or was joined.")
    steps = np.diff(index.stamps)
    if len(steps) > 2 and int(np.median(steps)) > 0:
        uneven = float(np.mean(np.abs(steps - np.median(steps)) > 0.5 * np.median(steps)))
        if uneven > 0.02:
            notes.append("The frame rate varies: use the time of a frame, not its number and the rate.")
    return notes


def turned_notes(video: Video) -> list[str]:
    """Return notes on faces that were not upright in the recording, with their times."""
    notes = []
    for degrees, how in ((90, "sideways"), (180, "upside down"), (270, "sideways")):
        rows = video.stills.filter(turned=degrees).order_by("pts")
        if rows:
            times = [float((still.pts - video.begins) * video.base) for still in (rows[0], rows[len(rows) - 1])]
            notes.append(
                f"{counted(len(rows), 'still shows a face that is', 'stills show faces that are')} {how} in the "
                f"recording, from {times[0]:,.1f} s to {times[1]:,.1f} s; the frames are shown turned by {degrees}°."
            )
    return notes


def stream_json(stream: PictureStream) -> dict[str, Any]:
    """Return a stream of pictures as it is stored: codec, pixels, frames a second, seconds."""
    return {
        "codec": stream.codec,
        "width": stream.width,
        "height": stream.height,
        "rate": round(float(stream.rate), 3),
        "seconds": round(stream.seconds, 3),
    }
