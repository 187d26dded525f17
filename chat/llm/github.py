"""GitHub Models: OpenAI's protocol with GitHub's headers.

The service was retired on 2026-07-30, and answers 410. The provider stays, because tenants ask for it by name: the
settings page shows `LIFECYCLE`, the answer says it in a sentence, and the tenant's next provider takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.errors import ProviderError, ProviderGone
from chat.llm.clients import shared_client
from chat.llm.failures import Refusal, provider_errors
from chat.llm.openai_compatible import LIST_TIMEOUT_S, OpenAICompatibleChat, openai_root

BASE_URL = "https://models.github.ai/inference"
DEFAULT_MODEL = "microsoft/Phi-3.5-mini-instruct"
API_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
SERVICE = "GitHub Models"
OFFICIAL_HOST = "models.github.ai"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What is known about the end of a service, for the settings page."""

    announced_on: date
    retired_on: date
    note: str
    """In English; to be translated where it is shown."""
    successor: str
    """The `Preset.id` to offer instead."""

    def is_over(self, today: date) -> bool:
        return today >= self.retired_on


LIFECYCLE = Lifecycle(
    announced_on=date(2026, 7, 1),
    retired_on=date(2026, 7, 30),
    note=gettext_noop(
        "GitHub retired GitHub Models on 2026-07-30. Its address answers that it is gone; only a server of your own "
        "that speaks the same protocol will work here. Microsoft Foundry is GitHub's suggestion, and Ollama runs "
        "Phi-3.5 on your own machine."
    ),
    successor="foundry",
)


class GitHubModelsChat(OpenAICompatibleChat):
    """The key is a personal access token with `models:read`; models are named `publisher/name`."""

    service: ClassVar[str] = SERVICE

    model: str = DEFAULT_MODEL
    base_url: str = BASE_URL

    @property
    def _llm_type(self) -> str:
        return "razgovor-github-models"

    @property
    def _service(self) -> str:
        return SERVICE

    @property
    def _headers(self) -> dict[str, str]:
        return super()._headers | API_HEADERS

    def _refusal(self, status: int, body: bytes, headers: httpx.Headers) -> ProviderError:
        error = super()._refusal(status, body, headers)
        if isinstance(error, ProviderGone) and "sunset" not in headers:
            return ProviderGone(
                _(
                    "GitHub Models was retired on %(date)s. Choose another provider in the settings, for example "
                    "Ollama with phi3.5 or Microsoft Foundry."
                )
                % {"date": LIFECYCLE.retired_on}
            )
        return error


async def list_models(base_url: str, *, allowed: Sequence[str], api_key: str = "") -> list[str]:
    """The ids in GitHub's catalogue, which lies beside `/inference`."""
    catalogue = f"{openai_root(base_url).removesuffix('/inference')}/catalog/models"
    headers = API_HEADERS | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
    with provider_errors(SERVICE):
        response = await shared_client(allowed).get(catalogue, headers=headers, timeout=LIST_TIMEOUT_S)
    if response.status_code != 200:
        raise Refusal(SERVICE, _("the catalogue"), response.status_code, response.content, response.headers).error()
    return sorted(str(model["id"]) for model in response.json())
