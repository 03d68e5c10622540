"""The WSGI application that `plainview serve` runs."""

from __future__ import annotations

import logging.config
import os

from django.core.wsgi import get_wsgi_application

from plainview.site.journal import LINES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
application = get_wsgi_application()
logging.config.dictConfig(LINES)  # the command line may have loaded the settings before it knew that it would serve
