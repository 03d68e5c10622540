"""Every command of docs/explanation/accountability.md, in its order, as a stranger would type it.

Each runs as a process of its own, in a folder with two photographs and a probe. What a command leaves for the next one
(the number of an entry, ids) is read from its answer and put where the page has a word in capitals.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import forks

pytestmark = pytest.mark.long

PAGE = Path(__file__).parents[2] / "docs/explanation/accountability.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    return [line for block in BLOCK.findall(PAGE.read_text("utf-8")) for line in block.splitlines()]


@pytest.fixture
def place(tmp_path: Path, photographs: Path, probe: Path) -> Path:
    """A folder with photographs, a probe, and `plainview` and `python` on its path."""
    shutil.copytree(photographs, tmp_path / "photographs")
    shutil.copy(probe, tmp_path / "probe.jpg")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, module in (("plainview", " -W error -m plainview.cli.main"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (tools / name).chmod(0o755)
    return tmp_path


def run(line: str, place: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell does; a plain command of `plainview` as a fork, which need not import anything."""
    command, _, target = line.partition(" > ")
    words = shlex.split(command)
    if words[0] != "plainview" or re.search(r"[|&;$`*]", line):
        shell = ["/bin/sh", "-c", line]
        return subprocess.run(
            shell, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    done = forks.forks().run(words[1:], environment, cwd=place)
    if target:
        (place / target.strip()).write_text(done.stdout, "utf-8")
    return done


def test_every_link_from_the_click_to_the_public_number(place: Path) -> None:
    known: dict[str, str] = {}
    environment = {name: value for name, value in os.environ.items() if name != "PLAINVIEW_HOME"} | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    lines = commands()
    assert len(lines) > 20
    for line in lines:
        refused = line.startswith("! ")
        text = line.removeprefix("! ")
        for word, value in known.items():
            text = re.sub(rf"\b{word}\b", value, text)
        done = run(text, place, environment)
        assert (done.returncode == 1) == refused, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        if "> search.json" in line:
            told = json.loads((place / "search.json").read_text())
            assert told["audit"]["answer_entry"] > told["audit"]["entry"]
            known = {
                "ENTRY": str(told["audit"]["entry"]),
                "SEARCH": told["search_id"],
                "REFERENCE": told["candidates"][0]["reference_id"],
            }
        elif "register.json" in line and refused:
            assert ("searches" in done.stderr) or ("publication" in done.stdout)
        elif line.startswith("plainview verify-package"):
            assert "the same list with the same scores" in done.stdout
