"""What kind of workspace this is: a sample, served, and with which keys. The log says it; no file can change it.

Owns the check of the keys at opening, and the comparison of the row about the workspace with the log. It only reads; it
must never let a process begin under a key that is not the workspace's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType

from plainview.audit.record import KEY_ROTATED
from plainview.casework.models import LogEntry, LogKey, WorkspaceState
from plainview.casework.workspace.folder import KEY, REPLACEABLE
from plainview.casework.workspace.keys import KEYS, fingerprint
from plainview.casework.workspace.services import services
from plainview.policy.decision import OperatorAct, Refused

_ABOUT_WORKSPACE = b'{"action":"workspace.'
_KEY_ROTATED = f'{{"action":"{KEY_ROTATED}"'.encode()
CREATED = "workspace.created"
RECORDED = "workspace.keys_recorded"
SERVED = "workspace.served"


@lru_cache(maxsize=1)
def is_sample() -> bool:
    """Say whether the agency and its people are fictitious, for trying things out: the log's first entry says so."""
    first = LogEntry.objects.filter(seq=0).values_list("canonical", flat=True).first()
    return first is not None and json.loads(bytes(first))["subject"].get("sample") is True


def is_served() -> bool:
    """Say whether the workspace has ever been served: members sign in from then on."""
    return WorkspaceState.objects.filter(served_entry__isnull=False).exists()


def fingerprints(without: Collection[str] = ()) -> dict[str, str]:
    """Return the name and fingerprint of every key in the folder keys but some.

    Raises:
        Refused: workspace.key_missing or workspace.key_wrong.
    """
    workspace, prints = services().workspace, {}
    for name in (name for name in KEYS if name not in without):
        try:
            prints[name] = fingerprint(workspace, name)
        except ValueError:  # a BadKey is one
            raise _wrong(name) from None
    return prints


def require_keys(without: Collection[str] = (), newer: Mapping[str, str] = MappingProxyType({})) -> None:
    """Refuse a workspace whose folder keys has another key than its log says, or lacks one.

    Args:
        without: keys that are not looked at, as one of them is about to be replaced.
        newer: fingerprints of keys that were replaced later: accepted too.

    Raises:
        Refused: workspace.confused, workspace.key_missing or workspace.key_wrong.
    """
    _require_own_database()
    state = WorkspaceState.objects.first()
    stated = state.keys if state is not None else stated_by_log()[0]  # a row can be removed by hand
    newest = LogKey.objects.order_by("-entry_id").values_list("vkey", flat=True).first()
    present = fingerprints(without)
    for name, stated_print in (stated | ({KEY: newest} if newest else {})).items():
        if name not in without and present.get(name) not in (stated_print, newer.get(name, stated_print)):
            raise _wrong(name)


def _require_own_database() -> None:
    first = LogEntry.objects.filter(seq=0).values_list("canonical", flat=True).first()
    origin = json.loads(bytes(first))["log"] if first is not None else services().origin
    if origin != services().origin:
        workspace = services().workspace
        raise Refused(
            "workspace.confused",
            "Workspace not usable",
            f"{workspace.database} is of the workspace {origin}, and {workspace.settings_file} of {services().origin}.",
            "Put together again what belongs together: settings, keys, database, audit. Nothing was changed.",
        )


def stated_by_log() -> tuple[dict[str, str], int | None]:
    """Return what the log itself says: the keys in force, and the entry of the first start of the server."""
    keys: dict[str, str] = {}
    served = None
    rows = LogEntry.objects.order_by("seq").values_list("seq", "canonical")
    for seq, text in rows.iterator(500):
        canonical = bytes(text)
        if canonical.startswith(_ABOUT_WORKSPACE):
            entry = json.loads(canonical)
            keys |= entry["subject"].get("keys", {})
            served = seq if served is None and entry["action"] == SERVED else served
        elif canonical.startswith(_KEY_ROTATED):
            keys[KEY] = json.loads(canonical)["subject"]["key"]
    return keys, served


def differences() -> list[str]:
    """Return how the row about the workspace differs from the log, in sentences."""
    keys, served = stated_by_log()
    if not keys:  # a log from before fingerprints; the upgrade or the restore records them
        return []
    state = WorkspaceState.objects.first()
    if state is None:
        return ["the row about the workspace is missing"]
    problems = [f"the row says another fingerprint of {name}" for name in keys if state.keys.get(name) != keys[name]]
    if state.served_entry != served:
        problems.append("the row and the log differ on whether the workspace was served")
    return problems


def _wrong(name: str) -> Refused:
    path = services().workspace.root / "keys" / name
    why = f"The key {name} is not the key of this workspace: the log has another fingerprint."
    right = f"Put the right file back at {path}: a copy of the folder keys from that time has it. Nothing was changed."
    if name in REPLACEABLE:
        return Refused(
            "workspace.key_wrong",
            "Workspace not usable",
            why,
            f"{right} If no copy is left, replace the key.",
            act=OperatorAct.KEYS_REPLACE,
        )
    return Refused("workspace.key_wrong", "Workspace not usable", why, right)
