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

_AT_ONCE = 1000
"""Tracks that are compared all with all, which takes seconds; the rest joins the people found by then."""


def group(tracks: Sequence[Track], second: int) -> list[int]:
    """Number the person of each track, from 0, in the order in which they are first seen.

    Average linkage: the two groups with the highest mean cosine are joined as long as it reaches `TOGETHER` and no
    frame shows both.

    Args:
        tracks: all tracks of the video, in any order; the answer does not depend on it.
        second: units of the time base a second.
    """
    order = sorted(range(len(tracks)), key=lambda i: (tracks[i].first, tracks[i].first_box, tracks[i].last))
    rows = [tracks[i] for i in order]
    linked = _linked(rows[:_AT_ONCE], second) if rows else []
    answer = [0] * len(rows)
    for i, number in enumerate(_added(rows, linked)):
        answer[order[i]] = number
    return answer


def _added(rows: Sequence[Track], numbers: list[int]) -> list[int]:
    """Give each track beyond those numbered to the person with the highest mean cosine, or a new one."""
    if len(numbers) == len(rows):
        return numbers
    people = max(numbers) + 1
    sums = [np.zeros(len(rows[0].template)) for _ in range(people)]
    sizes, seen = [0] * people, [set[int]() for _ in range(people)]
    for i, observation in enumerate(rows):
        if i < len(numbers):
            number = numbers[i]
        else:
            scores = [
                -2.0 if seen[k] & set(observation.seen) else float(sums[k] @ observation.template) / sizes[k]
                for k in range(len(sums))
            ]
            number = int(np.argmax(scores))
            if scores[number] < TOGETHER:
                number = len(sums)
                sums.append(np.zeros(len(observation.template)))
                sizes.append(0)
                seen.append(set())
            numbers.append(number)
        sums[number] += observation.template
        sizes[number] += 1
        seen[number] |= set(observation.seen)
    return numbers


def _linked(rows: Sequence[Track], second: int) -> list[int]:
    """Average linkage; numbers by first appearance, for tracks in that order."""
    templates = np.stack([observation.template for observation in rows]).astype(np.float64)
    scores = templates @ templates.T
    seen = [set(observation.seen) for observation in rows]
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
            answer[member] = number
    return answer


def _continues(earlier: Track, later: Track, second: int) -> bool:
    gap = later.first - earlier.last
    return 0 < gap <= 1.2 * second and iou(earlier.last_box, later.first_box) >= 0.3
