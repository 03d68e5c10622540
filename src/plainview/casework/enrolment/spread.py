"""The slow half of enrolment on the machines of a Ray cluster: decode, find faces, make templates.

Owns how a picture goes there and its faces come back. It must never write: this process alone stores the pictures, in
the order of the list, so a worker that is killed costs time and changes nothing. Ray gives its picture to another.

A worker has neither the workspace nor its keys: it receives the bytes of one picture and returns faces.
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainview.casework.enrolment.items import Item
from plainview.casework.workspace.services import services
from plainview.index.errors import IndexClientMissing, IndexUnreachable
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia

if TYPE_CHECKING:
    from plainview.casework.enrolment.preparing import Ready
    from plainview.recognition.decode import Decoder
    from plainview.recognition.engine import Engine

_NO_WORKSPACE = "/nonexistent"


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A picture that cannot be used, as it travels."""

    code: str
    why: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Spread:
    """A cluster that embeds.

    Attributes:
        workers: pictures that it embeds at the same time: its cores.
        work: begins one picture; returns Ray's reference of the answer.
    """

    workers: int
    work: Any
    pack: str
    use: str

    def submit(self, item: Item, data: bytes, digest: str, rehearsal: bool) -> Future[Ready]:
        """Begin one picture; the future raises BadMedia if it cannot be used."""
        answer: Future[Ready] = Future()
        bare = replace(item, path=Path(item.path.name), data=None)  # what reads the list stays here

        def done(reply: Future[Any]) -> None:
            error = reply.exception()
            outcome = None if error else reply.result()
            if isinstance(outcome, _Unusable):
                error = BadMedia(outcome.code, outcome.why, outcome.next_step)
            if error is not None:
                answer.set_exception(error)
            elif outcome is not None:
                answer.set_result(replace(outcome, item=item, data=b"" if rehearsal else data))

        self.work(self.pack, self.use, bare, data, digest, rehearsal).future().add_done_callback(done)
        return answer


def on_cluster(address: str, pack: str) -> Spread:
    """Return the cluster, connected.

    Args:
        address: see `index.sharded.ray_crew.Cluster`.
        pack: identity of the model pack, which every machine of the cluster has installed.

    Raises:
        Refused: enrol.cluster: it does not answer, has no cores, or is on another machine and not protected.
    """
    from plainview.index.sharded.ray_crew import Cluster, namespace_of

    why = f"The Ray cluster {address} has no cores for work."
    workers = 0
    try:
        ray = Cluster(address, namespace_of(services().origin), "").connected()
        workers = int(ray.cluster_resources().get("CPU", 0))
    except IndexClientMissing as error:
        why = f"Reaching a Ray cluster needs the extra `cluster`, which is not installed ({error.__cause__})."
    except IndexUnreachable as error:
        why = f"The Ray cluster cannot be used: {error.said}."
    if not workers:
        raise Refused(
            "enrol.cluster",
            "Nothing enrolled",
            why,
            "Correct that, or enrol without the cluster: the result is the same.",
        )
    use = str(services().workspace.settings().get("use", "investigation"))
    remote = ray.remote(_embedded).options(num_cpus=1, max_retries=-1)
    return Spread(workers, remote.remote, pack, use)


@lru_cache(maxsize=1)
def _tools(pack: str, use: str) -> tuple[Decoder, Engine]:
    """Return what a worker needs, loaded once in its process."""
    from plainview.recognition.decode import Decoder
    from plainview.recognition.engine import Engine
    from plainview.recognition.install import default_models_dir, find_identity

    folder = default_models_dir()
    return Decoder(), Engine.load_pack(find_identity(pack, folder), folder, use)


def _embedded(pack: str, use: str, item: Item, data: bytes, digest: str, rehearsal: bool) -> Ready | _Unusable:
    """Embed one picture; runs in a worker."""
    import django

    # The pure functions that cut faces are beside Django's models, which must be loaded and touch no database.
    os.environ["PLAINVIEW_HOME"] = _NO_WORKSPACE
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
    with suppress(RuntimeError):  # already loaded
        django.setup()
    from plainview.casework.enrolment.preparing import embed

    decoder, engine = _tools(pack, use)
    try:
        ready = embed(decoder, engine, item, data, digest, rehearsal)
    except BadMedia as bad:
        return _Unusable(bad.code, bad.why, bad.next_step)
    return replace(ready, data=b"")
