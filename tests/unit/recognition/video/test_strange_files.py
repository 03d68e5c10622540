"""Files as strangers send them: what is no picture is passed over, every frame is seen once, and what is wrong is named."""

from __future__ import annotations

import gc
import io
import json
import mmap
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.factories.clips import clip, remuxed
from tests.factories.pictures import exif, jpeg
from tests.factories.strange_videos import INPUTS, dav, glued, muxed, packets, raw, with_gap, without_index

import plainview
from plainview.casework.videos.passed import passed_over
from plainview.recognition.errors import BadMedia
from plainview.recognition.video import formats, wire
from plainview.recognition.video.child import _Rehearsal as Held
from plainview.recognition.video.decoding import Video
from plainview.recognition.video.process import VideoLimits
from plainview.recognition.video.reader import END_OF_VIDEO, VideoReader
from plainview.recognition.video.segment import cut_up
from plainview.recognition.video.types import BytesSource
from plainview.recognition.video.wire import Ask, Reply, Request, Say
from plainview.recognition.video.words import refusal


def decoded(data: bytes, stream: int = 0) -> tuple[list[int], VideoReader]:
    """The places of all frames, read segment by segment as a video is processed."""
    places: list[int] = []
    with VideoReader(BytesSource(data), VideoLimits(), stream=stream) as reader:
        index = reader.index()
        for segment in cut_up(reader.info, index, 0.5):
            reader.seek(segment.first)
            while (frame := reader.next(segment.first, segment.first, segment.end)) is not None:
                places += [frame.pts] if frame.pts >= segment.first else []
            shown = np.sort(reader.shown >> 2)
            assert (
                shown.tolist() == index.stamps[(index.stamps >= segment.first) & (index.stamps < segment.end)].tolist()
            )
        assert places == index.stamps.tolist()
    return places, reader


def refused(data: bytes, **options: int) -> BadMedia:
    with pytest.raises(BadMedia) as caught:
        decoded(data, **options)
    assert caught.value.why
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(("codec", "form"), [("libx264", "h264"), ("libx265", "hevc")])
def test_a_recorders_own_headers_between_the_units_are_passed_over(codec: str, form: str) -> None:
    # XMeye recorders (.h264) put 16 bytes of their own before each frame: FFmpeg knows such a file by its ending alone.
    units = raw(codec, form).split(b"\0\0\0\1")
    header = b"\0\0\1\xfc\x02\x19\x14\x0f" + bytes(range(1, 9)) + b"\0\0\0\1"
    assert len(decoded(header[:16] + header.join(units)[16:])[0]) == 30


def test_frames_that_were_looked_at_are_let_go() -> None:
    # A frame of a 4K video has 12 MB: a few hundred that wait for Python's collector are more than the child may have.
    limits = {"max_pixels": 2**20, "min_side": 16, "max_frames": 1000}
    video = Video(Held(clip(frames=40).data), limits, mmap.mmap(-1, 2**22), 0)
    video.index()
    video.seek(0)
    gc.disable()
    try:
        seen = [video.next_frame(Request(0, Ask.NEXT, 0, 0, wire.MAX_STAMP)).say for _ in range(30)]
        held = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert seen == [Say.FRAME] * 30
    assert held < 10


def test_frames_with_exif_of_a_camera_are_decoded() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mov") as made:
        stream = made.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(10):
            packet = av.Packet(jpeg((64, 48), exif=exif(orientation=1, taken="2020:01:02 03:04:05")))
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base, packet.is_keyframe = stream.time_base or Fraction(1, 25), True
            made.mux(packet)
    assert len(decoded(out.getvalue())[0]) == 10


@pytest.mark.parametrize(
    ("name", "frames"),
    [("video-with-aac-sound.mp4", 30), ("video-with-subtitles.mkv", 30), ("two-exports-glued.ts", 60)],
)
def test_what_strangers_sent_is_decoded_whole(name: str, frames: int) -> None:
    assert len(decoded((INPUTS / name).read_bytes())[0]) == frames


