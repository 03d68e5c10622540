"""`plainview feed`: pictures that one named publisher offers in a list. Nothing else is ever fetched."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.feeds.add import GRACE_DAYS, MAX_BYTES, Terms, add_feed, stop_feed
from plainview.casework.feeds.mapping import OWN, Mapping, of_table
from plainview.casework.feeds.presets import PRESETS, preset
from plainview.casework.feeds.read import feeds, withdrawals
from plainview.casework.feeds.run import run_feed
from plainview.casework.feeds.trial import Trial, try_feed
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, sample_notice, say
from plainview.cli.enrolment import print_result, result_json
from plainview.cli.progress import bar
from plainview.policy.decision import Refused
from plainview.policy.wording import counted


def add(
    gallery: str,
    acting: As,
    basis: Annotated[str, typer.Option(help="Legal basis on which these pictures are held.")],
    list_url: Annotated[
        str, typer.Argument(help="https address of the publisher's list, unless a preset has it.")
    ] = "",
    preset_name: Annotated[
        str, typer.Option("--preset", help="A publisher whose list is known; see `plainview feed presets`.")
    ] = "",
    query: Annotated[str, typer.Option(help="Narrow a preset by the publisher's own parameters: name=value.")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes the pictures.")] = "",
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says what the list means.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="A host of the publisher's pictures; repeat it.")] = None,
    terms: Annotated[str, typer.Option(help="The publisher's terms of use, or their address.")] = "",
    purpose: Annotated[str, typer.Option(help="What searches and alerts of these pictures are for.")] = "",
    seconds_between: Annotated[float | None, typer.Option(help="Pause between two requests.")] = None,
    max_megabytes: Annotated[int, typer.Option(help="Largest picture, in MiB.", min=1, max=64)] = MAX_BYTES >> 20,
    grace_days: Annotated[
        int | None, typer.Option(help="Days until what the publisher withdrew is erased.", show_default=str(GRACE_DAYS))
    ] = None,
    every_hours: Annotated[int | None, typer.Option(help="Hours between two runs; 0: by hand.")] = None,
    json: Json = False,
) -> None:
    """Add a publisher's list to a gallery's passport. Nothing is fetched yet."""
    member = acting_member(acting)
    source = preset(preset_name, query) if preset_name else Terms(list_url, publisher, _mapping(mapping))
    options = {
        "publisher": publisher or None,
        "hosts": (*source.hosts, *host) if host else None,
        "terms": terms or None,
        "purpose": purpose or None,
        "seconds_between": seconds_between,
        "grace_days": grace_days,
        "every_hours": every_hours,
        "max_bytes": max_megabytes << 20,
    }
    stated = {name: value for name, value in options.items() if value is not None}
    new_feed = add_feed(gallery, replace(source, **stated), legal_basis=basis, acting_member=member)  # type: ignore[arg-type]
    if json:
        print_json(
            {"feed_id": new_feed.public_id, "host": new_feed.host, "hosts": [new_feed.host, *(new_feed.hosts or [])]}
        )
        return
    hosts = " and ".join([new_feed.host, *(new_feed.hosts or [])])
    say(f"Feed {new_feed.public_id} added; only {hosts} {'are' if new_feed.hosts else 'is'} ever contacted.")
    if new_feed.terms:
        say(f"Terms of the publisher: {new_feed.terms}")
    if new_feed.mapping:
        say(f"Next, see its first notices as they would be enrolled: plainview feed try {new_feed.public_id}")


def _mapping(path: Path | None) -> Mapping:
    if path is None:
        return OWN
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is not TOML ({error})"
        raise Refused("feed.mapping", "Feed refused", f"{path.name} cannot be read: {why}.", "Correct it.") from None
    return of_table(table)


def presets(acting: As, json: Json = False) -> None:
    """List the publishers whose lists are known."""
    acting_member(acting)
    rows = [
        {"preset": name, "publisher": terms.publisher, "purpose": terms.purpose, "terms": terms.terms}
        for name, terms in PRESETS.items()
    ]
    print_rows("presets", ("Preset", "Publisher", "Purpose", "Terms"), rows, "No preset.", json=json)


def list_feeds(acting: As, json: Json = False) -> None:
    """List the agency's feeds."""
    member = acting_member(acting)
    rows = [
        {
            "feed_id": feed.public_id,
            "gallery": feed.gallery.name,
            "publisher": feed.publisher,
            "legal_basis": feed.legal_basis,
            "list": feed.list_url,
            "links": shown.dealt_with,
            "enrolled": shown.enrolled,
            "withdrawn": shown.withdrawn,
            "last_run": feed.last_run_at and feed.last_run_at.isoformat(timespec="seconds"),
            "note": feed.last_note,
            "stopped_at": feed.stopped_at and feed.stopped_at.isoformat(timespec="seconds"),
        }
        for shown in feeds(member)
        for feed in [shown.feed]
    ]
    passport = ("Feed", "Gallery", "Publisher", "Legal basis", "List")
    heads = (*passport, "Links processed", "Enrolled", "Withdrawn, not yet erased", "Last run", "Note", "Stopped")
    print_rows("feeds", heads, rows, "No feed yet.", json=json, caption=sample_notice(current()))


