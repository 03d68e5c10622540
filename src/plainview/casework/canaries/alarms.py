"""What a canary check found, written down: the check, an alarm for each fault, and the letter about it.

Owns that an alarm is an entry of the log first and a letter after, and that one fault of a gallery has one open alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from plainview.casework.canaries.read import alarm_recipients
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, CanaryAlarm, CanaryCheck, Gallery

MODEL, TEMPLATE, INDEX, SAMPLED = "model", "template", "index", "sample"
"""The faults, each with one open alarm of a gallery at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a check found: one of the faults above, and what is wrong in plain words."""

    fault: str
    says: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One gallery's check: canaries and references that were compared, the faults, and the alarms that it raised."""

    gallery: str
    canaries: int
    sampled: int
    faults: tuple[Fault, ...]
    raised: tuple[str, ...]


def record(gallery: Gallery, canaries: int, sampled: int, faults: list[Fault]) -> Checked:
    """Write what a check found, and an alarm for each fault that has no open one yet."""
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


def tell() -> int:
    """Write to the administrators and auditors of every agency about alarms that they were not told of.

    The entry is written before the letter goes; a letter that cannot be sent undoes it, never the alarm.

    Returns:
        How many alarms remain untold.
    """
    waiting = CanaryAlarm.objects.filter(told_at=None, acknowledged_at=None)
    for agency in Agency.objects.filter(gallery__canaryalarm__in=waiting).distinct():
        alarms = list(waiting.filter(gallery__agency=agency).select_related("gallery").order_by("pk"))
        members = alarm_recipients(agency)
        try:
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
                send_mail(
                    f"Canary alarm in {agency.name}",
                    _letter(agency, alarms),
                    None,
                    [member.email for member in members],
                )
        except OSError:
            continue
    return waiting.count()


def _letter(agency: Agency, alarms: list[CanaryAlarm]) -> str:
    parts = [
        f"Alarm {alarm.public_id}, gallery {alarm.gallery.name}, {alarm.raised_at:%Y-%m-%d %H:%M} UTC\n{alarm.says}\n"
        + (
            f"It was last found in order on {alarm.since:%Y-%m-%d %H:%M} UTC.\n"
            if alarm.since
            else "It was never found in order before.\n"
        )
        for alarm in alarms
    ]
    return (
        f"A check of the galleries of {agency.name} by their canaries found something wrong.\n\n"
        + "\n".join(parts)
        + "\nUntil somebody acknowledges the alarm, every search of the gallery carries a caution, or none is run, "
        "as your policy says. Answers since it was last in order are in doubt.\n\n"
        "What to do: plainview doctor, plainview models verify, plainview canary run; then\n"
        'plainview canary acknowledge ALARM --reason "what was wrong and what was done" --as YOU\n'
    )
