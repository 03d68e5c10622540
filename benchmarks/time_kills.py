"""Kill -9 at random moments of upgrade, change of a key, backup, restore and rehearsal; check everything after each.

    python benchmarks/time_kills.py --rounds 50

Each round takes a copy of the workspace of the oldest schema (upgraded first, for all works but the upgrade), runs one
command in a process of its own, kills it at a random moment of its own usual time, and checks: the workspace is the old one
or the new one, opens, and verifies; no half file is left where a whole one is expected; and the same command, run again,
completes. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.factories.old_workspace import untar

PLAINVIEW = (sys.executable, "-m", "plainview.cli.main")


def plainview(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    environment = {**os.environ, "PLAINVIEW_HOME": str(home)}
    return subprocess.run([*PLAINVIEW, *words], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own


def killed(home: Path, words: tuple[str, ...], share: float) -> bool:
    """Run a command in its own process group and kill it after a share of its usual time; return whether it still ran.

    The first run of each command is not killed: it shows the usual time.
    """
    environment = {**os.environ, "PLAINVIEW_HOME": str(home)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*PLAINVIEW, *words], env=environment, stdout=quiet, stderr=quiet, process_group=0)  # noqa: S603
    began = time.monotonic()
    try:
        process.wait(_took[words[0]] * share if words[0] in _took else None)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    _took[words[0]] = time.monotonic() - began
    return False


_took: dict[str, float] = {}


class Round:
    """A copy of the workspace to work on, and what is wrong after the kill."""

    def __init__(self, source: Path, folder: Path) -> None:
        """Copy the workspace."""
        self.folder, self.home = folder, folder / "workspace"
        shutil.copytree(source, self.home)
        self.problems: list[str] = []

    def require(self, done: subprocess.CompletedProcess[str], step: str) -> str:
        """Note a command that failed; return what it printed."""
        if done.returncode != 0:
            self.problems.append(f"{step}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def verified(self, home: Path, entries: int) -> None:
        """Note a log that does not verify, or that is shorter than it was."""
        out = self.require(plainview(home, "audit", "verify", "--json"), "verify")
        if out and json.loads(out)["entries"] < entries:
            self.problems.append(f"the log has {json.loads(out)['entries']} entries, it had {entries}")


def entries_of(home: Path) -> int:
    """Return the entries of the public log."""
    return sum(1 for _ in (home / "audit" / "log.jsonl").open("rb"))


def upgrade(copy: Round, share: float) -> bool:
    """Upgrade; killed or not, running it again completes it, and the backup holds the workspace as it was."""
    entries = entries_of(copy.home)
    stopped = killed(copy.home, ("upgrade",), share)
    looked = plainview(copy.home, "audit", "verify")
    if looked.returncode != 0 and "workspace.older" not in looked.stderr:
        copy.problems.append(f"neither old nor new: {looked.stderr}")
    copy.require(plainview(copy.home, "upgrade"), "upgrade again")
    copy.verified(copy.home, entries + 2)
    for backup in copy.folder.glob("workspace-before-*.age"):
        place = copy.folder / f"restored-{backup.name}"
        copy.require(plainview(copy.home, "restore", str(backup), str(place)), f"restore {backup.name}")
    for left in [*copy.home.glob(".backup-*"), *copy.folder.glob("*.part")]:
        copy.problems.append(f"{left.name} is left")
    return stopped


def rotate(copy: Round, share: float) -> bool:
    """Change blobs.key; killed or not, every command works in between, and running it again completes it."""
    entries = entries_of(copy.home)
    stopped = killed(copy.home, ("keys", "rotate", "--reason", "drill"), share)
    copy.verified(copy.home, entries)
    shown = plainview(copy.home, "alert", "list", "--as", "examiner@agency.example", "--json")
    copy.require(shown, "alert list")
    copy.require(plainview(copy.home, "keys", "rotate", "--reason", "drill"), "rotate again")
    left = [path.name for path in (copy.home / "keys").iterdir() if path.name.startswith("blobs.key.")]
    if left:
        copy.problems.append(f"keys are left: {left}")
    copy.verified(copy.home, entries + 2)
    backup = copy.folder / "after.age"
    copy.require(plainview(copy.home, "backup", str(backup)), "backup")  # opens every picture
    return stopped


def backup(copy: Round, share: float) -> bool:
    """Back up; killed, it leaves no file under the name, and the next one is whole."""
    file = copy.folder / "a.age"
    stopped = killed(copy.home, ("backup", str(file)), share)
    if not file.exists():
        copy.require(plainview(copy.home, "backup", str(file)), "backup again")
    copy.require(plainview(copy.home, "backups", "rehearse", str(file)), "rehearse")
    copy.verified(copy.home, entries_of(copy.home))
    copy.require(plainview(copy.home, "doctor"), "doctor")
    if list(copy.home.glob(".backup-*.sqlite3")):
        copy.problems.append("a copy of the database is left")
    return stopped


def restore(copy: Round, share: float) -> bool:
    """Restore; killed, there is no folder under the name, and running it again completes it."""
    file, place = copy.folder / "a.age", copy.folder / "restored"
    copy.require(plainview(copy.home, "backup", str(file)), "backup")
    stopped = killed(copy.home, ("restore", str(file), str(place)), share)
    if stopped and not place.exists():
        # What an interrupted restore left may be removed, as the refusal says.
        shutil.rmtree(copy.folder / ".restored.restoring", ignore_errors=True)
        copy.require(plainview(copy.home, "restore", str(file), str(place)), "restore again")
    copy.verified(place, entries_of(copy.home))
    return stopped


def rehearse(copy: Round, share: float) -> bool:
    """Rehearse; killed, the workspace is as it was, and the next rehearsal cleans up."""
    file = copy.folder / "a.age"
    copy.require(plainview(copy.home, "backup", str(file)), "backup")
    stopped = killed(copy.home, ("backups", "rehearse"), share)
    copy.require(plainview(copy.home, "backups", "rehearse"), "rehearse again")
    copy.verified(copy.home, entries_of(copy.home))
    left = [path.name for path in copy.home.iterdir() if "rehearsal" in path.name and path.is_dir()]
    if left:
        copy.problems.append(f"{left} are left")
    return stopped


WORKS: dict[str, Callable[[Round, float], bool]] = {
    "upgrade": upgrade,
    "rotate": rotate,
    "backup": backup,
    "restore": restore,
    "rehearse": rehearse,
}


def main() -> int:
    """Run the rounds and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=WORKS)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)  # noqa: S311  moments, not secrets
    counts: Counter[str] = Counter()
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="time-kills-") as name:
        folder = Path(name)
        untar(folder / "old")
        shutil.copytree(folder / "old" / "workspace", folder / "new" / "workspace")
        done = plainview(folder / "new" / "workspace", "upgrade")
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        for number in range(wanted.rounds):
            work = wanted.only or list(WORKS)[number % len(WORKS)]
            source = folder / ("old" if work == "upgrade" else "new") / "workspace"
            copy = Round(source, folder / f"round-{number}")
            # Not in the first fifth, in which Python only imports.
            stopped = WORKS[work](copy, chance.uniform(0.2, 1))
            counts[work] += 1
            counts["killed"] += stopped
            problems += [f"round {number} ({work}): {text}" for text in copy.problems]
            shutil.rmtree(copy.folder)
    result = {"rounds": wanted.rounds, **counts, "problems": problems}
    if wanted.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(f"{wanted.rounds} rounds, {counts['killed']} killed: {dict(counts)}\n")
        sys.stdout.write("\n".join(problems) + "\n" if problems else "Everything held.\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
