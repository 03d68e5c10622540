"""Commands for acts that need two people: used mostly by administrators, and by supervisors who approve."""

from __future__ import annotations

from plainview.cli.commands.row import Command, Need
from plainview.policy.permissions import Permission as May

GROUPS: dict[str, str] = {"proposal": "Acts that need two people: one proposes, another approves."}

ROWS = (
    Command(
        "proposal table",
        Need.NOTHING,
        "proposals:proposal_table",
        "Print which acts need two people, who proposes and who approves them.",
        "plainview proposal table",
    ),
    Command(
        "proposal list",
        May.PROPOSAL_READ,
        "proposals:proposal_list",
        "List the proposals of your agency, newest first.",
        "plainview proposal list --as supervisor@agency.example",
    ),
    Command(
        "proposal show",
        May.PROPOSAL_READ,
        "proposals:proposal_show",
        "Show what a proposal would change.",
        "plainview proposal show U7K2M9QXWV4TB --as supervisor@agency.example",
    ),
    Command(
        "proposal approve",
        May.PROPOSAL_DECIDE,
        "proposals:proposal_approve",
        "Approve another member's proposal; it is carried out at once.",
        "plainview proposal approve U7K2M9QXWV4TB --as supervisor@agency.example",
    ),
    Command(
        "proposal reject",
        May.PROPOSAL_DECIDE,
        "proposals:proposal_reject",
        "Reject another member's proposal, or withdraw your own.",
        'plainview proposal reject U7K2M9QXWV4TB --reason "the reason, in a sentence" --as supervisor@agency.example',
    ),
    Command(
        "proposal ask-head",
        Need.OWNER,
        "proposals:proposal_ask_head",
        "Ask an agency's head, as the operator, to decide on a proposal that no member may approve.",
        "plainview proposal ask-head U7K2M9QXWV4TB",
    ),
    Command(
        "proposal rescue",
        Need.OWNER,
        "proposals:proposal_rescue",
        "Propose, as the operator, to reset the sign-in of an agency's only administrator.",
        'plainview proposal rescue admin@agency.example --reason "lost the telephone"',
    ),
    Command(
        "proposal accept",
        Need.CODE,
        "proposals:proposal_accept",
        "Approve a proposal as the head of the agency, with the code that the operator handed over.",
        "plainview proposal accept CODE",
    ),
)
