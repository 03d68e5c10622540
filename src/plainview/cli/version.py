"""`plainview version`."""

from __future__ import annotations

from plainview import __version__
from plainview.cli.commit import commit, full
from plainview.cli.common import Json, answer


def version(json: Json = False) -> None:
    """Print the version and the commit it was made from."""
    answer(full(), json=json, version=__version__, commit=commit())
