"""The reference pages that are made from the code: settings, permissions, policy, rules, refusals, log entries.

Owns their wording and layout; every fact is read from the code. A fact without a sentence fails a test.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tools.docs import api, commands, source
from tools.docs.commands import escape

from plainview.casework.log.actions import ACTIONS, REFUSED
from plainview.casework.workspace.settings import ENVIRONMENT, SETTINGS
from plainview.policy import agency, table
from plainview.policy.gate import GROUNDS
from plainview.policy.permissions import MEANINGS, Permission
from plainview.policy.roles import GRANTS, Role
from plainview.recheck.controls import STATES, Control
from plainview.recheck.controls import controls as all_controls
from plainview.recognition.errors import CODES

EXPLAINED = {
    "index.unreachable": "The index server does not answer.",
    "mail.test": "The mail server did not take the letter; the reason is the server's.",
    "monitor.state": "The monitor's state file cannot be read.",
    "retention.bad_rows": "A row of the court's list is not understood or names nothing; each bad row is listed.",
    "retention.stopped": "The run could not be finished; the reason is the one of what stopped it.",
    "rights.another_person": "The request is about another person.",
    "witness.checkpoint": "The log has no checkpoint that it signed itself.",
}
"""Reasons of refusals that the code passes on from elsewhere, so that they cannot be read at the place that refuses."""


def pages() -> dict[str, Callable[[], str]]:
    """Return the pages by their path in the site."""
    return {
        "reference/commands.md": commands.page,
        "reference/settings.md": settings,
        "reference/permissions.md": permissions,
        "reference/policy.md": policy,
        "reference/rules.md": rules,
        "reference/refusals.md": refusals,
        "reference/log-entries.md": log_entries,
        "reference/comparisons.md": comparisons,
        "reference/controls.md": controls,
        "reference/api.md": api.page,
    }


def controls() -> str:
    """Return the page of the points of standards, with the state of each."""
    counts = Counter((control.standard, control.state) for control in all_controls())
    standards = list(dict.fromkeys(control.standard for control in all_controls()))
    parts = [
        (
            "Which points of four texts Plainview meets, and what shows it. `plainview controls` prints the same; the data are "
            "[controls.csv](controls.csv). A test checks that every file and test exists, and that nothing is called met "
            "without both."
        ),
        (
            "- **met**: the test shows it.\n- **partly**: something is missing, or no test of ours shows it.\n"
            "- **operator's**: no program can meet it.\n- **not applicable**: the thing is not there.\n"
            "- **text not read**: the standard's own words could not be had, so no state is claimed."
        ),
        (
            "ASVS: every point of levels 1 and 2, read in the project's own CSV of 5.0.0. SP 800-63B-4: sections 2, 3.1.1, "
            "3.1.2, 4 and 5, read in the source of the second public draft of August 2024; the final text of 2025 was not "
            "found, and its numbers may differ. AI Act: articles 5, 12, 14 and 26 of Regulation (EU) 2024/1689. CJIS Security "
            "Policy 6.0: its numbers and titles are those of NIST SP 800-53; its text was not found."
        ),
        _table(("standard", *STATES), ((name, *(str(counts[name, each]) for each in STATES)) for name in standards)),
    ]
    for name in standards:
        rows = (
            (control.number, escape(control.text), control.state, escape(control.why), _shown(control))
            for control in all_controls()
            if control.standard == name
        )
        parts += [f"## {name}", _table(("number", "asks", "state", "how, or what is missing", "shown by"), rows)]
    return _page("Controls", *parts)


def _shown(control: Control) -> str:
    name = control.test.rpartition("/")[2]
    return f"`{name}`" if name else ""


def settings() -> str:
    """Return the page of workspace.toml and of the environment."""
    return _page(
        "Settings",
        "`workspace.toml` is in the workspace's folder. A key `a.b` is the key `b` in the table `[a]`. Restart "
        "`plainview serve` and `plainview worker` after a change.",
        _table(("key", "meaning"), ((f"`{key}`", says) for key, says in SETTINGS.items())),
        "## Environment variables",
        _table(("variable", "meaning"), ((f"`{name}`", says) for name, says in ENVIRONMENT.items())),
    )


def permissions() -> str:
    """Return the page of who may do what."""
    rows = (
        (f"`{each.value}`", escape(MEANINGS[each]), ", ".join(role.value for role in Role if each in GRANTS[role]))
        for each in Permission
    )
    return _page(
        "Permissions by role",
        "A role that is not named is denied. A member can have several roles, with exceptions: administrators, auditors "
        "and people from outside have no other role. Every command and every page needs one of these permissions; a test "
        "runs each of them as each role.",
        _table(("permission", "allows", "roles"), rows),
    )


def policy() -> str:
    """Return the page of the fields of an agency's policy."""
    beginning = tomllib.loads(agency.NEW_AGENCY)
    rows = []
    for name, says in policy_fields().items():
        least, most = agency.RANGES.get(name, (None, None))
        limits = "" if least is None else f"{least} to {most}"
        value = "see below" if name in ("training", "offences", "purposes") else f"`{_toml(beginning[name])}`"
        rows.append((f"`{name}`", escape(says), limits, value))
    return _page(
        "Policy fields",
        "An agency's policy is one TOML file; [how to change it](../howto/policy.md). An unknown or a missing field is "
        "refused. The limits bind every agency.",
        _table(("field", "meaning", "limits", "in a new agency"), rows),
        "## The policy of a new agency",
        "```toml\n" + agency.NEW_AGENCY.strip() + "\n```",
    )


