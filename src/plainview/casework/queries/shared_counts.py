"""How many searches an agency asked others for and was asked for: counted under both, each time from the same rows.

Owns the numbers; whoever publishes them suppresses the small ones. A request counts from the moment at which the
asker's supervisor authorised it (entry shared.authorised): until then nobody else knows of it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from plainview.casework.models import Agency, SharedRequest
from plainview.policy.sharing import DECLINED

_OF = {
    "total": Q(),
    "searched": Q(searches__isnull=False),
    "declined": Q(closed_as=DECLINED),
    "with_lead": Q(leads__isnull=False),
}
"""Name of a count -> which requests it holds."""


def shared_counts(agency: Agency) -> dict[str, Any]:
    """Requests made to and received from other agencies.

    Returns:
        {"requests_made": side, "requests_received": side}; a side has `total`, `searched`, `declined`, `with_lead`,
        and `by_agency`, which has the name of each other agency -> its count.
    """
    known = SharedRequest.objects.filter(authorised_at__isnull=False)
    return {
        "requests_made": _side(known.filter(agreement__asker=agency), "agreement__holder__name"),
        "requests_received": _side(known.filter(agreement__holder=agency), "agreement__asker__name"),
    }


def _side(rows: QuerySet[SharedRequest], other: str) -> dict[str, Any]:
    counts = {name: Count("pk", filter=which, distinct=True) for name, which in _OF.items()}
    by_agency = rows.values_list(other).annotate(count=Count("pk")).order_by(other)
    return {**rows.aggregate(**counts), "by_agency": dict(by_agency)}
