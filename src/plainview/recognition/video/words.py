"""The words for a refused video; the child itself only sends numbers."""

from __future__ import annotations

from plainview.recognition.errors import BadMedia
from plainview.recognition.video.wire import REFUSALS, Reply

ALLOWED = "MP4, MOV and 3GP, Matroska and WebM, AVI, MPEG-TS, MPEG-PS, ASF or WMV, and FLV"
ALLOWED_CODECS = "H.264, H.265, MJPEG, MPEG-1, -2 and -4, H.263, WMV, VC-1, VP8, VP9, AV1 and DV"

_PLAIN = {
    "not_a_video": (
        f"The file is not a video in a known container; allowed are {ALLOWED}.",
        "Check that this is the file you mean, whatever its name ends in; a recorder's own format is exported by its player.",
    ),
    "video_format_not_allowed": (
        f"Its container or codec is not allowed; allowed are {ALLOWED}, with {ALLOWED_CODECS}.",
        "Export it from the recorder's player as MP4 with H.264, and keep the original.",
    ),
    "video_index_missing": (
        "The recording broke off before its list of frames was written, so no frame can be found in it.",
        "Export it from the recorder again; what remains of this file may be saved with a forensic tool.",
    ),
    "no_video_stream": (
        "The file has sound or text but no moving pictures.",
        "Check that this is the file you mean.",
    ),
    "no_frames": ("No frame of the video can be decoded.", "Copy or export the whole file again."),
    "decoder_limit": (
        "Decoding took more time or memory than a video of its kind needs; it may have been built to do harm.",
        "Get the file again from its source; export it as MP4 with H.264 if it plays elsewhere.",
    ),
    "corrupt": (
        "The video made its decoder fail, so its data is damaged or was built to do harm.",
        "Get the file again from its source; do not repair it by hand.",
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
            f"Its frames have {size}; the limit is {max_pixels:,} in all.",
            "Export it at 4K or less, and keep the original.",
        )
    return BadMedia(code, f"Its frames have {size}; no face can be compared.", "Export it at its full size.")


def changed(frame: int) -> BadMedia:
    """A frame whose digest is not the recorded one."""
    return BadMedia(
        "frame_changed",
        f"Frame {frame} does not decode to what it was when it was recorded.",
        "Process the video again; if the decoder was updated since, say so in the case.",
    )
