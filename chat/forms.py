"""What the chat's plain form may say."""

from __future__ import annotations

from typing import Any

from django import forms

from chat.protocol.commands import MOST_DOCUMENTS, QUESTION_MAX_CHARS


class UuidListField(forms.MultipleChoiceField):
    """Any number of ids, none of which is looked up here."""

    def valid_value(self, value: str) -> bool:
        return forms.UUIDField().clean(value) is not None

    def clean(self, value: Any) -> list[Any]:
        return [forms.UUIDField().clean(each) for each in super().clean(value)]


class AskForm(forms.Form):
    text = forms.CharField(max_length=QUESTION_MAX_CHARS)
    conversation_id = forms.UUIDField(required=False)
    parent_id = forms.UUIDField(required=False)
    collection_ids = UuidListField(required=False)
    document_ids = UuidListField(required=False)
    compare = UuidListField(required=False)
    """The providers whose models are to answer side by side."""
    blind = forms.BooleanField(required=False)

    def clean_document_ids(self) -> list[Any]:
        ids: list[Any] = self.cleaned_data["document_ids"]
        if len(ids) > MOST_DOCUMENTS:
            raise forms.ValidationError("too many documents")
        return ids


class AgainForm(forms.Form):
    """A question once more: as it was where there is no text, by the model that is set up where none is chosen. Or the
    rest of its answer."""

    text = forms.CharField(max_length=QUESTION_MAX_CHARS, required=False)
    provider_id = forms.UUIDField(required=False)
    go_on = forms.BooleanField(required=False)
