"""The server's own log: one JSON object a line on standard error, for a service manager to keep.

Owns its form. It must never contain a message of an exception, an argument or a path of a request: each may name a
person. What is logged of an error is its type, where it happened, and the number that its page shows.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from plainview.web.references import reference

LINES: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "plainview.site.journal.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "plainview": {"level": "INFO"},
        "plainview.recognition.foreign": {"level": "INFO"},  # closed elsewhere; see its LOG
        "django": {"level": "WARNING", "handlers": [], "propagate": True},
        # A request that was refused has its line from web.watching.
        "django.request": {"level": "ERROR"},
        "django.security.csrf": {"level": "ERROR"},
    },
}
"""The configuration of `logging` for the server's processes."""

_FRAMES = 12  # innermost places of an error


class JsonLines(logging.Formatter):
    """Formats a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        own = record.name.startswith("plainview")
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # Of others the words only: their arguments may be addresses, paths or names.
            "event": record.getMessage() if own else str(record.msg)[:200],
        }
        line |= getattr(record, "known", {})
        request = getattr(record, "request", None)
        match = getattr(request, "resolver_match", None)
        if match is not None:
            line["view"] = match.view_name
        if hasattr(record, "status_code"):
            line["status"] = record.status_code
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"] = kind.__name__
            frames = traceback.extract_tb(trace)[-_FRAMES:]
            line["trace"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            if request is not None and hasattr(request, "META"):
                line["reference"] = reference(request)
        return json.dumps(line, ensure_ascii=True)
