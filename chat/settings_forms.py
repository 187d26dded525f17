"""What is typed on the settings page."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import httpx
from django import forms
from django.utils.translation import gettext_lazy as _

from chat.domain import ProviderKind
from chat.errors import ProviderError
from chat.llm.outbound import outbound_allowed
from chat.llm.presets import PRESETS
from chat.models import AnswerSettings, Provider
from chat.provider_services import PROVIDER_FIELDS, KeyChange
from chat.settings_services import STARTER_MODEL, default_address, outbound_hosts
from ingestion.models import Collection
from ingestion.selectors import collections_list
from tenants.models import Tenant

PROMPT_SHARE = 2
"""At least one part in this many of the context has to be left for the question and its passages."""
ANSWER_LANGUAGES = [
    ("en", _("English")),
    ("sr", _("Serbian")),
    ("de", _("German")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("it", _("Italian")),
    ("pt", _("Portuguese")),
    ("nl", _("Dutch")),
    ("pl", _("Polish")),
    ("hr", _("Croatian")),
    ("sl", _("Slovenian")),
    ("ru", _("Russian")),
    ("uk", _("Ukrainian")),
    ("zh", _("Chinese")),
    ("ja", _("Japanese")),
    ("ar", _("Arabic")),
]


class AnswerSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    languages = forms.MultipleChoiceField(
        label=_("Languages of answers"),
        choices=ANSWER_LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means the language of the question."),
    )
    collections = forms.ModelMultipleChoiceField(
        label=_("Collections that are searched"),
        queryset=Collection.all_tenants.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = AnswerSettings
        fields = (
            "mode",
            "temperature",
            "max_tokens",
            "context_tokens",
            "passages",
            "system_prompt",
            "languages",
            "suggests",
        )
        labels: ClassVar = {
            "mode": _("How answers are made"),
            "temperature": _("Temperature"),
            "max_tokens": _("Longest answer"),
            "context_tokens": _("Context"),
            "passages": _("Passages"),
            "system_prompt": _("Additional instructions"),
            "suggests": _("Suggest further questions"),
        }
        help_texts: ClassVar = {
            "mode": _(
                "Quoted sentences are there at once, in any language, and nothing in them is invented. A model's own "
                "words read better and take longer, on a server without a graphics card up to half a minute before "
                "the first; they are compared with the passages, and what those do not bear out is marked."
            ),
            "temperature": _("0 is always the likeliest word; above 1 becomes erratic."),
        }
        widgets: ClassVar = {"system_prompt": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        collections = collections_list(tenant=tenant)
        field = cast("forms.ModelMultipleChoiceField[Collection]", self.fields["collections"])
        field.queryset = collections
        field.initial = [collection.pk for collection in collections if collection.searched]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        longest, context = values.get("max_tokens"), values.get("context_tokens")
        if longest and context and longest * PROMPT_SHARE > context:
            self.add_error(
                "max_tokens",
                _(
                    "An answer of %(answer)d tokens leaves too little of the context for the passages. Enter at most "
                    "%(most)d, or a larger context."
                )
                % {"answer": longest, "most": context // PROMPT_SHARE},
            )
        return values


class ProviderForm(forms.Form):
    """A provider of the chain. The key is written, never shown: left blank it stays as it is."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Provider.Kind.choices)
    preset = forms.ChoiceField(
        label=_("Service"),
        choices=[("", _("Chosen by its address")), *((preset.id, preset.name) for preset in PRESETS)],
        required=False,
    )
    base_url = forms.CharField(
        label=_("Address"),
        max_length=300,
        required=False,
        widget=forms.URLInput,
        help_text=_("Blank is this server's own Ollama or starter model, or GitHub's official address."),
    )
    model = forms.CharField(label=_("Model"), max_length=200, required=False)
    sees = forms.ChoiceField(
        label=_("Looking at pictures"),
        choices=Provider.Sees.choices,
        initial=Provider.Sees.AUTO,
        required=False,
        help_text=_("Questions with pictures go to the first model in use that can."),
    )
    api_key = forms.CharField(
        label=_("Key"),
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Blank keeps the present one."),
    )
    input_price = forms.DecimalField(
        label=_("Price of a million tokens read"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        help_text=_(
            "Blank where it costs nothing or you do not want to see it. Comparisons of models show what an answer cost."
        ),
    )
    output_price = forms.DecimalField(
        label=_("Price of a million tokens written"), required=False, min_value=0, max_digits=12, decimal_places=4
    )
    currency = forms.CharField(label=_("Currency"), max_length=8, required=False)
    remove_key = forms.BooleanField(label=_("Remove the key"), required=False)
    enabled = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, provider: Provider | None = None, **kwargs: Any) -> None:
        self.provider = provider
        if provider is not None:
            kwargs.setdefault("initial", {name: getattr(provider, name) for name in PROVIDER_FIELDS})
        kwargs["auto_id"] = f"id_{provider.pk if provider else 'new'}_%s"  # several of these forms are on one page
        super().__init__(*args, **kwargs)
        if provider is None:
            del self.fields["remove_key"]
        else:
            self.fields["model"].widget.attrs["list"] = f"models-{provider.pk}"

    def clean_sees(self) -> str:
        return self.cleaned_data["sees"] or Provider.Sees.AUTO

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "kind" in values:
            self._clean_for(ProviderKind(values["kind"]), values)
        return values

    def _clean_for(self, kind: ProviderKind, values: dict[str, Any]) -> None:
        if kind is ProviderKind.STARTER:
            values.update(base_url="", model=values.get("model") or STARTER_MODEL, preset="", api_key="")
            return
        if not values.get("model"):
            self.add_error("model", _("Enter the model's name, as the provider spells it."))
        address = values.get("base_url") or default_address(kind)
        if not address:
            self.add_error("base_url", _("Enter the provider's address, for example https://host/v1."))
            return
        try:
            outbound_allowed(address, allowed=outbound_hosts())
        except ProviderError as error:
            self.add_error("base_url", error.message)
            return
        self._keep_key_from_strangers(address, values)

    def _keep_key_from_strangers(self, address: str, values: dict[str, Any]) -> None:
        """A stored key goes only to the host that it was entered for: otherwise an admin who does not know it could
        have it sent to a host of their own."""
        before = self.provider
        if before is None or not before.api_key or values.get("api_key") or values.get("remove_key"):
            return
        if _origin(before.base_url or default_address(ProviderKind(before.kind))) != _origin(address):
            self.add_error("api_key", _("The address has changed, so enter the key again, or remove it."))

    def key_change(self) -> KeyChange:
        return KeyChange(text=self.cleaned_data.get("api_key", ""), remove=bool(self.cleaned_data.get("remove_key")))


def _origin(url: str) -> tuple[str, str, int | None]:
    address = httpx.URL(url)
    return address.scheme, address.host, address.port
