"""The parts of an index as actors of a Ray cluster.

Owns the connection, the names and the life of the actors. It must never speak to a cluster on another machine without
its token and without TLS, and never put a key where the cluster keeps it: Ray stores what an actor was made with, so
the key comes by a call.

An actor whose process or machine is gone is started again by Ray itself, on any machine that has room; it opens its
snapshot where there is one, and is brought level from the log. A connection that broke is given up at once, and the
next call makes a new one: Ray's own client does not recover when its process on the cluster ends (ray issue 60600).
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from plainview.index.errors import IndexClientMissing, IndexUnreachable
from plainview.index.sharded.crew import PartLost
from plainview.index.sharded.shard import Shard, ShardClosed
from plainview.index.store import Seals

_THREADS = 4
"""Calls that a part works on at a time: searches side by side; a change waits for them."""

_LOOKS = 5
"""Times that the actors are looked up: several threads or processes that make them at once may miss each other, and Ray
raises ValueError (its issues 41324 and 48856)."""

_GRACE_S = "5"
"""Seconds that Ray's client tries to save a broken connection, in which a search waits."""

_LOG = logging.getLogger(__name__)


class _Connection:
    """This process's one connection.

    Attributes:
        number: of connections so far; what was made through an earlier one is of no use.
        context: what Ray returned; None while there is no connection.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.number = 0
        self.context: Any = None

    def give_up(self, number: int) -> None:
        """End a connection that broke, unless somebody has made another since."""
        with self.lock:
            if self.context is not None and self.number == number:
                self.forget()

    def forget(self) -> None:
        """Forget what is left of a connection; its caller has the lock.

        Ray's client passes over a connection that has ended by itself, keeps it in its list and lets no other one in.
        """
        from ray.util import client

        with suppress(Exception):  # it is broken: each part of it may fail in its own way
            if self.context is not None:
                self.context.disconnect()
        if client.num_connected_contexts():
            with suppress(Exception):
                client.ray.disconnect()
            with client._lock:
                client._all_contexts.clear()
        self.context = None


_CONNECTION = _Connection()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the parts live.

    Attributes:
        address: of the cluster, "HOST:6379" on one of its machines or "ray://HOST:10001" from outside.
        namespace: keeps this workspace's actors apart from all others of the cluster.
        folder: for snapshots, on each machine of the cluster; on a shared disk a part finds its own on another machine.
        timeout_s: seconds after which a part that does not answer counts as lost.
    """

    address: str
    namespace: str
    folder: str
    timeout_s: float = 30.0

    def connected(self) -> Any:
        """Return Ray, connected as this process's driver.

        Raises:
            IndexClientMissing: the extra is not installed.
            IndexUnreachable: the cluster does not answer, or is on another machine and not protected.
        """
        _require_protection(self.address)
        # Ray reports to its makers unless told not to, before it is imported.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_CLIENT_RECONNECT_GRACE_PERIOD", _GRACE_S)
        try:
            import ray
        except ModuleNotFoundError as error:
            raise IndexClientMissing("cluster") from error
        with _CONNECTION.lock:
            if not ray.is_initialized():
                try:
                    _CONNECTION.forget()  # half of a connection keeps a new one from being made
                    _CONNECTION.context = ray.init(
                        address=self.address, namespace=self.namespace, log_to_driver=False, logging_level="ERROR"
                    )
                    _CONNECTION.number += 1
                except Exception as error:  # each way of not reaching it has its own class in Ray
                    raise IndexUnreachable(self.address, _first_line(error)) from error
        return ray

    def places(self, parts: int) -> set[str]:
        """Return the places that have a part number 0 of so many."""
        ray = self.connected()
        ending = f"/0-of-{parts}"
        names = (
            actor["name"]
            for actor in ray.util.list_named_actors(all_namespaces=True)
            if actor["namespace"] == self.namespace
        )
        return {name.removesuffix(ending) for name in names if name.endswith(ending)}