def strange(kind: str) -> bytes:
    h264, mpeg4 = clip(frames=30).data, clip("mpeg4", "avi", 30).data
    return {
        "MP4 with AAC": lambda: muxed("mp4", [h264], sound="aac"),
        "TS with MP2": lambda: muxed("mpegts", [h264], sound="mp2"),
        "MKV with AC-3 and a cover": lambda: muxed("matroska", [h264], sound="ac3", cover=True),
        "AVI with MP3, a name in no known script": lambda: muxed("avi", [mpeg4], sound="mp3", title="\xe9\xff\x80"),
        "FLV with sound": lambda: muxed("flv", [h264], sound="aac"),
        "MPEG-PS with sound": lambda: muxed("mpeg", [clip("mpeg2video", "mpegts", 30).data], sound="mp2"),
        "NUT": lambda: remuxed(h264, "nut"),
        "fragments": lambda: remuxed(h264, "mp4", options={"movflags": "frag_keyframe+empty_moov"}),
        "raw H.264": lambda: raw("libx264", "h264"),
        "raw H.265": lambda: raw("libx265", "hevc"),
        "raw MJPEG": lambda: raw("mjpeg", "mjpeg"),
        "DAV": dav,
        "DAV with H.265": lambda: dav(codec="libx265"),
        "AVI without index": lambda: without_index(mpeg4),
        "a codec of archives": lambda: clip("ffv1", "matroska", 30).data,
    }[kind]()


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [
        "MP4 with AAC",
        "TS with MP2",
        "MKV with AC-3 and a cover",
        "AVI with MP3, a name in no known script",
        "FLV with sound",
        "MPEG-PS with sound",
        "NUT",
        "fragments",
        "raw H.264",
        "raw H.265",
        "raw MJPEG",
        "DAV",
        "DAV with H.265",
        "AVI without index",
        "a codec of archives",
    ],
)
def test_every_frame_is_seen_whatever_is_around_it(kind: str) -> None:
    assert len(decoded(strange(kind))[0]) == 30


@pytest.mark.long
@pytest.mark.parametrize("container", ["mpegts", "matroska", "dav"])
def test_joined_exports_follow_each_other_and_keep_their_own_times(container: str) -> None:
    first, second = (
        (dav(begins=20), dav()) if container == "dav" else (clip("libx264", container, n).data for n in (30, 20))
    )
    with VideoReader(BytesSource(glued(first, second))) as reader:
        index, base = reader.index(), reader.info.time_base
    assert (len(index.parts), index.bad_packets) == (2, 0)
    with VideoReader(BytesSource(second)) as reader:
        listed = reader.index()
    alone = listed.stamps - listed.parts[0].offset
    part = index.parts[1]
    there = index.stamps[index.stamps >= part.first]
    assert (there - part.offset).tolist() == alone.tolist()
    assert float((part.first - index.stamps[index.stamps < part.first][-1]) * base) == pytest.approx(0.04, abs=0.002)
    places, _ = decoded(glued(first, second))
    assert len(places) == 30 + len(alone)


def test_a_frame_of_a_joined_file_is_found_again_from_anywhere() -> None:
    data = glued(*(clip("libx264", "mpegts", n).data for n in (50, 30)))
    with VideoReader(BytesSource(data)) as reader:
        index = reader.index()
        digests = {}
        reader.seek(int(index.stamps[0]))
        while (frame := reader.next(0, 0, END_OF_VIDEO)) is not None:
            digests[frame.pts] = frame.sha256
    assert list(digests) == index.stamps.tolist()
    with VideoReader(BytesSource(data), listed=index.listed) as reader:
        for number in (79, 3, 51, 50, 49):
            place = int(index.stamps[number])
            assert reader.frame_at(place, digests[place], number).pts == place


def test_a_hole_in_a_recording_is_a_damaged_place_and_a_join_is_none() -> None:
    whole = clip("mpeg2video", "mpegts", 50).data
    middle = len(whole) // 376 * 188  # MPEG-TS has packets of 188 bytes
    holed = whole[:middle] + whole[middle + 3 * 188 :]
    counts = []
    for data in (whole, glued(whole, whole), holed, glued(whole, holed)):
        with VideoReader(BytesSource(data)) as reader:
            counts.append(reader.index().bad_packets)
    assert counts == [0, 0, 1, 1]


