"""The WSGI application that `plainview serve` runs. It serves nothing on a workspace that cannot be opened."""

from __future__ import annotations

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
application = get_wsgi_application()
import_module("plainview.casework.upkeep.opening").open_checked()
