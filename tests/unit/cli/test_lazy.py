"""Help, version and completion load no feature; a command loads its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"django", "numpy", "cv2", "onnxruntime", "faiss", "PIL", "scipy", "rich", "cryptography", "pydantic"}
RUN = """
import sys
from plainview.cli.main import main
sys.argv = ["plainview", *sys.argv[1:]]
try:
    main()
finally:
    import json
    sys.stderr.write(json.dumps(sorted(sys.modules)))
"""


def loaded(tmp_path: Path, *words: str, **variables: str) -> tuple[str, set[str]]:
    environment = {**os.environ, "PLAINVIEW_HOME": str(tmp_path / "none"), "SHELL": "/bin/bash", **variables}
    # Typer looks for a shell among the nearest processes above it.
    command = ["bash", "-c", '"$@"; exit $?', "bash", sys.executable, "-c", RUN, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["--version"], ["case", "--help"], ["audit", "witness", "-h"], ["--show-completion", "bash"]],
    ids=" ".join,
)
def test_help_version_and_completion_load_nothing_of_a_feature(tmp_path: Path, words: list[str]) -> None:
    printed, modules = loaded(tmp_path, *words)
    assert printed
    assert not HEAVY & modules
    allowed = {"commands", "hints", "lifeline", "main", "tree", *(["commit"] if words == ["--version"] else [])}
    assert {name.split(".")[2] for name in modules if name.startswith("plainview.cli.")} <= allowed
    assert not [name for name in modules if name.startswith(("plainview.casework", "plainview.recognition"))]


def test_completion_lists_commands_without_loading_them(tmp_path: Path) -> None:
    printed, modules = loaded(
        tmp_path, _PLAINVIEW_COMPLETE="complete_bash", COMP_WORDS="plainview case ", COMP_CWORD="2"
    )
    assert printed.split() == ["open", "close", "list"]
    assert not HEAVY & modules


@pytest.mark.parametrize("name", ["verify-package", "register check", "examine form", "audit monitor", "models list"])
def test_what_needs_no_workspace_starts_no_django(tmp_path: Path, name: str) -> None:
    printed, modules = loaded(tmp_path, *name.split(), "--help")
    assert "Example:" in printed
    assert "plainview.site.settings" not in modules
    assert "plainview.casework.models" not in modules


def test_a_light_command_loads_no_picture_library(tmp_path: Path) -> None:
    printed, modules = loaded(tmp_path, "case", "list", "--help")
    assert "plainview case list --as" in printed
    assert not {"cv2", "onnxruntime", "faiss", "scipy", "av"} & modules
