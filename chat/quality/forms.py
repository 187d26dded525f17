"""What is typed in the quality lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from chat.errors import NoProvider
from chat.models import AnswerSettings
from chat.quality import configuration, golden
from chat.quality.configuration import Configuration
from chat.quality.golden import PHRASES_MAX, SOURCES_MAX, Draft, SourceDraft
from chat.quality.models import ANSWER_CHARS, COMMENT_CHARS, NAME_CHARS, QUESTION_CHARS, GoldenQuestion, Rating
from chat.settings_services import answer_settings
from ingestion.models import Collection, Document
from ingestion.selectors import collections_list, documents_list
from ingestion.shadows import LEAST_CHUNK, MOST_CHUNK
from tenants.models import Tenant


class RatingForm(forms.Form):
    """`value` is "up", "down", or "none" to take a rating back."""

    value = forms.ChoiceField(choices=[(each, each) for each in ("up", "down", "none")])
    reason = forms.ChoiceField(choices=Rating.Reason.choices, required=False)
    comment = forms.CharField(max_length=COMMENT_CHARS, required=False)


class GoldenForm(forms.Form):
    text = forms.CharField(
        label=_("Question"), max_length=QUESTION_CHARS, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"})
    )
    answerable = forms.TypedChoiceField(
        label=_("Its answer"),
        choices=[("yes", _("is in the documents")), ("no", _("is not in the documents, so that it has to be refused"))],
        initial="yes",
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    expected_answer = forms.CharField(
        label=_("Expected answer"),
        max_length=ANSWER_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Measured by how many of its words an answer has."),
    )
    key_phrases = forms.CharField(
        label=_("Key phrases"),
        max_length=ANSWER_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("One on each line. Where there are any, an answer is measured by these alone."),
    )

    def clean_text(self) -> str:
        return " ".join(self.cleaned_data["text"].split())

    def clean_key_phrases(self) -> tuple[str, ...]:
        lines = (" ".join(line.split()) for line in self.cleaned_data["key_phrases"].splitlines())
        phrases = tuple(dict.fromkeys(filter(None, lines)))
        if len(phrases) > PHRASES_MAX:
            raise forms.ValidationError(_("Enter at most %(most)d phrases.") % {"most": PHRASES_MAX})
        return phrases


class SourceForm(forms.Form):
    document = forms.ModelChoiceField(
        label=_("Document"), queryset=Document.all_tenants.none(), required=False, empty_label=_("Any, or none")
    )
    page = forms.IntegerField(label=_("Page"), min_value=1, max_value=999_999, required=False)
    text = forms.CharField(
        label=_("Passage"),
        max_length=ANSWER_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Words of the place that should be found."),
    )

    def __init__(
        self, *args: Any, documents: QuerySet[Document], names: Sequence[tuple[Any, str]], **kwargs: Any
    ) -> None:
        """`names` are those of the `documents`, read once for all the forms of a page."""
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Document]", self.fields["document"])
        field.queryset = documents
        field.choices = [("", field.empty_label), *names]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if (values.get("page") or values.get("text")) and not values.get("document") and "document" in values:
            self.add_error("document", _("Choose the document that this is in."))
        return values


SourceFormSet = formset_factory(SourceForm, extra=1, max_num=SOURCES_MAX, validate_max=True)


def source_forms(
    collection: Collection, *, data: Any = None, of: GoldenQuestion | None = None
) -> BaseFormSet[SourceForm]:
    """A form for each source that the question has, and an empty one. One whose document is not in the collection any
    more has its name under `initial.gone`."""
    documents = documents_list(tenant=collection.tenant, collection=collection).order_by("folder", "name")
    names = [(document.pk, golden.place_of(document)) for document in documents]
    by_series = {document.series: document for document in documents}
    initial = [
        {
            "document": by_series.get(source.series),
            "page": source.page,
            "text": source.text,
            "gone": "" if source.series in by_series else source.document_name,
        }
        for source in (of.sources.all() if of else ())
    ]
    choices = {"documents": documents, "names": names}
    return SourceFormSet(data, initial=initial, form_kwargs=choices, prefix="sources")


def golden_initial(golden_question: GoldenQuestion) -> dict[str, Any]:
    return {
        "text": golden_question.text,
        "answerable": "yes" if golden_question.answerable else "no",
        "expected_answer": golden_question.expected_answer,
        "key_phrases": "\n".join(golden_question.key_phrases),
    }


def draft_of(form: GoldenForm, sources: BaseFormSet[SourceForm]) -> Draft:
    """Of forms that are valid."""
    return Draft(
        text=form.cleaned_data["text"],
        answerable=form.cleaned_data["answerable"],
        expected_answer=form.cleaned_data["expected_answer"],
        key_phrases=form.cleaned_data["key_phrases"],
        sources=tuple(
            SourceDraft(each["document"], each["page"], each["text"])
            for each in sources.cleaned_data
            if each.get("document")
        ),
    )


class ImportForm(forms.Form):
    file = forms.FileField(label=_("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}))


class RunForm(forms.Form):
    """A run and what is different in it. What is left empty is as the organisation has it."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_CHARS, required=False, help_text=_("By which you will know it again.")
    )
    collections = forms.ModelMultipleChoiceField(
        label=_("Golden questions of"), queryset=Collection.all_tenants.none(), widget=forms.CheckboxSelectMultiple
    )
    with_answers = forms.TypedChoiceField(
        label=_("What is measured"),
        choices=[
            ("no", _("The search alone: seconds, and no model is asked")),
            ("yes", _("Answers too: as long as your model takes for each question")),
        ],
        initial="no",
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    mode = forms.ChoiceField(label=_("How answers are made"), required=False)
    provider = forms.ChoiceField(label=_("Model"), required=False)
    model = forms.CharField(
        label=_("Another model there"), max_length=200, required=False, help_text=_("As the provider spells it.")
    )
    prompt_version = forms.TypedChoiceField(
        label=_("Version of the prompt"), required=False, coerce=int, empty_value=None
    )
    passages = forms.IntegerField(label=_("Most passages"), min_value=1, max_value=30, required=False)
    context_tokens = forms.IntegerField(
        label=_("Context, in tokens"), min_value=1024, max_value=131_072, required=False
    )
    max_tokens = forms.IntegerField(label=_("Longest answer, in tokens"), min_value=32, max_value=8192, required=False)
    dense_weight = forms.FloatField(
        label=_("Weight of meaning against words"),
        min_value=0,
        max_value=1,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text=_("0 is words alone, 1 is meaning alone."),
    )
    chunk_characters = forms.IntegerField(
        label=_("Passages of at most, in characters"),
        min_value=LEAST_CHUNK,
        max_value=MOST_CHUNK,
        required=False,
        help_text=_(
            "Splits a copy of the documents anew, which takes as long as reading them did. Compare two of these."
        ),
    )
    instructions = forms.CharField(
        label=_("Additional instructions"),
        max_length=ANSWER_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    CHANGES = (
        "mode", "provider", "model", "prompt_version", "passages", "context_tokens", "max_tokens", "dense_weight",
        "chunk_characters", "instructions",
    )  # fmt: skip
    """The fields of a configuration."""

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counts = golden.golden_counts(tenant=tenant)
        chosen = cast("forms.ModelMultipleChoiceField[Collection]", self.fields["collections"])
        chosen.queryset = collections_list(tenant=tenant).filter(pk__in=counts)
        chosen.initial = list(counts)
        answers = answer_settings(tenant)
        try:
            choices = configuration.choices_of(tenant, answers)
        except NoProvider:  # the operator's mistake, which a run that asks a model will tell
            choices = {}
        versions = configuration.prompt_versions()
        self._choose("mode", list(AnswerSettings.Mode.choices))
        self._choose("provider", [(key, choice.label) for key, choice in choices.items()])
        self._choose("prompt_version", [(version, str(version)) for version in versions])
        for name, column in configuration.OF_ANSWERS.items():
            self._as_set(name, getattr(answers, column))
        weight = configuration.weight_in_use()
        self._as_set("dense_weight", weight)
        if len(versions) < 2:
            del self.fields["prompt_version"]
        if weight is None:
            del self.fields["dense_weight"]

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = cast("forms.ChoiceField", self.fields[name])
        field.choices = [("", _("As set up")), *choices]

    def _as_set(self, name: str, value: Any) -> None:
        self.fields[name].widget.attrs.setdefault("placeholder", "" if value in {None, ""} else str(value))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        longest, context = values.get("max_tokens"), values.get("context_tokens")
        if longest and context and longest * 2 > context:
            self.add_error("max_tokens", _("This leaves too little of the context for the passages."))
        return values

    def configuration(self) -> Configuration:
        values = {name: self.cleaned_data.get(name) for name in self.CHANGES}
        return Configuration(**{name: None if value == "" else value for name, value in values.items()})
