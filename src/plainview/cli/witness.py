"""What an outside body runs, without a workspace: `plainview audit witness` and `plainview audit monitor`."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from plainview.audit import monitor as watch
from plainview.audit.checkpoint import BadKey, VerifierKey, parse
from plainview.audit.logfile import KEY_NAME, LOG_NAME, read_lines, split_line
from plainview.audit.merkle import consistency_proof, leaf_hash
from plainview.audit.verify import Report, verify_folder
from plainview.audit.witness import Witness, WitnessRefused
from plainview.cli.common import Json, answer, print_json, say, warn
from plainview.policy.decision import Refused
from plainview.policy.wording import counted

Folder = Annotated[Path, typer.Argument(help="The witness's own folder.")]


def init(
    folder: Folder,
    name: Annotated[str, typer.Option(help="Name of the witness, such as witness.example/w1.")],
    json: Json = False,
) -> None:
    """Create a witness's keys (mode 0600) and print its public key line."""
    try:
        witness = Witness.create(folder, name)
    except WitnessRefused as error:
        raise _refused(error) from None
    answer(witness.key.text, json=json, witness=witness.key.text, folder=folder)


def cosign(
    folder: Folder,
    log: Annotated[Path, typer.Argument(help="A copy of the log.")],
    key: Annotated[str | None, typer.Option(help="The log's first key line, from another source.")] = None,
) -> None:
    """Verify the log, check that it extends what was cosigned before, and print the cosigned checkpoint."""
    try:
        witness = Witness(folder)
        trusted = key or _trusted(witness, log)
        report = _verified(log, trusted)
        typer.echo(_cosign(witness, log, report), nl=False)
    except WitnessRefused as error:
        raise _refused(error) from None


def status(folder: Folder, json: Json = False) -> None:
    """Show each log that the witness follows, and the evidence of what it refused."""
    try:
        witness = Witness(folder)
        checkpoints = witness.checkpoints()
    except WitnessRefused as error:
        raise _refused(error) from None
    evidence = sorted(str(path) for path in (folder / "evidence").iterdir())
    rows = [
        {
            "log": checkpoint.origin,
            "key": checkpoint.key,
            "size": checkpoint.size,
            "root": checkpoint.root,
            "cosigned_at": _utc(checkpoint.at),
        }
        for checkpoint in checkpoints
    ]
    if json:
        print_json({"witness": witness.key.text, "logs": rows, "evidence": evidence})
        return
    say(f"Witness {witness.key.text}")
    for checkpoint in rows:
        say(f"{checkpoint['log']}: {checkpoint['size']} entries, {checkpoint['root']}, {checkpoint['cosigned_at']}")
    for path in evidence:
        warn(f"Refused, see {path}")


def _cosign(witness: Witness, log: Path, report: Report) -> str:
    note = str(report.checkpoint)
    first, *_ = keys = [VerifierKey.parse(text) for text in report.keys]

    def prove(size: int) -> list[bytes]:
        leaves: list[bytes] = []
        path = log / LOG_NAME
        for line in read_lines(path, path.stat().st_size):
            if len(leaves) == parse(note).size:
                break
            leaves.append(leaf_hash(split_line(line)[0]))
        return consistency_proof(leaves, size)

    return witness.cosign(note, first_key=first, keys=keys, prove=prove, now=int(time.time()))


def _verified(log: Path, key: str | None) -> Report:
    try:
        report = verify_folder(log, vkey=key)
    except NotADirectoryError:
        raise Refused("witness.log", "Not cosigned", f"{log} is not a folder.", "Name a copy of a log.") from None
    except BadKey as error:
        raise Refused(
            "witness.key", "Not cosigned", f"The key cannot be used: {error}.", "Give the log's key line."
        ) from None
    if not report.ok or report.checkpoint is None:
        raise Refused(
            "witness.log_unsound",
            "Not cosigned",
            f"The copy does not verify: {'; '.join(report.problems)}.",
            "Copy the log again while nothing is being written. If it still does not verify, inform the auditor.",
        )
    return report


def _trusted(witness: Witness, log: Path) -> str | None:
    """Return the key trusted since the first visit to the log whose key is in the folder."""
    try:
        own_key = VerifierKey.parse((log / KEY_NAME).read_text("ascii").strip())
    except (OSError, ValueError):
        return None
    followed = witness.kept_of(own_key.name)
    return followed.key if followed else None


def monitor(
    log: Annotated[Path, typer.Argument(help="The log's folder, or a copy that is kept up to date.")],
    state: Annotated[Path, typer.Option(help="File in which the newest checkpoint is remembered.")],
    key: Annotated[str | None, typer.Option(help="The log's first key line, from another source.")] = None,
    every: Annotated[int | None, typer.Option(help="Look again every so many seconds, until stopped.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once (the default).")] = False,
    max_age: Annotated[int, typer.Option(help="Largest age of the newest entry, in minutes.")] = 45,
    run: Annotated[
        str | None, typer.Option("--exec", help="Program to run on alarms; it gets them on standard input.")
    ] = None,
    mail_file: Annotated[Path | None, typer.Option(help="File to which alarms are added.")] = None,
    json: Json = False,
) -> None:
    """Watch a log from outside. Exit 1, with one line for each alarm, when something is wrong."""
    while True:
        alarms = _look(log, state, key, timedelta(minutes=max_age), json=json)
        if alarms:
            _tell(alarms, run, mail_file)
        if every is None or once:
            raise typer.Exit(1 if alarms else 0)
        time.sleep(every)


def _look(log: Path, state: Path, key: str | None, max_age: timedelta, *, json: bool) -> list[str]:
    try:
        alarms, report = watch.visit(log, state, now=datetime.now(UTC), key=key, max_age=max_age)
    except (watch.BadState, BadKey) as error:
        raise Refused("monitor.state", "Not watched", f"{error}.", "Correct that and watch the log again.") from None
    if json:
        rows = [{"kind": alarm.kind, "text": alarm.text} for alarm in alarms]
        print_json({"ok": not alarms, "entries": report.entries if report else None, "alarms": rows})
    elif not alarms and report is not None:
        say(f"No alarm: {counted(report.entries, 'entry', 'entries')}, root {report.root}")
    return [f"{alarm.kind}: {alarm.text}" for alarm in alarms]


def _tell(alarms: list[str], run: str | None, mail_file: Path | None) -> None:
    for line in alarms:
        typer.echo(f"ALARM {line}", err=True)
    text = "".join(f"{_utc(int(time.time()))} {line}\n" for line in alarms)
    if mail_file is not None:
        with mail_file.open("a", encoding="utf-8") as file:
            file.write(text)
    if run is not None:
        try:
            subprocess.run([run], input=text, text=True, check=True, timeout=60)  # noqa: S603  the caller's own
        except (OSError, subprocess.SubprocessError) as error:
            typer.echo(f"ALARM not delivered: {run}: {error}", err=True)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refused(error: WitnessRefused) -> Refused:
    return Refused(error.rule_id, "Not cosigned", error.why, error.next_step)
