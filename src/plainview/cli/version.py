"""`plainview version`."""

from __future__ import annotations

from plainview import __version__
from plainview.cli.common import Json, answer


def version(json: Json = False) -> None:
    """Print the version."""
    answer(__version__, json=json, version=__version__)
