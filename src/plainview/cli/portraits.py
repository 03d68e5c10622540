"""Two public-domain portraits, of which matplotlib carries one: for the demo and the benchmarks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from plainview.policy.decision import Refused

PORTRAITS = {
    "grace-hopper.jpg": (
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "https://en.wikipedia.org/wiki/Grace_Hopper",
    ),
    "eileen-collins.png": (
        "plainview",
        "cli/demo_data/eileen-collins.png",
        "https://en.wikipedia.org/wiki/Eileen_Collins",
    ),
}
"""File name -> (package that carries it, path inside, page about the picture). Both are works of the US
government (Navy, NASA) and in the public domain."""


def bundled_portraits() -> dict[str, Path]:
    """Return file name -> its path in an installed package.

    Raises:
        Refused: demo.photographs, when a package is missing.
    """
    paths = {}
    for name, (package, inside, _) in PORTRAITS.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise Refused(
                "demo.photographs",
                "Photographs not found",
                f"The package {package} that carries {name} is missing.",
                "Install Plainview with its dependencies, or choose a folder of your own photographs.",
            )
        paths[name] = Path(spec.origin).parent / inside
    return paths


def write_portraits(folder: Path) -> Path:
    """Copy the portraits into a folder and return their manifest."""
    folder.mkdir(exist_ok=True)
    lines = ["path,source_url,page_url,captured_on"]
    for name, source in bundled_portraits().items():
        (folder / name).write_bytes(source.read_bytes())
        lines.append(f"{name},{PORTRAITS[name][2]},{PORTRAITS[name][2]},")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest
