"""Published feeds: adding one under its legal basis, enrolling what its list names, stopping it.

Owns the order of a run: permission and passport, one look-up of the host, robots.txt, the list, then one picture at a
time through the ordinary enrolment. It must never fetch anything that the list does not name, nor look for links in
what it fetched. Every refusal is in the run's list of failures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils import timezone

from plainview.audit.durable import try_locked
from plainview.casework import find
from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.feedlist import LIST_BYTES, Offer, read_list
from plainview.casework.enrolment.fetching import Host, Robots
from plainview.casework.enrolment.items import Item, Items, Unusable
from plainview.casework.erasure.expunged import mark
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Feed, FeedLink, Member
from plainview.casework.workspace.services import services
from plainview.policy import feeds, rules
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission

SECONDS_BETWEEN, MAX_BYTES = 2.0, 16 << 20
"""Defaults of a feed: the pause in seconds, and the largest picture in bytes."""

_AGAIN = frozenset({"feed.busy", "feed.unreachable", "feed.answer", "feed.robots", "feed.redirect", "feed.host"})
"""Failures of the host, not of the picture: the next run tries again."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach hosts. The default suits the internet; tests and intranets set it in workspace.toml, [feeds]."""

    private: bool = False
    ca_file: str | None = None

    @classmethod
    def of_workspace(cls) -> Connection:
        """Return the settings of workspace.toml under [feeds]: `private_addresses` (true or false), `ca_file`."""
        said = services().workspace.settings().get("feeds")
        said = said if isinstance(said, dict) else {}
        return cls(said.get("private_addresses") is True, said.get("ca_file"))


def add_feed(
    gallery_name: str,
    list_url: str,
    *,
    publisher: str,
    legal_basis: str,
    seconds_between: float = SECONDS_BETWEEN,
    max_bytes: int = MAX_BYTES,
    acting_member: Member,
) -> Feed:
    """Add a publisher's list to a gallery's passport; nothing is fetched yet.

    Raises:
        Refused: no permission, gallery unknown or expired, incomplete, no https address, or already a feed.
    """
    with acting("feed.add", Permission.GALLERY_CREATE, acting_member):
        gallery = find.gallery(gallery_name, acting_member)
        rules.require(
            rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()),
            feeds.feed_passport(publisher, legal_basis),
            feeds.feed_address(list_url.strip()),
            feeds.feed_rate(seconds_between),
        )
        if Feed.objects.filter(gallery=gallery, list_url=list_url.strip()).exists():
            raise Refused(
                "feed.known",
                "Feed refused",
                "The gallery already has this list.",
                "Use the existing feed.",
                act=Permission.GALLERY_LIST,
            )
        host = feeds.host_of(list_url.strip())
        assert host is not None  # noqa: S101  feed_address() refuses otherwise
        feed = Feed.objects.create(
            gallery=gallery,
            publisher=publisher.strip(),
            legal_basis=legal_basis.strip(),
            list_url=list_url.strip(),
            host=host,
            seconds_between=seconds_between,
            max_bytes=max_bytes,
            created_by=acting_member,
        )
        write_entry(
            "feed.added",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "feed": feed.public_id,
                "publisher": feed.publisher,
                "legal_basis": feed.legal_basis,
                "list": feed.list_url,
                "host": feed.host,
            },
            acting_member=acting_member,
        )
    return feed


def stop_feed(public_id: str, *, reason: str, acting_member: Member) -> Feed:
    """Stop a feed permanently; a run in progress ends before its next picture.

    Raises:
        Refused: no permission, unknown, already stopped, or no reason.
    """
    with acting("feed.stop", Permission.GALLERY_CREATE, acting_member):
        feed = find.feed(public_id, acting_member)
        rules.require(feeds.feed_runs(feed.publisher, feed.stopped_at is not None))
        if not reason.strip():
            raise Refused("gallery.why", "Nothing changed", "The reason is missing.", "State the reason.")
        feed.stopped_at = timezone.now()
        feed.save(update_fields=["stopped_at"])
        write_entry(
            "feed.stopped",
            {"agency": acting_member.agency.public_id, "feed": feed.public_id},
            {"why": reason.strip()},
            acting_member=acting_member,
        )
    return feed


