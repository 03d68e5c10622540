"""What the commands share: option types, and how text, tables and JSON are printed.

Owns the two consoles. What is printed is data, never markup: a file name may contain any bracket.
"""

from __future__ import annotations

import json as jsonlib
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from plainview.casework.workspace.folder import Workspace
from plainview.cli.hints import typed

AS_ENV = "PLAINVIEW_AS"

As = Annotated[str, typer.Option("--as", envvar=AS_ENV, metavar="EMAIL", help="E-mail address of the acting member.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Box = Annotated[
    str | None,
    typer.Option(
        metavar="X,Y,W,H",
        help="Box around the face, drawn by you where none is found: left edge, top edge, width, height, in pixels "
        "after the edits. It is recorded.",
    ),
]
Also = Annotated[
    list[Path] | None,
    typer.Option(
        help="Another photograph of the same person, repeat for up to three. They make one probe; of each, the largest "
        "face counts."
    ),
]
Reason = Annotated[str, typer.Option(help="The reason, in a sentence; it is kept.")]

console = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)

_DAY = "YYYY-MM-DD"
_LEAST_COLUMNS = 3  # fewer make no table
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_BOX = re.compile(r"\d{1,5}(\s*,\s*\d{1,5}){3}")
_OTHER_FORMS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d %b %Y",
)


def parse_day(text: str) -> date:
    """Return the day that was typed as 2030-12-31.

    Raises:
        BadParameter: it is written in another form; the message has the wanted one.
    """
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  a day has no time zone
    except ValueError:
        meant = {day for form in _OTHER_FORMS if (day := _read(text, form))}
        form = meant.pop().isoformat() if len(meant) == 1 else f"{_DAY}, for example 2030-12-31"
        raise typer.BadParameter(f"{text} is not a date. Write it as {form}.") from None


def _read(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no time zone
    except ValueError:
        return None


def day_option(*names: str, help: str) -> Any:  # noqa: A002  Typer's word
    """Return an option that takes a day."""
    return typer.Option(*names, parser=parse_day, metavar=_DAY, help=help)


def with_box(edits: Sequence[str], box: str | None, name: str) -> list[str]:
    """Return a chain of edits followed by the box of a face, with the name of the person who drew it.

    Raises:
        BadParameter: the box is not four numbers, or an edit is a box.
    """
    if any(edit.strip().startswith("face:") for edit in edits):
        raise typer.BadParameter("give the box of a face with --box")
    if box is None:
        return list(edits)
    if not _BOX.fullmatch(box.strip()):
        raise typer.BadParameter(f"{box!r} is not a box: write X,Y,W,H, for example --box 120,80,200,240")
    return [*edits, f"face:{box.strip()}" + (f" by {name}" if name else "")]


def _require_unaltered() -> None:
    """Check the rows that a member's command has loaded before it prints anything made of them."""
    commit = sys.modules.get("plainview.casework.log.commit")  # no command that needs no database waits for it
    if commit is not None:
        commit.require_unaltered()


def say(text: object = "", *, style: str = "") -> None:
    """Print text for people; the terminal wraps it, so that an id, a path or a command stays whole."""
    _require_unaltered()
    console.print(typed(str(text)), style=style or None, soft_wrap=True)


def warn(text: object, *, style: str = "") -> None:
    """Print text for people on standard error."""
    err.print(typed(str(text)), style=style or None, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON object on standard output, and nothing else."""
    _require_unaltered()
    escaped = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    sys.stdout.write(jsonlib.dumps(value, ensure_ascii=escaped, default=str) + "\n")


def answer(text: str, /, *, json: bool, **fields: Any) -> None:
    """Print what a command did: one JSON object of the fields, or the text for people."""
    if json:
        print_json(fields)
    else:
        say(text)


def say_code(text: str, code: str) -> None:
    """Print a code that a person gets by hand, and the page on which it is used; a terminal cuts neither."""
    from plainview.casework.mail import address

    say(text)
    typer.echo(code)
    say("They set their password with it on this page, while the workspace is served:")
    typer.echo(f"{address()}/join/{code}/")


def moment(at: datetime) -> str:
    """Return a moment in the time zone of this machine: "5 Nov 2026, 23:29 CET"."""
    return f"{at.astimezone():%-d %b %Y, %H:%M %Z}"


def sample_notice(workspace: Workspace) -> str:
    """Return what marks a sample workspace, which is the open one, wherever its results show; empty for a real one."""
    from plainview.casework.log.state import is_sample  # the database is known once the workspace is open

    return "SAMPLE workspace: its agency and people are made up." if workspace.root.exists() and is_sample() else ""


def print_rows(
    key: str,
    heads: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    nothing: str,
    *,
    json: bool,
    caption: str = "",
) -> None:
    """Print rows as one JSON object under `key`, or as a table for people; `nothing` if there are none."""
    if json:
        print_json({key: rows})
    elif rows:
        print_table(heads, [list(record.values()) for record in rows], caption=caption)
    else:
        say(nothing)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", caption: str = "") -> None:
    """Print a table without breaking a word.

    What makes it too wide for that gets a line of its own under its row; where too little is left, each row is a block of lines.
    """
    _require_unaltered()
    cells = [[cell_text(value) for value in line] for line in rows]
    widths = _widths([list(heads), *cells], console.width)
    if widths is None and _print_in_lines(heads, cells, title, caption):
        return
    if widths is None:
        say(title) if title else None
        for line in cells:
            for head, cell in zip(heads, line, strict=True):
                say(f"{head}: {cell}" if head else cell)
            say()
        say(caption) if caption else None
        return
    table = Table(title=title or None, caption=caption or None)
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, width=width, overflow="fold")
    for line in cells:
        table.add_row(*line)
    console.print(table)


def _print_in_lines(heads: Sequence[str], cells: Sequence[Sequence[str]], title: str, caption: str) -> bool:
    """Print rows of short cells, and under each its long ones; say whether that was possible."""
    short = list(range(len(heads)))
    words = {column: max(len(word) for line in cells for word in line[column].split() or [""]) for column in short}
    while (widths := _widths([[line[column] for column in short] for line in (heads, *cells)], console.width)) is None:
        if len(short) <= _LEAST_COLUMNS:
            return False
        short.remove(max(short[1:], key=words.__getitem__))
    say(title) if title else None
    for line in (heads, *cells):
        grid = Table.grid(padding=(0, 2, 0, 0))
        for width in widths:
            grid.add_column(width=width, overflow="fold")
        grid.add_row(*(line[column] for column in short))
        console.print(grid)
        for column in range(len(heads)) if line is not heads else ():
            if column not in short and line[column] != "-":
                say(f"    {heads[column]}: {line[column]}")
    say(caption) if caption else None
    return True


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the columns' widths in a table that fits; None where that would break a word, or a row's name."""
    columns = list(zip(*rows, strict=True))
    widths = [max(len(line) for cell in column for line in (cell.splitlines() or [""])) for column in columns]
    least = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    least[0] = widths[0]  # the name by which a row is typed; it may contain a blank
    room -= 3 * len(columns) + 1  # the rules between the columns, and a blank on each side
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda number: widths[number] - least[number])
        if widths[widest] == least[widest]:
            return None
        widths[widest] -= 1
    return widths


def cell_text(value: object) -> str:
    """Return a value as it is shown in a table."""
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _moment_text(value) if isinstance(value, str) else str(value)


def _moment_text(text: str) -> str:
    """Return a moment of JSON as people write it; other text unchanged."""
    if not _MOMENT.fullmatch(text):
        return text
    return moment(datetime.fromisoformat(text))
