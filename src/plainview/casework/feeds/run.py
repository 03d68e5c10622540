"""Running a feed: its list is read, what is new in it is enrolled, what was withdrawn from it is erased.

Owns the order of a run: permission and passport, robots.txt, the list, then one picture at a time through the ordinary
enrolment, then the withdrawals. It must never fetch anything that neither the list nor its mapping names. Every
refusal of a picture is in the run's list of failures, and what makes a list incomplete is told and erases nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plainview.audit.durable import try_locked
from plainview.casework import find
from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.manifest import Item, Items, Unusable
from plainview.casework.erasure.expunged import mark
from plainview.casework.feeds.fetching import Fetcher
from plainview.casework.feeds.listing import Listing, read_listing
from plainview.casework.feeds.mapping import Mapping, of_table
from plainview.casework.feeds.reading import LIST_BYTES, Image, Notice, read_details
from plainview.casework.feeds.withdrawn import Settled, notice_mark, settle
from plainview.casework.jobs import ask_again, beat
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.models import Feed, FeedLink, Job, Member
from plainview.casework.outgoing import Connection
from plainview.casework.workspace.services import services
from plainview.policy import feeds, rules
from plainview.policy.decision import Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

KIND = "feed"

_AGAIN = frozenset(
    {"feed.busy", "feed.unreachable", "feed.answer", "feed.robots", "feed.redirect", "feed.host", "feed.denied"}
)
"""Failures of the host, not of the picture: the next run tries again."""

_STOPS = {"feed.busy": 1, "feed.denied": 3, "feed.unreachable": 3}
"""Failures, this many in a row, after which a run asks for no more pictures: the host wants to be left alone, or
nobody answers. A busy host was already given the time that it asked for (fetching)."""


_IDLE_S = 5.0  # a worker's lease ends after a minute of silence


@dataclass
class FeedRun:
    """The result of a run.

    Attributes:
        enrolment: what the pictures became.
        listing: the list as it was read.
        settled: what was withdrawn.
        left_out: pictures that are not photographs by their captions, such as sketches.
    """

    enrolment: EnrolmentResult
    listing: Listing
    settled: Settled = field(default_factory=Settled)
    left_out: int = 0

    @property
    def notes(self) -> list[str]:
        """Return what a person should know, in sentences."""
        notes = ["The list has not changed since the last run."] if self.listing.unchanged else []
        notes += [
            f"The list is not complete, so nothing is withdrawn by it. {why}" for why in self.listing.incomplete[:1]
        ]
        notes += self.listing.incomplete[1:]
        if self.left_out:
            pictures = counted(self.left_out, "picture")
            notes.append(f"{pictures} left out: by the caption not a photograph, such as a sketch.")
        return [*notes, *self.settled.notes]


def run_feed(
    public_id: str,
    *,
    acting_member: Member,
    limit: int | None = None,
    progress: Callable[[EnrolmentResult], None] | None = None,
    announce: Callable[[int], None] = lambda _: None,
    pages: Callable[[int, int | None], None] = lambda _pages, _total: None,
    options: Options | None = None,
    connection: Connection | None = None,
    idle: Callable[[], None] = lambda: None,
) -> FeedRun:
    """Read a feed's list, enrol the pictures that this feed has not dealt with, and settle what was withdrawn.

    Args:
        public_id: the feed.
        acting_member: the member who runs it.
        limit: most pictures to fetch.
        progress: as in `enrol`.
        announce: called once with the number of pictures that will be fetched.
        pages: as `progress` of `read_listing`.
        options: as in `enrol`; `settled` is the feed's own.
        connection: how to reach the hosts; None: as workspace.toml says.
        idle: called every few seconds while the run waits for a host.

    Raises:
        Refused: no permission, unknown, stopped, not tried, already running, or the host, its robots.txt or the list
            cannot be used; recorded.
    """
    options = options or Options()
    with refusals_recorded("feed.run", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        feed = find.feed(public_id, acting_member)
        rules.require(*_may_run(feed))
    with _alone(feed, acting_member), opened(feed, connection, idle) as fetcher:
        mapping = of_table(feed.mapping or {})
        with refusals_recorded("feed.run", acting_member):
            try:
                listing = read_listing(
                    feed.list_url, mapping, fetcher, validators=feed.validators or {}, progress=pages
                )
            except Unusable as bad:
                _remember(feed, f"The list cannot be used. {bad.why}")
                raise Refused(
                    bad.code,
                    "Feed not run",
                    bad.why,
                    "No picture was fetched and nothing erased. Ask the publisher, then run the feed again.",
                ) from None
        if not listing.unchanged and feed.listed and len(listing.notices) < feed.listed * feeds.SHRUNK:
            listing.incomplete.append(
                f"It has {counted(len(listing.notices), 'notice')}; the last complete list had {feed.listed:,}."
            )
        collected = Collected(feed, mapping, fetcher)
        waiting = collected.waiting(listing, limit)
        announce(len(waiting))
        items = Items("feed", feed.publisher, lambda: collected.items(waiting), len(waiting))
        own = replace(
            options,
            settled=collected.settle,
            stopped=lambda: options.stopped() or collected.refused or _stopped(feed),
        )
        result = enrol(feed.gallery.name, items, acting_member=acting_member, progress=progress, options=own)
        run = FeedRun(result, listing, left_out=collected.left_out)
        if not _stopped(feed):
            run.settled = settle(feed, listing, acting_member=acting_member)
        all_done = not (limit or result.failed_total or result.stopped or listing.incomplete)
        _remember(feed, " ".join(run.notes), validators=listing.validators if all_done else {})
    return run


def hosts_of(feed: Feed) -> set[str]:
    """Return the hosts that a feed may ask."""
    return {feed.host, *(feed.hosts or [])}


@contextmanager
def opened(
    feed: Feed, connection: Connection | None = None, idle: Callable[[], None] = lambda: None
) -> Iterator[Fetcher]:
    """Yield the publisher's hosts; `idle` is called every few seconds while a host is waited for."""

    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _IDLE_S))
            idle()

    connection = connection or Connection.of_workspace("feeds")
    fetcher = Fetcher(hosts_of(feed), feed.seconds_between, connection, sleep)
    try:
        yield fetcher
    finally:
        fetcher.close()


