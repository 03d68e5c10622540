"""Random samples of searches for review: pure functions, so that anyone with the log draws the same sample.

Owns how a seed is made and how it orders a population. Half of the seed is a root of the log that did not exist before the
draw was announced in it; the other half are words of the auditor, so that whoever runs the log cannot steer it either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.wording import counted

MAX_SAMPLE = 500
"""Most searches of one draw: chosen, what one person reviews in some weeks; their ids fit one entry."""

MAX_NONCE = 200
"""Characters of the auditor's words."""

IN_ORDER, QUESTION, BREACH = "in order", "question", "breach"
FINDINGS = (IN_ORDER, QUESTION, BREACH)
"""The findings of an auditor; a question is decided later, the other two are final."""


def seed_of(root: str, nonce: str, *, agency: str, wanted: int, since: str, stratified: bool) -> str:
    """The seed of a draw: SHA-256 (hex) of everything that was announced, and of the root that came of it.

    Args:
        root: hex root of the log that ends with the entry that announced the draw.
        nonce: the auditor's words.
        agency: id of the agency.
        wanted: how many searches.
        since: first day, ISO; "" for all.
        stratified: each member's searches are drawn in proportion.
    """
    told = json.dumps(["plainview-sample-1", root, nonce, agency, wanted, since, stratified])
    return hashlib.sha256(told.encode()).hexdigest()


def draw(population: Sequence[tuple[str, str]], wanted: int, seed: str, *, stratified: bool) -> list[str]:
    """Draw without putting back: the searches whose hash with the seed is smallest.

    Args:
        population: (id of the search, id of the member who searched), any order.
        wanted: how many; fewer when there are fewer.
        seed: as `seed_of`.
        stratified: as many of each member as their share of all searches, at least one where there is room.

    Returns:
        Ids in the order in which they were drawn.
    """
    order = sorted(population, key=lambda row: hashlib.sha256(f"{seed}:{row[0]}".encode()).digest())
    if not stratified:
        return [search for search, _ in order[:wanted]]
    places = _places(population, min(wanted, len(population)))
    drawn = []
    for search, member in order:
        if places.get(member, 0):
            places[member] -= 1
            drawn.append(search)
    return drawn


def _places(population: Sequence[tuple[str, str]], wanted: int) -> dict[str, int]:
    """Places of each member: one each first, the rest by the largest remainders; ties by id."""
    counts: dict[str, int] = {}
    for _, member in population:
        counts[member] = counts.get(member, 0) + 1
    members = sorted(counts, key=lambda name: (-counts[name], name))
    places = dict.fromkeys(members[:wanted], 1)
    for _ in range(wanted - len(places)):
        # Whose share of the places lags furthest behind their share of the searches: never one who has all of theirs.
        behind = max(members, key=lambda name: (counts[name] * wanted / len(population) - places[name], name))
        places[behind] += 1
    return places


def sample_asked(wanted: int, nonce: str) -> Decision:
    """Allow a draw with a size within the limit, and with words that become part of its seed."""
    if not 1 <= wanted <= MAX_SAMPLE:
        return Refused(
            "sample.size",
            "Sample not drawn",
            f"{counted(wanted, 'search was', 'searches were')} requested.",
            f"Draw 1 to {MAX_SAMPLE} searches.",
        )
    if not nonce.strip() or len(nonce) > MAX_NONCE:
        return Refused(
            "sample.nonce",
            "Sample not drawn",
            f"The words for the seed do not have 1 to {MAX_NONCE} characters.",
            "Type any words that you have told nobody: they make the draw your own.",
        )
    return Allow()


def finding_follows(before: str, finding: str, note: str) -> Decision:
    """Allow one of three findings on a search without a final one; all but "in order" need an explanation."""
    if finding not in FINDINGS:
        return Refused(
            "sample.finding",
            "Finding not recorded",
            f"There is no finding {finding!r}.",
            f"Choose one of: {', '.join(FINDINGS)}.",
        )
    if before not in ("", QUESTION):
        return Refused(
            "sample.found",
            "Finding not recorded",
            f"This search already has the finding {before}.",
            "A finding cannot be changed. Record a new finding with the next sample.",
        )
    if finding != IN_ORDER and len(note.split()) < _MIN_WORDS:
        return Refused(
            "sample.words",
            "Finding not recorded",
            f"A {finding} needs an explanation of at least {_MIN_WORDS} words.",
            "Explain it in a sentence.",
        )
    return Allow()


_MIN_WORDS = 3  # as examination.explained
