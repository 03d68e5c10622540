"""The WSGI application that `plainview serve` runs."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

from plainview.casework.workspace.folder import SERVE_ENV
from plainview.recognition.foreign import log_to

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
if SERVE_ENV in os.environ:  # `plainview serve` runs it, in a process of its own
    log_to(sys.stderr)
application = get_wsgi_application()
