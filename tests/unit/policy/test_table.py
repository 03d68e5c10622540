"""What is printed as the rulebook is what the code refuses by: no rule is missing there, none is made up."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import plainview.policy
from plainview.policy.agency import NEW_AGENCY, SAMPLE, parse
from plainview.policy.table import table

_FOLDER = Path(plainview.policy.__file__).parent


def _ids_in_code() -> set[str]:
    found = set()
    for name in (
        "rules.py",
        "search.py",
        "joining.py",
        "feeds.py",
        "video.py",
        "alerts.py",
        "sharing.py",
        "retention.py",
        "rights.py",
        "disclosure.py",
        "webhooks.py",
        "probes.py",
        "purposes.py",
        "subjects.py",
        "triage.py",
        "proposals.py",
        "witnesses.py",
    ):
        for node in ast.walk(ast.parse((_FOLDER / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                assert isinstance(node.args[0], ast.Constant)
                found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("text", [NEW_AGENCY, SAMPLE])
def test_the_table_has_exactly_the_rules_of_the_code(text: str) -> None:
    ids = [row.rule_id for row in table(parse(text))]
    assert len(ids) == len(set(ids))
    assert set(ids) == _ids_in_code()


def test_the_table_tells_the_agencys_own_values() -> None:
    def says(text: str) -> dict[str, str]:
        return {row.rule_id: row.says for row in table(parse(text))}

    changed = says(
        NEW_AGENCY.replace("urgent_hours = 48", "urgent_hours = 7")
        .replace("urgent = false", "urgent = true")
        .replace("preapproval = []", 'preapproval = ["fraud"]')
        .replace("quality_floor = 20", "quality_floor = 33")
        .replace("trial_days = 30", "trial_days = 9")
    )
    before = says(NEW_AGENCY)
    assert "7 hours" in changed["search.urgent_closed"]
    assert "fraud" in changed["search.approval_needed"]
    assert "33" in changed["probe.quality_floor"]
    assert "9 days" in changed["trial.length"]
    assert "for 14 days" in changed["search.urgent_closed"]  # two weekly reviews of the log
    assert "any other that is stated" not in before["case.offence_unlisted"]
    assert "any other that is stated" in says(SAMPLE)["case.offence_unlisted"]
    assert "not allowed" in says(NEW_AGENCY.replace("urgent = true", "urgent = false"))["search.urgent_closed"]


def test_the_table_says_what_an_alarm_does_and_what_open_cases_give_away() -> None:
    def says(text: str) -> str:
        return " ".join(row.says for row in table(parse(text)))

    stop, caution = (
        re.sub(r'canary_alarm = "\w+"', f'canary_alarm = "{word}"', NEW_AGENCY) for word in ("stop", "caution")
    )
    assert "the gallery cannot be searched." in says(stop)
    assert "every search of it carries a caution." in says(caution)
    withhold, count = (
        NEW_AGENCY.replace('rights_open_cases = "withhold"', f'rights_open_cases = "{word}"')
        for word in ("withhold", "count")
    )
    assert "nothing, not even whether there are any." in says(withhold)
    assert "their number." in says(count)
