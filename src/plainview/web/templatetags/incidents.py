"""The number that a page of trouble shows, and that the line of the server's log about the same request has."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plainview.web.references import reference
from plainview.web.templatetags.moments import moment

register = template.Library()


@register.simple_tag(takes_context=True)
def incident(context: Any) -> SafeString | str:
    """Return a line with the reference of this request and the time; nothing where there is no request."""
    request = context.get("request")
    if request is None:
        return ""
    now = moment(timezone.now(), "time")
    return format_html('<p class="help">Reference {}, {}, for the platform operator.</p>', reference(request), now)
