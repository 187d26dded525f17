"""What the portal's forms may say."""

from __future__ import annotations

from django import forms


class CollectionForm(forms.Form):
    name = forms.CharField(max_length=120)


class CollectionSettingsForm(forms.Form):
    searched = forms.BooleanField(required=False)


class UploadForm(forms.Form):
    """Names the collection; the files themselves come as `file`, once or many times."""

    collection = forms.UUIDField(required=False)
