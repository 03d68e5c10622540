"""Making a workspace: its tables, the first entry of its log, and a sample agency for trying it out.

Owns the short way to the tables: those of an empty database are made as the models are, which a test compares with what
all migrations leave. It must never change a table that exists: migrations do.
"""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from plainview.casework.log.record import record_keys
from plainview.casework.log.state import CREATED
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Member, PolicyVersion, Training
from plainview.casework.workspace.schema import known
from plainview.casework.workspace.services import services
from plainview.policy.agency import SAMPLE, parse
from plainview.policy.roles import Role
from plainview.policy.terms import TERMS_SHA256

SAMPLE_AGENCY = "Sample Agency (not real)"
SAMPLE_PEOPLE = {
    "examiner": Role.EXAMINER,
    "verifier": Role.VERIFIER,
    "supervisor": Role.SUPERVISOR,
    "admin": Role.ADMINISTRATOR,
    "auditor": Role.AUDITOR,
}
_SAMPLE_TRAINING = timedelta(days=365)


def make_tables() -> None:
    """Create the tables of a new workspace, all at once: the migrations one by one take many times as long."""
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
    record_migrations()
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    call_command("createcachetable", verbosity=0)
    if connection.vendor == "sqlite":
        services().workspace.database.chmod(0o600)


def record_migrations() -> None:
    """Record every migration as applied, for tables that were made as the models are."""
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    recorder.migration_qs.bulk_create(recorder.Migration(app=app, name=name) for app, name in sorted(known()))


def begin_log(*, sample: bool) -> None:
    """Write the first entry of a new workspace's log: whether it is a sample, and the fingerprints of its keys."""
    with transaction.atomic():
        record_keys(CREATED, sample=sample)


def make_sample_people() -> None:
    """Create an open agency with one member per role, marked as sample and trained for a year."""
    with transaction.atomic():
        now = timezone.now()
        agency = Agency.objects.create(
            name=SAMPLE_AGENCY,
            is_sample=True,
            jurisdiction="Sample",
            terms_accepted_at=now,
            terms_sha256=TERMS_SHA256,
            opened_at=now,
        )
        policy = PolicyVersion.objects.create(
            agency=agency, number=1, text=SAMPLE, why="the policy that a sample agency begins with"
        )
        write_entry("agency.opened", {"agency": agency.public_id, "sample": True}, acting_member=None, rows=[policy])
        needed = parse(SAMPLE).training
        for name, role in SAMPLE_PEOPLE.items():
            member = Member(
                agency=agency,
                email=f"{name}@agency.example",
                name=f"Sample {role.value}",
                roles=[role.value],
                is_sample=True,
            )
            member.set_unusable_password()
            member.save()
            if role in needed:
                Training.objects.create(
                    member=member,
                    course=needed[role].course,
                    hours=needed[role].hours,
                    completed_on=now.date(),
                    expires_on=now.date() + _SAMPLE_TRAINING,
                )
            write_entry(
                "member.joined",
                {"agency": agency.public_id, "member": member.public_id, "role": role.value, "sample": True},
                {"email": member.email},
                acting_member=None,
                rows=[member],
            )
