"""`plainview audit witness`: what an outside body runs to cosign other people's logs, without a workspace."""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from plainview.audit.checkpoint import BadKey, VerifierKey, parse
from plainview.audit.logfile import KEY_NAME, LOG_NAME, read_lines, split_line
from plainview.audit.merkle import consistency_proof, leaf_hash
from plainview.audit.verify import Report, verify_folder
from plainview.audit.witness import Witness, WitnessRefused
from plainview.cli.common import Json, answer, print_json, say, warn
from plainview.cli.serve import tls_context
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


def follow(
    folder: Folder,
    key: Annotated[str, typer.Argument(help="A key line of the log, from another source than the log itself.")],
    origin: Annotated[
        str, typer.Option(help="First line of its checkpoints, if that is not the name of the key.")
    ] = "",
    json: Json = False,
) -> None:
    """Let a log ask for cosignatures over the network; a log that changed its key is followed with both."""
    try:
        verifier = VerifierKey.parse(key)
        Witness(folder).follow(verifier, origin)
    except BadKey as error:
        raise Refused(
            "witness.log_key", "Not followed", f"The key cannot be used: {error}.", "Give the log's key line."
        ) from None
    except WitnessRefused as error:
        raise _refused(error) from None
    answer(f"Followed: {origin or verifier.name}.", json=json, log=origin or verifier.name)


def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7380,
    prefix: Annotated[str, typer.Option(help="Path below which the witness is, such as /w1.")] = "",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM. Replaced files are noticed.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
) -> None:
    """Answer logs that ask for cosignatures (c2sp.org/tlog-witness), until it is stopped."""
    if (tls_cert is None) != (tls_key is None):
        raise Refused(
            "serve.options",
            "Not served",
            "A certificate and its key are needed together.",
            "Give both, or neither behind a proxy that speaks TLS.",
        )
    try:
        witness = Witness(folder)
        logs = witness.followed()
    except WitnessRefused as error:
        raise _refused(error) from None
    running = import_module("plainview.serving.run")
    context = tls_context(tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
    front = import_module("plainview.serving.witness").WitnessFront(witness, prefix, folder)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    with running.listen(host, port) as listener:
        say(f"{witness.key.text}")
        say(f"Follows {counted(len(logs), 'log')}; on {host}, port {port}{prefix} (stop with Ctrl-C)")
        sys.stdout.flush()
        running.run(front, listener, context, None)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refused(error: WitnessRefused) -> Refused:
    return Refused(error.rule_id, "Not cosigned", error.why, error.next_step)