@dataclass
class Collected:
    """The pictures of a list, each link once.

    Attributes:
        refused: the host asked to be left alone, or does not answer: the run ends.
        left_out: pictures that are not photographs.
    """

    feed: Feed
    mapping: Mapping
    fetcher: Fetcher
    refused: bool = False
    left_out: int = 0
    _in_a_row: int = 0
    _of: dict[str, Notice] = field(default_factory=dict)
    _open: dict[str, set[str]] = field(default_factory=dict)

    def waiting(self, listing: Listing, limit: int | None, *, again: bool = False) -> list[tuple[Notice, Image]]:
        """Return the pictures that this feed has not dealt with, in the order of the list; `again`: also the others."""
        rows = FeedLink.objects.none() if again else FeedLink.objects.filter(feed=self.feed)
        done = set(rows.values_list("mark", flat=True))
        once: dict[str, tuple[Notice, Image]] = {}
        for notice in listing.notices:
            if notice.withdrawn:
                continue
            self.left_out += notice.left_out
            if notice.details and _mark(self.feed, notice.details) not in done:
                # A stand-in, replaced by the notice's own pictures when its turn comes.
                once.setdefault(notice.details, (notice, Image(notice.details)))
            for image in () if notice.details else notice.images:
                once.setdefault(image.link, (notice, image))
        fresh = [pair for link, pair in once.items() if _mark(self.feed, link) not in done]
        return fresh[:limit]

    def items(self, waiting: Sequence[tuple[Notice, Image]]) -> Iterator[Item]:
        """Yield what is enrolled; a stand-in is opened here, one request for each notice."""
        for notice, image in waiting:
            if image.link == notice.details:
                yield from self._detailed(notice)
            else:
                yield self._item(notice, image)

    def _detailed(self, notice: Notice) -> Iterator[Item]:
        try:
            reply = self.fetcher.get(notice.details, max_bytes=LIST_BYTES)
            images, left_out = read_details(reply.body, self.mapping)
        except Unusable as bad:
            yield self._item(notice, Image(notice.details), bad)
            return
        self.left_out += left_out
        named = images or notice.images
        self._open[notice.details] = {image.link for image in named}
        if not named:
            self._dealt_with(notice.details, notice, "no picture")
        for image in named:
            yield self._item(notice, image)

    def settle(self, items: Sequence[Item], outcome: str) -> None:
        """Record in the batch's own transaction which links are dealt with, so that no run fetches them again."""
        if outcome in _AGAIN:
            return
        for item in items:
            notice = self._of[item.name]
            self._dealt_with(item.name, notice, outcome)
            rest = self._open.get(notice.details)
            if rest is not None:
                rest.discard(item.name)
                if not rest:  # a second list is dealt with once its pictures are
                    self._dealt_with(notice.details, notice, "read")

    def _dealt_with(self, link: str, notice: Notice, outcome: str) -> None:
        FeedLink.objects.get_or_create(
            feed=self.feed,
            mark=_mark(self.feed, link),
            defaults={"notice": notice_mark(self.feed, notice.id), "outcome": outcome},
        )

    def _item(self, notice: Notice, image: Image, bad: Unusable | None = None) -> Item:
        self._of[image.link] = notice
        said = {"publisher": self.feed.publisher, "feed": self.feed.public_id, "notice": notice.id}
        said |= {"kind": notice.kind} if notice.kind else {}
        said |= {"caption": image.caption} if image.caption else {}
        return Item(
            Path(image.link),
            image.link,
            image.link,
            notice.page if notice.page.startswith(("https://", "http://")) else "",
            notice.captured_on,
            said,
            lambda: self._fetch(notice, image, bad),
            subject=notice.subject,
        )

    def _fetch(self, notice: Notice, image: Image, bad: Unusable | None) -> bytes:
        try:
            if bad is not None:
                raise bad
            if self.refused:
                raise Unusable("feed.busy", "The host was not asked again after it refused.")
            body = self.fetcher.get(image.link, max_bytes=self.feed.max_bytes).body
        except Unusable as error:
            self._in_a_row = self._in_a_row + 1 if error.code in _STOPS else 0
            self.refused = self.refused or self._in_a_row >= _STOPS.get(error.code, self._in_a_row + 1)
            raise
        self._in_a_row = 0
        return body


