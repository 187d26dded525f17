from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from contextlib import aclosing
from typing import Any, cast

import pytest

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
from chat.llm.openai_compatible import OpenAICompatibleChat, key_headers, list_models
from chat.llm.presets import FOUNDRY
from tests.chat.pictures import jpeg, with_picture
from tests.contracts.http import Step, eventually
from tests.contracts.openai_server import (
    ANSWER,
    CONTEXT_LENGTH,
    NVIDIA_GONE,
    OpenAIServer,
    cut,
    fall_silent,
    flood,
    openai_error,
    raw,
    refuse,
    say,
    then_error,
)
from tests.services import unused_ports

WHOLE = "".join(ANSWER)
THE_EVENT = b'data: {"choices":[{"delta":{"content":"The "}}]}\n\n'


def model_at(server: OpenAIServer, **fields: Any) -> OpenAICompatibleChat:
    known = {"model": "phi-3.5-mini", "base_url": server.base_url, "api_key": "sk-test", "backoff_s": 0.01}
    return OpenAICompatibleChat(**{**known, "allowed_hosts": (server.host,), **fields})


async def received(model: OpenAICompatibleChat) -> tuple[str, BaseException | None]:
    """The text that arrived, and what ended it where that was an error."""
    text = ""
    try:
        async for chunk in model.astream("What is the warranty?"):
            text += chunk.text
    except ProviderError as error:
        return text, error
    return text, None


async def test_it_streams_the_answer_with_its_counts(openai_endpoint: OpenAIServer) -> None:
    chunks = [chunk async for chunk in model_at(openai_endpoint).astream("What is the warranty?")]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.text == WHOLE
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["input_tokens"] == 4
    assert whole.usage_metadata["output_tokens"] == len(ANSWER)
    assert whole.response_metadata == {"finish_reason": "stop", "model_name": "phi-3.5-mini"}


async def test_pictures_are_parts_of_the_content(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.models = ("phi-3.5-vision",)
    await model_at(openai_endpoint, model="phi-3.5-vision").ainvoke([with_picture("What is this?")])
    (message,) = openai_endpoint.requests[0].json["messages"]
    url = f"data:image/jpeg;base64,{b64encode(jpeg()).decode()}"
    assert message == {
        "role": "user",
        "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}],
    }


async def test_a_model_without_eyes_refuses_a_picture(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ProviderError, match="only supported by certain models"):
        await model_at(openai_endpoint).ainvoke([with_picture("What is this?")])


async def test_it_sends_what_the_protocol_asks_for(openai_endpoint: OpenAIServer) -> None:
    await model_at(openai_endpoint, max_tokens=99, temperature=0.1).ainvoke("hi", stop=["END"], seed=7)
    request = openai_endpoint.requests[0]
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.json == {
        "model": "phi-3.5-mini",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.1,
        "max_tokens": 99,
        "stream": True,
        "stream_options": {"include_usage": True},
        "stop": ["END"],
        "seed": 7,
    }


async def test_without_a_key_no_header_is_sent(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.key = ""
    await model_at(openai_endpoint, api_key="").ainvoke("hi")
    assert "authorization" not in openai_endpoint.requests[0].headers


def test_the_key_never_shows_in_a_repr() -> None:
    model = OpenAICompatibleChat(model="m", base_url="http://127.0.0.1/v1", api_key="sk-secret")
    assert "sk-secret" not in repr(model)
    assert "sk-secret" not in str(model.asdict())


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        ("https://acme.openai.azure.com/openai/v1/", {"api-key": "k"}),
        ("https://acme.services.ai.azure.com/openai/v1/", {"api-key": "k"}),
        ("https://openai.azure.com.evil.example/v1", {"Authorization": "Bearer k"}),
        ("https://integrate.api.nvidia.com/v1", {"Authorization": "Bearer k"}),
    ],
)
def test_microsoft_foundry_gets_the_key_in_its_own_header(base_url: str, headers: dict[str, str]) -> None:
    assert key_headers(base_url, "k") == headers


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(say(*ANSWER, newline="\r\n"), id="CRLF"),
        pytest.param(say(*ANSWER, comments=True), id="keep-alive comments"),
        pytest.param(say(*ANSWER, usage=False), id="no usage"),
        pytest.param(say(*ANSWER, done=False), id="no DONE, but a finish reason"),
        pytest.param(say(*ANSWER, finish_reason=None), id="no finish reason, but DONE"),
        pytest.param(say(*ANSWER, first_token_s=0.1), id="slow first token"),
    ],
)
async def test_it_takes_the_dialects_that_servers_speak(openai_endpoint: OpenAIServer, step: Step) -> None:
    openai_endpoint.script(step)
    assert await received(model_at(openai_endpoint)) == (WHOLE, None)


