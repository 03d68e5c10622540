"""What watches the server: /healthz, /readyz, /metrics, and one line of the server's log for each request.

Owns these three addresses, which are no pages: no host name, session or cookie is read for them. It must never say
anything about a person, nor log an address, a path or a query.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from plainview.casework.upkeep.read import PARTS, ready, status
from plainview.casework.workspace.services import services
from plainview.serving.front import FORWARDED, MEASURED

Handler = Callable[[HttpRequest], HttpResponse]

_log = logging.getLogger("plainview.requests")
_STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)  # seconds

_registry = CollectorRegistry()
_requests = Counter("plainview_requests", "Requests answered.", ["view", "status"], registry=_registry)
_seconds = Histogram("plainview_request_seconds", "Time to answer.", ["view"], buckets=_STEPS, registry=_registry)


class Watching:
    """The outermost layer: answers the probes, times everything else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        probe = _PROBES.get(request.path)
        if probe is not None and request.method in ("GET", "HEAD"):
            response = probe(request)
            response.headers["Cache-Control"] = "no-store"
            return response
        began = time.perf_counter()
        response = self.get_response(request)
        _record(request, response, time.perf_counter() - began)
        return response


def _record(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    view = (match.view_name if match else "") or "none"
    measured = request.META[MEASURED] = (view, f"{response.status_code // 100}xx", seconds)
    count(*measured)
    known: dict[str, object] = {
        "view": view,
        "method": request.method,
        "status": response.status_code,
        "seconds": round(seconds, 3),
    }
    number = getattr(request, "reference", None)  # a page of trouble shows it
    if number is not None:
        known["reference"] = number
    _log.info("request", extra={"known": known})


def count(view: str, status: str, seconds: float) -> None:
    """Count a request that was answered, here or by a process beside this one."""
    _requests.labels(view, status).inc()
    _seconds.labels(view).observe(seconds)


def answers(path: str) -> bool:
    """Say whether the path is one of these addresses."""
    return path in _PROBES


def _healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def _readyz(request: HttpRequest) -> HttpResponse:
    """Say whether requests may come; why not, only to those who may read the metrics."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        problems = ready()
    except Exception as error:  # the answer is that it is not ready
        problems = [f"The database cannot be read: {type(error).__name__}."]
    answer: dict[str, object] = {"ready": not problems}
    if _may_watch(request):
        answer["problems"] = problems
    return JsonResponse(answer, status=503 if problems else 200)


def _metrics(request: HttpRequest) -> HttpResponse:
    if not _may_watch(request):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    return HttpResponse(generate_latest(_registry), content_type="text/plain; version=0.0.4; charset=utf-8")


_PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": _healthz,
    "/readyz": _readyz,
    "/metrics": _metrics,
}


def _may_watch(request: HttpRequest) -> bool:
    """Say whether the request has the token, or comes from this machine and through no proxy."""
    token = str(services().workspace.settings().get("metrics_token", ""))
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and secrets.compare_digest(token.encode(), sent.encode()):
        return True
    if request.META.get(FORWARDED, True):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _Deployment(Collector):
    """The state of each part, read when the metrics are; at most every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family for each number."""
        with self._lock:
            state = status()
        info = GaugeMetricFamily("plainview_info", "Version of Plainview.", labels=["version"])
        info.add_metric([state["version"]], 1)
        well = GaugeMetricFamily("plainview_part_ok", "1 if this part of the deployment is well.", labels=["part"])
        numbers = GaugeMetricFamily("plainview_number", "A number of a part.", labels=["part", "name"])
        for name in PARTS:
            part = state[name]
            if part["ok"] is not None:
                well.add_metric([name], part["ok"])
            for key, value in part.items():
                if key != "ok" and isinstance(value, int | float):
                    numbers.add_metric([name, key], value)
        last = GaugeMetricFamily(
            "plainview_last_timestamp_seconds", "When this part last did its work.", labels=["part"]
        )
        for name in ("worker", "backup", "rehearsal", "witness"):
            at = state[name].get("at")
            if at:
                last.add_metric([name], _seconds_of(at))
        yield from (info, well, numbers, last)


def _seconds_of(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


_registry.register(_Deployment())
ProcessCollector(registry=_registry)
