"""What is typed about a knowledge gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from chat.gaps.models import KnowledgeGap
from chat.gaps.services import NOTE_CHARS

ANSWER_CHARS = 20_000

Choices = Sequence[tuple[str, str]]
"""Ids and names of the collections, read once for all the forms of a page."""


class OwnerAskForm(forms.Form):
    turn_id = forms.UUIDField()
    note = forms.CharField(max_length=NOTE_CHARS, required=False)


class _GapForm(forms.Form):
    prefix_of_ids = ""

    def __init__(self, data: QueryDict | None = None, *, gap: KnowledgeGap, collections: Choices) -> None:
        super().__init__(data, auto_id=f"{self.prefix_of_ids}-{gap.pk}-%s")
        self.gap = gap
        cast("forms.ChoiceField", self.fields["collection"]).choices = collections


class GapAnswerForm(_GapForm):
    prefix_of_ids = "answer"

    text = forms.CharField(
        label=_("Answer"),
        max_length=ANSWER_CHARS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In whole sentences, because they are quoted as they are."),
    )
    collection = forms.ChoiceField(label=_("Goes into the collection"), required=False)


class GapMarkForm(_GapForm):
    prefix_of_ids = "mark"

    text = forms.CharField(
        label=_("A word to those who asked"),
        max_length=1_000,
        required=False,
        help_text=_("For example, which document says it."),
    )
    collection = forms.ChoiceField(label=_("It is in the collection"), required=False)

    def __init__(self, data: QueryDict | None = None, *, gap: KnowledgeGap, collections: Choices) -> None:
        super().__init__(data, gap=gap, collections=[("", "–"), *collections])
