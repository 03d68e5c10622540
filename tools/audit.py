"""What `make audit` does: known vulnerabilities of the pinned sets, and secrets among the tracked files.

Owns what counts as checked. A vulnerability service that does not know a package has not cleared it: this must never
report a set as checked when one package of it was not.

    python tools/audit.py [--offline] [--vulnerabilities COMMAND] [--secrets COMMAND] requirements/main.txt ...

Exit status: 0 checked and clean; 1 something was found; 3 something could not be checked. `--offline` makes 3 a 0 and
says so on the last line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOUND, NOT_CHECKED = 1, 3

NOISY = ("HexHighEntropyString", "Base64HighEntropyString", "KeywordDetector")
"""Plugins of detect-secrets that are off: hashes, keys of published test vectors and the word "password" are everywhere."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says: sentences about what it found, and why it could not check, "" if it could."""

    found: tuple[str, ...] = ()
    unchecked: str = ""


def vulnerabilities(command: Sequence[str], requirements: Path) -> Verdict:
    """Ask pip-audit about every pinned package of a set, without installing any.

    Args:
        command: runs pip-audit.
        requirements: a compiled set with hashes.
    """
    asked = [*command, "--disable-pip", "--require-hashes", "--format", "json", "-r", str(requirements)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  our own tools
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Verdict(unchecked=f"{requirements}: the vulnerability service did not answer: {last[:200]}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    found = tuple(
        f"{package['name']} {package['version']}: {known['id']}, fixed in {', '.join(known['fix_versions']) or 'no version'}"
        for package in packages
        for known in package.get("vulns", ())
    )
    if not packages or skipped:
        why = f"{requirements}: {len(skipped)} of {len(packages)} packages are unknown to the vulnerability service"
        return Verdict(found, why)
    return Verdict(found)


def secrets(command: Sequence[str], files: Sequence[str]) -> Verdict:
    """Search files for keys and tokens.

    Args:
        command: runs detect-secrets-hook.
        files: names of the files.
    """
    off = [option for name in NOISY for option in ("--disable-plugin", name)]
    done = subprocess.run([*command, "--json", *off, *files], capture_output=True, text=True, check=False)  # noqa: S603
    try:
        results = json.loads(done.stdout)["results"] if done.stdout.strip() else {}
    except (ValueError, KeyError):
        return Verdict(unchecked=f"secrets: the scanner failed: {done.stderr.strip()[:200]}")
    if done.returncode not in (0, 1) or (done.returncode == 1 and not results):
        return Verdict(unchecked=f"secrets: the scanner failed: {done.stderr.strip()[:200]}")
    places = ((name, place["line_number"], place["type"]) for name, found in results.items() for place in found)
    return Verdict(tuple(f"{name}:{line}: {kind}" for name, line, kind in places))


def tracked() -> list[str]:
    """Return the names of the tracked files."""
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True)  # noqa: S607
    return [name for name in done.stdout.decode().split("\0") if name and Path(name).is_file()]


def main(arguments: Sequence[str]) -> int:
    """Check, print one line a finding, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("requirements", type=Path, nargs="+")
    parser.add_argument("--offline", action="store_true", help="what could not be checked is said and is no failure")
    parser.add_argument("--vulnerabilities", default="pip-audit")
    parser.add_argument("--secrets", default="detect-secrets-hook")
    chosen = parser.parse_args(arguments)
    verdicts = [vulnerabilities([chosen.vulnerabilities], path) for path in chosen.requirements]
    verdicts.append(secrets([chosen.secrets], tracked()))
    found = [line for verdict in verdicts for line in verdict.found]
    unchecked = [verdict.unchecked for verdict in verdicts if verdict.unchecked]
    lines = [f"FOUND {line}" for line in found] + [f"NOT CHECKED {line}" for line in unchecked]
    lines.append(f"audit: {len(found)} found, {len(unchecked)} of {len(verdicts)} checks could not be made")
    sys.stdout.write("\n".join(lines) + "\n")
    if found:
        return FOUND
    return NOT_CHECKED if unchecked and not chosen.offline else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
