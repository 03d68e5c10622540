"""The WSGI application, and the front that `plainview serve` puts before it.

It serves nothing on a workspace that cannot be opened.
"""

from __future__ import annotations

import logging.config
import os
from importlib import import_module
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from plainview.casework.workspace.serving import Serving
from plainview.serving.front import Front, Programs, Rules
from plainview.serving.interpreters import Interpreters
from plainview.site.journal import LINES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
application = get_wsgi_application()
logging.config.dictConfig(LINES)  # the command line may have loaded the settings before it knew that it would serve
import_module("plainview.casework.upkeep.opening").open_checked()


def front(serving: Serving, folder: Path) -> Front:
    """Return the front of this application, with processes beside this one; its bodies lie, encrypted, in this folder."""
    from django.conf import settings
    from django.db import connections

    from plainview.api import problems
    from plainview.api import reception as programs
    from plainview.web import reception, watching

    of_programs = Programs(
        programs.concerns, programs.limit, programs.credential, programs.known, problems.without_an_operation
    )
    cookie = settings.SESSION_COOKIE_NAME
    rules = Rules(
        reception.limit,
        reception.signed_in,
        cookie,
        reception.warn,
        reception.page,
        watching.answers,
        watching.count,
        of_programs,
    )
    import_module(settings.ROOT_URLCONF)  # every page, once for all processes
    connections.close_all()
    interpreters = Interpreters(application)
    interpreters.make()
    return Front(interpreters, serving, rules, folder)