async def test_events_may_be_split_anywhere(openai_endpoint: OpenAIServer) -> None:
    event = 'data: {"choices":[{"delta":{"content":"Гаранција траје 2 године"},"finish_reason":"stop"}]}\n\n'.encode()
    openai_endpoint.script(raw(*[event[at : at + 7] for at in range(0, len(event), 7)]))
    assert await received(model_at(openai_endpoint)) == ("Гаранција траје 2 године", None)


async def test_missing_counts_are_none(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(say(*ANSWER, usage=False))
    assert (await model_at(openai_endpoint).ainvoke("hi")).usage_metadata is None


async def test_a_cut_by_the_token_limit_is_told(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(say("The ", finish_reason="length"))
    answer = await model_at(openai_endpoint).ainvoke("hi")
    assert answer.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(say("The ", finish_reason=None, done=False), id="neither DONE nor a reason"),
        pytest.param(cut("The "), id="connection lost"),
        pytest.param(then_error("The ", body=openai_error("The server had an error", code="server_error")), id="error"),
        pytest.param(
            raw(b'data: {"choices":[{"delta":{"content":"The "}}]}\n\n', b"data: {nonsense\n\n"), id="not JSON"
        ),
    ],
)
async def test_a_broken_stream_is_noticed_and_keeps_what_came(openai_endpoint: OpenAIServer, step: Step) -> None:
    openai_endpoint.script(step)
    text, error = await received(model_at(openai_endpoint))
    assert (text, type(error)) == ("The ", StreamBroken)
    assert len(openai_endpoint.requests) == 1


async def test_an_empty_body_is_a_broken_stream(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(raw())
    text, error = await received(model_at(openai_endpoint))
    assert (text, type(error)) == ("", StreamBroken)


async def test_an_error_in_the_stream_has_the_kind_of_its_code(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(then_error(body={"error": {"message": "Rate limit reached", "code": 429}}))
    _text, error = await received(model_at(openai_endpoint))
    assert type(error) is ProviderBusy


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (refuse(400, CONTEXT_LENGTH), PromptTooLong),
        (refuse(403, openai_error("Country not supported")), ProviderRefusedKey),
        (refuse(403, {}, {"Sunset": "Thu, 30 Jul 2026 00:00:00 GMT"}), ProviderGone),
        (refuse(404, {"status": 404, "title": "Not Found", "detail": "Function 'f': Not found"}), ModelNotFound),
        (refuse(410, NVIDIA_GONE), ProviderGone),
        (refuse(410, openai_error("This model was retired on 2026-01-31.")), ProviderGone),
        (refuse(429, openai_error("Slow down"), {"Retry-After": "600"}), ProviderBusy),
        (refuse(500, openai_error("The server had an error")), ProviderUnreachable),
        (refuse(502, b"<html>Bad Gateway</html>"), ProviderUnreachable),
    ],
)
async def test_each_refusal_has_its_kind_and_is_not_tried_again(
    openai_endpoint: OpenAIServer, step: Step, kind: type[ProviderError]
) -> None:
    openai_endpoint.script(step)
    text, error = await received(model_at(openai_endpoint))
    assert (text, type(error)) == ("", kind)
    assert len(openai_endpoint.requests) == 1


async def test_a_wrong_key_is_refused(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ProviderRefusedKey, match="Enter another key"):
        await model_at(openai_endpoint, api_key="sk-wrong").ainvoke("hi")


async def test_an_unknown_model_is_named(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ModelNotFound, match="“gpt-9”"):
        await model_at(openai_endpoint, model="gpt-9").ainvoke("hi")