def run_feed(
    public_id: str,
    *,
    acting_member: Member,
    limit: int | None = None,
    progress: Callable[[EnrolmentResult], None] | None = None,
    announce: Callable[[int], None] = lambda _: None,
    options: Options | None = None,
    connection: Connection | None = None,
) -> EnrolmentResult:
    """Enrol the pictures of a feed's list that this feed has not dealt with yet.

    Args:
        public_id: the feed.
        acting_member: the member who runs it.
        limit: most pictures to fetch.
        progress: as in `enrol`.
        announce: called once with the number of pictures that will be fetched.
        options: as in `enrol`; `settled` is the feed's own.
        connection: how to reach the host; None: as workspace.toml says.

    Raises:
        Refused: no permission, unknown, stopped, already running, or the host, its robots.txt or the list cannot be
            used; recorded.
    """
    options = options or Options()
    with ExitStack() as resources:
        with refusals_recorded("feed.run", acting_member):
            standing(acting_member, Permission.GALLERY_ENROL)
            feed = find.feed(public_id, acting_member)
            rules.require(
                feeds.feed_runs(feed.publisher, feed.stopped_at is not None),
                rules.gallery_current(feed.gallery.name, feed.gallery.expires_on, timezone.now().date()),
            )
            resources.enter_context(_alone(services().workspace.root / f".feed-{feed.public_id}.lock"))
            try:
                host, robots, offers = _opened(feed, connection or Connection.of_workspace())
            except Unusable as bad:
                raise Refused(
                    bad.code,
                    "Feed not run",
                    bad.why,
                    "No picture was fetched. Ask the publisher, then run the feed again.",
                ) from None
            resources.callback(host.close)
        waiting = _waiting(feed, offers, limit)
        announce(len(waiting))
        items = Items("feed", feed.publisher, lambda: _items(feed, waiting, host, robots), len(waiting))
        own = replace(options, settled=_settler(feed), stopped=lambda: options.stopped() or _stopped(feed))
        return enrol(feed.gallery.name, items, acting_member=acting_member, progress=progress, options=own)


def _opened(feed: Feed, connection: Connection) -> tuple[Host, Robots, list[Offer]]:
    host = Host(
        feed.host,
        seconds_between=feed.seconds_between,
        private=connection.private,
        ca_file=connection.ca_file,
    )
    try:
        robots = Robots(host, feed.host)
        host.seconds_between = max(host.seconds_between, robots.pause)
        robots.require(feed.list_url)
        return host, robots, read_list(host.get(feed.list_url, max_bytes=LIST_BYTES))
    except Unusable:
        host.close()
        raise


def _waiting(feed: Feed, offers: Sequence[Offer], limit: int | None) -> list[Offer]:
    """Return the offers that this feed has not dealt with, each link once, in the order of the list."""
    done = set(FeedLink.objects.filter(feed=feed).values_list("mark", flat=True))
    once: dict[str, Offer] = {}
    for offer in offers:
        once.setdefault(offer.image, offer)
    fresh = [offer for offer in once.values() if _mark(feed, offer.image) not in done]
    return fresh[:limit]


def _items(feed: Feed, offers: Sequence[Offer], host: Host, robots: Robots) -> Iterator[Item]:
    for offer in offers:
        yield Item(
            Path(offer.image),
            offer.image,
            offer.image,
            offer.page,
            offer.captured_on,
            {"publisher": feed.publisher, "feed": feed.public_id},
            _fetch(feed, offer, host, robots),
            offer.captured_precision,
        )


def _fetch(feed: Feed, offer: Offer, host: Host, robots: Robots) -> Callable[[], bytes]:
    def data() -> bytes:
        for url in filter(None, (offer.image, offer.page)):
            allowed = feeds.feed_link(url, feed.host)
            if not isinstance(allowed, Allow):
                raise Unusable(allowed.rule_id, allowed.why)
        robots.require(offer.image)
        return host.get(offer.image, max_bytes=feed.max_bytes)

    return data


def _settler(feed: Feed) -> Callable[[Sequence[Item], str], None]:
    """Record in the batch's own transaction which links are dealt with, so that no run fetches them again."""

    def settled(items: Sequence[Item], outcome: str) -> None:
        if outcome not in _AGAIN:
            FeedLink.objects.bulk_create(
                [FeedLink(feed=feed, mark=_mark(feed, item.name), outcome=outcome) for item in items],
                ignore_conflicts=True,
            )

    return settled


def _mark(feed: Feed, url: str) -> str:
    return mark(f"{feed.public_id} {url}")


def _stopped(feed: Feed) -> bool:
    return Feed.objects.filter(pk=feed.pk).exclude(stopped_at=None).exists()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Allow one run of a feed at a time: two would query its host twice as often as promised."""
    with try_locked(path) as mine:
        if not mine:
            raise Refused(
                "feed.running",
                "Feed not run",
                "This feed is already running.",
                "Wait until that run has ended.",
            )
        yield
