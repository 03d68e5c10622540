"""Nothing is undocumented: what the code can write, refuse, permit or read has a sentence, and no sentence is left over."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path, PurePosixPath

from tools.docs import reference, source
from tools.docs.commands import tree

from plainview.casework.log.actions import ACTIONS
from plainview.casework.workspace.settings import ENVIRONMENT, SETTINGS
from plainview.policy.agency import AgencyPolicy
from plainview.policy.permissions import MEANINGS, Permission
from plainview.recognition.errors import CODES


def test_every_action_of_the_log_has_a_sentence_and_no_action_is_invented() -> None:
    assert set(source.log_entries()) == set(ACTIONS)
    assert len(ACTIONS) > 150


def test_the_public_and_sealed_fields_are_those_of_the_entry() -> None:
    case = source.log_entries()["case.opened"]
    assert {"agency", "case", "offence"} <= case.fields
    assert case.sealed == {"number"}


def test_every_permission_has_a_sentence() -> None:
    assert set(MEANINGS) == set(Permission)


def test_every_setting_and_variable_that_is_read_has_a_sentence() -> None:
    assert source.settings_read() == set(SETTINGS)
    assert source.environment_read() == set(ENVIRONMENT)


def test_every_policy_field_has_a_sentence() -> None:
    assert set(reference.policy_fields()) == {field.name for field in fields(AgencyPolicy)}


def test_every_refusal_says_what_and_why() -> None:
    refused = reference.refused()
    assert [rule for rule, what, why, _ in refused if not what or not why] == []
    assert {"search.ground", "feed.robots", "witness.fork", "case.missing"} <= {rule for rule, *_ in refused}


def test_a_reason_that_is_explained_by_hand_cannot_be_read_from_the_code() -> None:
    readable = {place.rule for place in source.refusals() if place.why.replace("…", "").strip(" .")}
    assert set(reference.EXPLAINED) & readable == set()
    assert set(reference.EXPLAINED) <= {place.rule for place in source.refusals()}


def test_every_command_says_who_may_run_it() -> None:
    page = reference.pages()["reference/commands.md"]()
    assert page.count("\nPermission: ") == len(list(tree()))
    assert "Permission: `search.run` (examiner)." in page


def test_every_command_has_a_description() -> None:
    commands = list(tree())
    assert [name for name, command in commands if not (command.help or "").strip()] == []
    assert len(commands) > 150


def test_the_pages_show_every_name() -> None:
    pages = {path: page() for path, page in reference.pages().items()}
    for path, names in {
        "reference/log-entries.md": ACTIONS,
        "reference/permissions.md": [each.value for each in Permission],
        "reference/settings.md": [*SETTINGS, *ENVIRONMENT],
        "reference/policy.md": [field.name for field in fields(AgencyPolicy)],
        "reference/refusals.md": [*CODES, "search.ground"],
        "reference/commands.md": [f"## plainview {name}\n" for name, _ in tree()],
        "reference/rules.md": ["search.ground"],
    }.items():
        assert [name for name in names if (name if " " in name else f"`{name}`") not in pages[path]] == [], path


def test_a_page_made_from_the_code_has_a_place_where_there_is_no_site() -> None:
    root = Path(__file__).parents[3] / "docs"
    names = {PurePosixPath(path).stem for path in reference.pages()}
    assert set(re.findall(r"^## (\S+)$", (root / "reference/index.md").read_text("utf-8"), re.M)) == names
    dead = re.compile(rf"\]\((?:\.\./)?(?:reference/)?({'|'.join(names)})\.md\)")
    for path in sorted(root.rglob("*.md")):
        assert [
            name for name in dead.findall(path.read_text("utf-8")) if not list(path.parent.glob(f"{name}.md"))
        ] == [], path