async def test_a_retired_model_says_when(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(refuse(410, NVIDIA_GONE))
    with pytest.raises(ProviderGone, match="on 2026-05-14"):
        await model_at(openai_endpoint).ainvoke("hi")


async def test_a_short_wait_is_waited_and_a_long_one_is_told(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(refuse(429, {}, {"Retry-After": "0.05", "x-ratelimit-type": "requests"}))
    assert await received(model_at(openai_endpoint)) == (WHOLE, None)
    assert len(openai_endpoint.requests) == 2

    openai_endpoint.script(refuse(429, {}, {"Retry-After": "24367", "x-ratelimit-type": "UserByModelByDay"}))
    _text, error = await received(model_at(openai_endpoint))
    assert isinstance(error, ProviderBusy)
    assert error.retry_after == 24367
    assert "UserByModelByDay" in error.message
    assert len(openai_endpoint.requests) == 3


async def test_a_limit_without_a_time_is_not_tried_again(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(refuse(429, openai_error("You exceeded your current quota", code="insufficient_quota")))
    with pytest.raises(ProviderBusy, match="quota"):
        await model_at(openai_endpoint).ainvoke("hi")
    assert len(openai_endpoint.requests) == 1


async def test_a_server_that_is_starting_is_asked_again(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(refuse(503, openai_error("Loading model", kind="unavailable_error")))
    assert await received(model_at(openai_endpoint)) == (WHOLE, None)


async def test_nobody_listening_is_unreachable(closed_clients: None) -> None:
    (port,) = unused_ports(1)
    model = OpenAICompatibleChat(model="m", base_url=f"http://127.0.0.1:{port}/v1", allowed_hosts=("127.0.0.1",))
    with pytest.raises(ProviderUnreachable, match="does not answer"):
        await model.ainvoke("hi")


async def test_comments_do_not_put_the_first_word_off_for_ever(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(fall_silent(keep_alive_s=0.02))
    begun = time.monotonic()
    _text, error = await received(model_at(openai_endpoint, first_token_timeout_s=0.2))
    assert type(error) is ProviderUnreachable
    assert time.monotonic() - begun < 2


async def test_silence_in_the_middle_is_noticed(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(fall_silent("The "))
    text, error = await received(model_at(openai_endpoint, timeout_s=0.1))
    assert (text, type(error)) == ("The ", StreamBroken)


async def test_an_answer_is_whole_once_its_reason_came_though_the_connection_stays_open(
    openai_endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.llm.call.AFTERTHOUGHT_S", 0.05)
    openai_endpoint.script(fall_silent("The end", finish_reason="stop"))
    assert await received(model_at(openai_endpoint)) == ("The end", None)
    assert await eventually(lambda: openai_endpoint.requests[0].disconnected)


async def test_a_server_that_ignores_the_limit_is_cut_off(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(flood("word " * 100))
    text, error = await received(model_at(openai_endpoint, max_tokens=50, gather_s=0.01))
    assert type(error) is StreamBroken
    assert len(text) <= 50 * 64
    assert await eventually(lambda: openai_endpoint.requests[0].disconnected)


async def test_a_line_without_an_end_is_cut_off(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(raw(*[b"data: " + b"x" * 100_000] * 12))
    _text, error = await received(model_at(openai_endpoint))
    assert type(error) is StreamBroken


async def test_a_very_long_answer_arrives_whole(openai_endpoint: OpenAIServer) -> None:
    words = [f"word{number} " for number in range(5_000)]
    openai_endpoint.script(say(*words))
    text, error = await received(model_at(openai_endpoint, max_tokens=5_000, gather_s=0.01))
    assert error is None
    assert text == "".join(words)


async def test_closing_the_stream_hangs_up(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(fall_silent("The "))
    stream = cast("Any", model_at(openai_endpoint).astream("hi"))
    async with aclosing(stream):
        assert (await anext(stream)).text == "The "
    assert await eventually(lambda: openai_endpoint.requests[0].disconnected)


async def test_cancelling_the_task_hangs_up(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.script(say(*["word "] * 1000, pause_s=0.01))
    asking = asyncio.create_task(received(model_at(openai_endpoint)))
    assert await eventually(lambda: len(openai_endpoint.requests) == 1)
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await eventually(lambda: openai_endpoint.requests[0].disconnected)


async def test_a_hundred_streams_at_once_arrive_whole(openai_endpoint: OpenAIServer) -> None:
    steps = [say(*[f"{stream}.{word} " for word in range(25)], pause_s=0.002) for stream in range(100)]
    openai_endpoint.script(*steps)
    model = model_at(openai_endpoint)
    answers = await asyncio.gather(*(received(model) for _ in range(100)))
    assert all(error is None for _text, error in answers)
    expected = {"".join(f"{stream}.{word} " for word in range(25)) for stream in range(100)}
    assert {text for text, _error in answers} == expected


async def test_it_lists_the_models(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.models = ("b", "a")
    listed = await list_models(openai_endpoint.base_url, allowed=[openai_endpoint.host], api_key="sk-test")
    assert listed == ["a", "b"]


async def test_listing_without_a_key_sends_none(openai_endpoint: OpenAIServer) -> None:
    openai_endpoint.key = ""
    assert await list_models(openai_endpoint.base_url, allowed=[openai_endpoint.host]) == ["phi-3.5-mini"]
    assert "authorization" not in openai_endpoint.requests[0].headers


async def test_listing_at_microsoft_foundry_sends_the_key_in_its_own_header(
    openai_endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.llm.openai_compatible.preset_for", lambda _url: FOUNDRY)
    await list_models(openai_endpoint.base_url, allowed=[openai_endpoint.host], api_key="sk-test")
    headers = openai_endpoint.requests[0].headers
    assert headers["api-key"] == "sk-test"
    assert "authorization" not in headers


async def test_listing_with_a_wrong_key_says_so(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ProviderRefusedKey):
        await list_models(openai_endpoint.base_url, allowed=[openai_endpoint.host], api_key="sk-wrong")


async def test_listing_asks_the_operator_first(openai_endpoint: OpenAIServer) -> None:
    with pytest.raises(ProviderError) as refused:
        await list_models(openai_endpoint.base_url, allowed=[], api_key="sk-test")
    assert refused.value.code == "provider.not_allowed"
    assert openai_endpoint.requests == []


def test_the_command_line_can_ask_without_an_event_loop() -> None:
    with OpenAIServer(key="sk-test") as server:
        assert model_at(server).invoke("hi").text == WHOLE
