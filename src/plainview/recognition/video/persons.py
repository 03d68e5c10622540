"""Groups the tracks of one video: which of them show the same person.

Owns the grouping, by templates that are made for this video, compared with each other only, and thrown away when
the video is done. It names nobody and compares with no gallery. Two faces that are seen in one frame are two
people, whatever their templates say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plainview.recognition.video.track import iou
from plainview.recognition.video.types import Track

TOGETHER = 0.42
"""Mean cosine from which two groups of tracks are one person. A stranger reaches .424 once in 10,000 comparisons with
the default pack; joining two people would hide one of them, parting one only shows a thumbnail twice."""

CONTINUES = 0.25
"""The same for two tracks of which one ends where and when the other begins, as at the border of segments."""


def group(tracks: Sequence[Track], second: int) -> list[int]:
    """Number the person of each track, from 0, in the order in which they are first seen.

    Average linkage: the two groups with the highest mean cosine are joined as long as it reaches `TOGETHER` and no
    frame shows both.

    Args:
        tracks: all tracks of the video, in any order; the answer does not depend on it.
        second: units of the time base a second.
    """
    if not tracks:
        return []
    order = sorted(range(len(tracks)), key=lambda i: (tracks[i].first, tracks[i].first_box, tracks[i].last))
    rows = [tracks[i] for i in order]
    templates = np.stack([row.template for row in rows]).astype(np.float64)
    scores = templates @ templates.T
    seen = [set(row.seen) for row in rows]
    members = [[i] for i in range(len(rows))]
    sums = scores.copy()
    apart = np.array([[bool(a & b) for b in seen] for a in seen])
    for i, earlier in enumerate(rows):
        for j, later in enumerate(rows):
            if not apart[i, j] and scores[i, j] >= CONTINUES and _continues(earlier, later, second):
                sums[i, j] = sums[j, i] = max(sums[i, j], TOGETHER + scores[i, j])
    sizes = np.ones(len(rows))
    alive = np.ones(len(rows), bool)
    while True:
        mean = np.where(apart, -2.0, sums / np.outer(sizes, sizes))
        np.fill_diagonal(mean, -2.0)
        mean[~alive, :] = mean[:, ~alive] = -2.0
        i, j = sorted(map(int, np.unravel_index(int(mean.argmax()), mean.shape)))
        if mean[i, j] < TOGETHER:
            break
        members[i] += members[j]
        sums[i, :] += sums[j, :]
        sums[:, i] += sums[:, j]
        apart[i, :] |= apart[j, :]
        apart[:, i] |= apart[:, j]
        sizes[i] += sizes[j]
        alive[j] = False
    answer = [0] * len(rows)
    for number, first in enumerate(sorted(np.flatnonzero(alive), key=lambda i: min(members[i]))):
        for member in members[first]:
            answer[order[member]] = number
    return answer


def _continues(earlier: Track, later: Track, second: int) -> bool:
    gap = later.first - earlier.last
    return 0 < gap <= 1.2 * second and iou(earlier.last_box, later.first_box) >= 0.3
