"""One server a workspace; the lock ends with its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plainview.casework.workspace.folder import Workspace
from plainview.casework.workspace.lock import SERVER, holder, only_server
from plainview.policy.decision import Refused

_HOLD = """
import sys, time
from pathlib import Path
from plainview.casework.workspace.folder import Workspace
from plainview.casework.workspace.lock import only_server
with only_server(Workspace(Path(sys.argv[1])), "http://there/"):
    print("has it", flush=True)
    time.sleep(600)
"""


def test_a_second_server_is_refused_and_told_where_the_first_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert holder(workspace) is None
    with only_server(workspace, "http://here/"):
        found = holder(workspace)
        assert found is not None
        assert (found.pid, found.address) == (os.getpid(), "http://here/")
        with pytest.raises(Refused, match=rf"http://here/ by process {os.getpid()}"), only_server(workspace, "x"):
            pass
    assert holder(workspace) is None


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"has it\n"
        found = holder(Workspace(tmp_path))
        assert found is not None
        assert found.pid == process.pid
        process.kill()
        process.wait()
    assert holder(Workspace(tmp_path)) is None
    with only_server(Workspace(tmp_path), "http://here/"):
        pass


def test_a_file_with_nonsense_is_no_lock_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / SERVER).write_bytes(b"\xff{")
    with only_server(Workspace(tmp_path), "http://here/"):
        (tmp_path / SERVER).write_bytes(b"\xff{")
        assert holder(Workspace(tmp_path)) is None
        with pytest.raises(Refused, match="by another process"), only_server(Workspace(tmp_path), "x"):
            pass
