"""What is chosen about links."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chat.sharing.models import Share, SharingRules
from chat.sharing.services import DAYS, DAYS_DEFAULT

ENDLESS = "endless"


class ShareForm(forms.Form):
    """Offers what the organisation's rules allow."""

    audience = forms.ChoiceField(label=_("Who can read it"), widget=forms.RadioSelect, initial=Share.Audience.MEMBERS)
    days = forms.ChoiceField(label=_("For how long"), initial=str(DAYS_DEFAULT))

    def __init__(self, *args: Any, rules: SharingRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [each for each in Share.Audience if each != Share.Audience.PUBLIC or rules.public]
        self.fields["audience"].choices = [(each.value, each.label) for each in allowed]  # type: ignore[attr-defined]
        if not rules.public:
            self.fields["audience"].help_text = _("Links for anyone are switched off in this organisation.")
        times = [(str(each), ngettext("%(count)d day", "%(count)d days", each) % {"count": each}) for each in DAYS]
        endless = [(ENDLESS, _("Until it is withdrawn"))] if rules.endless else []
        self.fields["days"].choices = [*times, *endless]  # type: ignore[attr-defined]

    def chosen_days(self) -> int | None:
        days: str = self.cleaned_data["days"]
        return None if days == ENDLESS else int(days)


class SharingRulesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SharingRules
        fields: ClassVar = ("public", "endless")
