"""Commands that the defence or the public uses mostly."""

from __future__ import annotations

from plainview.cli.commands.row import Command, Need

GROUPS: dict[str, str] = {}

ROWS = (
    Command(
        "verify-package",
        Need.NOTHING,
        "outsiders:verify_package",
        "Check a disclosure package and run its search again; needs no workspace. Exit 1 when anything is wrong.",
        "plainview verify-package package.zip",
    ),
    Command(
        "controls",
        Need.NOTHING,
        "controls:controls",
        "Show how many points of each standard are met, or with --state those points, each with its file and test.",
        "plainview controls --state partly",
    ),
)
