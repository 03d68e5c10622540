"""A report's figures as tables and charts, the same on its page, in its PDF and CSV, and on the command line.

Owns their texts. It must never read the database: everything comes from the report, so that an old one reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from plainview.casework.reports.tables import Cell, Chart, Section, buckets, duration
from plainview.policy.examination import OUTCOMES, REMIND_DAYS
from plainview.policy.proficiency import Share
from plainview.policy.reporting import COMMON_CASES, PROFICIENCY_DAYS
from plainview.policy.wording import counted

SYSTEM = "raised by alerts"
"""The requester of a search that an alert raised."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST = 15  # bars in a chart; the table has every row


def sections(report: Mapping[str, Any]) -> list[Section]:
    """Return every table of a report, in reading order."""
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
        """Return the heads, with a column for the earlier period, if there is one."""
        return (*words, "Before") if self._then is not None else words

    def _row(self, label: str, count: Cell, before: Cell) -> tuple[Cell, ...]:
        return (label, count, before) if self._then is not None else (label, count)

    def _pairs(self, now: Mapping[str, int], then: Mapping[str, int] | None) -> list[tuple[str, int, int]]:
        """Return rows of two counts, largest first, for the words of either period."""
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
        noun: str = "Searches",
    ) -> Section:
        cells = tuple(self._row(*row) for row in rows)
        return Section(key, title, note, self._heads(head, noun), cells, self._chart(title, rows))

    def _glance(self) -> Section:
        steps = [
            ("Searches", "searches"),
            ("Answered", "answered"),
            ("Examined", "examined"),
            ("With a potential candidate", "potential"),
            ("Led to a lead", "came_to_a_lead"),
        ]
        others = [
            ("Answered without a candidate", "without_candidate"),
            ("Examined without a potential candidate", "nothing_similar"),
            ("Urgent, without prior approval", "urgent"),
            ("Erased: not authorised in time, or by a retention rule", "erased"),
            ("Raised by alerts", "by_alerts"),
            ("Asked for by programs, through the API", "by_programs"),
        ]
        then = self._then or {}
        rows = [(label, self._now[name], then.get(name, 0)) for label, name in (*steps, *others)]
        refused = ("Refused actions", _sum(self._now["refusals"]), _sum(then.get("refusals", {})))
        note = "Results so far of the searches requested in the period. A candidate is similar, not identified."
        return Section(
            "glance",
            "At a glance",
            note,
            self._heads("Figure", "Count"),
            tuple(self._row(*row) for row in (*rows, refused)),
            self._chart("From search to lead", rows[: len(steps)]),
        )

    def _time(self) -> Section:
        now = buckets(self._now["by_day"], self._report["period"])
        then = buckets(self._then["by_day"], self._report["before"]) if self._then else []
        rows = [
            (bucket[0] if bucket else other[0], bucket[1] if bucket else 0, other[1] if other else 0)
            for bucket, other in zip_longest(now, then)
        ]
        chart = self._chart("Searches by time", rows, lying=False)
        cells = tuple(self._row(*row) for row in rows if row[1] or row[2])
        note = "Days in UTC." + (
            " The earlier period is aligned on its own first day." if self._then is not None else ""
        )
        heads = self._heads("From", "Searches")
        return Section("time", "Searches by time", note, heads, cells, chart, chart_only=True)

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
        cells = tuple(
            self._row(f"{label}:00" if label.isdigit() else label, *counts) for label, *counts in (*rows, *days)
        )
        weekend = sum(count for _, count, _ in days[5:])
        return Section(
            "hours",
            "Searches by hour and weekday",
            f"Hours in UTC. On Saturdays and Sundays: {weekend}.",
            self._heads("Hour or day", "Searches"),
            cells,
            self._chart("Searches by hour", rows, lying=False),
            chart_only=True,
        )

    def _members(self) -> Section:
        then = (self._then or {}).get("by_member", {})
        member_rows = []
        for who in self._now["by_member"].keys() | then.keys():
            row = self._now["by_member"].get(who, {})
            counts = [
                row.get(name, 0)
                for name in (
                    "searches",
                    "without_candidate",
                    "refused",
                    "set_aside",
                    "other_person",
                    "none_of_these",
                    "examinations",
                    "verifications",
                    "leads",
                )
            ]
            before = [then.get(who, {}).get("searches", 0)] if self._then is not None else []
            member_rows.append((self._name(who), *counts, *before))
        member_rows.sort(key=lambda row: (-row[1], row[0]))
        heads = (
            "Member",
            "Searches",
            "Without a candidate",
            "Refused",
            "Set aside",
            "of these, other person",
            "None of these",
            "Examined",
            "Verified",
            "Leads",
        )
        return Section(
            "members",
            "By member",
            "The figures show how much each member did, not how well.",
            (*heads, *(("Searches before",) if self._then is not None else ())),
            tuple(member_rows),
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
            rows.append(("other purposes", now["own_words"], then["own_words"]))
        note = (
            f"Purposes in the policy's list, and others that {COMMON_CASES} or more cases state. The rest are counted "
            "together, because their words may be about a person. In the log, purposes are sealed."
        )
        return self._table("purposes", "Searches by purpose", note, "Purpose", rows)

    def _refusals(self) -> Section:
        def flat(nested: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
            return {(act, rule): count for act, rules in nested.items() for rule, count in rules.items()}

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
        note = "The policy states each rule in words."
        return Section("refusals", "Refusals by rule", note, self._heads("Rule", "Action", "Refused"), rows, keys=2)

    def _agreement(self) -> Section:
        now, then = self._records["agreement"], (self._records_then or {}).get("agreement")

        def share(agreement: Mapping[str, Any] | None) -> Cell:
            return Share(agreement["agreed"], agreement["verified"]).text if agreement else None

        rows: list[tuple[Cell, ...]] = [
            self._row("First verifications", now["verified"], then["verified"] if then else None),
            self._row("The verifier agreed with the examiner", share(now), share(then)),
            *(
                self._row(f"The verifier concluded: {word}", count, then["conclusions"][word] if then else None)
                for word, count in now["conclusions"].items()
            ),
            self._row("Third opinions", now["third_looks"], then["third_looks"] if then else None),
        ]
        for who in now["by_examiner"]:
            earlier = then["by_examiner"].get(who) if then else None
            rows.append(
                self._row(f"Examined by {self._name(who)}, agreed", share(now["by_examiner"][who]), share(earlier))
            )
        note = "Verifiers do not see the examiner's conclusion. Faces with a known answer are not counted here."
        return Section(
            "verification",
            "Agreement between examiners and verifiers",
            note,
            self._heads("Figure", "Count"),
            tuple(rows),
        )

    def _release(self) -> Section:
        now, then = self._now, self._then
        time, earlier = now["seconds_to_release"], (then or {}).get("seconds_to_release", {})
        rows = [
            self._row("Leads released", now["leads"], then["leads"] if then else None),
            self._row(
                "Withheld by a supervisor",
                now["withheld"],
                then["withheld"] if then else None,
            ),
            *(
                self._row(f"From search to release, {words}", duration(time[name]), duration(earlier.get(name)))
                for words, name in (
                    ("median", "median"),
                    ("lower quartile", "lower"),
                    ("upper quartile", "upper"),
                )
            ),
        ]
        return Section(
            "release",
            "Leads and time to release",
            "Quartiles are shown for four or more leads.",
            self._heads("Figure", "Value"),
            tuple(rows),
        )

    def _outcomes(self) -> Section:
        then = (self._then or {}).get("outcomes", {})
        rows = [(word, self._now["outcomes"][word], then.get(word, 0)) for word in OUTCOMES]
        note = (
            f"Reported in the period; the newest report on a lead counts. Without an outcome {REMIND_DAYS} or more "
            f"days after release: {counted(self._due['outcomes_due'], 'lead')}."
        )
        return self._table("outcomes", "Outcomes of leads", note, "Outcome", rows, noun="Leads")

    def _training(self) -> Section:
        trainings = self._due["training"]
        rows = tuple(
            (self._name(row["member"]), row["role"], row["until"], row["state"])
            for row in trainings
            if row["state"] != "current"
        )
        current = sum(row["state"] == "current" for row in trainings)
        note = f"As of now. Valid for more than a month: {current} of {counted(len(trainings), 'training')}."
        return Section("training", "Training due or expired", note, ("Member", "Role", "Until", "State"), rows, keys=2)

    def _proficiency(self) -> Section:
        proficiency = self._due["proficiency"]
        rows = tuple((self._name(row["member"]), row["last"]) for row in proficiency["people"] if row["due"])
        note = f"As of now: verifiers who have answered on no face with a known answer for {PROFICIENCY_DAYS} days." + (
            "" if proficiency["items"] else " The agency has no such faces, so proficiency is not measured."
        )
        return Section("proficiency", "Proficiency due", note, ("Verifier", "Last answer"), rows)

    def _reviews(self) -> Section:
        review, then = self._due["review"], self._then
        rows = (
            self._row(
                "Reviews of the log in the period",
                self._now["log_reviews"],
                then["log_reviews"] if then else None,
            ),
            self._row("Last review", review["last"], None),
            self._row("Reviewed up to entry", review["up_to"], None),
            self._row("Next review due", f"{review['due']}, overdue" if review["overdue"] else review["due"], None),
        )
        return Section(
            "reviews",
            "Reviews of the log",
            "An auditor reviews the log every week.",
            self._heads("Figure", "Value"),
            rows,
        )

    def _flags(self) -> Section:
        def flat(nested: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
            return {(rule, word): count for rule, words in nested.items() for word, count in words.items()}

        now, then = flat(self._now["flags_decided"]), flat((self._then or {}).get("flags_decided", {}))
        rows = tuple(
            (rule, word, *self._row("", now.get((rule, word), 0), then.get((rule, word), 0))[1:])
            for rule, word in sorted(now.keys() | then.keys())
        )
        note = "Signs of misuse that an auditor decided on in the period."
        if self._due["flags_open"] is not None:
            note += f" Raised in the period: {self._now['flags_raised']}. Open now: {self._due['flags_open']}."
        return Section(
            "flags",
            "Flags by decision",
            note,
            self._heads("Rule", "Decision", "Flags"),
            rows,
            keys=2,
        )


def _sum(nested: Mapping[str, Mapping[str, int]]) -> int:
    return sum(count for words in nested.values() for count in words.values())
