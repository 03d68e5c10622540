"""How much disk space a set of requirements takes: each distribution, the largest first, and the total.

Run it with `make size`, or with the requirements files to measure: each set is installed with its hashes into an
empty virtual environment in a temporary folder. Sizes are those of the files that each distribution recorded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from importlib.metadata import Distribution, distributions
from pathlib import Path

LISTED = 15

_OF_THE_ENVIRONMENT = {"pip", "setuptools"}
"""Distributions of every new environment."""


def main() -> None:
    """Print the largest distributions and the total, in megabytes (10^6 bytes)."""
    files = [Path(name) for name in sys.argv[1:]] or [Path("requirements/main.txt")]
    with tempfile.TemporaryDirectory(prefix="plainview-size-") as folder:
        sizes = sorted(_installed(files, Path(folder)).items(), key=lambda pair: (-pair[1], pair[0]))
    for name, size in sizes[:LISTED]:
        print(f"{size / 1e6:8.1f} MB  {name}")  # noqa: T201  the script's answer
    total = sum(size for _, size in sizes) / 1e6
    print(f"{total:8.1f} MB  in total, {len(sizes)} distributions of {', '.join(map(str, files))}")  # noqa: T201


def _installed(files: list[Path], environment: Path) -> dict[str, int]:
    """Install the files into a new environment; return distribution -> bytes on disk."""
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    arguments = [argument for file in files for argument in ("-r", str(file))]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", *arguments]
    subprocess.run(pip, check=True)  # noqa: S603  our own words and the files named
    [site_packages] = environment.glob("lib/python*/site-packages")
    installed = {dist.name: dist for dist in distributions(path=[str(site_packages)])}
    return {name: _bytes(dist) for name, dist in installed.items() if name not in _OF_THE_ENVIRONMENT}


def _bytes(distribution: Distribution) -> int:
    paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


if __name__ == "__main__":
    main()
