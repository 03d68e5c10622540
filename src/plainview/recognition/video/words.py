"""The words for a refused video; the child itself only sends numbers."""

from __future__ import annotations

from plainview.recognition.errors import BadMedia, fault
from plainview.recognition.video.wire import ALL_CODECS, FAULTS, REFUSALS, Reply

USUAL = "MP4, MOV, Matroska, WebM, AVI, MPEG-TS, MPEG-PS, ASF or WMV, FLV, DAV, raw H.264 and H.265, and others"

_EXPORT = "Export the video from the recorder's player as MP4 with H.264, and keep the original."

_PLAIN = {
    "not_a_video": (
        f"The file is not a video in a known container. Known: {USUAL}.",
        "Check that this is the right file, whatever its name ends in. Export a recorder's own format with its player.",
    ),
    "video_format_not_allowed": (
        "The file is a playlist, a picture or raw data, which is not opened as a video.",
        "Choose the video file itself.",
    ),
    "video_index_missing": (
        "The recording ended before its list of frames was written, so no frame can be found in it.",
        "Export the video from the recorder again. A forensic tool may recover parts of this file.",
    ),
    "no_video_stream": (
        "The file has sound, text or a cover, but no moving pictures.",
        "Check that this is the right file.",
    ),
    "no_frames": (
        "No frame of the video can be decoded: the file is cut off, damaged or encrypted.",
        "Copy or export the whole file again, without a password.",
    ),
    "decoder_limit": (
        "The video is too large: decoding it took more time or memory than is allowed.",
        "Export only the part that matters, as MP4 with H.264, and keep the original.",
    ),
    "corrupt": (
        "The decoder failed on this video: its data is damaged, or was made to do harm.",
        "Get the file again from its source. Do not repair it by hand.",
    ),
}


def refusal(reply: Reply, max_pixels: int) -> BadMedia:
    """Say a refusal of the child in words."""
    code = REFUSALS[reply.kind]
    if code in _PLAIN:
        return BadMedia(code, *_PLAIN[code])
    if code == "fault":
        kind = FAULTS[reply.codec] if reply.codec < len(FAULTS) else FAULTS[0]
        return fault("video decoder", f"{kind} at line {reply.detail} in its child process")
    if code == "video_codec":
        return BadMedia(
            code, f"The pictures of this video are in a codec that is not decoded here: {_codec(reply)}.", _EXPORT
        )
    if code == "no_such_stream":
        return BadMedia(
            code,
            f"The file has {reply.detail} streams with moving pictures; another one was requested."
            if reply.detail > 1
            else "The file has one stream with moving pictures; another one was requested.",
            "Choose one of them.",
        )
    size = f"{reply.width:,} x {reply.height:,} pixels"
    if code == "too_many_pixels":
        return BadMedia(
            code,
            f"The frames of the video have {size}; the limit is {max_pixels:,} in all.",
            "Export the video at 4K or less, and keep the original.",
        )
    return BadMedia(
        code, f"The frames of the video have {size}, too few to compare a face.", "Export the video at its full size."
    )


def changed(frame: int) -> BadMedia:
    """A frame whose digest is not the recorded one."""
    return BadMedia(
        "frame_changed",
        f"Frame {frame} no longer decodes to the recorded picture.",
        "Process the video again. If the decoder has been updated since, record that in the case.",
    )


def _codec(reply: Reply) -> str:
    """Name of a codec, or its four-character code as far as it is letters and digits."""
    tag = "".join(
        chr(byte) for byte in reply.detail.to_bytes(4, "little") if chr(byte).isascii() and chr(byte).isalnum()
    )
    if reply.codec < len(ALL_CODECS):
        return ALL_CODECS[reply.codec]
    return f"one that calls itself {tag}" if tag else "one that FFmpeg has no decoder for"
