"""The reference page of the API's operations, made from their table.

Owns its layout. The table needs Django, so it is loaded only here.
"""

from __future__ import annotations

import os

_ABOUT = (
    "Every operation, the scope that a token needs for it, and what it does. A scope is the name of a "
    "[permission](permissions.md) of the member. Fields and answers are in `/api/v1/openapi.json` of your server; "
    "[The API](../howto/api.md) says how it is used."
)

_REFUSALS = (
    "A request that cannot be read is refused before any rule of the agency is asked. The [rules](rules.md) of the agency "
    "are the same as on pages."
)


def page() -> str:
    """Return the page."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
    if not apps.ready:
        django.setup()
    from plainview.api.operation import Open
    from plainview.api.operations import OPERATIONS
    from plainview.api.problems import RULES, says_first

    lines, group = ["# Operations of the API", "", _ABOUT, ""], ""
    for operation in OPERATIONS:
        if operation.group != group:
            group = operation.group
            lines += ["", f"## {group}", "", "| operation | scope | what it does |", "| --- | --- | --- |"]
        scope = "any" if isinstance(operation.who, Open) else f"`{operation.who.value}`"
        lines.append(f"| `{operation.method} /api/v1{operation.shown}` | {scope} | {says_first(operation.function)} |")
    lines += ["", "## Refusals of requests", "", _REFUSALS, "", "| rule | when |", "| --- | --- |"]
    lines += [f"| `{rule}` | {says} |" for rule, says in RULES.items()]
    return "\n".join(lines) + "\n"
