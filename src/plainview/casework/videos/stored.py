"""A stored video as a source of bytes: its sealed pieces, opened as the decoder needs them.

Owns finding the piece and remembering the last few. It must never read the database, because a thread of the decoder
calls it, nor write plain bytes to a disk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict

from plainview.casework.models import Video
from plainview.casework.workspace.services import services
from plainview.recognition.video.reader import VideoReader
from plainview.storage.base import BlobStore

_OPEN_PIECES = 4


def open_video(video: Video) -> VideoReader:
    """Open a stored video at the stream that it is about; close the reader after use.

    Raises:
        BadMedia: it cannot be opened.
        StorageError: a piece is missing or damaged.
    """
    return VideoReader(StoredVideo(video, services().blobs), stream=video.stream, listed=video.listed)


class StoredVideo:
    """A stored video as a recognition.video.types.Source."""

    def __init__(self, video: Video, blobs: BlobStore) -> None:
        pieces = list(video.parts.order_by("offset").values_list("offset", "blob"))
        self._offsets, self._digests = [piece[0] for piece in pieces], [piece[1] for piece in pieces]
        self._size, self._blobs = video.received, blobs
        self._open: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """Return the length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes.

        Raises:
            StorageError: a piece is missing or damaged.
        """
        out = bytearray()
        while len(out) < length:
            number = bisect_right(self._offsets, offset + len(out)) - 1
            start = offset + len(out) - self._offsets[number]
            more = self._part(number)[start : start + length - len(out)]
            if not more:
                break
            out += more
        return bytes(out)

    def _part(self, number: int) -> bytes:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        data = self._blobs.get(self._digests[number])
        self._open[number] = data
        if len(self._open) > _OPEN_PIECES:
            self._open.popitem(last=False)
        return data
