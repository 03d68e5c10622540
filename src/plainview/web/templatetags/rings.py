"""The examiner's marks over a face, drawn on the page as in the lead sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from plainview.casework.examination.drafts import places_on, words_of
from plainview.documents import typeset

register = template.Library()


@register.simple_tag
def rings(marks: Sequence[Mapping[str, Any]], which: str, picture: str) -> SafeString:
    """Return the layer with the rings of the marks on the "probe" or on this picture of the "face"; nothing without any."""
    drawn = typeset.rings(places_on(marks, which, picture))
    return mark_safe(drawn and f'<svg class="rings" viewBox="0 0 100 100" aria-hidden="true">{drawn}</svg>')  # noqa: S308  numbers only


@register.filter
def words_on(mark: Mapping[str, Any], picture: str) -> str:
    """Return the words of a mark, beside this picture of the face."""
    return words_of(mark, picture)
