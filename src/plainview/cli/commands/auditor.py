"""Commands that an auditor uses mostly."""

from __future__ import annotations

from plainview.cli.commands.row import Command, Need
from plainview.policy.permissions import Permission as May

GROUPS: dict[str, str] = {
    "flag": "Signs of misuse, for the auditor.",
    "audit": "The tamper-evident log.",
    "audit cosignature": "Checkpoints that witnesses cosigned.",
    "audit witness": "Keep and cosign the checkpoints of other people's logs.",
}

ROWS = (
    Command(
        "audit monitor",
        Need.NOTHING,
        "witness:monitor",
        "Watch a log from outside. Exit 1, with one line for each alarm, when something is wrong.",
        "plainview audit monitor copy-of-the-log --state seen.json",
    ),
    Command(
        "audit consistency",
        Need.OWNER,
        "proofs:consistency",
        "Prove that the log of --to entries extends the log of --from entries (RFC 9162, 2.1.4).",
        "plainview audit consistency --from 100 --to 200",
    ),
    Command(
        "audit inclusion",
        Need.OWNER,
        "proofs:inclusion",
        "Prove that an entry is in the log (RFC 9162, 2.1.3).",
        "plainview audit inclusion --entry 42",
    ),
    Command(
        "audit sample",
        May.AUDIT_SAMPLE,
        "sampling:sample",
        "Draw random searches for review. The draw is announced in the log first, so that nobody can steer it.",
        'plainview audit sample --n 10 --seed "heads or tails" --as auditor@agency.example',
    ),
    Command(
        "audit samples",
        May.AUDIT_SAMPLE,
        "sampling:samples",
        "List the draws of your agency, and how much of each is reviewed.",
        "plainview audit samples --as auditor@agency.example",
    ),
    Command(
        "audit sample-show",
        May.AUDIT_SAMPLE,
        "sampling:sample_show",
        "Show the searches of a draw with the finding for each.",
        "plainview audit sample-show L7K2M9QXWV4TB --as auditor@agency.example",
    ),
    Command(
        "audit sample-check",
        May.AUDIT_SAMPLE,
        "sampling:sample_check",
        "Repeat a draw from the log and compare. Exit 1 when it selects other searches.",
        "plainview audit sample-check L7K2M9QXWV4TB --as auditor@agency.example",
    ),
    Command(
        "audit sample-verify",
        Need.NOTHING,
        "outsiders:sample_verify",
        "Repeat every draw from a copy of the log; needs no workspace. Exit 1 when one selects other searches.",
        "plainview audit sample-verify copy-of-the-log",
    ),
    Command(
        "audit finding",
        May.AUDIT_SAMPLE,
        "sampling:finding",
        "Record your finding about one drawn search.",
        'plainview audit finding L7K2M9QXWV4TB 1 --finding breach --reason "no case was named" --as auditor@agency.example',
    ),
    Command(
        "audit verify",
        Need.OWNER,
        "audit:verify",
        "Check every entry and every signature; names the first bad entry. Exit 1 when anything is wrong.",
        "plainview audit verify",
    ),
    Command(
        "audit checkpoint",
        Need.OWNER,
        "audit:checkpoint",
        "Print the newest signed checkpoint; anyone who keeps it can show later that nothing before it changed.",
        "plainview audit checkpoint",
    ),
    Command(
        "audit export",
        Need.OWNER,
        "audit:export",
        "Copy the log and its verifier (needs only Python and `cryptography`) into a new folder.",
        "plainview audit export copy-of-the-log",
    ),
    Command(
        "audit rotate",
        Need.OWNER,
        "audit:rotate",
        "Change the key that signs the log: the operator's act. The old key is destroyed.",
        'plainview audit rotate --reason "the operator changes"',
    ),
    Command(
        "audit heartbeat",
        Need.OWNER,
        "audit:heartbeat",
        "Write a sign of life if the log was quiet for 15 minutes; run it every few minutes. Exit 1: logging fails.",
        "plainview audit heartbeat",
    ),
    Command(
        "audit summary",
        May.AUDIT_REVIEW,
        "audit:summary",
        "Count what happened since the last review.",
        "plainview audit summary --as auditor@agency.example",
    ),
    Command(
        "audit review",
        May.AUDIT_REVIEW,
        "audit:review",
        "Record a review of the log (weekly); see `plainview audit summary` first.",
        'plainview audit review --reason "nothing unusual" --as auditor@agency.example',
    ),
    Command(
        "audit cosignature add",
        Need.OWNER,
        "audit:add",
        "Keep a checkpoint that a trusted witness cosigned (its key is in the workspace's file `witnesses`).",
        "plainview audit cosignature add cosigned.txt",
    ),
    Command(
        "audit witness init",
        Need.NOTHING,
        "witness:init",
        "Create a witness's keys (mode 0600) and print its public key line.",
        "plainview audit witness init witness-folder --name witness.example/w1",
    ),
    Command(
        "audit witness cosign",
        Need.NOTHING,
        "witness:cosign",
        "Verify the log, check that it extends what was cosigned before, and print the cosigned checkpoint.",
        "plainview audit witness cosign witness-folder copy-of-the-log",
    ),
    Command(
        "audit witness status",
        Need.NOTHING,
        "witness:status",
        "Show each log that the witness follows, and the evidence of what it refused.",
        "plainview audit witness status witness-folder",
    ),
    Command(
        "flag list",
        May.FLAG_READ,
        "misuse:flag_list",
        "List the flags of your agency.",
        "plainview flag list --as auditor@agency.example",
    ),
    Command(
        "flag show",
        May.FLAG_READ,
        "misuse:flag_show",
        "Show a flag with its evidence; the view is recorded.",
        "plainview flag show F7K2M9QXWV4TB --as auditor@agency.example",
    ),
    Command(
        "flag decide",
        May.FLAG_DECIDE,
        "misuse:flag_decide",
        "Decide on a flag.",
        'plainview flag decide F7K2M9QXWV4TB --outcome dismissed --reason "a training search" --as auditor@agency.example',
    ),
)
