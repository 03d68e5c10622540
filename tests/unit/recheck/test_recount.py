"""Counting from entries alone: whose, of which days, and what each number means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.audit.merkle import Frontier
from plainview.audit.record import BadEntry, next_entry
from plainview.policy.reporting import Period
from plainview.recheck.recount import FEWEST_FOR_QUARTILES, Recount

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


class Log:
    """Makes entries one after the other and lets one agency's work be counted from them."""

    def __init__(self, agency: str = "A1") -> None:
        self.recount = Recount(agency)
        self._tree, self.at = Frontier(0, ()), NOON

    def write(self, action: str, actor: str = "M1", at: datetime | None = None, **subject: Any) -> None:
        self.at = at or self.at
        made = next_entry(
            self._tree,
            log="log.example",
            at=self.at,
            action=action,
            actor=actor,
            subject={"agency": "A1", **subject},
            secret={},
            previous_at=None,
        )
        self._tree = made.frontier
        self.recount.add(made.entry.canonical)

    def search(self, name: str, candidates: int | None = 3, **subject: Any) -> None:
        self.write(
            "search.requested",
            search=name,
            **({"offence": "robbery", "gallery": 1, "urgent": False} | subject),
        )
        if candidates is not None:
            self.write("search.answered", search=name, candidates=candidates)


def test_days_count_from_their_first_to_their_last_hundredth() -> None:
    log = Log()
    for day, time in (
        (date(2026, 2, 28), "23:59:59.99"),
        (date(2026, 3, 1), "00:00:00.00"),
        (date(2026, 3, 31), "23:59:59.99"),
        (date(2026, 4, 1), "00:00:00.00"),
    ):
        log.search(f"S{day}", at=datetime.fromisoformat(f"{day}T{time}+00:00"))
    counted = log.recount.figures(MARCH)
    assert counted["by_day"] == {"2026-03-01": 1, "2026-03-31": 1}
    assert counted["by_hour"] == {"00": 1, "23": 1}
    assert counted["by_weekday"] == {"2": 1, "7": 1}


def test_another_agencys_entries_and_answers_are_nobodys_here() -> None:
    log = Log()
    log.search("S1", candidates=0)
    log.search("S2", candidates=0, agency="A2")
    log.write("search.refused", agency="A2", rule="case.closed")
    log.write("examination.recorded", agency="A2", search="S2", conclusion="potential candidate")
    log.write("lead.released", agency="A2", lead="L2", search="S2", examination="E2")
    log.write("outcome.reported", agency="A2", lead="L2", outcome="cleared")
    log.write("flag.decided", agency="A2", rule="misuse.x", outcome="upheld")
    counted = log.recount.figures(MARCH)
    assert (counted["searches"], counted["without_candidate"], counted["leads"]) == (1, 1, 0)
    assert counted["refusals"] == counted["flags_decided"] == {}
    assert not any(counted["outcomes"].values())
    assert not any(counted["examinations"].values())


def test_nothing_similar_is_an_examined_search_without_any_potential_candidate() -> None:
    log = Log()
    for name, conclusions in {
        "S1": ["not a candidate", "inconclusive"],
        "S2": ["not a candidate", "potential candidate"],
        "S3": [],
    }.items():
        log.search(name)
        for word in conclusions:
            log.write("examination.recorded", search=name, conclusion=word)
    counted = log.recount.figures(MARCH)
    assert (counted["examined"], counted["nothing_similar"], counted["potential"]) == (2, 1, 1)
    assert counted["examinations"] == {"potential candidate": 1, "not a candidate": 2, "inconclusive": 1}


def test_of_several_outcomes_the_newest_of_the_period_counts_and_erased_work_does_not() -> None:
    log = Log()
    for name in ("S1", "S2"):
        log.search(name, urgent=True)
        log.write("lead.released", lead=f"L{name}", search=name, examination="E", at=log.at + timedelta(hours=1))
        log.write("lead.withheld", search=name, examination="E9")
    log.write("outcome.reported", lead="LS1", outcome="led nowhere")
    log.write("outcome.reported", lead="LS1", outcome="wrong person")
    log.write("outcome.reported", lead="LS2", outcome="cleared")
    log.write("search.erased", "system", search="S2", member="M1", why="not authorised")
    log.write("outcome.reported", lead="LS1", outcome="cleared", at=datetime(2026, 4, 2, tzinfo=UTC))
    counted = log.recount.figures(MARCH)
    assert {word: n for word, n in counted["outcomes"].items() if n} == {"wrong person": 1}
    assert (counted["searches"], counted["urgent"], counted["erased"], counted["answered"]) == (2, 2, 1, 1)
    assert (counted["leads"], counted["came_to_a_lead"], counted["withheld"]) == (1, 1, 1)
    april = log.recount.figures(Period(date(2026, 4, 1), date(2026, 4, 30)))
    assert (april["searches"], april["leads"], april["outcomes"]["cleared"]) == (0, 0, 1)


@given(st.lists(st.integers(1, 10**6), max_size=12))
def test_the_time_to_release_lies_between_its_quartiles(seconds: list[int]) -> None:
    log = Log()
    for number in range(len(seconds)):
        log.search(f"S{number}", at=NOON)
    for number, gap in enumerate(sorted(seconds)):
        log.write("lead.released", lead=f"L{number}", search=f"S{number}", at=NOON + timedelta(seconds=gap))
    spread = log.recount.figures(Period(date(2026, 3, 1), date(2026, 4, 1)))["seconds_to_release"]
    assert spread["leads"] == len(seconds)
    if len(seconds) < FEWEST_FOR_QUARTILES:
        assert spread["lower"] is spread["upper"] is None
    else:
        assert min(seconds) <= spread["lower"] <= spread["median"] <= spread["upper"] <= max(seconds)
    assert (spread["median"] is None) == (not seconds)


@given(
    st.lists(
        st.tuples(st.sampled_from(["A1", "A2"]), st.integers(0, 90), st.sampled_from(["theft", "fraud"])),
        max_size=15,
    )
)
def test_every_table_of_searches_adds_up_to_their_number(rows: list[tuple[str, int, str]]) -> None:
    log = Log()
    for number, (agency, day, offence) in enumerate(sorted(rows, key=lambda row: row[1])):
        log.search(f"S{number}", agency=agency, offence=offence, gallery=day % 3, at=NOON + timedelta(days=day))
    counted = log.recount.figures(MARCH)
    mine = [row for row in rows if row[0] == "A1" and row[1] <= 30]
    assert counted["searches"] == len(mine)
    for table in ("by_offence", "by_gallery", "by_day", "by_hour", "by_weekday"):
        assert sum(counted[table].values()) == len(mine)
    assert sum(row["searches"] for row in counted["by_member"].values()) == len(mine)
    april = Period(date(2026, 4, 1), date(2026, 4, 30))
    both = log.recount.figures(Period(MARCH.since, april.until))["searches"]
    assert both == counted["searches"] + log.recount.figures(april)["searches"]


def test_what_is_no_entry_is_not_passed_over() -> None:
    for data in (b"", b"{}", b'{"action":"search.requested"}'):
        with pytest.raises(BadEntry):
            Recount("A1").add(data)
