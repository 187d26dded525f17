"""What a check has found, in the reader's words. A finding is stored as a code with what belongs to it, so that each
reader has it in the language of the page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.domain import Checked, Finding, Verdict


def reason(finding: Finding) -> str:
    """Why the sentence is marked."""
    values = {"detail": finding.detail, "number": finding.found_in}
    if finding.verdict is Verdict.ELSEWHERE:
        return _("The cited passage does not say this, but passage %(number)d does.") % values
    if not finding.cited:
        return _of_none(finding.verdict) % values
    return _of_cited(finding.verdict, len(finding.cited)) % values


def _of_none(verdict: Verdict) -> str:
    """Of a sentence that cites nothing and was compared with every passage."""
    match verdict:
        case Verdict.NUMBER:
            return _("The number %(detail)s is in none of the passages.")
        case Verdict.DATE:
            return _("The date %(detail)s is in none of the passages.")
        case Verdict.NAME:
            return _("The name “%(detail)s” is in none of the passages.")
        case Verdict.LITERAL:
            return _("“%(detail)s” is in none of the passages.")
        case _:
            return _("No source is cited here, and none of the passages says this.")


def _of_cited(verdict: Verdict, count: int) -> str:
    match verdict:
        case Verdict.NUMBER:
            return ngettext(
                "The number %(detail)s is not in the cited passage.",
                "The number %(detail)s is not in the cited passages.",
                count,
            )
        case Verdict.DATE:
            return ngettext(
                "The date %(detail)s is not in the cited passage.",
                "The date %(detail)s is not in the cited passages.",
                count,
            )
        case Verdict.NAME:
            return ngettext(
                "The name “%(detail)s” is not in the cited passage.",
                "The name “%(detail)s” is not in the cited passages.",
                count,
            )
        case Verdict.LITERAL:
            return ngettext(
                "“%(detail)s” is not in the cited passage.", "“%(detail)s” is not in the cited passages.", count
            )
        case _:
            return ngettext("The cited passage does not say this.", "The cited passages do not say this.", count)


def summary(checked: Checked | None) -> str:
    """One line below the answer; empty where nothing was compared."""
    if checked is None or not checked.sentences:
        return ""
    if not checked.findings:
        return _("Every sentence was compared with the passages and is supported.")
    uncited = len(checked.findings) - checked.faults
    parts = [_("Sentences compared with the passages: %(count)d") % {"count": checked.sentences}]
    if checked.faults:
        parts.append(_("not supported and marked: %(count)d") % {"count": checked.faults})
    if uncited:
        parts.append(_("supported, though without a citation: %(count)d") % {"count": uncited})
    return " · ".join(parts)
