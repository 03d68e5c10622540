"""Whether the tables are those of this Plainview: which migrations there are, and which were applied.

Owns that comparison. It must never apply one: `upkeep.upgrade` does, on a copy.
"""

from __future__ import annotations

import pkgutil
from importlib.util import find_spec

from django.apps import apps
from django.db import connection

CASEWORK = "casework"


def known() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration of this installation; no migration is imported."""
    names = set()
    for config in apps.get_app_configs():
        spec = find_spec(f"{config.name}.migrations")
        for place in (spec.submodule_search_locations or []) if spec else []:
            names |= {
                (config.label, module.name)
                for module in pkgutil.iter_modules([place])
                if module.name[0] not in "_~" and not module.ispkg
            }
    return frozenset(names)


def applied() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration that these tables have, of the apps that are installed."""
    labels = {config.label for config in apps.get_app_configs()}
    with connection.cursor() as cursor:
        if "django_migrations" not in connection.introspection.table_names(cursor):
            return frozenset()
        cursor.execute("SELECT app, name FROM django_migrations")
        return frozenset((app, name) for app, name in cursor.fetchall() if app in labels)


def newest(names: frozenset[tuple[str, str]]) -> str:
    """Return the number of the newest migration of ours, such as "0007": what people call the schema."""
    return max((name for app, name in names if app == CASEWORK), default="none")[:4]
