"""Whether anybody is there who could look at a picture: said before one is attached, and asked again before one is
taken and before it is sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _

from chat import settings_services
from chat.domain import AnswerMode, ProviderConfig
from chat.errors import ImageRefused
from chat.images.tokens import pictures_fitting
from chat.models import AnswerSettings
from chat.protocol.commands import MOST_IMAGES
from chat.settings_services import Choice
from tenants.models import Tenant

UNSEEN = "image.unseen"
REMEMBERED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Eyes:
    """How many pictures a question may have here; where none, `why` says so in a sentence."""

    most: int
    why: str = ""


def eyes(answers: AnswerSettings, choices: Iterable[Choice]) -> Eyes:
    """By a tenant's settings. May ask an Ollama, a second at most, and remembers the answer for a minute."""
    if answers.mode == AnswerMode.EXTRACTIVE:
        return Eyes(0, _("Answers are quoted sentences only here, so that nobody looks at pictures."))
    if not seeing(choices):
        return Eyes(
            0, _("No model that is switched on here can look at pictures. Phi-3.5-vision, LLaVA or GPT-4.1 could.")
        )
    if most := min(MOST_IMAGES, pictures_fitting(answers.context_tokens - answers.max_tokens)):
        return Eyes(most)
    return Eyes(0, _("The context that is set up here is too small for a picture: it takes 2,048 tokens or more."))


def seeing(choices: Iterable[Choice]) -> list[Choice]:
    """Those whose model takes pictures, in their order."""
    return [choice for choice in choices if _sees(choice.config)]


def seeing_choices(tenant: Tenant) -> list[Choice]:
    """The tenant's providers that a question with pictures goes to. Raise `ImageRefused` where there is none."""
    answers = settings_services.answer_settings(tenant)
    choices = settings_services.provider_configs(tenant, answers)
    if why := eyes(answers, choices).why:
        raise ImageRefused(why, code=UNSEEN)
    return seeing(choices)


def eyes_of(tenant: Tenant) -> Eyes:
    answers = settings_services.answer_settings(tenant)
    return eyes(answers, settings_services.provider_configs(tenant, answers))


def require_eyes(tenant: Tenant, pictures: int = 1) -> None:
    """Raise `ImageRefused` where so many pictures of one question cannot be looked at."""
    found = eyes_of(tenant)
    if not found.most:
        raise ImageRefused(found.why, code=UNSEEN)
    if pictures > found.most:
        raise ImageRefused(_("No more pictures fit: a question may have at most %(most)s here.") % {"most": found.most})


def require_sight(chosen: Iterable[Choice]) -> None:
    """Raise `ImageRefused` where the model that a reader has chosen does not look at pictures."""
    if not seeing(chosen):
        raise ImageRefused(
            _("The model that you have chosen cannot look at pictures. Choose another one."), code=UNSEEN
        )


def _sees(config: ProviderConfig) -> bool:
    from chat.llm.sight import known_to_see

    known = known_to_see(config)
    if known is not None:
        return known
    where = hashlib.sha256(f"{config.base_url} {config.model} {config.api_key}".encode()).hexdigest()
    return bool(cache.get_or_set(f"model-sees:{where}", lambda: _ask_ollama(config), REMEMBERED_SECONDS))


def _ask_ollama(config: ProviderConfig) -> bool:
    from chat.llm.clients import close_clients
    from chat.llm.sight import can_see

    async def ask() -> bool:
        try:
            return await can_see(config, allowed=settings_services.outbound_hosts())
        finally:
            await close_clients()

    return asyncio.run(ask())
