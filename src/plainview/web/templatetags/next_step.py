"""The link that follows the next step of a refusal."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plainview.policy.decision import Refused
from plainview.web.next_steps import link

register = template.Library()


@register.simple_tag(takes_context=True)
def next_page(context: Context, refused: Refused) -> SafeString | str:
    """Return a space and the link to the page of the act that helps; an empty text without such a page."""
    page = link(refused, context["request"].user)
    return format_html(' <a href="{}">{}</a>', page.address, page.label) if page else ""
