"""`plainview audit monitor`: what an outside body runs to watch a log, from a copy of it or from its tiles alone."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from plainview.audit import monitor as watch
from plainview.audit.checkpoint import BadKey
from plainview.audit.quorum import BadPolicy, WitnessPolicy, parse_policy
from plainview.audit.tiles import CHECKPOINT
from plainview.audit.watch_tiles import MAX_AGE, visit_tiles
from plainview.cli.common import Json, print_json, say
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.recheck.published import is_address, reader


def monitor(
    log: Annotated[
        str, typer.Argument(help="The log's folder or a copy of it; or its tiles: their folder or address.")
    ],
    state: Annotated[Path, typer.Option(help="File in which the newest checkpoint is remembered.")],
    key: Annotated[
        str | None,
        typer.Option(help="The log's key line, from another source; tiles need it on the first visit."),
    ] = None,
    witnesses: Annotated[
        Path | None,
        typer.Option(help="Which witnesses must have cosigned the tiles' checkpoint (c2sp.org/tlog-policy)."),
    ] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Check every entry too, where the tiles have them.")
    ] = False,
    every: Annotated[int | None, typer.Option(help="Look again every so many seconds, until stopped.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once (the default).")] = False,
    max_age: Annotated[
        int | None,
        typer.Option(
            help="Largest age of the newest entry, in minutes. Default: 45; of tiles, which may come daily: 1560."
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--exec", help="Program to run on alarms; it gets them on standard input.")
    ] = None,
    mail_file: Annotated[Path | None, typer.Option(help="File to which alarms are added.")] = None,
    json: Json = False,
) -> None:
    """Watch a log from outside. Exit 1, with one line for each alarm, when something is wrong."""
    age = timedelta(minutes=max_age) if max_age is not None else None
    while True:
        if is_address(log) or (Path(log) / CHECKPOINT).is_file():
            alarms = _look_at_tiles(log, state, key, witnesses, age, entries=entries, json=json)
        else:
            alarms = _look(Path(log), state, key, age or watch.MAX_AGE, json=json)
        if alarms:
            _tell(alarms, run, mail_file)
        if every is None or once:
            raise typer.Exit(1 if alarms else 0)
        time.sleep(every)


def _look(log: Path, state: Path, key: str | None, max_age: timedelta, *, json: bool) -> list[str]:
    try:
        alarms, report = watch.visit(log, state, now=datetime.now(UTC), key=key, max_age=max_age)
    except (watch.BadState, BadKey) as error:
        raise _not_watched(error) from None
    _print(alarms, report.entries if report else None, report.root if report else "", json=json)
    return [f"{alarm.kind}: {alarm.text}" for alarm in alarms]


def _look_at_tiles(
    log: str,
    state: Path,
    key: str | None,
    witnesses: Path | None,
    max_age: timedelta | None,
    *,
    entries: bool,
    json: bool,
) -> list[str]:
    try:
        policy = _policy(witnesses)
        alarms, size = visit_tiles(
            reader(log),
            state,
            now=datetime.now(UTC),
            key=key,
            policy=policy,
            max_age=max_age or MAX_AGE,
            entries=entries,
        )
    except (watch.BadState, BadKey, BadPolicy) as error:
        raise _not_watched(error) from None
    _print(alarms, size, "", json=json)
    return [f"{alarm.kind}: {alarm.text}" for alarm in alarms]


def _policy(path: Path | None) -> WitnessPolicy | None:
    try:
        return parse_policy(path.read_bytes()) if path is not None else None
    except OSError as error:
        raise BadPolicy(f"{path} cannot be read: {error.strerror}") from None


def _not_watched(error: Exception) -> Refused:
    return Refused("monitor.state", "Not watched", f"{error}.", "Correct that and watch the log again.")


def _print(alarms: list[watch.Alarm], entries: int | None, root: str, *, json: bool) -> None:
    if json:
        rows = [{"kind": alarm.kind, "text": alarm.text} for alarm in alarms]
        print_json({"ok": not alarms, "entries": entries, "alarms": rows})
    elif not alarms and entries is not None:
        say(f"No alarm: {counted(entries, 'entry', 'entries')}{f', root {root}' if root else ''}")


def _tell(alarms: list[str], run: str | None, mail_file: Path | None) -> None:
    for line in alarms:
        typer.echo(f"ALARM {line}", err=True)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "".join(f"{now} {line}\n" for line in alarms)
    if mail_file is not None:
        with mail_file.open("a", encoding="utf-8") as file:
            file.write(text)
    if run is not None:
        try:
            subprocess.run([run], input=text, text=True, check=True, timeout=60)  # noqa: S603  the caller's own
        except (OSError, subprocess.SubprocessError) as error:
            typer.echo(f"ALARM not delivered: {run}: {error}", err=True)
