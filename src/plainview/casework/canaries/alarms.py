"""Recording a canary check: the check, an alarm for each fault, and the letter about the alarms.

Owns that one fault of a gallery has one open alarm, and that its letter is written with its entry. It must never repair
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from plainview.casework.canaries.read import alarm_recipients
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Agency, CanaryAlarm, CanaryCheck, Gallery

MODEL, TEMPLATE, INDEX, SAMPLED = "model", "template", "index", "sample"
"""The kinds of fault; a gallery has at most one open alarm for each."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that a check found: its kind, and what is wrong in plain words."""

    fault: str
    says: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One gallery's check: the canaries and references compared, the faults, and the alarms raised."""

    gallery: str
    canaries: int
    sampled: int
    faults: tuple[Fault, ...]
    raised: tuple[str, ...]


def record(gallery: Gallery, canaries: int, sampled: int, faults: list[Fault]) -> Checked:
    """Record a check, and raise an alarm for each fault without an open one."""
    now = timezone.now()
    said: dict[str, str] = {}
    for fault in faults:
        said[fault.fault] = f"{said[fault.fault]} {fault.says}" if fault.fault in said else fault.says
    with transaction.atomic():
        since = CanaryCheck.objects.filter(gallery=gallery, ok=True).order_by("-at").values_list("at", flat=True)
        receipt = write_entry(
            "canary.checked",
            {
                "agency": gallery.agency.public_id,
                "gallery": gallery.pk,
                "canaries": canaries,
                "sampled": sampled,
                "faults": sorted(said),
            },
            acting_member=None,
        )
        raised = [
            name
            for fault, says in said.items()
            if (name := _raise(gallery, fault, says[:_MOST_WORDS], since.first(), now)) is not None
        ]
        CanaryCheck.objects.create(
            gallery=gallery, at=now, canaries=canaries, sampled=sampled, ok=not faults, entry=receipt.entry
        )
    merged = tuple(Fault(*fault) for fault in said.items())
    return Checked(gallery.name, canaries, sampled, merged, tuple(raised))


_MOST_WORDS = 2_000  # characters of an alarm: twenty canaries with one fault each


def _raise(gallery: Gallery, fault: str, says: str, since: datetime | None, now: datetime) -> str | None:
    open_alarms = CanaryAlarm.objects.select_for_update().filter(gallery=gallery, fault=fault, acknowledged_at=None)
    if open_alarms.update(seen_at=now):
        return None
    alarm = CanaryAlarm.objects.create(gallery=gallery, fault=fault, says=says, since=since, raised_at=now, seen_at=now)
    write_entry(
        "canary.alarm",
        {
            "agency": gallery.agency.public_id,
            "gallery": gallery.pk,
            "alarm": alarm.public_id,
            "fault": fault,
            "since": since.isoformat(timespec="seconds") if since else None,
        },
        acting_member=None,
    )
    return alarm.public_id


def tell() -> None:
    """Write to the administrators and auditors of every agency about alarms not yet reported to them."""
    waiting = CanaryAlarm.objects.filter(told_at=None, acknowledged_at=None)
    for agency in Agency.objects.filter(gallery__canaryalarm__in=waiting).distinct():
        alarms = list(waiting.filter(gallery__agency=agency).select_related("gallery").order_by("pk"))
        members = alarm_recipients(agency)
        with transaction.atomic():
            waiting.filter(pk__in=[alarm.pk for alarm in alarms]).update(told_at=timezone.now())
            write_entry(
                "canary.told",
                {
                    "agency": agency.public_id,
                    "alarms": [alarm.public_id for alarm in alarms],
                    "members": [member.public_id for member in members],
                },
                acting_member=None,
            )
            emails, subject = [member.email for member in members], f"Canary alarm in {agency.name}"
            write_letters("canary.alarm", emails, subject, _letter(agency, alarms), about=agency.public_id)


def _letter(agency: Agency, alarms: list[CanaryAlarm]) -> str:
    parts = [
        f"Alarm {alarm.public_id}, gallery {alarm.gallery.name}, {alarm.raised_at:%-d %b %Y, %H:%M} UTC\n{alarm.says}\n"
        + (
            f"The last check without this fault was on {alarm.since:%-d %b %Y, %H:%M} UTC.\n"
            if alarm.since
            else "No earlier check passed.\n"
        )
        for alarm in alarms
    ]
    return (
        f"A canary check of the galleries of {agency.name} failed.\n\n"
        + "\n".join(parts)
        + "\nUntil the alarm is acknowledged, every search of the gallery carries a caution or is refused, depending on "
        "your policy. Answers since the last check that passed are in doubt.\n\n"
        "What to do: plainview doctor, plainview models verify, plainview canary run; then\n"
        'plainview canary acknowledge ALARM --reason "what was wrong and what was done" --as YOU\n'
    )
