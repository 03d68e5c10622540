"""Make the report of yesterday and store it as a file that `plainview report check` reads.

    PLAINVIEW_URL=... PLAINVIEW_TOKEN=... python nightly_report.py reports/

The token needs the scope report.read. The making of a report is an entry of the log, with the hash that is printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plainview.client import AsyncClient, calls


async def main(folder: str, day: str = "") -> str:
    """Make the report, write it, and return what was written."""
    day = day or (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    async with AsyncClient(os.environ["PLAINVIEW_URL"], os.environ["PLAINVIEW_TOKEN"]) as faces:
        answer = await faces.call(calls.report(since=day, until=day))
    path = Path(folder) / f"{day}.json"
    path.write_text(json.dumps(answer["report"]), encoding="utf-8")
    return f"{path}: entry {answer['entry']}, SHA-256 {answer['sha256']}"


if __name__ == "__main__":
    print(asyncio.run(main(*sys.argv[1:])))
