"""One server a workspace, or several with records in PostgreSQL; each lock ends with its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plainview.casework.workspace.folder import Workspace
from plainview.casework.workspace.lock import SERVER, as_server, holders
from plainview.policy.decision import Refused

SETTINGS = "version = 1\nlog = 'tests'\n"
_HOLD = """
import sys, time
from pathlib import Path
from plainview.casework.workspace.folder import Workspace
from plainview.casework.workspace.lock import as_server
with as_server(Workspace(Path(sys.argv[1])), "http://there/"):
    print("has it", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def records_in_the_folder(tmp_path: Path) -> None:
    Workspace(tmp_path).settings_file.write_text(SETTINGS)


def test_a_second_server_is_refused_and_told_where_the_first_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert holders(workspace) == []
    with as_server(workspace, "http://here/"):
        (found,) = holders(workspace)
        assert (found.pid, found.address) == (os.getpid(), "http://here/")
        with pytest.raises(Refused, match=rf"http://here/ by process {os.getpid()}"), as_server(workspace, "x"):
            pass
    assert holders(workspace) == []


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"has it\n"
        (found,) = holders(Workspace(tmp_path))
        assert found.pid == process.pid
        process.kill()
        process.wait()
    assert holders(Workspace(tmp_path)) == []
    with as_server(Workspace(tmp_path), "http://here/"):
        pass


def test_a_file_with_nonsense_is_no_lock_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / SERVER).write_bytes(b"\xff{")
    with as_server(Workspace(tmp_path), "http://here/"):
        (tmp_path / SERVER).write_bytes(b"\xff{")
        assert holders(Workspace(tmp_path)) == []
        with pytest.raises(Refused, match="by another process"), as_server(Workspace(tmp_path), "x"):
            pass


def test_records_in_postgresql_have_several_servers_and_each_is_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.settings_file.write_text(f'database = "postgresql"\n{SETTINGS}')
    with as_server(workspace, "http://one/"), as_server(workspace, "http://two/"):
        assert {server.address for server in holders(workspace)} == {"http://one/", "http://two/"}
    assert holders(workspace) == []
