"""Vendors' failures become `chat.errors`, with a sentence that a tenant's administrator can act on, in the language
that is active. What vendors say themselves is quoted as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.utils.translation import gettext as _

from chat.errors import (
    ModelNotFound,
    PromptTooLong,
    ProviderBusy,
    ProviderError,
    ProviderGone,
    ProviderRefusedKey,
    ProviderUnreachable,
    StreamBroken,
)
from chat.llm.details import Detail, find_date, read_detail, retry_after, try_again_in

RATE_LIMITED = "provider.rate_limited"
"""The code of a `ProviderBusy` that is a limit of the key's, which others' questions do not wait in line for."""

TOO_LONG = re.compile(
    r"context[ _]?(length|size|window)|maximum context|exceed_context|tokens_limit_reached|prompt is too long",
    re.IGNORECASE,
)
UNKNOWN_MODEL = re.compile(r"\bmodel\b.*\bnot found|model_not_found|DeploymentNotFound", re.IGNORECASE)
OVERLOADED = re.compile(r"server busy|maximum pending requests|overloaded|loading model", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response other than 200. `service` and `model` are what its sentence names."""

    service: str
    model: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=httpx.Headers)

    def error(self) -> ProviderError:
        """The error that this response means."""
        detail = read_detail(self.body)
        if self.status == 410 or (self.status == 403 and "sunset" in self.headers):
            return self._gone(detail)
        if self.status in {401, 403}:
            return ProviderRefusedKey(
                _("%(service)s does not accept the key for “%(model)s”. Enter another key in the settings.")
                % {"service": self.service, "model": self.model}
            )
        if self.status == 429:
            return self._rate_limited(detail)
        known = from_words(detail, service=self.service, model=self.model)
        return known or (self._failed(detail) if self.status >= 500 else self._refused(detail))

    def _gone(self, detail: Detail) -> ProviderError:
        retired = find_date(self.headers.get("sunset", "")) or find_date(detail.message)
        if retired:
            said = _("%(service)s retired “%(model)s” on %(date)s. Choose another model or provider in the settings.")
        else:
            said = _("%(service)s retired “%(model)s”. Choose another model or provider in the settings.")
        return ProviderGone(said % {"service": self.service, "model": self.model, "date": retired})

    def _rate_limited(self, detail: Detail) -> ProviderError:
        wait = retry_after(self.headers)
        limit = self.headers.get("x-ratelimit-type") or ("quota" if "quota" in detail.text.lower() else "")
        reached = (
            _("%(service)s has reached its limit (%(limit)s).") if limit else _("%(service)s has reached its limit.")
        )
        what = reached % {"service": self.service, "limit": limit}
        when = _("Try again later.") if wait is None else try_again_in(wait)
        return ProviderBusy(f"{what} {when}", code=RATE_LIMITED, retry_after=wait)

    def _failed(self, detail: Detail) -> ProviderError:
        if self.status in {503, 529}:
            return busy(self.service, retry_after=retry_after(self.headers))
        return ProviderUnreachable(
            _("%(service)s failed with status %(status)d%(said)s. Try again, or choose another provider.")
            % {"service": self.service, "status": self.status, "said": detail.quoted}
        )

    def _refused(self, detail: Detail) -> ProviderError:
        if self.status == 404:
            return ModelNotFound(
                _("%(service)s does not have “%(model)s”. Check the model and the address in the settings.")
                % {"service": self.service, "model": self.model}
            )
        if 300 <= self.status < 400:
            return ProviderError(
                _(
                    "%(service)s redirects to another address, which is not followed. Enter the final address in the "
                    "settings, with https where it is needed."
                )
                % {"service": self.service}
            )
        return ProviderError(
            _("%(service)s refused the request with status %(status)d%(said)s.")
            % {"service": self.service, "status": self.status, "said": detail.quoted}
        )


def busy(service: str, *, retry_after: float | None = None) -> ProviderBusy:
    return ProviderBusy(
        _("%(service)s is busy. Try again in a moment.") % {"service": service}, retry_after=retry_after
    )


def from_words(detail: Detail, *, service: str, model: str) -> ProviderError | None:
    """The error that the vendor's words mean, where they are known ones."""
    if TOO_LONG.search(detail.text):
        return PromptTooLong(
            _(
                "%(service)s says that the question and its passages are too long for “%(model)s”. Ask more briefly, "
                "or choose a model with a longer context."
            )
            % {"service": service, "model": model}
        )
    if UNKNOWN_MODEL.search(detail.text):
        return ModelNotFound(
            _("%(service)s does not have the model “%(model)s”. Choose another one, or download it there.")
            % {"service": service, "model": model}
        )
    if OVERLOADED.search(detail.text):
        return busy(service)
    return None


def broken_off(detail: Detail, *, service: str, model: str) -> ProviderError:
    """The error that words in the middle of a stream mean: its status was 200 already."""
    return from_words(detail, service=service, model=model) or StreamBroken(
        _("%(service)s broke its answer off%(said)s. Try again.") % {"service": service, "said": detail.quoted}
    )


@contextmanager
def provider_errors(service: str, model: str = "") -> Iterator[None]:
    """Translate what httpx, the vendors' SDKs and other LangChain models raise. A bug passes through as it is."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        known = translated(error, service=service, model=model)
        if known is None:
            raise
        raise known from error


def translated(error: BaseException, *, service: str, model: str) -> ProviderError | None:
    """SDKs' errors are told by shape and name, not by class: importing an SDK takes a second, and there are many."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        response = getattr(error, "response", None)
        headers = httpx.Headers(dict(getattr(response, "headers", {})))
        return Refusal(service, model, status, _body_of(error, response), headers).error()
    if _is_a(error, "PoolTimeout"):
        return ProviderBusy(_("This server is busy. Try again in a moment."))
    if _is_a(error, "ConnectError", "TimeoutException", "APIConnectionError", "ConnectionError"):
        return ProviderUnreachable(
            _("%(service)s does not answer. Check that it runs and that its address in the settings is right.")
            % {"service": service}
        )
    if _is_a(error, "TransportError"):
        return StreamBroken(
            _("%(service)s closed the connection before the end of the answer. Try again.") % {"service": service}
        )
    if _is_a(error, "ResponseError", "APIError"):
        return broken_off(Detail(str(error)), service=service, model=model)
    return None


def _body_of(error: BaseException, response: Any) -> bytes:
    try:
        content = getattr(response, "content", None)
    except RuntimeError:  # httpx: a streamed response whose body was never read
        content = None
    return content if isinstance(content, bytes) else str(getattr(error, "error", error)).encode()


def _is_a(error: BaseException, *names: str) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)