def test_two_cameras_are_offered_and_a_preview_is_not() -> None:
    wide, narrow = clip(frames=30).data, clip("libx264", "mp4", 20).data
    data = muxed("mp4", [wide, narrow], sound="aac")
    with VideoReader(BytesSource(data)) as reader:
        assert [(row.codec, row.width, row.frames) for row in reader.info.streams] == [
            ("h264", 640, 30),
            ("h264", 640, 20),
        ]
        assert reader.info.stream == 1
    assert len(decoded(data, 2)[0]) == 20
    assert refused(data, stream=3).code == "no_such_stream"
    preview = io.BytesIO()
    with av.open(preview, "w", format="mp4") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(5):
            made.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
        made.mux(stream.encode(None))
    with VideoReader(BytesSource(muxed("mp4", [preview.getvalue(), wide]))) as reader:
        assert [row.width for row in reader.info.streams] == [640]


@pytest.mark.parametrize(
    ("container", "padding"), [("mp4", 0), ("mp4", 3_000_000), ("flv", 0), ("flv", 3_000_000), ("asf", 0)]
)
def test_a_recording_behind_another_is_read_or_said(container: str, padding: int) -> None:
    """FFmpeg goes on into the next recording of some containers, of some not: silence is the one thing that is wrong."""
    first = remuxed(clip(frames=30).data, container)
    data = first + bytes(padding) + first
    with VideoReader(BytesSource(data)) as reader:
        index = reader.index()
        entries = passed_over(index, reader.info.time_base, [], {}, 0)[0]
    said = any(f"at byte {len(first) + padding:,} of the file, and was not read" in row["reason"] for row in entries)
    assert said == (len(index.stamps) == 30)
    assert said or len(index.stamps) > 57
    assert said or container != "mp4"
    with VideoReader(BytesSource(first + bytes(padding))) as reader:
        assert reader.index().appended == 0


def test_a_counter_that_starts_again_after_a_day_is_no_new_part() -> None:
    """Recorders run for years; the counter of MPEG-TS ends after 26.5 hours. Here it does so within two seconds."""
    out = io.BytesIO()
    stream, rows = packets(clip(frames=50).data)
    begin = int((2**33 / 90_000 - 1) / stream.time_base)
    with av.open(out, "w", format="mpegts") as made:
        copy = made.add_stream_from_template(stream)
        for packet in rows:
            packet.pts, packet.dts, packet.stream = packet.pts + begin, packet.dts + begin, copy
            made.mux(packet)
    places, reader = decoded(out.getvalue())
    assert len(places) == 50
    with VideoReader(BytesSource(out.getvalue())) as again:
        assert len(again.index().parts) == 1
    assert max(np.diff(places)) * reader.info.time_base == pytest.approx(0.04, abs=0.001)


def test_an_encrypted_video_is_not_called_damaged() -> None:
    keys = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "76" * 16, "encryption_kid": "a7" * 16}
    assert "encrypted" in refused(remuxed(clip(frames=30).data, "mp4", options=keys)).why


def test_frames_before_time_nought_are_seen() -> None:
    """A Matroska file whose first second is before its time 0: FFmpeg gives these packets no time."""
    out = io.BytesIO()
    stream, rows = packets(clip(frames=50).data)
    with av.open(out, "w", format="matroska", options={"avoid_negative_ts": "disabled"}) as made:
        copy = made.add_stream_from_template(stream)
        for packet in rows:
            second = int(1 / packet.time_base)
            packet.pts, packet.dts = packet.pts - second, packet.dts - second
            packet.stream = copy
            made.mux(packet)
    places, reader = decoded(out.getvalue())
    assert len(places) == 50
    assert float((places[-1] - places[0]) * reader.info.time_base) == pytest.approx(1.96, abs=0.05)


def test_a_gap_keeps_its_length() -> None:
    places, reader = decoded(with_gap(3600))
    assert len(places) == 50
    assert float((places[-1] - places[0]) * reader.info.time_base) == pytest.approx(3601.96, abs=0.01)


