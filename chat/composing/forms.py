"""What is typed on the page of prompts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.composing.models import SavedPrompt
from tenants.access import Access


class PromptForm(forms.ModelForm):  # type: ignore[type-arg]
    shared = forms.BooleanField(label=_("For everybody in the organisation"), required=False)

    class Meta:
        model = SavedPrompt
        fields = ("name", "text")
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            "text": forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        }

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shared"].initial = self.instance.is_shared
        if not access.is_admin:
            del self.fields["shared"]

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).lower()

    def clean_text(self) -> str:
        """A form counts a new line as two characters, and a question as one."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")
