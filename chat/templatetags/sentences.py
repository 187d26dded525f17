"""Sentences that name what is to be typed, as catalogs have them: `{{ sentence|commands }}`."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
COMMAND = re.compile(r"`([^`]+)`")


@register.filter
def commands(sentence: str) -> SafeString:
    """What stands between two backticks is code, and reads from left to right in any language."""
    return mark_safe(COMMAND.sub(r'<code dir="ltr">\1</code>', conditional_escape(sentence)))  # noqa: S308 - escaped