def test_a_mirrored_recording_is_shown_as_ffmpeg_shows_it(tmp_path: Path) -> None:
    data = clip(frames=5).data
    with VideoReader(BytesSource(data)) as reader:
        reader.seek(0)
        plain = reader.next(0, 0, END_OF_VIDEO)
    for hflip, vflip, shown in ((True, False, np.fliplr), (False, True, np.flipud)):
        path = tmp_path / "mirrored.mp4"
        with av.open(io.BytesIO(data)) as source, av.open(str(path), "w", format="mp4") as made:
            copy = made.add_stream_from_template(source.streams.video[0])
            copy.set_display_rotation(0, hflip=hflip, vflip=vflip)
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.stream = copy
                    made.mux(packet)
        flipped = path.read_bytes()
        with VideoReader(BytesSource(flipped)) as reader:
            reader.seek(0)
            frame = reader.next(0, 0, END_OF_VIDEO)
        assert frame is not None
        assert plain is not None
        assert frame.mirrored
        assert np.array_equal(frame.pixels, shown(plain.pixels))


def test_a_codec_that_is_not_decoded_is_named() -> None:
    bad = refused(clip("targa", "avi", 5, "bgr24").data)
    assert (bad.code, "targa" in bad.why) == ("video_codec", True)
    tag = int.from_bytes(b"XV\x01R", "little")
    unknown = refusal(Reply(0, Say.REFUSED, wire.REFUSALS.index("video_codec"), wire.UNKNOWN, detail=tag), 1)
    assert "one that calls itself XVR" in unknown.why


def test_a_fault_of_our_own_is_told_as_ours_with_a_reference_that_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    code = wire.REFUSALS.index("fault")
    bad = refusal(Reply(0, Say.REFUSED, code, wire.FAULTS.index("TypeError"), detail=123), 1)
    assert bad.code == "fault"
    assert "harm" not in bad.why
    reference = bad.why.rpartition("Reference ")[2].rstrip(".")
    assert len(reference) == 9
    assert f"Reference {reference}: video decoder failed: TypeError at line 123" in caplog.text


def test_the_child_tells_a_fault_from_damage() -> None:
    """Runs in a process of its own: the child's modules load PyAV as the child does."""
    script = """
import json, av.error
from plainview.recognition.video.child import answer_to
from plainview.recognition.video import wire
said = []
for error in (AttributeError("x"), ImportError("y"), ValueError("discard"), MemoryError(), av.error.InvalidDataError(1, "z")):
    try:
        raise error
    except Exception as caught:
        reply = answer_to(caught, 1)
        said.append([wire.REFUSALS[reply.kind], wire.FAULTS[reply.codec], reply.detail])
print(json.dumps(said))
"""
    root = str(Path(plainview.__file__).parents[1])
    run = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": root}, capture_output=True, check=True)
    assert json.loads(run.stdout) == [
        ["fault", "AttributeError", 8],
        ["fault", "ImportError", 8],
        ["fault", "ValueError", 8],
        ["decoder_limit", "another error", 0],
        ["corrupt", "another error", 0],
    ]


def test_everything_of_pyav_is_imported_before_the_child_is_locked() -> None:
    script = """
import json, sys
from plainview.recognition.video import child
child.import_everything(); child.prepare(); child._rehearse()
import pkgutil, av
missing = [m.name for m in pkgutil.walk_packages(av.__path__, "av.") if m.name not in sys.modules]
print(json.dumps(missing))
"""
    root = str(Path(plainview.__file__).parents[1])
    run = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": root}, capture_output=True, check=True)
    assert json.loads(run.stdout) == ["av.__main__", "av.datasets"]


def test_every_demuxer_and_decoder_of_the_pinned_pyav_is_on_a_list() -> None:
    reading = {name for name in av.formats_available if _reads(name)}
    full = {av.format.ContainerFormat(name, "r").name for name in reading}
    aliases = {alias for name in full if "," in name for alias in name.split(",")}
    assert full - aliases - {"webm"} <= set(formats.DEMUXERS) | set(formats.EXCLUDED)
    assert not set(formats.DEMUXERS) & set(formats.EXCLUDED)
    assert not set(formats.CODECS) & set(formats.NAMED_CODECS)
    assert {"concat", "hls", "image2", "lavfi", "sdp", "rtsp", "vobsub"} <= set(formats.EXCLUDED)


def _reads(name: str) -> bool:
    try:
        return av.format.ContainerFormat(name, "r").is_input
    except ValueError:
        return False
