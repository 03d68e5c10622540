"""The command that a refusal leads to."""

from __future__ import annotations

import re

from tools.refusals import refusals

from plainview.cli.commands import COMMANDS as TABLE
from plainview.cli.next_steps import BY_RULE, COMMANDS, OWN, of_pack, of_refusal
from plainview.cli.tree import leaf
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import PackError, PackMissing


def test_every_act_that_a_refusal_names_has_a_row_and_no_other() -> None:
    named = {row.act for row in refusals() if row.act.startswith(("Permission.", "OperatorAct."))}
    assert {f"{type(act).__name__}.{act.name}" for act in COMMANDS} == named


def test_the_commands_exist_and_need_the_permission_of_their_act() -> None:
    for act, command in COMMANDS.items():
        if command is not None and isinstance(act, Permission) and act is not Permission.AGENCY_OPEN:
            assert TABLE[command].who is act, command
        assert command is None or command in TABLE


def test_a_rule_of_its_own_command_names_an_act_with_several() -> None:
    acts = {row.rule_id: row.act for row in refusals()}
    for rule, command in BY_RULE.items():
        assert str(TABLE[command].who) == str(getattr(Permission, acts[rule].removeprefix("Permission."))), rule


def test_a_rule_of_the_command_line_alone_names_an_option_that_its_command_has() -> None:
    own = {row.rule_id for row in refusals() if row.file.startswith("cli/") and not row.act}
    assert OWN.keys() <= own
    for rule, command in OWN.items():
        name = command.partition(" ")[0]
        options = {option for param in leaf(TABLE[name]).params for option in param.opts}
        assert set(re.findall(r"--[a-z-]+", command)) <= options, rule


def test_the_option_that_helps_is_printed() -> None:
    refused = Refused("serve.no_tls", "Not served", "No TLS.", "Serve with a certificate.")
    assert of_refusal(refused).startswith("Serve with a certificate.\nCommand: plainview serve --tls-cert FILE")


def test_the_command_comes_in_a_line_of_its_own() -> None:
    refused = Refused("case.missing", "Search refused", "No case.", "Open one.", act=Permission.CASE_OPEN)
    assert of_refusal(refused) == "Open one.\nCommand: plainview case open"


def test_a_rule_can_have_another_command_than_its_act() -> None:
    refused = Refused("search.approval_needed", "Search refused", "No.", "Ask.", act=Permission.SEARCH_RUN)
    assert of_refusal(refused) == "Ask.\nCommand: plainview approval request"


def test_a_refusal_without_an_act_has_no_command() -> None:
    assert of_refusal(Refused("a.b", "Refused", "No.", "Ask.")) == "Ask."
    no_command = Refused("a.b", "Refused", "No.", "Ask.", act=Permission.AUDIT_READ)
    assert of_refusal(no_command) == "Ask."


def test_an_act_on_the_server_has_its_command() -> None:
    refused = Refused("workspace.missing", "No workspace", "None.", "Make one.", act=OperatorAct.INIT)
    assert of_refusal(refused) == "Make one.\nCommand: plainview init"


def test_only_a_missing_pack_names_the_command_that_installs_packs() -> None:
    assert of_pack(PackMissing("It is missing.", "Install it.")) == "Install it.\nCommand: plainview models install"
    assert of_pack(PackError("It is damaged.", "Delete it.")) == "Delete it."
