"""What is sent about conversations."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("A conversation that was exported as JSON"),
        widget=forms.ClearableFileInput(attrs={"accept": "application/json,.json"}),
    )
