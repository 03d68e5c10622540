"""`plainview feed`: pictures that one named publisher offers in a list on one host. Nothing else is ever fetched."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.enrolment.feeds import add_feed, run_feed, stop_feed
from plainview.casework.enrolment.read import feeds
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, sample_notice, say
from plainview.cli.enrolment import print_result, result_json
from plainview.cli.progress import bar


def add(
    gallery: str,
    list_url: Annotated[str, typer.Argument(help="https address of the publisher's list (JSON or CSV).")],
    publisher: Annotated[str, typer.Option(help="Who publishes the pictures.")],
    basis: Annotated[str, typer.Option(help="Legal basis on which these pictures are held.")],
    acting: As,
    seconds_between: Annotated[float, typer.Option(help="Pause between two requests.")] = 2.0,
    max_megabytes: Annotated[int, typer.Option(help="Largest picture, in MiB.", min=1, max=64)] = 16,
    json: Json = False,
) -> None:
    """Add a publisher's list to a gallery's passport. Nothing is fetched yet."""
    member = acting_member(acting)
    new_feed = add_feed(
        gallery,
        list_url,
        publisher=publisher,
        legal_basis=basis,
        seconds_between=seconds_between,
        max_bytes=max_megabytes << 20,
        acting_member=member,
    )
    if json:
        print_json({"feed_id": new_feed.public_id, "host": new_feed.host})
    else:
        say(f"Feed {new_feed.public_id} added; only {new_feed.host} is ever contacted.")


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
            "stopped_at": feed.stopped_at and feed.stopped_at.isoformat(timespec="seconds"),
        }
        for shown in feeds(member)
        for feed in [shown.feed]
    ]
    heads = ("Feed", "Gallery", "Publisher", "Legal basis", "List", "Links processed", "Enrolled", "Stopped")
    print_rows("feeds", heads, rows, "No feed yet.", json=json, caption=sample_notice(current()))


def run(
    feed: str,
    acting: As,
    limit: Annotated[int | None, typer.Option(help="Most pictures to process.", min=1)] = None,
    json: Json = False,
) -> None:
    """Enrol the pictures of the list that this feed has not processed yet; if interrupted, run it again."""
    member = acting_member(acting)
    with bar("Fetching", 0) as shown:
        try:
            result = run_feed(feed, acting_member=member, limit=limit, progress=shown.step, announce=shown.expect)
        finally:
            services().close()
    if json:
        print_json(result_json(result))
    else:
        print_result(result, dry_run=False)


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
