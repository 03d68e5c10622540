"""Reading samples for review: the population of a draw from the log, the findings, and what they say about the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from plainview.casework.log.read import entries_of, root_at
from plainview.casework.models import Agency, AuditSample, AuditSampleItem, LogEntry, Member
from plainview.policy.sampling import BREACH, QUESTION, draw, seed_of
from plainview.policy.wording import counted
from plainview.scores.proportions import exact_interval

SEARCHED = "search.requested"


def population(agency: Agency, size: int, since: date | None) -> list[tuple[str, str]]:
    """Return (search, member) of every search of the agency in the first `size` entries, from a day on, in order.

    It is read from the entries alone, so that anyone with a copy of the log gets the same.
    """
    rows = LogEntry.objects.filter(seq__lt=size)
    if since is not None:
        rows = rows.filter(at__gte=since.isoformat())
    return [
        (str(entry.subject["search"]), entry.actor)
        for entry in entries_of(SEARCHED, rows)
        if entry.subject.get("agency") == agency.public_id
    ]


def samples(member: Member) -> list[AuditSample]:
    """Return every draw of the member's agency, newest first."""
    rows = AuditSample.objects.filter(agency=member.agency).select_related("member")
    return list(rows.prefetch_related("items").order_by("-pk"))


def items_of(sample: AuditSample) -> list[AuditSampleItem]:
    """Return the drawn searches in order, with their findings."""
    rows = AuditSampleItem.objects.filter(sample=sample)
    return list(
        rows.select_related("search__case", "search__member", "search__gallery", "found_by").order_by("position")
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """The progress of a review, and what it says about all searches that could have been drawn.

    Attributes:
        drawn, population: numbers of searches, in the sample and in the population.
        counts: finding -> how many; "" counts those not reviewed.
        decided: searches found to be in order or in breach; not those with an open question.
        low, high: 95 % interval of the share of breaches, exact binomial, over `decided`.
        complete: every drawn search is decided; until then the interval covers only those reviewed so far.
    """

    drawn: int
    population: int
    counts: dict[str, int]
    decided: int
    low: float
    high: float
    complete: bool

    @property
    def text(self) -> str:
        """The overview in words."""
        if not self.decided:
            return f"None of the {counted(self.drawn, 'drawn search', 'drawn searches')} is decided yet."
        breaches = self.counts.get(BREACH, 0)
        said = (
            f"{breaches} of {self.decided} in breach: {100 * breaches / self.decided:.0f} %, 95 % interval "
            f"{100 * self.low:.1f} to {100 * self.high:.1f} % of all {self.population}."
        )
        return said if self.complete else f"{said} Not decided yet: {self.drawn - self.decided} of {self.drawn}."


def overview(sample: AuditSample) -> Overview:
    """Return the progress and the share of breaches of one draw."""
    counts = Counter(item.finding for item in sample.items.all())
    drawn = sum(counts.values())
    decided = drawn - counts[""] - counts[QUESTION]
    low, high = exact_interval(counts[BREACH], decided)
    return Overview(drawn, sample.population, dict(counts), decided, low, high, decided == drawn)


def drawn_again(sample: AuditSample) -> list[str]:
    """Repeat a draw from the log; return the problems in words, none when everything is the same."""
    problems = []
    root = root_at(sample.size).hex()
    if root != sample.root or sample.size != sample.asked_entry + 1:
        problems.append("The root is not that of the log when the draw was announced.")
    since = sample.since.isoformat() if sample.since else ""
    seed = seed_of(
        root,
        sample.nonce,
        agency=sample.agency.public_id,
        wanted=sample.wanted,
        since=since,
        stratified=sample.stratified,
    )
    if seed != sample.seed:
        problems.append("The seed does not follow from that root and the announcement.")
    rows = population(sample.agency, sample.size, sample.since)
    drawn = list(sample.items.order_by("position").values_list("search__public_id", flat=True))
    if len(rows) != sample.population or draw(rows, sample.wanted, seed, stratified=sample.stratified) != drawn:
        problems.append("The draw gives different searches.")
    return problems
