"""Every entry says through what the member acted; what names a person there is sealed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

from plainview.audit.record import Opening, parse_line
from plainview.casework.log.channel import Channel, acting_through, channel, command_line
from plainview.casework.log.write import write_entry
from plainview.casework.models import LogEntry, LogOpening
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused


def test_the_entry_names_the_channel_and_seals_the_user(workspace: Path) -> None:
    with acting_through(command_line()), transaction.atomic():
        receipt = write_entry("test.act", {}, acting_member=None)
    assert channel() == Channel()
    row = LogEntry.objects.get(seq=receipt.entry)
    entry = parse_line(bytes(row.canonical))
    user = command_line().sealed["os_user"]
    assert entry.subject == {"via": "cli"}
    assert user.encode() not in bytes(row.canonical)
    sealed = LogOpening.objects.get(entry=row, name="os_user").sealed
    context = f"opening:{entry.seq}:os_user".encode()
    assert Opening.from_json(services().openings.open(bytes(sealed), context)).value == user


def test_only_the_owner_opens_a_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current().require_owner()
    monkeypatch.setattr("os.geteuid", lambda: workspace.stat().st_uid + 1)
    with pytest.raises(Refused, match=r"workspace\.not_owner"):
        current().require_owner()