def _mark(feed: Feed, url: str) -> str:
    return mark(f"{feed.public_id} {url}")


def _stopped(feed: Feed) -> bool:
    return Feed.objects.filter(pk=feed.pk).exclude(stopped_at=None).exists()


def _remember(feed: Feed, note: str, validators: dict[str, str] | None = None) -> None:
    Feed.objects.filter(pk=feed.pk).update(last_run_at=timezone.now(), last_note=note, validators=validators or {})


@contextmanager
def _alone(feed: Feed, member: Member) -> Iterator[None]:
    """Allow one run of a feed at a time: two would query its host twice as often as promised."""
    with try_locked(services().workspace.root / f".feed-{feed.public_id}.lock") as mine:
        if not mine:
            with refusals_recorded("feed.run", member):
                raise _running()
        yield


def ask_run(public_id: str, *, acting_member: Member) -> Job:
    """Create the job of a run; the caller enqueues it.

    Raises:
        Refused: no permission, unknown, stopped, not tried, or already asked for.
    """
    with acting("feed.run", Permission.GALLERY_ENROL, acting_member):
        feed = find.feed(public_id, acting_member)
        rules.require(*_may_run(feed))
        if Job.objects.filter(kind=KIND, subject=feed.pk, finished_at=None).exists():
            raise _running()
        return ask_again(KIND, feed.pk, acting_member=acting_member)


def _may_run(feed: Feed) -> tuple[Decision, ...]:
    return (
        feeds.feed_runs(feed.publisher, feed.stopped_at is not None),
        feeds.feed_tried(feed.publisher, feed.tried_at is not None or not feed.mapping),
        rules.gallery_current(feed.gallery.name, feed.gallery.expires_on, timezone.now().date()),
    )


def _running() -> Refused:
    return Refused("feed.running", "Feed not run", "This feed is already running.", "Wait until that run has ended.")


def ask_due() -> list[Job]:
    """Create the jobs of the feeds whose next run is due; the caller enqueues them.

    A feed runs under the member who added it, for as long as that member may enrol.
    """
    now = timezone.now()
    due = Feed.objects.filter(stopped_at=None, every_hours__gt=0).filter(Q(mapping=None) | Q(tried_at__isnull=False))
    jobs = []
    for feed in due.select_related("created_by__agency").order_by("pk"):
        if feed.last_run_at is not None and feed.last_run_at > now - timedelta(hours=feed.every_hours):
            continue
        if Job.objects.filter(kind=KIND, subject=feed.pk, finished_at=None).exists():
            continue
        with transaction.atomic():
            jobs.append(ask_again(KIND, feed.pk, acting_member=feed.created_by))
    return jobs


def run_job(job: Job) -> str:
    """Run a feed for the worker.

    Raises:
        Cancelled, Refused: the run ended; what was enrolled until then stays enrolled.
    """
    feed = Feed.objects.get(pk=job.subject)
    # Also when it is refused: the next try is due after the feed's own time, not at once.
    Feed.objects.filter(pk=feed.pk).update(last_run_at=timezone.now())
    seen = 0

    def step(_: EnrolmentResult) -> None:
        nonlocal seen
        seen += 1
        beat(job, seen)

    run = run_feed(
        feed.public_id,
        acting_member=job.member,
        progress=step,
        pages=lambda _pages, _total: beat(job, seen),
        idle=lambda: beat(job, seen),
    )
    result = run.enrolment
    said = f"{counted(result.enrolled, 'picture')} enrolled, {result.failed_total:,} not usable."
    return " ".join([said, *run.notes])
