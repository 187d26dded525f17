"""How the portal writes what it knows."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

MINUTE_S, HOUR_S = 60, 3_600


@register.filter
def time_left(seconds: int | None) -> str:
    """120 -> "about 2 min left"; "" where nobody knows. Rounded up, since nobody minds what is ready sooner."""
    if seconds is None:
        return ""
    if seconds < MINUTE_S:
        return _("less than a minute left")
    if seconds < HOUR_S:
        minutes = -(-seconds // MINUTE_S)
        return ngettext("about %(count)d min left", "about %(count)d min left", minutes) % {"count": minutes}
    hours = -(-seconds // HOUR_S)
    return ngettext("about %(count)d h left", "about %(count)d h left", hours) % {"count": hours}
