"""Every test gets a workspace of its own outside the repository; none may touch one that a person made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["PLAINVIEW_HOME"] = os.path.join(tempfile.mkdtemp(prefix="plainview-test-"), "workspace")  # noqa: PTH118


@pytest.fixture
def workspace(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An in-process sample workspace: real keys, blobs and log folder, tables in the test database."""
    from django.core.cache import cache

    from plainview.casework.log.channel import Channel, enter
    from plainview.casework.upkeep.setup import begin_log, make_sample_people
    from plainview.casework.workspace.folder import current, lay_out
    from plainview.casework.workspace.services import services

    home = tmp_path / "workspace"
    monkeypatch.setenv("PLAINVIEW_HOME", str(home))
    lay_out(current(), sample=True)
    services.cache_clear()
    enter(Channel())  # a command that ran in this process may have left its own
    cache.clear()  # its table is not emptied with the others: rate limits, used codes
    begin_log()
    make_sample_people()
    yield home
    services().close()
    services.cache_clear()
