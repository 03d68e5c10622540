"""The files of a published log, in a folder or on a web server.

Owns the reading of one file by name, with limits of size and time. It must never follow a server to another one, nor read
outside the folder.
"""

from __future__ import annotations

from pathlib import Path

import urllib3

from plainview import __version__
from plainview.audit.tiles import Read

_SECONDS = 20.0


def reader(place: str) -> Read:
    """Return what reads the files of the log at an address (http or https) or in a folder."""
    return _of_server(place.rstrip("/")) if is_address(place) else _of_folder(Path(place))


def is_address(place: str) -> bool:
    """Say whether this is an address of a web server."""
    return place.lower().startswith(("https://", "http://"))


def _of_folder(folder: Path) -> Read:
    def read(name: str, most: int) -> bytes:
        with (folder / name).open("rb") as file:
            return _within(file.read(most + 1), name, most)

    return read


def _of_server(prefix: str) -> Read:
    pool = urllib3.PoolManager(
        retries=urllib3.Retry(3, redirect=0, backoff_factor=0.2, status_forcelist=(502, 503, 504))
    )

    def read(name: str, most: int) -> bytes:
        address = f"{prefix}/{name}"
        try:
            answer = pool.request(
                "GET",
                address,
                headers={"User-Agent": f"plainview-monitor/{__version__}", "Accept-Encoding": "gzip, identity"},
                redirect=False,
                preload_content=False,
                timeout=_SECONDS,
            )
            try:
                if answer.status == 404:
                    raise FileNotFoundError(2, f"{address} is not there")
                if answer.status != 200:
                    raise OSError(5, f"{address} answered with the status {answer.status}")
                data = b"".join(answer.stream(1 << 16, decode_content=True)) if _stated(answer) <= most else b""
                return _within(data, name, most)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise OSError(5, f"{address} does not answer ({type(error).__name__})") from None

    return read


def _stated(answer: urllib3.BaseHTTPResponse) -> int:
    return int(answer.headers.get("Content-Length", "0") or 0)


def _within(data: bytes, name: str, most: int) -> bytes:
    if len(data) > most:
        raise OSError(27, f"{name} is longer than the {most} bytes that it may have")
    return data
