"""What the portal's forms may say."""

from __future__ import annotations

from django import forms

from ingestion.bulk import ACTIONS


class CollectionForm(forms.Form):
    name = forms.CharField(max_length=120)


class CollectionSettingsForm(forms.Form):
    searched = forms.BooleanField(required=False)


class UploadForm(forms.Form):
    """Names the collection and, for a file of a folder, its place in there; the files themselves come as `file`, once
    or many times."""

    collection = forms.UUIDField(required=False)
    folder = forms.CharField(required=False)


class UUIDsField(forms.Field):
    """A name that comes many times. What is no id is left out, as an id is that nothing has."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[object]:
        single = forms.UUIDField(required=False)
        found = []
        for each in value if isinstance(value, list) else []:
            try:
                found.append(single.clean(each))
            except forms.ValidationError:
                continue
        return [each for each in found if each is not None]


class BulkForm(forms.Form):
    """`everything` are all documents that the filter, which comes along, lets through; else those of `ids`."""

    action = forms.ChoiceField(choices=[(name, name) for name in ACTIONS])
    ids = UUIDsField(required=False)
    everything = forms.BooleanField(required=False)
    collection = forms.UUIDField(required=False)
    target = forms.UUIDField(required=False)
    confirmed = forms.BooleanField(required=False)


class WordsField(forms.Field):
    """A name that comes many times; what comes twice counts once."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[str]:
        return list(dict.fromkeys(str(each) for each in value)) if isinstance(value, list) else []


class OcrLanguagesForm(forms.Form):
    """Tesseract's codes; the service knows which there are."""

    languages = WordsField(required=False)


class SearchModelForm(forms.Form):
    """What the operator calls an embedder; "" is the server's own."""

    name = forms.CharField(required=False, max_length=60)


class AddressForm(forms.Form):
    url = forms.URLField(max_length=2_000, assume_scheme="https")
    collection = forms.UUIDField(required=False)
