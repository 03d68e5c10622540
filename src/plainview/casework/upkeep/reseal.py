"""Changing `blobs.key`: everything that it sealed is sealed again, then the old key is destroyed.

Owns the list of what is sealed, and the order of the steps. Killed at any moment, it leaves a workspace that opens, and
running it again completes it. It must never destroy the old key while something still needs it.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model

from plainview.audit.durable import locked, sync_folder
from plainview.casework import models
from plainview.casework.galleries.subjects import WAITING
from plainview.casework.log.record import change_key
from plainview.casework.log.rotation import finish_key_change
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.upkeep.alone import sole
from plainview.casework.workspace.folder import BLOBS_KEY, NEXT_BLOBS_KEY, OLD_BLOBS_KEY, Workspace, write_private
from plainview.casework.workspace.keys import digest
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.seal import KEY_BYTES, SealBroken, Sealer

_ROWS = 200  # in one transaction


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values: its model, the name of its sealer in `Services`, and the context of a row."""

    model: type[Model]
    column: str
    sealer: str
    context: Callable[[Any], str]
    beside: str = ""


SEALED = (
    Sealed(models.Reference, "template", "templates", lambda sealed: f"template:{sealed.public_id}"),
    Sealed(models.Subject, "template", "templates", lambda sealed: f"subject:{sealed.public_id}"),
    Sealed(models.Subject, "number", "templates", lambda sealed: f"subject number:{sealed.public_id}"),
    Sealed(models.Reference, "other_template", "templates", lambda sealed: f"template:{sealed.public_id}"),
    Sealed(models.Reference, "picture_hash", "picture_hashes", lambda sealed: f"picture:{sealed.public_id}"),
    Sealed(models.Canary, "probe_template", "templates", lambda sealed: f"canary probe:{sealed.public_id}"),
    Sealed(models.Alert, "sealed", "templates", lambda sealed: f"alert:{sealed.public_id}"),
    Sealed(models.ProbeTemplate, "sealed", "templates", lambda sealed: f"probe:{sealed.search.public_id}", "search"),
    Sealed(models.VideoTrack, "sealed", "templates", lambda sealed: f"video-track:{sealed.segment_id}:{sealed.number}"),
    Sealed(models.Tripwire, "sealed", "templates", lambda sealed: f"tripwire:{sealed.public_id}"),
    Sealed(models.Tripwire, "sealed_label", "openings", lambda sealed: f"tripwire label:{sealed.public_id}"),
    Sealed(models.Flag, "sealed", "openings", lambda sealed: f"flag:{sealed.public_id}"),
    Sealed(models.Webhook, "sealed", "openings", lambda sealed: f"webhook:{sealed.public_id}"),
    Sealed(models.WebhookSecret, "sealed", "openings", lambda sealed: f"webhook:{sealed.webhook.public_id}", "webhook"),
    Sealed(models.Token, "sealed", "openings", lambda sealed: f"token:{sealed.public_id}"),
    Sealed(models.ApiAnswer, "sealed", "openings", lambda sealed: f"answer:{sealed.token_id}:{sealed.key_sha256}"),
    Sealed(models.Letter, "sealed", "letters", lambda sealed: sealed.public_id),
    Sealed(models.LapsedSearch, "sealed", "openings", lambda sealed: f"lapsed:{sealed.search.public_id}", "search"),
    Sealed(models.LogOpening, "sealed", "openings", lambda sealed: f"opening:{sealed.entry_id}:{sealed.name}"),
    Sealed(models.RowCommitment, "sealed", "rows", lambda sealed: f"row:{sealed.kind}:{sealed.key}:{sealed.entry}"),
    Sealed(models.Draft, "sealed", "drafts", lambda sealed: f"draft:{sealed.pk}"),
    Sealed(models.SubjectRequest, "sealed", "rights", lambda sealed: f"request:{sealed.public_id}"),
    Sealed(models.SubjectPhoto, "sealed", "rights", lambda sealed: f"photo:{sealed.request.public_id}", "request"),
    Sealed(models.SubjectFinding, "sealed", "rights", lambda sealed: f"finding:{sealed.reference_id}"),
    Sealed(models.SubjectAnswer, "sealed", "rights", lambda sealed: f"answer:{sealed.request.public_id}", "request"),
)
"""Every column that `blobs.key` seals. A test compares it with the models: a new column belongs here, or into its list of
what is not sealed."""

FACTORS = ("secret", "seed")
"""Keys in the data of a second factor whose values are sealed, for this context."""

