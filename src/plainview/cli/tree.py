"""The tree of commands, built from the table as it is walked: a command's module is imported when it is reached.

Owns the help. It must never import a feature's module in order to list commands.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_install_completion_arguments
from typer.models import CommandInfo

from plainview.cli.commands import COMMANDS, GROUPS, USERS, Command, run_as
from plainview.cli.hints import name_workspace

_HOME = "PLAINVIEW_HOME"  # casework.workspace.folder.ENV: importing that would cost a tenth of a second
_WIDTH = 78


def load(command: Command) -> Callable[..., Any]:
    """Return a command's function; its module may use the database, so Django is started first."""
    module, function = command.where.split(":")
    if command.opens_workspace:
        import_module("plainview.cli.start").start_django()
    loaded: Callable[..., Any] = getattr(import_module(f"plainview.cli.{module}"), function)
    return loaded


class _AsTyped:
    """A type that takes text, or a flag, as it was typed. Typer would load pydantic for that, which takes a tenth of a second."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        return value


def _lighten(params: list[Any]) -> None:
    """Let options and arguments that are plain text or flags do without a validator."""
    for param in params:
        described = getattr(param, "type_descriptor", None)
        if described is None or described.parameter_info.parser is not None:
            continue
        if described.annotation is str or (described.annotation is bool and param.is_flag):
            param._runtime_param = _AsTyped()


class Leaf(TyperCommand):
    """A command. It names all missing parameters at once, and runs with the permission of its row of the table."""

    command: Command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; raise one usage error for everything that is missing."""
        if not ctx.resilient_parsing:
            self._require_all(ctx, list(args))
        return super().parse_args(ctx, args)

    def _require_all(self, ctx: Any, args: list[str]) -> None:
        typed, *_ = self.make_parser(ctx).parse_args(args=args)
        if typed.get("help"):
            return
        params: list[Any] = self.get_params(ctx)
        missing = [
            param.get_error_hint()
            for param in params
            if param.required and param.value_is_missing(param.consume_value(ctx, typed)[0])
        ]
        if missing:
            ctx.fail(f"Missing: {', '.join(missing)}. For example:\n\n" + _example(self.command.example))

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option -h."""
        option = super().get_help_option(ctx)
        _lighten([option])
        return option

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        ctx.params = {name: _text(value, ctx) for name, value in ctx.params.items()}
        with run_as(self.command):
            return super().invoke(ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the example; it is never wrapped inside a word."""
        formatter.write(f"\nExample:\n{_example(self.command.example)}\n")


def _text(value: Any, ctx: Any) -> Any:
    """Return typed text as Unicode, whatever the locale is; paths stay as the operating system has them."""
    if isinstance(value, list | tuple):
        return type(value)(_text(part, ctx) for part in value)
    if not isinstance(value, str) or value.isascii():
        return value
    raw = os.fsencode(value)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if raw.decode("utf-8", "surrogateescape") != value:  # the locale has another encoding, and decoded it
            return value
        shown = raw.decode("utf-8", "backslashreplace")
        ctx.fail(f"{shown} is not UTF-8. Set the character set of your terminal to UTF-8, and type it again.")


class Group(TyperGroup):
    """The commands below a word, or all of them."""

    def __init__(self, path: str, **attributes: Any) -> None:
        super().__init__(name=path.rpartition(" ")[2] or "plainview", rich_markup_mode=None, **attributes)
        self._above = f"{path} " if path else ""
        below = [name.removeprefix(self._above) for name in COMMANDS if name.startswith(self._above)]
        self.commands = dict.fromkeys(name.partition(" ")[0] for name in below)  # type: ignore[assignment]
        self._completing = False

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option -h."""
        option = super().get_help_option(ctx)
        _lighten([option])
        return option

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, built now; None if there is none with that name."""
        name = self._above + cmd_name
        if cmd_name not in self.commands:
            return None
        if self._completing:
            return TyperCommand(cmd_name, help=_help(name))
        return group(name) if name in GROUPS else leaf(COMMANDS[name])

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the table."""
        return list(self.commands)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return the possible next words; the listed commands are not loaded."""
        self._completing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._completing = False

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with what each does; at the top level by who uses them."""
        titles = ["Commands"] if self._above else list(USERS)
        for title in titles:
            names = [name for name in self.commands if self._above or _users(name) == title]
            with formatter.section(title):
                formatter.write_dl([(name, _help(self._above + name)) for name in names])


def _help(name: str) -> str:
    return GROUPS[name] if name in GROUPS else COMMANDS[name].help


def _users(entry: str) -> str:
    return next(title for title, entries in USERS.items() if entry in entries)


def _example(line: str) -> str:
    """Return a command over as many lines as it needs, each broken before an option; it can be pasted."""
    lines, now = [], ""
    for part in line.replace(" --", "\n--").split("\n"):
        if now and len(now) + 1 + len(part) > _WIDTH - 4:
            lines.append(f"{now} \\")
            now = f"  {part}"
        else:
            now = f"{now} {part}".strip() if now.strip() == now else f"{now} {part}"
    return "\n".join(f"  {text}" for text in [*lines, now])


def leaf(command: Command) -> Leaf:
    """Make a command from its row and its function's signature."""
    info = CommandInfo(name=command.name.rpartition(" ")[2], callback=load(command), cls=Leaf)
    command_leaf = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    assert isinstance(command_leaf, Leaf)  # noqa: S101
    command_leaf.command = command
    _lighten(command_leaf.params)
    return command_leaf


def group(path: str) -> Group:
    """Make the group of a word."""
    return Group(path, help=GROUPS[path], no_args_is_help=True)


def tree() -> Group:
    """Make the whole tree; nothing below it exists yet."""
    options = get_command_from_info(
        CommandInfo(name="plainview", callback=_root), pretty_exceptions_short=False, rich_markup_mode=None
    ).params
    params: list[Any] = [*options, *get_install_completion_arguments()]
    _lighten(params)
    return Group(
        "",
        help="Face search for investigations that can account for every search it runs.",
        params=params,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _use_workspace(folder: str | None) -> str | None:
    if folder:
        os.environ[_HOME] = folder
    name_workspace(folder or "")
    return folder


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(import_module("plainview.cli.commit").full())
        raise typer.Exit


def _root(
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            is_eager=True,
            callback=_use_workspace,
            help=f"Folder of the workspace, anywhere on the line; by default {_HOME}, or ./plainview-data.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Only the options are used: see `tree`."""
