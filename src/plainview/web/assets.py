"""Static files under names that contain their hash, and compressed pages.

Owns both. There is no build step: the files are in the installed packages, and their hashes are computed when they are
first needed. It must never compress what is compressed already.

A compressed page that contains a secret beside text of an attacker can betray the secret by its length (BREACH). Three
things stand against it: Django adds up to 100 random bytes to every compressed answer, form tokens are masked again in
every page, and cookies are SameSite=Lax, so another site cannot make a signed-in browser load pages to measure.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path, PurePosixPath

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

_TEXT = ("text/", "application/json", "application/problem+json", "image/svg+xml", "application/javascript")


class Hashed(StaticFilesStorage):
    """Names each file by its content, as Django's manifest storage does: plainview.css -> plainview.0f3a….css."""

    def url(self, name: str | None) -> str:
        """Return the address of a file; one that does not exist has its plain name."""
        return super().url(hashed(name or ""))


@functools.cache
def hashed(name: str) -> str:
    """Return the name with 48 bits of the content's hash: enough to notice any change."""
    path = finders.find(name)
    if not isinstance(path, str):
        return name
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
    pure = PurePosixPath(name)
    return str(pure.with_name(f"{pure.stem}.{digest}{pure.suffix}"))


class Assets(WhiteNoiseMiddleware):
    """Serves each file under both names; the hashed one is kept by browsers for ever."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: object = None) -> None:
        """Add a file under its plain name and under its hashed one."""
        super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
        name = url.removeprefix(self.static_prefix)
        if hashed(name) != name:
            super().add_file_to_dictionary(self.static_prefix + hashed(name), path, stat_cache=stat_cache)


class Compressed(GZipMiddleware):
    """Compresses pages, their files and data; pictures, PDF and ZIP files are compressed already."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress text, files of pages too; a part of a file is sent as it is."""
        if not response.headers.get("Content-Type", "").startswith(_TEXT) or "Content-Range" in response.headers:
            return response
        return super().process_response(request, response)
