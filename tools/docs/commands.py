"""The page of all commands, and the check that a command line of a document can be typed.

Owns the walk of the command tree through typer's own interface, so that commands may be loaded late.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from plainview.cli import tree as command_line
from plainview.cli.commands import COMMANDS
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, Role

Command = Any  # typer has its own copy of click, and neither this class nor the next two are public
Parameter = Any
_UsageError: Any = typer.BadParameter.__bases__[0]


def tree() -> Iterator[tuple[str, Command]]:
    """Yield every command with the words that name it, such as "audit verify", in the order of --help."""
    root = _root()
    yield from _below("", root, typer.Context(root, info_name="plainview"))


@cache
def _root() -> Command:
    return command_line.tree()


def _below(name: str, command: Command, context: typer.Context) -> Iterator[tuple[str, Command]]:
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    for word in command.list_commands(context):
        child = command.get_command(context, word)
        if child is not None and not child.hidden:
            yield from _below(f"{name} {word}".strip(), child, typer.Context(child, info_name=word, parent=context))


def page() -> str:
    """Return the page: every command with what it does, its usage, its arguments and options."""
    lines = [
        "# Commands",
        "",
        "Every command works in a workspace: `--workspace DIR`, or `PLAINVIEW_HOME`, or `./plainview-data`. `--json`",
        "prints one JSON object. Exit codes: 0 done, 1 refused or failed (one line says why, and what to do next),",
        "2 wrong usage.",
    ]
    group = ""
    for name, command in tree():
        first, *further = name.split()
        if further and first != group:
            lines += ["", f"## {first}"]
        group = first
        lines += ["", f"{'###' if further else '##'} plainview {name}", "", _description(command)]
        lines += ["", "```text", _usage(name, command), "```", "", _who(name), ""]
        lines += _options(command)
    return "\n".join(lines) + "\n"


def _description(command: Command) -> str:
    return escape(" ".join(inspect.cleandoc(command.help or "").split("\f")[0].split()))


def _who(name: str) -> str:
    """Return who may run a command: a permission with its roles, or what is needed instead of one."""
    need = COMMANDS[name].who
    if isinstance(need, Permission):
        roles = ", ".join(role.value for role in Role if need in GRANTS[role])
        return f"Permission: `{need.value}` ({roles})."
    return f"Permission: none; {need.value}."


def _usage(name: str, command: Command) -> str:
    context, parts = typer.Context(command, info_name=name), [f"plainview {name}"]
    for parameter in command.params:
        parts += [piece.replace("{", "").replace("}", "").upper() for piece in parameter.get_usage_pieces(context)]
    parts += [_spelling(each, context) for each in command.params if each.required and each.opts[0].startswith("-")]
    return " ".join([*parts, "[OPTIONS]"])


_KINDS = {
    "<str>": "TEXT",
    "<int>": "N",
    "<float>": "N",
    "<path>": "PATH",
    "<list[str]>": "TEXT",
    "<list[path]>": "PATH",
}


def _spelling(parameter: Parameter, context: typer.Context) -> str:
    """Return how an option is written, with its kind of value, such as "--top <int>"."""
    record = parameter.get_help_record(context)
    spelling, _, kind = (record[0] if record else parameter.opts[0]).partition(" <")
    return f"{spelling} {_KINDS.get(f'<{kind}', kind.strip('>'))}" if kind else spelling


def _options(command: Command) -> list[str]:
    context, rows = typer.Context(command), []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record and "--help" not in parameter.opts:
            several = getattr(parameter, "multiple", False) and "repeat" not in record[1]
            repeated = " May be repeated." if several else ""
            spelling = _spelling(parameter, context).replace("|", "\\|")
            rows.append(f"| `{spelling}` | {escape(record[1] + repeated)} |")
    return ["| argument or option | meaning |", "| --- | --- |", *rows] if rows else []


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is written, in a table too."""
    for sign in ("\\", "|", "<", "*", "_", "["):
        text = text.replace(sign, f"&#{ord(sign)};" if sign in "<|" else f"\\{sign}")
    return " ".join(text.split())


def fault(words: list[str]) -> str:
    """Return why the command line `plainview WORDS` cannot be typed, or an empty text when it can.

    Checked are the command's name, the names of its options, that each has its value, that the required ones are there,
    and the number of arguments; not whether files exist.
    """
    command, context, rest = _named(words)
    if isinstance(command, TyperGroup):
        return f"{context.command_path} needs one of its commands" if not rest else f"no command {rest[0]!r}"
    try:
        values, left, _ = command.make_parser(context).parse_args(rest)
    except _UsageError as error:
        return str(error)
    missing = [
        parameter.opts[-1]
        for parameter in command.params
        if parameter.required and values.get(parameter.name or "") in (None, ())
    ]
    if missing:
        return f"missing: {', '.join(missing)}"
    return f"too many arguments: {left}" if left else ""


def _named(words: list[str]) -> tuple[Command, typer.Context, list[str]]:
    """Return the command that the words name, its context and the words after its name."""
    command: Command = _root()
    context, rest = typer.Context(command, info_name="plainview"), list(words)
    while isinstance(command, TyperGroup):
        while rest[:1] == ["--workspace"]:
            rest = rest[2:]
        child = command.get_command(context, rest[0]) if rest else None
        if child is None:
            break
        command, context = child, typer.Context(child, info_name=rest.pop(0), parent=context)
    return command, context, rest


def unknown(words: list[str]) -> str:
    """Return why a command named in passing does not exist, or an empty text: its name and its options are checked."""
    command, _, rest = _named(words)
    if isinstance(command, TyperGroup) and rest and not rest[0].isupper() and rest[0] != "…":
        return f"no command {rest[0]!r}"
    options = {spelling for each in command.params for spelling in (*each.opts, *each.secondary_opts)} | {"--help"}
    strange = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
    return f"no option {strange[0]}" if strange and not isinstance(command, TyperGroup) else ""