_FACTOR_CONTEXT = b"mfa secret"


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a change of the key did: pictures and rows sealed again by this run, and its last entry."""

    pictures: int
    rows: int
    entry: int


def change_blobs_key(reason: str, *, progress: Callable[[int], None] = lambda _: None) -> Resealed:
    """Replace `blobs.key`, or complete a replacement that was interrupted; the operator's act.

    The server is stopped meanwhile: it would keep using the old key.

    Raises:
        Refused: keys.reason or workspace.in_use.
        SealBroken, StorageError: something is damaged; the old key stays, and what it sealed can be read.
    """
    if not reason.strip():
        raise Refused("keys.reason", "Key not changed", "The reason is missing.", "State the reason.")
    workspace = services().workspace
    keys = workspace.root / "keys"
    with locked(keys / ".rotation"):
        with sole(workspace, "Key not changed"):
            pass
        finish_key_change(workspace)  # a key that waits and is in force must never be taken for one that is not
        if not (keys / OLD_BLOBS_KEY).exists():
            _begin(workspace, reason.strip())
        services.cache_clear()  # its sealers have the old key
        pictures, rows = _seal_pictures(progress), _seal_rows()
        # Derived, and sealed too: they are built again.
        shutil.rmtree(workspace.root / "indexes", ignore_errors=True)
        with sole(workspace, "Key not changed"):
            pass
        # Something may have been written with the old key while the first pass was running.
        pictures, rows = pictures + _seal_pictures(lambda _: None), rows + _seal_rows()
        receipt = _end(workspace, pictures, rows)
    return Resealed(pictures, rows, receipt.entry)


def _begin(workspace: Workspace, reason: str) -> None:
    """Put a new key in force, and keep the old one beside it; `finish_key_change` completes this after a kill."""
    keys = workspace.root / "keys"
    (keys / NEXT_BLOBS_KEY).unlink(missing_ok=True)  # of a run that was killed before its entry
    new = os.urandom(KEY_BYTES)
    write_private(keys / NEXT_BLOBS_KEY, new)
    sync_folder(keys)
    with transaction.atomic():
        change_key(BLOBS_KEY, digest(BLOBS_KEY, new), reason)
    finish_key_change(workspace)


def _end(workspace: Workspace, pictures: int, rows: int) -> Receipt:
    old = workspace.root / "keys" / OLD_BLOBS_KEY
    print_ = digest(BLOBS_KEY, old.read_bytes())
    with transaction.atomic():
        receipt = write_entry(
            "workspace.key_destroyed",
            {"name": BLOBS_KEY, "key": print_, "pictures": pictures, "rows": rows},
            acting_member=None,
        )
    file = os.open(old, os.O_WRONLY)
    try:
        # The bytes are overwritten too, as far as the disk lets a program do so.
        os.pwrite(file, bytes(os.fstat(file).st_size), 0)
        os.fsync(file)
        old.unlink()
        sync_folder(old.parent)
    finally:
        os.close(file)
    services.cache_clear()
    return receipt


def _seal_pictures(progress: Callable[[int], None]) -> int:
    store = services().blobs
    changed = 0
    for number, name in enumerate(store.digests(), start=1):
        changed += store.seal_again(name)
        progress(number)
    return changed


def _seal_rows() -> int:
    changed = 0
    for column in SEALED:
        changed += _seal_column(column)
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update():
            changed += _seal_factor(factor)
        for run in models.Enrolment.objects.select_for_update().exclude(files=[]):
            changed += _seal_waiting(run)
    return changed


def _seal_column(column: Sealed) -> int:
    changed, sealer = 0, getattr(services(), column.sealer)
    for keys in _batches(column.model):
        with transaction.atomic():
            batch = column.model._base_manager.filter(pk__in=keys)
            for record in batch.select_related(column.beside) if column.beside else batch:
                value, context = bytes(getattr(record, column.column) or b""), column.context(record).encode()
                again = _again(sealer, value, context)
                if again is not None:
                    column.model._base_manager.filter(pk=record.pk).update(**{column.column: again})
                    changed += 1
    return changed


def _batches(model: type[Model]) -> Iterator[list[Any]]:
    last = None
    while True:
        rows = model._base_manager.order_by("pk")
        batch = list((rows.filter(pk__gt=last) if last is not None else rows).values_list("pk", flat=True)[:_ROWS])
        if not batch:
            return
        yield batch
        last = batch[-1]


def _again(sealer: Sealer, value: bytes, context: bytes) -> bytes | None:
    """Return the value sealed with the key in force; None if it is, or if there is no value."""
    if not value:
        return None
    with suppress(SealBroken):
        sealer.alone().open(value, context)
        return None
    return sealer.seal(sealer.open(value, context), context)


def _seal_factor(factor: Authenticator) -> bool:
    changed = False
    for name in FACTORS:
        if name in factor.data:
            value = base64.b64decode(factor.data[name])
            again = _again(services().openings, value, _FACTOR_CONTEXT)
            if again is not None:
                factor.data[name] = base64.b64encode(again).decode()
                changed = True
    if changed:
        factor.save(update_fields=["data"])
    return changed


def _seal_waiting(run: models.Enrolment) -> bool:
    """Seal again the subjects' numbers of an upload that waits to be enrolled."""
    changed = False
    for file in run.files:
        again = _again(services().templates, base64.b64decode(file.get("subject", "")), WAITING)
        if again is not None:
            file["subject"] = base64.b64encode(again).decode()
            changed = True
    if changed:
        run.save(update_fields=["files"])
    return changed
