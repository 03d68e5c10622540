"""Every command that writes a file: a missing folder, a full disk, a read-only place; one line, nothing half-written,
nothing over what is there, and no entry that says it was written. A file is its owner's alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import typing
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.factories import forks
from tests.factories.evaluation import portraits
from tests.integration.conftest import Cli

from plainview.cli.commands import COMMANDS
from plainview.cli.tree import load

pytestmark = pytest.mark.long

EXAMINER, VERIFIER, SUPERVISOR = "examiner@agency.example", "verifier@agency.example", "supervisor@agency.example"
ADMIN, AUDITOR = "admin@agency.example", "auditor@agency.example"

COMMANDS_THAT_WRITE: dict[str, tuple[str, str, str]] = {
    # command: (line, name of the file or folder, action of the entry that says it was written)
    "faces": ("{image} --draw {out}", "faces.png", ""),
    "enrol": ("custody {few} --failures {out} --as " + ADMIN, "failures.jsonl", ""),
    "disclose": ("{search} --out {out} --as " + SUPERVISOR, "package.zip", "disclosure.made"),
    "stills": ("{video} --out {out} --as " + EXAMINER, "sheet.pdf", "stills.exported"),
    "verify show": ("{verification} --out {out} --as {verifier}", "shown", ""),
    "lead sheet": ("{lead} --out {out} --as " + SUPERVISOR, "sheet.pdf", "lead.sheet_made"),
    "report show": ("--pdf {out} --as " + SUPERVISOR, "report.pdf", "report.made"),
    "report show --csv": ("--csv {out} --as " + SUPERVISOR, "report.csv", "report.made"),
    "register export": ("{out} --as " + ADMIN, "register", "register.exported"),
    "gallery export": ("custody {out} --reason moving --as " + ADMIN, "exported", "gallery.exported"),
    "audit export": ("{out}", "copy", "log.exported"),
    "audit tiles": ("{out}", "tiles", ""),
    "backup": ("{out}", "backup.plainview", ""),
    "retention proof": ("{run} --out {out} --as " + ADMIN, "proof.json", "retention.proved"),
    "rights show": ("{asked} --pdf {out} --as " + ADMIN, "letter.pdf", ""),
    "evaluate": ("{data} --cache {cache} --protocol verification --json {out}", "result.json", ""),
    "evaluate --report": ("{data} --cache {cache} --protocol verification --report {out}", "report", ""),
    "evaluate-labels": ("{data} --cache {cache} --out {out}", "pages", ""),
}
FOLDERS = {
    "verify show",
    "register export",
    "audit tiles",
    "gallery export",
    "audit export",
    "evaluate --report",
    "evaluate-labels",
}
MAKES_ITS_FOLDER = {"register export", "audit tiles"}
REPLACES = {"faces", "stills", "evaluate", "evaluate --report", "evaluate-labels", "register export", "audit tiles"}
"""Commands that may be given a file or folder that is there."""

READS = {
    "image",
    "image_a",
    "image_b",
    "photograph",
    "file",
    "path",
    "form",
    "photos",
    "labels",
    "rulings",
    "wheel",
    "manifest",
    "mapping",
    "witnesses",
}
READS |= {
    "dataset",
    "log",
    "kept_checkpoint",
    "check",
    "reference",
    "probe",
    "tls_cert",
    "tls_key",
    "expunged",
    "faces",
}
READS |= {"keys", "checkpoint", "kept", "policy", "state", "cache", "photographs", "workspace"}
"""Names of parameters that name something to read, or a place of the program's own."""
WRITES = {"draw", "failures", "out", "csv", "pdf", "json", "report", "folder", "keep", "mail_file", "backup"}

MAKE = """
import json, sys
from pathlib import Path
from django.utils import timezone
from plainview.cli.start import open_workspace
open_workspace()
from tests.factories.retention import ordered, worked
from tests.factories.rights import decided
from tests.factories.verification import examined
from tests.factories.clips import clip
from tests.factories.videos import take
from tests.factories.models import hopper, scaled
from tests.factories.work import case, gallery, person, probe, search, write
from datetime import date
from django.db import transaction
from plainview.casework.log.write import write_entry
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from tests.integration.test_authorisation_matrix import _looked_at
from plainview.casework.rights.answers import answer_request
from plainview.casework.workspace.services import services

place = Path(sys.argv[1])
gallery(place / "pictures", "custody")
case()
image = probe(place)
third = place / "pictures" / "third.png"
write(scaled(hopper(), 0.6), third)
create_gallery("old", legal_basis="law", source="s", owner="o", expires_on=date(2999, 1, 1), acting_member=person("admin"))
enrol("old", [Item(third, third.name, third.as_uri())], acting_member=person("admin"))
found = search(image, gallery="custody").search.public_id
_, _, lead = _looked_at(found)
waiting = examined(search(image, gallery="custody", purpose="find a witness").search.public_id).verifications.get()
waiting.assigned_at = timezone.now()  # tasks arrive after a while
waiting.save()
with transaction.atomic():
    write_entry("rows.committed", {}, acting_member=None, rows=[waiting])
video = take(clip(frames=30).data, name="案 [a].mp4").public_id
asked, mine = decided("access")
answer_request(asked.public_id, acting_member=person("admin"))
ordered("third.png")
print(json.dumps({
    "image": str(image), "search": found, "verification": waiting.public_id, "lead": lead, "video": video,
    "verifier": waiting.verifier.email, "run": worked().public_id, "asked": asked.public_id,
}))
services().close()
"""