def policy_fields() -> dict[str, str]:
    """Return each field of the policy with the sentence of its docstring, in the order of the class."""
    text = inspect.getdoc(agency.AgencyPolicy) or ""
    described = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", text.split("Attributes:")[1], re.MULTILINE)
    return {name: _sentence(" ".join(says.split())) for name, says in described}


def rules() -> str:
    """Return the rulebook of a new agency."""
    rows = table.table(agency.parse(agency.NEW_AGENCY))
    groups = dict.fromkeys(row.of for row in rows)
    parts = []
    for group in groups:
        parts.append(f"## {group.capitalize()}")
        of_group = ((f"`{row.rule_id}`", escape(row.says)) for row in rows if row.of == group)
        parts.append(_table(("rule", "what it says"), of_group))
    return _page(
        "Rules",
        "The rulebook with the values of a new agency. `plainview policy show` prints it with your agency's own. A "
        "test compares it with the code: no rule is missing and none is invented.",
        *parts,
    )


def refusals() -> str:
    """Return every refusal by its rule, and every code of a picture or video that cannot be used."""
    rows = ((f"`{rule}`", escape(what), escape(why), escape(next_step)) for rule, what, why, next_step in refused())
    return _page(
        "Refusals",
        "Everything that Plainview can refuse, by rule. A refusal says what was refused, why, and what to do next; it "
        "is an entry of the log before it is shown. “…” is a value that is filled in.",
        _table(("rule", "what", "why", "next step"), rows),
        "## Pictures and videos that cannot be used",
        "In `--json` as `code`. As the rule of a refusal, a code is written `media.CODE`.",
        _table(("code", "meaning"), ((f"`{code}`", escape(_sentence(says))) for code, says in sorted(CODES.items()))),
    )


def refused() -> list[tuple[str, str, str, str]]:
    """Return rule, what, why and next step of every refusal; the place with the fullest reason speaks for its rule."""
    rulebook = {row.rule_id: row.says for row in table.table(agency.parse(agency.NEW_AGENCY))}
    chosen: dict[str, source.Refusal] = {}
    for place in source.refusals():
        if place.rule not in chosen or _fullness(place.why) > _fullness(chosen[place.rule].why):
            chosen[place.rule] = place
    return [
        (
            rule,
            place.what.strip("… ") or "Refused",
            place.why if _fullness(place.why) else EXPLAINED.get(rule) or rulebook.get(rule, ""),
            "" if not _fullness(place.next_step) else place.next_step,
        )
        for rule, place in sorted(chosen.items())
    ]


def log_entries() -> str:
    """Return every action of the log with its fields."""
    written = source.log_entries()
    parts: list[str] = []
    for group in dict.fromkeys(action.split(".")[0] for action in ACTIONS):
        parts.append(f"## {group.replace('_', ' ')}")
        rows = (
            (
                f"`{action}`",
                escape(says),
                _names(written[action].fields) if action in written else "",
                _names(written[action].sealed) if action in written else "",
            )
            for action, says in ACTIONS.items()
            if action.split(".")[0] == group
        )
        parts.append(_table(("action", "meaning", "public fields", "sealed fields"), rows))
    return _page(
        "Log entries",
        "Every action that an entry of the log can have. Public fields are readable in every copy; of sealed fields the "
        "log has only a commitment ([the format](log-format.md)). Every entry also has `via`: page, command line or "
        "worker. Some fields are there only when they apply.",
        f"**`….refused`**: {REFUSED} Example: `search.refused`.",
        *parts,
    )


def comparisons() -> str:
    """Return every ground on which a face is compared with a gallery."""
    parts: list[str] = []
    for name, ground in GROUNDS.items():
        before = f"`{ground.before}`, before anything is compared; then " if ground.before else ""
        facts = (
            ("compared", escape(ground.compared)),
            ("authorised by", escape(ground.authorised)),
            ("logged", before + ", ".join(f"`{action}`" for action in ground.after)),
            ("shown", escape(ground.shown)),
            ("misuse rules", ", ".join(f"`{rule}`" for rule in ground.rules) or "none: no member asks for a person"),
        )
        parts += [f"## {name.capitalize()}", _table(("", ""), facts)]
    return _page(
        "Comparisons",
        "Every ground on which a face is compared with a gallery. One function does all of them and asks this table: a "
        "ground that is not here does not exist, and an index answers nothing else. A test walks the source for a way "
        "around it, and another asks an index from outside.",
        *parts,
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _fullness(text: str) -> int:
    return len(text.replace("…", "").strip(" ."))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", *parts]) + "\n"
