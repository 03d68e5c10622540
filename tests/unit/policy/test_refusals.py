"""How refusals are written: one meaning for a rule, and words that fit a page, the API and the command line."""

from __future__ import annotations

import re
import tokenize
from collections import defaultdict
from pathlib import Path

from tools.refusals import SOURCE, Refusal, codes, of_text, refusals

from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import CODES

RELAYED = {
    "casework/agreements/guard.py",
    "casework/enrolment/pairing.py",
    "casework/feeds/run.py",
    "casework/feeds/trial.py",
    "casework/kind.py",
    "casework/retention/rules.py",
    "casework/videos/process.py",
    "cli/videos.py",
    "cli/witness.py",
    "policy/decision.py",
}
"""Files that make a refusal of another error or by a table, so that its rule is not written in the call."""

SEVERAL_ACTS = {
    "agency.not_open",
    "gallery.why",
    "member.exists",
    "member.inactive",
    "member.sample",
    "verification.not_shown",
}
"""Rules that stop more than one act, each named by its `what`."""

FOREIGN = re.compile(
    r"--[a-z]|`|\bplainview [a-z]|\bis none\b|\bany more\b|\banew\b|\bLook at\b|\b[Ww]hoever\b|\bthemself\b|\bis no [a-z]+\."
    r"|\bstands? in\b|\bwritten down\b|\bthe log knows\b|\(s\)|\(es\)"
)


def _neutral() -> list[Refusal]:
    """Return all but the look-ups by id, which are casework/find.py's."""
    return [row for row in refusals() if not row.rule_id.endswith(".unknown")]


def _calls_by_token() -> int:
    """Count how often the source makes a refusal, without the syntax tree; `case Refused()` only matches one."""
    count = 0
    for path in SOURCE.rglob("*.py"):
        with path.open("rb") as file:
            words = [token.string for token in tokenize.tokenize(file.readline) if token.type in (1, 54)]
        count += sum(
            word == "Refused" and follows == "(" and before not in ("class", "case", ".")
            for before, word, follows in zip(["", *words], words, [*words[1:], ""], strict=False)
        )
    return count


def test_every_refusal_of_the_source_is_listed() -> None:
    assert sum(row.file != "" for row in refusals() if not _is_kind(row)) == _calls_by_token()


def _is_kind(row: Refusal) -> bool:
    return row.why.endswith("within reach of the member.")


def test_a_rule_id_is_written_in_the_call_that_refuses() -> None:
    assert {row.file for row in refusals() if row.is_computed} <= RELAYED
    ids = {row.rule_id for row in refusals() if not row.is_computed}
    assert [name for name in sorted(ids) if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name)] == []


def test_a_rule_has_one_meaning() -> None:
    refused = defaultdict(set)
    for row in refusals():
        if not row.is_computed and not row.rule_id.endswith(".unknown"):
            refused[row.rule_id].add(row.what)
    assert {rule for rule, names in refused.items() if len(names) > 1} == SEVERAL_ACTS


def test_a_refusal_says_no_more_than_any_face_can_say() -> None:
    said = {f"{row.file}:{row.line}": f"{row.what} {row.why} {row.next_step}" for row in _neutral()}
    assert {place: text for place, text in said.items() if FOREIGN.search(text)} == {}


def test_a_next_step_is_a_sentence() -> None:
    assert [row for row in _neutral() if not re.search(r"[.}…]$|T…$|letters and digits", row.next_step)] == []


def test_the_codes_of_media_are_those_of_the_code() -> None:
    assert codes() == CODES


def test_values_are_shown_by_their_expressions() -> None:
    text = '_WHAT = "No"\nRefused("a.b", _WHAT, f"{n} of" if n else "none", f"See {x!r}.", act=Permission.CASE_OPEN)\n'
    (row,) = of_text(text, Path("a/b.py"), Path("a"))
    assert row == Refusal("a.b", "No", "{n} of / none", "See {x}.", "Permission.CASE_OPEN", "b.py", 2)


def test_the_act_of_a_refusal_survives_under_another_agencys_name() -> None:
    refused = Refused("a.b", "Search refused", "Why.", "Next.", act=Permission.CASE_OPEN).under("Harbour")
    assert (refused.what, refused.act) == ("Search refused under the rules of Harbour", Permission.CASE_OPEN)


def test_an_act_of_the_operator_is_no_permission() -> None:
    assert not {act.value for act in OperatorAct} & {act.value for act in Permission}