def try_out(
    feed: str,
    acting: As,
    notices: Annotated[int, typer.Option(help="Most notices to show.", min=1, max=50)] = 5,
    pictures: Annotated[int, typer.Option(help="Most pictures to fetch.", min=0, max=20)] = 3,
    json: Json = False,
) -> None:
    """Show the first notices of a feed as they would be enrolled; nothing of them is kept."""
    member = acting_member(acting)
    try:
        trial = try_feed(feed, acting_member=member, notices=notices, pictures=pictures)
    finally:
        services().close()
    if json:
        print_json(_trial_json(trial))
        return
    total = f" of {trial.total:,}" if trial.total is not None else ""
    say(f"The first page has {counted(len(trial.listing.notices), 'notice')}{total}.")
    for notice in trial.notices:
        facts = ", ".join(filter(None, [notice.kind, notice.captured_on and f"taken on {notice.captured_on}"]))
        say(f"{notice.number}{f'  ({facts})' if facts else ''}", style="bold")
        if notice.withdrawn:
            say("  Over, as the publisher says: not enrolled.")
            continue
        if notice.page:
            say(f"  Page: {notice.page}")
        if notice.details:
            say(f"  Its pictures are listed at {notice.details}")
        for link, caption, why in notice.pictures:
            say(f"  Picture: {link}{f'  “{caption}”' if caption else ''}")
            if why:
                say(f"    Not fetched: {why}", style="yellow")
        if notice.left_out:
            say(f"  {counted(notice.left_out, 'picture')} left out: not a photograph by the caption.")
        if not (notice.pictures or notice.details or notice.left_out):
            say("  No picture.")
    for line in trial.listing.passed_over[:5]:
        say(f"Cannot be used: {line}", style="yellow")
    result = trial.rehearsal
    if result.enrolled or result.failed_total or result.duplicates:
        say(
            f"Of the first pictures, {counted(result.enrolled, 'picture')} would be enrolled with "
            f"{counted(result.references, 'face')}; {result.duplicates} in the gallery already, "
            f"{result.failed_total} not usable."
        )
    for failure in result.failed:
        say(f"  {failure['path']}: {failure['why']}", style="yellow")
    say(f"Next: plainview feed run {trial.feed.public_id}")


def _trial_json(trial: Trial) -> dict[str, object]:
    return {
        "feed_id": trial.feed.public_id,
        "total": trial.total,
        "notices": [
            {
                "number": notice.number,
                "kind": notice.kind,
                "page": notice.page,
                "captured_on": notice.captured_on,
                "withdrawn": notice.withdrawn,
                "details": notice.details,
                "left_out": notice.left_out,
                "pictures": [{"link": link, "caption": caption, "why": why} for link, caption, why in notice.pictures],
            }
            for notice in trial.notices
        ],
        "passed_over": trial.listing.passed_over,
        "pictures": result_json(trial.rehearsal),
    }


def run(
    feed: str,
    acting: As,
    limit: Annotated[int | None, typer.Option(help="Most pictures to process.", min=1)] = None,
    json: Json = False,
) -> None:
    """Enrol what is new in a feed's list and settle what was withdrawn; if interrupted, run it again."""
    member = acting_member(acting)
    with bar("Fetching", 0) as shown:
        try:
            done = run_feed(feed, acting_member=member, limit=limit, progress=shown.step, announce=shown.expect)
        finally:
            services().close()
    listing, settled = done.listing, done.settled
    if json:
        print_json(
            result_json(done.enrolment)
            | {
                "notices": len(listing.notices),
                "pages": listing.pages,
                "complete": not listing.incomplete,
                "incomplete": listing.incomplete,
                "unchanged": listing.unchanged,
                "left_out": done.left_out,
                "withdrawn": settled.withdrawn,
                "returned": settled.returned,
                "waiting": settled.waiting,
                "erased": settled.references,
            }
        )
        return
    print_result(done.enrolment, dry_run=False)
    for note in done.notes:
        say(note, style="yellow")


def withdrawn(feed: str, acting: As, json: Json = False) -> None:
    """List what the publisher of a feed withdrew, with the log entries that prove each erasure."""
    member = acting_member(acting)
    rows = [
        {
            "why": withdrawal.why,
            "since": withdrawal.since.isoformat(timespec="seconds"),
            "noted_in": withdrawal.entry,
            "erased_at": withdrawal.erased_at and withdrawal.erased_at.isoformat(timespec="seconds"),
            "erased_in": withdrawal.erased_entries,
        }
        for withdrawal in withdrawals(feed, member)
    ]
    heads = ("Why", "Since", "Noted in entry", "Erased", "Entries of the erasures")
    print_rows("withdrawals", heads, rows, "Nothing was withdrawn.", json=json)


def stop(
    feed: str,
    reason: Annotated[str, typer.Option(help="The reason; it is kept, sealed.")],
    acting: As,
    json: Json = False,
) -> None:
    """Stop a feed for good."""
    member = acting_member(acting)
    stopped = stop_feed(feed, reason=reason, acting_member=member)
    answer(
        f"Feed {stopped.public_id} is stopped; what it enrolled stays.",
        json=json,
        feed_id=stopped.public_id,
        state="stopped",
    )
