from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import httpx
import ollama
import openai
import pytest
from django.utils import translation

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
from chat.llm.details import find_date, read_detail, retry_after, try_again_in
from chat.llm.failures import Refusal, provider_errors

LLAMA_CPP_TOO_LONG = (
    b'{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it",'
    b'"type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":4096}}'
)
VLLM_TOO_LONG = b'{"object":"error","message":"This model\'s maximum context length is 4096 tokens.","code":400}'
NVIDIA_NOT_FOUND = b'{"status":404,"title":"Not Found","detail":"Function \'x\': Not found for account \'y\'"}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":{"message":"too long","code":"context_length_exceeded"}}', PromptTooLong),
        (400, LLAMA_CPP_TOO_LONG, PromptTooLong),
        (400, VLLM_TOO_LONG, PromptTooLong),
        (400, b'{"error":{"message":"Unsupported value","code":null}}', ProviderError),
        (401, b"", ProviderRefusedKey),
        (403, b"Forbidden", ProviderRefusedKey),
        (404, b'{"error":{"message":"The model `x` does not exist"}}', ModelNotFound),
        (404, NVIDIA_NOT_FOUND, ModelNotFound),
        (404, b"<html><body>nginx</body></html>", ModelNotFound),
        (410, b"", ProviderGone),
        (413, b'{"error":{"code":"tokens_limit_reached","message":"Max size: 8000 tokens."}}', PromptTooLong),
        (429, b"", ProviderBusy),
        (500, b'{"error":"llama runner process has terminated"}', ProviderUnreachable),
        (502, b"<html>Bad gateway</html>", ProviderUnreachable),
        (503, b'{"error":{"message":"Loading model","type":"unavailable_error","code":503}}', ProviderBusy),
        (529, b"", ProviderBusy),
    ],
)
def test_each_refusal_has_its_kind(status: int, body: bytes, kind: type[ProviderError]) -> None:
    error = Refusal("The server", "phi", status, body).error()
    assert type(error) is kind
    assert error.message.endswith(".")
    assert "<" not in error.message


def test_a_refusal_quotes_the_vendors_sentence_in_one_short_line() -> None:
    body = b'{"error":{"message":"Unsupported\\nvalue. ' + b"x" * 1000 + b'"}}'
    message = Refusal("OpenAI", "gpt", 400, body).error().message
    assert message.startswith("OpenAI refused the request with status 400: Unsupported value. xxx")
    assert len(message) < 300


def test_a_sunset_header_makes_a_403_a_retirement_with_its_date() -> None:
    headers = httpx.Headers({"Sunset": "Thu, 30 Jul 2026 00:00:00 GMT"})
    error = Refusal("GitHub Models", "phi", 403, b"", headers).error()
    assert type(error) is ProviderGone
    assert "2026-07-30" in error.message


def test_the_date_of_a_retirement_is_found_in_the_sentence() -> None:
    body = b'{"title":"Gone","status":410,"detail":"The model has reached its end of life on 2026-05-14T00:00:00Z."}'
    assert "on 2026-05-14" in Refusal("NVIDIA", "glm", 410, body).error().message


def test_a_limit_is_named_and_says_when_to_come_back() -> None:
    headers = httpx.Headers({"retry-after": "24367", "x-ratelimit-type": "UserByModelByDay"})
    error = Refusal("GitHub Models", "phi", 429, b"", headers).error()
    assert error.retry_after == 24367
    assert error.code == "provider.rate_limited"
    assert error.message == "GitHub Models has reached its limit (UserByModelByDay). Try again in about 7 hours."


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("de", "NVIDIA hat sein Limit erreicht (quota). Versuchen Sie es in etwa 2 Stunden erneut."),
        ("sr", "NVIDIA је достигао своје ограничење (quota). Покушајте поново за око 2 сата."),
        ("ar", "بلغ \u2068NVIDIA\u2069 حدّه (\u2068quota\u2069). حاول مرة أخرى بعد نحو ساعتين."),
    ],
)
def test_a_limit_is_told_in_the_language_that_is_active(language: str, message: str) -> None:
    headers = httpx.Headers({"retry-after": "7300"})
    with translation.override(language):
        assert Refusal("NVIDIA", "phi", 429, b"out of quota", headers).error().message == message


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("-4", 0.0), ("", None), ("soon", None)])
def test_retry_after_is_read_as_seconds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wait = retry_after({"retry-after": moment})
    assert wait is not None
    assert 50 < wait <= 60


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Thu, 30 Jul 2026 00:00:00 GMT", date(2026, 7, 30)),
        ("2026-07-30T00:00:00Z", date(2026, 7, 30)),
        ("on 2026-13-77", None),
        ("", None),
    ],
)
def test_dates_are_found(text: str, found: date | None) -> None:
    assert find_date(text) == found


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 second"), (42, "42 seconds"), (60, "about 1 minute"), (7300, "about 2 hours")]
)
def test_waits_are_spoken(seconds: float, words: str) -> None:
    assert try_again_in(seconds) == f"Try again in {words}."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"a","code":"b","type":"c"}}', "a"),
        (b'{"error":"a"}', "a"),
        (b'{"detail":"a"}', "a"),
        (b'{"detail":[{"msg":"a"}]}', "[{'msg': 'a'}]"),
        (b'["a"]', "['a']"),
        (b"a\n\nb", "a b"),
        (b"\xff", "\ufffd"),
        (b"<!DOCTYPE html><html>a</html>", ""),
        (b"", ""),
    ],
)
def test_a_body_of_any_shape_is_described(body: bytes, message: str) -> None:
    assert read_detail(body).message == message


def _openai_error(status: int) -> openai.APIStatusError:
    request = httpx.Request("POST", "https://api.openai.com/v1/chat/completions")
    response = httpx.Response(status, headers={"retry-after": "7"}, json={"error": {"message": "m"}}, request=request)
    return openai.APIStatusError("m", response=response, body=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("refused"), ProviderUnreachable),
        (httpx.ConnectTimeout("slow"), ProviderUnreachable),
        (httpx.ReadTimeout("silent"), ProviderUnreachable),
        (httpx.PoolTimeout("full"), ProviderBusy),
        (httpx.RemoteProtocolError("peer closed connection"), StreamBroken),
        (httpx.ReadError("reset"), StreamBroken),
        (ConnectionError("Failed to connect to Ollama."), ProviderUnreachable),
        (ollama.ResponseError('model "x" not found', 404), ModelNotFound),
        (ollama.ResponseError("boom"), StreamBroken),
        (_openai_error(401), ProviderRefusedKey),
        (_openai_error(429), ProviderBusy),
    ],
)
def test_vendors_exceptions_become_ours_and_stay_chained(raised: Exception, kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught, provider_errors("The server", "phi"):
        raise raised
    assert type(caught.value) is kind
    assert caught.value.__cause__ is raised


def test_an_sdks_error_keeps_the_responses_headers() -> None:
    with pytest.raises(ProviderBusy) as caught, provider_errors("OpenAI"):
        raise _openai_error(429)
    assert caught.value.retry_after == 7


def test_a_bug_is_not_taken_for_a_providers_failure() -> None:
    with pytest.raises(KeyError), provider_errors("The server"):
        raise KeyError("choices")


def test_our_own_error_passes_unchanged() -> None:
    error = PromptTooLong("Too long.")
    with pytest.raises(PromptTooLong) as caught, provider_errors("The server"):
        raise error
    assert caught.value is error
