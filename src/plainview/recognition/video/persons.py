"""Groups the tracks of one video: which of them show the same person.

Owns the grouping, by templates that are made for this video, compared with each other only, and thrown away when
the video is done. It names nobody and compares with no gallery. Two faces that are seen in one frame are two
people, whatever their templates say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plainview.recognition.video.track import LOST_AFTER, MIN_IOU, iou
from plainview.recognition.video.types import Track

TOGETHER = 0.42
"""Mean cosine from which two groups of tracks are one person. Strangers reach .424 once in 10,000 comparisons with
the default pack; joining two people would hide one of them, parting one only shows a thumbnail twice."""

CONTINUES = 0.25
"""The same for two tracks of which one ends where and when the other begins, as at the border of segments."""

RETURNS = 0.30
"""The same for two tracks of which one begins where the other ended within `LINGERS`: strangers reach .30 once in 200
comparisons, and a stranger would have to take the same place within these seconds."""

AWAY = 0.10
"""The same where one of them is doubtful (a head turned away, a hand before the face), of which a template says little:
an eighth of all strangers reach .10, so place and time decide."""

LINGERS = 5.0
"""Seconds for which a place is taken to be somebody's: chosen, the time for which people look aside."""

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
    sure = [i for i in order if not tracks[i].doubtful]
    rows = [tracks[i] for i in sure]
    linked = _linked(rows[:_AT_ONCE], second) if rows else []
    numbers = dict(zip(sure, _added(rows, linked), strict=True))
    for i in order:
        if tracks[i].doubtful:
            numbers[i] = _person_of(tracks[i], {j: tracks[j] for j in numbers}, numbers, second)
    places = {number: place for place, number in enumerate(dict.fromkeys(numbers[i] for i in order))}
    return [places[numbers[i]] for i in range(len(tracks))]


def _person_of(track: Track, others: dict[int, Track], numbers: dict[int, int], second: int) -> int:
    """The person of a doubtful track: who was at its place just before or after, or who looks like it, or a new one."""
    seen = set(track.seen)
    together = {numbers[j] for j, other in others.items() if seen & set(other.seen)}
    free = {j: other for j, other in others.items() if numbers[j] not in together}
    scores = {j: float(other.template @ track.template) for j, other in free.items()}
    there = {j: score for j, score in scores.items() if score >= AWAY and _same_place(track, free[j], LINGERS * second)}
    alike = there or {j: score for j, score in scores.items() if score >= TOGETHER}
    if alike:
        return numbers[max(alike, key=lambda j: alike[j])]
    return max(numbers.values(), default=-1) + 1


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
            if not apart[i, j] and _continues(earlier, later, float(scores[i, j]), second):
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


def _continues(earlier: Track, later: Track, score: float, second: int) -> bool:
    """Whether the later track begins where and when the earlier one ended, and looks enough like it."""
    if later.first <= earlier.last:
        return False
    soon = score >= CONTINUES and _same_place(earlier, later, LOST_AFTER * second)
    return soon or (score >= RETURNS and _same_place(earlier, later, LINGERS * second))


def _same_place(a: Track, b: Track, within: float) -> bool:
    """Whether one track begins at most `within` after the other ended, at its place."""
    earlier, later = (a, b) if a.last < b.first else (b, a)
    return 0 < later.first - earlier.last <= within and iou(earlier.last_box, later.first_box) >= MIN_IOU