FULL = """
import os, errno
sync = os.fsync
def full(number):
    if os.readlink(f"/proc/self/fd/{number}").find(".part") > 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sync(number)
os.fsync = full
"""
READ_ONLY = """
import errno, os, tempfile
def refused(*arguments, dir=None, **options):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(dir))
tempfile.mkstemp = tempfile.mkdtemp = refused
"""
RUN = "\nfrom plainview.cli.main import main\nmain()"


class Walk:
    """A workspace with one of everything that can be written out."""

    def __init__(self, cli: Cli, names: dict[str, str]) -> None:
        self.cli, self.names = cli, names

    def run(self, command: str, out: Path, before: str = "") -> subprocess.CompletedProcess[str]:
        words = [*command.split(" --")[0].split(), *(
            word.format(**self.names, out=out) for word in COMMANDS_THAT_WRITE[command][0].split()
        )]  # fmt: skip
        return forks.run(self.cli.home, words, code=f"{before}{RUN}" if before else "")

    def entries(self, action: str) -> int:
        with closing(sqlite3.connect(self.cli.home / "plainview.sqlite3")) as database:
            (count,) = database.execute(
                "select count(*) from log_entry where instr(canonical, ?) > 0", [f'"action":"{action}"'.encode()]
            ).fetchone()
        return int(count)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    place = tmp_path_factory.mktemp("outputs")
    cli = Cli(place / "workspace")
    cli.run("init", "--sample")
    done = forks.run(cli.home, [place], code=MAKE)
    assert done.returncode == 0, done.stderr
    (place / "few").mkdir()
    (place / "few" / "no-picture.jpg").write_text("nothing")
    names = json.loads(done.stdout.splitlines()[-1])
    shutil.copy(names["image"], place / "few" / "face.png")  # a run without any picture ends with exit code 1
    data = portraits(place / "set")
    return Walk(cli, names | {"few": str(place / "few"), "data": str(data), "cache": str(place / "cache")})


def _path_parameters(function: Any) -> set[str]:
    hints = typing.get_type_hints(function)
    return {name for name, hint in hints.items() if Path in (hint, *typing.get_args(hint))}


def test_every_path_that_a_command_takes_is_read_or_in_the_walk() -> None:
    walked = {command.split(" --")[0] for command in COMMANDS_THAT_WRITE} | {"bench video", "audit monitor", "witness"}
    for name, command in COMMANDS.items():
        for parameter in _path_parameters(load(command)):
            assert parameter in READS | WRITES, (name, parameter)
            # An upgrade needs a workspace of an older version; it writes its backup as `backup` does. What a benchmark
            # keeps is a workspace, made as `init` makes it.
            if parameter in WRITES - {"folder", "report", "log", "backup", "keep"}:
                assert any(name.startswith(known) for known in walked) or name == "demo", (name, parameter)


@pytest.mark.parametrize("command", COMMANDS_THAT_WRITE)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(walk: Walk, command: str, tmp_path: Path) -> None:
    _, name, action = COMMANDS_THAT_WRITE[command]
    before = walk.entries(action) if action else 0
    out = tmp_path / name
    troubles = [(tmp_path / "nowhere" / name, "", "nowhere"), (out, FULL, "full"), (out, READ_ONLY, "read-only")]
    for place, code, word in troubles if command not in MAKES_ITS_FOLDER else troubles[1:]:
        done = walk.run(command, place, code)
        assert done.returncode == 1, (word, done.stdout, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert "Traceback" not in done.stderr
        assert lines, word
        assert word in lines[-1] or (word == "full" and "no room" in lines[-1]), lines
        assert not [path for path in tmp_path.rglob("*") if path.is_file()], word
        assert not action or walk.entries(action) == before, word
    if command not in REPLACES:
        out.mkdir() if command in FOLDERS else out.write_text("mine")
        done = walk.run(command, out)
        assert done.returncode == 1
        assert (
            "is a folder" if command in FOLDERS else "already exists"
        ) in done.stderr or "already exists" in done.stderr
        assert command in FOLDERS or out.read_text() == "mine"
        shutil.rmtree(out) if command in FOLDERS else out.unlink()
    done = walk.run(command, out)
    assert done.returncode == 0, done.stderr
    assert not action or walk.entries(action) == before + 1
    for path in [out, *out.rglob("*")]:
        private = 0o700 if path.is_dir() else 0o600
        if command not in ("register export", "audit tiles"):  # a web server of another user reads it
            assert path.stat().st_mode & 0o777 == private, path
    assert not list(tmp_path.rglob("*.part"))


def test_a_sheet_shows_a_square_for_a_name_in_a_script_without_a_font(walk: Walk, tmp_path: Path) -> None:
    done = walk.run("stills", tmp_path / "sheet.pdf")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("command", ["stills", "gallery export"])
def test_a_locale_that_is_not_utf_8_writes_the_same(walk: Walk, command: str, tmp_path: Path) -> None:
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    code = f"import os, sys\nos.environ.update({environment!r})\nfor s in (sys.stdout, sys.stderr): s.reconfigure(encoding='ascii')\n"
    done = walk.run(command, tmp_path / COMMANDS_THAT_WRITE[command][1], code)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