class RayCrew:
    """Implements `Crew` with one named, detached actor for each part."""

    def __init__(
        self,
        cluster: Cluster,
        place: str,
        parts: int,
        seals: Callable[[], Seals],
        shard: tuple[int, float, int],
    ) -> None:
        """Name the parts; the cluster is first spoken to when it is needed.

        Args:
            cluster: where they live.
            place: letters, digits and hyphens that name the gallery and model.
            parts: how many there are, 1 or more.
            seals: makes what seals their snapshots; it goes to each part by a call.
            shard: dimension, cut and `all_below`, as of `Shard`.
        """
        self._cluster = cluster
        self._place = place
        self._parts = parts
        self._seals = seals
        self._shard = shard
        self._actors: list[Any] | None = None
        self._made_by = 0
        self._making = threading.Lock()

    def __len__(self) -> int:
        """Parts, those that are lost included."""
        return self._parts

    def ask(self, method: str, calls: Sequence[tuple[Any, ...] | None]) -> list[Any]:
        """Call a method of every part at once; see `Crew.ask`.

        Raises:
            IndexUnreachable: the cluster does not answer.
        """
        self._cluster.connected()
        number = _CONNECTION.number
        try:
            return self._asked(method, calls)
        except IndexUnreachable:
            raise
        except Exception as error:  # of the connection, not of a part; each way of losing it has its own class in Ray
            _LOG.warning("The connection to the Ray cluster broke; the next call makes a new one.", exc_info=error)
            _CONNECTION.give_up(number)
            raise IndexUnreachable(self._cluster.address, _first_line(error)) from error

    def _asked(self, method: str, calls: Sequence[tuple[Any, ...] | None]) -> list[Any]:
        actors = self._started()
        futures = [
            None if call is None else getattr(actor, method).remote(*call)
            for actor, call in zip(actors, calls, strict=True)
        ]
        replies = self._replies(futures)
        closed = [isinstance(reply, ShardClosed) for reply in replies]
        if any(closed):
            opening = [
                actor.open.remote(self._seals) if shut else None for actor, shut in zip(actors, closed, strict=True)
            ]
            opened = self._replies(opening)
            again = self._replies(
                [
                    getattr(actor, method).remote(*call)
                    if call is not None and not isinstance(reply, Exception | None)
                    else None
                    for actor, call, reply in zip(actors, calls, opened, strict=True)
                ]
            )
            replies = [
                second if second is not None else first if reply is None else reply
                for first, reply, second in zip(replies, opened, again, strict=True)
            ]
        return [PartLost(str(reply)) if isinstance(reply, ShardClosed) else reply for reply in replies]

    def leave(self) -> None:
        """End all parts; see `Crew.leave`.

        Raises:
            IndexUnreachable: a part cannot be reached.
        """
        ray = self._cluster.connected()
        for reply in self.ask("leave", [()] * self._parts):
            if isinstance(reply, Exception):
                raise IndexUnreachable(self._cluster.address, f"a part of {self._place} does not answer") from reply
        for actor in self._actors or ():
            ray.kill(actor)
        self._actors = None

    def _started(self) -> list[Any]:
        """Return the actors, made where they are missing; a second process gets those of the first.

        Raises:
            IndexUnreachable: they cannot be made.
        """
        ray = self._cluster.connected()
        with self._making:
            if self._actors is not None and self._made_by == _CONNECTION.number:
                return self._actors
            missed: ValueError | None = None
            for look in range(_LOOKS):
                time.sleep(0.1 * look)
                try:
                    self._made_by, self._actors = _CONNECTION.number, self._create(ray)
                except ray.exceptions.RayError as error:
                    raise IndexUnreachable(self._cluster.address, _first_line(error)) from error
                except ValueError as error:
                    missed = error
                else:
                    return self._actors
        raise IndexUnreachable(self._cluster.address, str(missed)) from missed

    def _create(self, ray: Any) -> list[Any]:
        remote = ray.remote(Shard)
        dim, cut, all_below = self._shard
        return [
            remote.options(
                name=f"{self._place}/{part}-of-{self._parts}",
                namespace=self._cluster.namespace,
                lifetime="detached",
                get_if_exists=True,
                max_restarts=-1,
                max_concurrency=_THREADS,
                num_cpus=0,
                scheduling_strategy="SPREAD",
            ).remote(dim, f"{self._cluster.folder}/{self._place}-{part}-of-{self._parts}", cut, all_below)
            for part in range(self._parts)
        ]

    def _replies(self, futures: Sequence[Any]) -> list[Any]:
        """Return what each part returned or raised; `PartLost` if nothing came in time; None where none was called."""
        ray = self._cluster.connected()
        end = time.monotonic() + self._cluster.timeout_s
        replies: list[Any] = []
        for future in futures:
            try:
                replies.append(None if future is None else ray.get(future, timeout=max(0.0, end - time.monotonic())))
            except ray.exceptions.RayTaskError as error:
                replies.append(error.cause)
            except ray.exceptions.RayError as error:
                self._actors = None  # an actor that was ended for good has a follower of the same name
                replies.append(PartLost(_first_line(error)))
        return replies


def namespace_of(origin: str) -> str:
    """Return the namespace of a workspace's actors: its log's origin, as letters and digits."""
    return "plainview-" + hashlib.sha256(origin.encode()).hexdigest()[:16]


def _require_protection(address: str) -> None:
    """Refuse a cluster elsewhere that anyone on the network could read or command.

    Raises:
        IndexUnreachable: its token or TLS is not switched on in this process's environment.
    """
    host = address.removeprefix("ray://").rpartition(":")[0]
    if host in ("127.0.0.1", "localhost", "[::1]"):
        return
    missing = []
    if os.environ.get("RAY_AUTH_MODE") != "token":
        missing.append("RAY_AUTH_MODE=token")
    if os.environ.get("RAY_USE_TLS") != "1":
        missing.append("RAY_USE_TLS=1")
    if missing:
        raise IndexUnreachable(
            address, f"not asked, because {' and '.join(missing)} must be set for a cluster elsewhere"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
