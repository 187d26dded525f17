"""What is typed about a line."""

from __future__ import annotations

from django import forms

from chat.lines.threshold import HIGHEST, LOWEST


class LineForm(forms.Form):
    """`reset` gives the line back to the fit."""

    line = forms.FloatField(min_value=LOWEST, max_value=HIGHEST, required=False)
    reset = forms.BooleanField(required=False)

    def chosen(self) -> float | None:
        line: float | None = self.cleaned_data["line"]
        return None if self.cleaned_data["reset"] else line
