"""The words for a refused video; the child itself only sends numbers."""

from __future__ import annotations

from plainview.recognition.errors import BadMedia
from plainview.recognition.video.wire import REFUSALS, Reply

ALLOWED = "MP4, MOV and 3GP, Matroska and WebM, AVI, MPEG-TS, MPEG-PS, ASF or WMV, and FLV"
ALLOWED_CODECS = "H.264, H.265, MJPEG, MPEG-1, -2 and -4, H.263, WMV, VC-1, VP8, VP9, AV1 and DV"

_PLAIN = {
    "not_a_video": (
        f"The file is not a video in a known container. Allowed containers: {ALLOWED}.",
        "Check that this is the right file, whatever its name ends in. Export a recorder's own format with its player.",
    ),
    "video_format_not_allowed": (
        f"The container or codec of the video is not allowed. Allowed: {ALLOWED}, with {ALLOWED_CODECS}.",
        "Export the video from the recorder's player as MP4 with H.264, and keep the original.",
    ),
    "video_index_missing": (
        "The recording ended before its list of frames was written, so no frame can be found in it.",
        "Export the video from the recorder again. A forensic tool may recover parts of this file.",
    ),
    "no_video_stream": (
        "The file has sound or text but no moving pictures.",
        "Check that this is the right file.",
    ),
    "no_frames": ("No frame of the video can be decoded.", "Copy or export the whole file again."),
    "decoder_limit": (
        "Decoding took more time or memory than such a video needs; the file may have been made to do harm.",
        "Get the file again from its source. If it plays elsewhere, export it as MP4 with H.264.",
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
