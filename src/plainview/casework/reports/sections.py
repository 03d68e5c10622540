"""A report's numbers as tables and charts with their words: what its page, PDF, CSV and command print alike.

Owns the words. It reads no database: everything comes from the report itself, so that a kept report reads the same later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from plainview.casework.reports.tables import Cell, Chart, Section, buckets, duration
from plainview.policy.examination import OUTCOMES, REMIND_DAYS
from plainview.policy.proficiency import Share
from plainview.policy.reporting import COMMON_CASES, PROFICIENCY_DAYS

SYSTEM = "raised by alerts"
"""Who asked a search that an alert raised."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST = 15  # bars of a chart; a table has every row


def sections(report: Mapping[str, Any]) -> list[Section]:
    """Every table of a report, in the order in which it is read."""
    return list(_Reader(report).sections())


class _Reader:
    def __init__(self, report: Mapping[str, Any]) -> None:
        self._report = report
        self._now: dict[str, Any] = report["counted"]
        self._then: dict[str, Any] | None = report["counted_before"]
        self._records: dict[str, Any] = report["records"]
        self._records_then: dict[str, Any] | None = report["records_before"]
        self._due: dict[str, Any] = report["due"]
        self._people: dict[str, str] = report["names"]["members"]

    def sections(self) -> Iterator[Section]:
        yield self._glance()
        yield self._time()
        yield self._hours()
        yield self._members()
        yield self._words("offences", "Searches by offence", "Offence", "by_offence")
        galleries = self._report["names"]["galleries"]
        yield self._words("galleries", "Searches by gallery", "Gallery", "by_gallery", galleries)
        yield self._purposes()
        yield self._refusals()
        yield self._agreement()
        yield self._release()
        yield self._outcomes()
        yield self._training()
        yield self._proficiency()
        yield self._reviews()
        yield self._flags()

    def _heads(self, *words: str) -> tuple[str, ...]:
        """With a column for the other period, if there is one."""
        return (*words, "Before") if self._then is not None else words

    def _row(self, label: str, count: Cell, before: Cell) -> tuple[Cell, ...]:
        return (label, count, before) if self._then is not None else (label, count)

    def _pairs(self, now: Mapping[str, int], then: Mapping[str, int] | None) -> list[tuple[str, int, int]]:
        """Rows of two counts, the larger first; a word of either period has its row."""
        words = dict.fromkeys([*now, *(then or {})])
        rows = [(word, now.get(word, 0), (then or {}).get(word, 0)) for word in words]
        return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))

    def _chart(self, title: str, rows: Sequence[tuple[str, int, int]], *, lying: bool = True) -> Chart | None:
        if not any(now or then for _, now, then in rows):
            return None
        shown = rows[:_MOST] if lying else rows
        before = tuple(then for *_, then in shown) if self._then is not None else None
        return Chart(title, tuple(label for label, *_ in shown), tuple(now for _, now, _ in shown), before, lying)

    def _table(
        self,
        key: str,
        title: str,
        note: str,
        head: str,
        rows: Sequence[tuple[str, int, int]],
        *,
        what: str = "Searches",
    ) -> Section:
        told = tuple(self._row(*row) for row in rows)
        return Section(key, title, note, self._heads(head, what), told, self._chart(title, rows))

    def _glance(self) -> Section:
        steps = [
            ("Searches", "searches"),
            ("Answered", "answered"),
            ("Examined", "examined"),
            ("With a candidate found similar", "potential"),
            ("Came to a lead", "came_to_a_lead"),
        ]
        others = [
            ("Answered without a candidate", "without_candidate"),
            ("Examined, and no candidate found similar", "nothing_similar"),
            ("Urgent, without approval beforehand", "urgent"),
            ("Erased: not authorised in time, or by a rule of retention", "erased"),
            ("Raised by alerts", "by_alerts"),
        ]
        then = self._then or {}
        rows = [(label, self._now[name], then.get(name, 0)) for label, name in (*steps, *others)]
        refused = ("Refused acts", _sum(self._now["refusals"]), _sum(then.get("refusals", {})))
        note = "What has come of the searches that were asked in the period, up to now. Similar is not identified."
        return Section(
            "glance",
            "At a glance",
            note,
            self._heads("What", "Count"),
            tuple(self._row(*row) for row in (*rows, refused)),
            self._chart("From search to lead", rows[: len(steps)]),
        )

    def _time(self) -> Section:
        now = buckets(self._now["by_day"], self._report["period"])
        then = buckets(self._then["by_day"], self._report["before"]) if self._then else []
        rows = [
            (one[0] if one else other[0], one[1] if one else 0, other[1] if other else 0)
            for one, other in zip_longest(now, then)
        ]
        chart = self._chart("Searches by time", rows, lying=False)
        told = tuple(self._row(*row) for row in rows if row[1] or row[2])
        note = "Days of UTC." + (
            " The other period lies beside it from its own first day on." if self._then is not None else ""
        )
        heads = self._heads("From", "Searches")
        return Section("time", "Searches by time", note, heads, told, chart, chart_only=True)

    def _hours(self) -> Section:
        then = self._then or {}
        rows = [
            (
                f"{hour:02}",
                self._now["by_hour"].get(f"{hour:02}", 0),
                then.get("by_hour", {}).get(f"{hour:02}", 0),
            )
            for hour in range(24)
        ]
        days = [
            (name, self._now["by_weekday"].get(str(i), 0), then.get("by_weekday", {}).get(str(i), 0))
            for i, name in enumerate(_WEEKDAYS, 1)
        ]
        told = tuple(
            self._row(f"{label}:00" if label.isdigit() else label, *counts) for label, *counts in (*rows, *days)
        )
        weekend = sum(count for _, count, _ in days[5:])
        return Section(
            "hours",
            "Searches by hour and weekday",
            f"Hours of UTC. On Saturdays and Sundays: {weekend}.",
            self._heads("Hour or day", "Searches"),
            told,
            self._chart("Searches by hour", rows, lying=False),
            chart_only=True,
        )

    def _members(self) -> Section:
        then = (self._then or {}).get("by_member", {})
        told = []
        for who in self._now["by_member"].keys() | then.keys():
            row = self._now["by_member"].get(who, {})
            counts = [
                row.get(name, 0)
                for name in (
                    "searches",
                    "without_candidate",
                    "refused",
                    "examinations",
                    "verifications",
                    "leads",
                )
            ]
            before = [then.get(who, {}).get("searches", 0)] if self._then is not None else []
            told.append((self._name(who), *counts, *before))
        told.sort(key=lambda row: (-row[1], row[0]))
        heads = (
            "Member",
            "Searches",
            "Without a candidate",
            "Refused",
            "Examined",
            "Verified",
            "Leads of theirs",
        )
        return Section(
            "members",
            "By member",
            "A number says how much somebody did, not how well.",
            (*heads, *(("Searches before",) if self._then is not None else ())),
            tuple(told),
        )

    def _name(self, who: str) -> str:
        return SYSTEM if who == "system" else self._people.get(who, who)

    def _words(self, key: str, title: str, head: str, name: str, names: Mapping[str, str] | None = None) -> Section:
        rows = self._pairs(self._now[name], self._then[name] if self._then else None)
        if names is not None:
            rows = [(names.get(word, word), now, then) for word, now, then in rows]
        return self._table(key, title, "", head, rows)

    def _purposes(self) -> Section:
        now, then = (
            self._records["purposes"],
            (self._records_then or {}).get("purposes", {"named": {}, "own_words": 0}),
        )
        rows = self._pairs(now["named"], then["named"])
        if now["own_words"] or then["own_words"]:
            rows.append(("in words of their own", now["own_words"], then["own_words"]))
        note = (
            f"Purposes of the policy's list, and others that {COMMON_CASES} cases or more state. The rest is counted "
            "together: its words may tell of a person. The log holds purposes sealed."
        )
        return self._table("purposes", "Searches by purpose", note, "Purpose", rows)

    def _refusals(self) -> Section:
        def flat(told: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
            return {(act, rule): count for act, rules in told.items() for rule, count in rules.items()}

        now, then = flat(self._now["refusals"]), flat((self._then or {}).get("refusals", {}))
        keys = sorted(now.keys() | then.keys(), key=lambda key: (-now.get(key, 0), key))
        rows = tuple(
            (
                rule,
                act.removesuffix(".refused"),
                *self._row("", now.get((act, rule), 0), then.get((act, rule), 0))[1:],
            )
            for act, rule in keys
        )
        note = "Each names the rule that said no; what the rules say stands in the policy."
        return Section("refusals", "Refusals by rule", note, self._heads("Rule", "Act", "Refused"), rows, keys=2)

    def _agreement(self) -> Section:
        now, then = self._records["agreement"], (self._records_then or {}).get("agreement")

        def share(told: Mapping[str, Any] | None) -> Cell:
            return Share(told["agreed"], told["verified"]).text if told else None

        rows: list[tuple[Cell, ...]] = [
            self._row("Verified for the first time", now["verified"], then["verified"] if then else None),
            self._row("The verifier agreed with the examiner", share(now), share(then)),
            *(
                self._row(f"The verifier concluded: {word}", count, then["conclusions"][word] if then else None)
                for word, count in now["conclusions"].items()
            ),
            self._row("A third person's look", now["third_looks"], then["third_looks"] if then else None),
        ]
        for who in now["by_examiner"]:
            earlier = then["by_examiner"].get(who) if then else None
            rows.append(
                self._row(f"Examined by {self._name(who)}, agreed", share(now["by_examiner"][who]), share(earlier))
            )
        note = "Verifiers do not know what the examiner concluded. Faces whose answer is known are not among these."
        return Section("verification", "Examiner against verifier", note, self._heads("What", "Count"), tuple(rows))

    def _release(self) -> Section:
        now, then = self._now, self._then
        time, earlier = now["seconds_to_release"], (then or {}).get("seconds_to_release", {})
        rows = [
            self._row("Leads released", now["leads"], then["leads"] if then else None),
            self._row(
                "Not released, by a supervisor's decision",
                now["withheld"],
                then["withheld"] if then else None,
            ),
            *(
                self._row(f"From search to release, {words}", duration(time[name]), duration(earlier.get(name)))
                for words, name in (
                    ("median", "median"),
                    ("a quarter took at most", "lower"),
                    ("three quarters took at most", "upper"),
                )
            ),
        ]
        return Section(
            "release",
            "Leads and the time to them",
            "Quartiles are shown from four leads on.",
            self._heads("What", "Value"),
            tuple(rows),
        )

    def _outcomes(self) -> Section:
        then = (self._then or {}).get("outcomes", {})
        rows = [(word, self._now["outcomes"][word], then.get(word, 0)) for word in OUTCOMES]
        note = (
            f"Reported in the period; the newest report of a lead counts. Now {self._due['outcomes_due']} leads have been "
            f"without an outcome for {REMIND_DAYS} days or more."
        )
        return self._table("outcomes", "What came of leads", note, "Outcome", rows, what="Leads")

    def _training(self) -> Section:
        held = self._due["training"]
        rows = tuple(
            (self._name(row["member"]), row["role"], row["until"], row["state"])
            for row in held
            if row["state"] != "current"
        )
        current = sum(row["state"] == "current" for row in held)
        note = f"As of now. {current} of {len(held)} trainings are current for more than a month."
        return Section("training", "Training due or expired", note, ("Member", "Role", "Until", "State"), rows, keys=2)

    def _proficiency(self) -> Section:
        told = self._due["proficiency"]
        rows = tuple((self._name(row["member"]), row["last"]) for row in told["people"] if row["due"])
        note = f"As of now: verifiers without an answer on a face with a known answer in {PROFICIENCY_DAYS} days." + (
            "" if told["items"] else " The agency has no such faces: nobody's proficiency is measured."
        )
        return Section("proficiency", "Proficiency due", note, ("Verifier", "Last answer"), rows)

    def _reviews(self) -> Section:
        told, then = self._due["review"], self._then
        rows = (
            self._row(
                "Reviews of the log in the period",
                self._now["log_reviews"],
                then["log_reviews"] if then else None,
            ),
            self._row("Last review", told["last"], None),
            self._row("Reviewed up to entry", told["up_to"], None),
            self._row("Next review due", f"{told['due']}, overdue" if told["overdue"] else told["due"], None),
        )
        return Section(
            "reviews",
            "Reviews of the log",
            "An auditor reviews it every week.",
            self._heads("What", "Value"),
            rows,
        )

    def _flags(self) -> Section:
        def flat(told: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
            return {(rule, word): count for rule, words in told.items() for word, count in words.items()}

        now, then = flat(self._now["flags_decided"]), flat((self._then or {}).get("flags_decided", {}))
        rows = tuple(
            (rule, word, *self._row("", now.get((rule, word), 0), then.get((rule, word), 0))[1:])
            for rule, word in sorted(now.keys() | then.keys())
        )
        note = "Signs of misuse that an auditor decided on in the period."
        if self._due["flags_open"] is not None:
            note += (
                f" {self._now['flags_raised']} were raised in it; {self._due['flags_open']} wait for a decision now."
            )
        return Section(
            "flags",
            "Flags and what was decided",
            note,
            self._heads("Rule", "Decision", "Flags"),
            rows,
            keys=2,
        )


def _sum(nested: Mapping[str, Mapping[str, int]]) -> int:
    return sum(count for words in nested.values() for count in words.values())
