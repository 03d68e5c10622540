"""What every command needs: a permission of the acting member, the workspace's owner alone, or nothing.

Owns the table. A command without a row is refused, so that nothing new can be run by forgetting to think of it;
tests/integration/test_authorisation_matrix.py walks the whole table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from enum import Enum
from types import MappingProxyType
from typing import Any

import typer

from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


class Need(Enum):
    """What stands in for a permission where no member acts."""

    NOTHING = "no workspace is opened"
    OWNER = "the workspace's owner: the platform operator"
    CODE = "whoever holds an invitation's or a head's code"


NEEDS: Mapping[str, Permission | Need] = MappingProxyType(
    {
        "version": Need.NOTHING,
        "init": Need.NOTHING,
        "demo": Need.NOTHING,
        "models install": Need.NOTHING,
        "models list": Need.NOTHING,
        "models verify": Need.NOTHING,
        "models card": Need.NOTHING,
        "faces": Need.NOTHING,
        "compare": Need.NOTHING,
        "bench search": Need.NOTHING,
        "bench enrol": Need.NOTHING,
        "bench video": Need.NOTHING,
        "bench serve": Need.NOTHING,
        "evaluate": Need.NOTHING,
        "evaluate-labels": Need.NOTHING,
        "doctor": Need.OWNER,
        "serve": Need.OWNER,
        "worker": Need.OWNER,
        "backup": Need.OWNER,
        "restore": Need.OWNER,
        "audit verify": Need.OWNER,
        "audit checkpoint": Need.OWNER,
        "audit export": Need.OWNER,
        "audit heartbeat": Need.OWNER,
        "audit rotate": Need.OWNER,
        "audit cosignature add": Need.OWNER,
        "audit consistency": Need.OWNER,
        "audit inclusion": Need.OWNER,
        "audit monitor": Need.NOTHING,
        "audit witness init": Need.NOTHING,
        "audit witness cosign": Need.NOTHING,
        "audit witness status": Need.NOTHING,
        "audit sample": Permission.AUDIT_SAMPLE,
        "audit samples": Permission.AUDIT_SAMPLE,
        "audit sample-show": Permission.AUDIT_SAMPLE,
        "audit sample-check": Permission.AUDIT_SAMPLE,
        "audit sample-verify": Need.NOTHING,
        "audit finding": Permission.AUDIT_SAMPLE,
        "audit summary": Permission.AUDIT_REVIEW,
        "audit review": Permission.AUDIT_REVIEW,
        "agency propose": Need.OWNER,
        "agency open": Need.OWNER,
        "agency suspend": Need.OWNER,
        "agency sign-in": Need.OWNER,
        "agency list": Need.OWNER,
        "agency terms": Need.NOTHING,
        "agency accept": Need.CODE,
        "member join": Need.CODE,
        "member sample-credentials": Need.OWNER,
        "member release": Permission.MEMBER_RELEASE,
        "member reset-sign-in": Permission.MEMBER_RELEASE,
        "member invite": Permission.MEMBER_INVITE,
        "member list": Permission.MEMBER_LIST,
        "member roles": Permission.MEMBER_ROLES,
        "member deactivate": Permission.MEMBER_DEACTIVATE,
        "member train": Permission.TRAINING_RECORD,
        "token make": Permission.TOKEN_OWN,
        "token list": Permission.TOKEN_OWN,
        "token revoke": Permission.TOKEN_OWN,
        "trial approve": Permission.TRIAL_APPROVE,
        "trial report": Permission.TRIAL_REPORT,
        "trial send-reports": Need.OWNER,
        "policy show": Permission.POLICY_SHOW,
        "policy history": Permission.POLICY_SHOW,
        "policy set": Permission.POLICY_CHANGE,
        "policy dry-run": Permission.POLICY_CHANGE,
        "gallery create": Permission.GALLERY_CREATE,
        "gallery list": Permission.GALLERY_LIST,
        "gallery passport": Permission.GALLERY_LIST,
        "gallery change": Permission.GALLERY_CREATE,
        "gallery statistics": Permission.GALLERY_LIST,
        "gallery near-duplicates": Permission.GALLERY_LIST,
        "gallery export": Permission.GALLERY_EXPORT,
        "gallery re-embed": Permission.GALLERY_ENROL,
        "feed add": Permission.GALLERY_CREATE,
        "feed list": Permission.GALLERY_LIST,
        "feed run": Permission.GALLERY_ENROL,
        "feed stop": Permission.GALLERY_CREATE,
        "gallery move": Permission.GALLERY_CREATE,
        "expunge": Permission.REFERENCE_EXPUNGE,
        "enrol": Permission.GALLERY_ENROL,
        "canary add": Permission.CANARY_MANAGE,
        "canary list": Permission.CANARY_READ,
        "canary retire": Permission.CANARY_MANAGE,
        "canary alarms": Permission.CANARY_READ,
        "canary acknowledge": Permission.CANARY_ACKNOWLEDGE,
        "canary run": Need.OWNER,
        "case open": Permission.CASE_OPEN,
        "case close": Permission.CASE_CLOSE,
        "case list": Permission.CASE_READ,
        "search": Permission.SEARCH_RUN,
        "candidates": Permission.CASE_READ,
        "video": Permission.VIDEO_UPLOAD,
        "videos": Permission.VIDEO_READ,
        "stills": Permission.VIDEO_READ,
        "video-erase": Permission.VIDEO_ERASE,
        "alert create": Permission.ALERT_CREATE,
        "alert list": Permission.ALERT_READ,
        "alert close": Permission.ALERT_CLOSE,
        "alert renew": Permission.ALERT_RENEW,
        "alert mute": Permission.ALERT_OWN,
        "alert preference": Permission.ALERT_OWN,
        "webhook add": Permission.WEBHOOK_SET,
        "webhook list": Permission.WEBHOOK_SET,
        "webhook remove": Permission.WEBHOOK_SET,
        "examine form": Need.NOTHING,
        "examine record": Permission.EXAMINATION_RECORD,
        "examine list": Permission.CASE_READ,
        "verify list": Permission.VERIFICATION_RECORD,
        "verify show": Permission.VERIFICATION_RECORD,
        "verify record": Permission.VERIFICATION_RECORD,
        "verify assign": Need.OWNER,
        "verify proficiency add": Permission.PROFICIENCY_MANAGE,
        "verify proficiency list": Permission.PROFICIENCY_MANAGE,
        "verify proficiency retire": Permission.PROFICIENCY_MANAGE,
        "verify proficiency results": Permission.PROFICIENCY_READ,
        "lead form": Need.NOTHING,
        "lead release": Permission.LEAD_RELEASE,
        "lead withhold": Permission.LEAD_RELEASE,
        "lead sheet": Permission.LEAD_LIST,
        "lead evidence": Permission.LEAD_RELEASE,
        "lead outcome": Permission.OUTCOME_REPORT,
        "lead list": Permission.LEAD_LIST,
        "disclose": Permission.DISCLOSURE_MAKE,
        "disclosure grant": Permission.DISCLOSURE_GRANT,
        "disclosure revoke": Permission.DISCLOSURE_GRANT,
        "disclosure list": Permission.DISCLOSURE_GRANT,
        "exoneration ask": Permission.EXONERATION_ASK,
        "exoneration list": Permission.EXONERATION_READ,
        "exoneration show": Permission.EXONERATION_READ,
        "exoneration decide": Permission.EXONERATION_DECIDE,
        "exoneration answer": Permission.EXONERATION_DECIDE,
        "register export": Permission.REGISTER_EXPORT,
        "register check": Need.NOTHING,
        "register attest": Permission.REGISTER_ATTEST,
        "verify-package": Need.NOTHING,
        "flag list": Permission.FLAG_READ,
        "flag show": Permission.FLAG_READ,
        "flag decide": Permission.FLAG_DECIDE,
        "tripwire add": Permission.TRIPWIRE_OWN,
        "tripwire list": Permission.TRIPWIRE_OWN,
        "tripwire remove": Permission.TRIPWIRE_OWN,
        "approval request": Permission.SEARCH_RUN,
        "approval list": Permission.SEARCH_APPROVE,
        "approval grant": Permission.SEARCH_APPROVE,
        "approval deny": Permission.SEARCH_APPROVE,
        "urgent list": Permission.SEARCH_AUTHORISE,
        "urgent authorise": Permission.SEARCH_AUTHORISE,
        "urgent sweep": Need.OWNER,
        "agreement propose": Permission.AGREEMENT_MANAGE,
        "agreement change": Permission.AGREEMENT_MANAGE,
        "agreement accept": Permission.AGREEMENT_MANAGE,
        "agreement withdraw": Permission.AGREEMENT_MANAGE,
        "agreement list": Permission.AGREEMENT_READ,
        "request make": Permission.SHARED_REQUEST,
        "request authorise": Permission.SHARED_AUTHORISE,
        "request refuse": Permission.SHARED_AUTHORISE,
        "request take-back": Permission.SHARED_REQUEST,
        "request list": Permission.SHARED_READ,
        "request show": Permission.SHARED_READ,
        "request take": Permission.SHARED_ANSWER,
        "request decline": Permission.SHARED_ANSWER,
        "request search": Permission.SHARED_ANSWER,
        "request answer": Permission.SHARED_ANSWER,
        "request outcome": Permission.OUTCOME_REPORT,
        "hold place": Permission.HOLD_PLACE,
        "hold list": Permission.RETENTION_READ,
        "hold end": Permission.HOLD_END,
        "retention rules": Permission.RETENTION_READ,
        "retention set": Permission.RETENTION_SET,
        "retention upcoming": Permission.RETENTION_READ,
        "retention events": Permission.RETENTION_READ,
        "retention event acquittal": Permission.RETENTION_EVENT,
        "retention event dismissal": Permission.RETENTION_EVENT,
        "retention event consent-end": Permission.RETENTION_EVENT,
        "retention event court-order import": Permission.RETENTION_EVENT,
        "retention propose": Permission.RETENTION_PROPOSE,
        "retention list": Permission.RETENTION_READ,
        "retention show": Permission.RETENTION_READ,
        "retention approve": Permission.RETENTION_APPROVE,
        "retention withdraw": Permission.RETENTION_PROPOSE,
        "retention run": Permission.RETENTION_APPROVE,
        "retention proof": Permission.RETENTION_READ,
        "retention check-proof": Need.NOTHING,
        "report show": Permission.REPORT_READ,
        "report check": Need.NOTHING,
        "report schedule": Permission.REPORT_SCHEDULE,
        "report schedules": Permission.REPORT_READ,
        "report stop": Permission.REPORT_SCHEDULE,
        "report send-due": Need.OWNER,
        "rights list": Permission.RIGHTS_READ,
        "rights show": Permission.RIGHTS_READ,
        "rights confirm": Permission.RIGHTS_ANSWER,
        "rights search": Permission.RIGHTS_ANSWER,
        "rights decide": Permission.RIGHTS_ANSWER,
        "rights answer": Permission.RIGHTS_ANSWER,
        "rights refuse": Permission.RIGHTS_ANSWER,
        "rights extend": Permission.RIGHTS_ANSWER,
    }
)

_running: ContextVar[Permission | Need] = ContextVar("need")


def running() -> Permission | Need:
    """What the running command needs."""
    return _running.get()


def guard(app: typer.Typer) -> None:
    """Let every command of the app look up its row first."""
    for path, info in commands(app):
        assert info.callback is not None  # noqa: S101  a command without a function cannot be registered
        info.callback = _guarded(path, info.callback)


def commands(app: typer.Typer, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command of the app as ("gallery create", its registration)."""
    for info in app.registered_commands:
        name = info.name or info.callback.__name__.replace("_", "-")  # type: ignore[union-attr]
        yield f"{above} {name}".strip(), info
    for group in app.registered_groups:
        assert group.typer_instance is not None  # noqa: S101
        yield from commands(group.typer_instance, f"{above} {group.name}".strip())


def _guarded(path: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(*arguments: Any, **options: Any) -> Any:
        need = NEEDS.get(path)
        if need is None:
            raise Refused(
                "command.unlisted",
                "Refused",
                f"It is not written down who may run `plainview {path}`.",
                "Report it; the command has to be entered in its table first.",
            )
        _running.set(need)
        return callback(*arguments, **options)

    return run
