"""The command of the act that a refusal names: what the command line adds to a next step.

Owns one row for every act that a refusal names. The words of a refusal are the same everywhere; only the line
"Command: ..." is the command line's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plainview.policy.decision import Act, OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import PackError, PackMissing

COMMANDS: Mapping[Act, str | None] = MappingProxyType(
    {
        OperatorAct.INIT: "init",
        OperatorAct.UPGRADE: "upgrade",
        OperatorAct.MOVE: "move-workspace",
        OperatorAct.KEYS_REPLACE: "keys replace",
        OperatorAct.MODELS_INSTALL: "models install",
        OperatorAct.AGENCY_ACCEPT: "agency accept",
        OperatorAct.AGENCY_LIST: "agency list",
        OperatorAct.AUDIT_EXPORT: "audit export",
        Permission.AGENCY_OPEN: "agency open",
        Permission.AGREEMENT_MANAGE: "agreement propose",
        Permission.AGREEMENT_READ: "agreement list",
        Permission.ALERT_CLOSE: "alert close",
        Permission.ALERT_CREATE: "alert create",
        Permission.AUDIT_READ: None,
        Permission.AUDIT_SAMPLE: "audit samples",
        Permission.CANARY_MANAGE: "canary retire",
        Permission.CANARY_READ: "canary alarms",
        Permission.CASE_OPEN: "case open",
        Permission.CLOCK_SETTLE: "clock explain",
        Permission.CASE_READ: "case list",
        Permission.DISCLOSURE_GRANT: "disclosure grant",
        Permission.DISCLOSURE_MAKE: "disclose",
        Permission.DISCLOSURE_READ: None,
        Permission.EXAMINATION_RECORD: "examine record",
        Permission.EXONERATION_DECIDE: "exoneration decide",
        Permission.EXONERATION_READ: "exoneration list",
        Permission.FLAG_READ: "flag show",
        Permission.GALLERY_CREATE: "gallery create",
        Permission.GALLERY_ENROL: "enrol",
        Permission.GALLERY_LIST: "gallery list",
        Permission.HOLD_END: "hold end",
        Permission.LEAD_LIST: "lead list",
        Permission.MEMBER_INVITE: "member invite",
        Permission.MEMBER_RELEASE: "member release",
        Permission.MEMBER_ROLES: "member roles",
        Permission.POLICY_CHANGE: "policy set",
        Permission.POLICY_SHOW: "policy show",
        Permission.PROFICIENCY_MANAGE: "verify proficiency retire",
        Permission.PROPOSAL_DECIDE: "proposal approve",
        Permission.RETENTION_APPROVE: "retention approve",
        Permission.RETENTION_PROPOSE: "retention propose",
        Permission.RETENTION_READ: "retention list",
        Permission.SEARCH_APPROVE: "approval list",
        Permission.SEARCH_AUTHORISE: "urgent list",
        Permission.SEARCH_RUN: "search",
        Permission.SHARED_ANSWER: "request take",
        Permission.SHARED_AUTHORISE: "request authorise",
        Permission.SHARED_READ: "request list",
        Permission.SHARED_REQUEST: "request take-back",
        Permission.RIGHTS_ANSWER: "rights answer",
        Permission.RIGHTS_CONFIRM: "rights confirm",
        Permission.RIGHTS_READ: "rights show",
        Permission.TOKEN_OWN: "token new",
        Permission.TRAINING_RECORD: "member train",
        Permission.TRIAL_APPROVE: "trial approve",
        Permission.TRIPWIRE_OWN: "tripwire remove",
        Permission.VERIFICATION_RECORD: "verify list",
        Permission.VIDEO_READ: "videos",
        Permission.VIDEO_UPLOAD: "video",
    }
)
"""Act -> the command that begins it; None where no command does."""

BY_RULE: Mapping[str, str] = MappingProxyType(
    {
        "agreement.not_accepted": "agreement accept",
        "feed.known": "feed list",
        "feed.stopped": "feed add",
        "gallery.expired": "gallery change",
        "gallery.pack": "gallery re-embed",
        "hold.ended": "hold list",
        "index.unreachable": "gallery move",
        "probe.quality_floor": "approval request",
        "retention.nothing_due": "retention upcoming",
        "retention.not_waiting": "retention show",
        "search.approval_needed": "approval request",
        "search.one_approval": "approval request",
        "shared.cut_off": "request search",
        "shared.not_searched": "request search",
        "rights.extension": "rights answer",
        "rights.not_searched": "rights search",
        "rights.undecided": "rights decide",
        "verification.not_shown": "verify show",
    }
)
"""Rule -> the command that helps, where it is not the first command of the act."""


OWN: Mapping[str, str] = MappingProxyType(
    {
        "demo.photographs": "demo --photos FOLDER",
        "restore.key": "restore FILE FOLDER --without-key NAME",
        "restore.no_log": "restore FILE FOLDER --log FOLDER, or --without-newer-log",
        "serve.no_tls": "serve --tls-cert FILE --tls-key FILE, or --behind-proxy",
    }
)
"""Rule of the command line alone -> the command with the option that helps."""


def command(refused: Refused) -> str | None:
    """Return the command of the act that helps, without the program's name; None if there is none."""
    if refused.act is None:
        return OWN.get(refused.rule_id)
    return BY_RULE.get(refused.rule_id) or COMMANDS[refused.act]


def of_refusal(refused: Refused) -> str:
    """Return the next step, and the command of the act that helps in a line of its own."""
    return _with(refused.next_step, command(refused))


def of_pack(error: PackError) -> str:
    """Return the next step, and the command that installs a pack if it is missing."""
    return _with(error.next_step, COMMANDS[OperatorAct.MODELS_INSTALL] if isinstance(error, PackMissing) else None)


def _with(next_step: str, name: str | None) -> str:
    return f"{next_step}\nCommand: plainview {name}" if name else next_step
