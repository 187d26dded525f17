from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import aclosing
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage

from chat.errors import (
    ModelNotFound,
    PromptTooLong,
    ProviderBusy,
    ProviderError,
    ProviderUnreachable,
    StreamBroken,
)
from chat.llm.ollama import OllamaChat, PullProgress, is_up, list_models, pull
from tests.chat.pictures import jpeg, with_picture
from tests.contracts.http import eventually
from tests.contracts.ollama_server import (
    ANSWER,
    BUSY,
    OllamaServer,
    break_off,
    cut,
    fall_silent,
    lose_the_runner,
    refuse,
    say,
)
from tests.services import unused_ports


def model_at(server: OllamaServer, **fields: Any) -> OllamaChat:
    return OllamaChat(
        **{"model": "phi3.5", "base_url": server.root, "allowed_hosts": (server.host,), "backoff_s": 0.01, **fields}
    )


async def received(model: OllamaChat) -> tuple[str, BaseException | None]:
    """The text that arrived, and what ended it where that was an error."""
    text = ""
    try:
        async for chunk in model.astream("What is the warranty?"):
            text += chunk.text
    except ProviderError as error:
        return text, error
    return text, None


async def test_it_streams_the_answer_with_its_counts(ollama: OllamaServer) -> None:
    chunks = [chunk async for chunk in model_at(ollama).astream("What is the warranty?")]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.text == "".join(ANSWER)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == len(ANSWER)
    assert whole.usage_metadata["input_tokens"] == len("What is the warranty?") // 4
    assert whole.response_metadata == {"finish_reason": "stop", "model_name": "phi3.5"}


async def test_pictures_go_beside_the_text_of_their_message(ollama: OllamaServer) -> None:
    ollama.models.append("llava:latest")
    ollama.seeing.append("llava:latest")
    await model_at(ollama, model="llava").ainvoke([SystemMessage("Be brief."), with_picture("What is this?")])
    system, asked = ollama.requests[0].json["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert asked == {"role": "user", "content": "What is this?", "images": [b64encode(jpeg()).decode()]}


async def test_a_model_without_eyes_refuses_a_picture(ollama: OllamaServer) -> None:
    with pytest.raises(ProviderError, match="does not support image input"):
        await model_at(ollama).ainvoke([with_picture("What is this?")])


async def test_it_says_what_the_context_is_and_forbids_cutting(ollama: OllamaServer) -> None:
    messages = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Bye")]
    model = model_at(ollama, context_tokens=8192, max_tokens=99, temperature=0.1, keep_alive="10m")
    await model.ainvoke(messages, stop=["\n\n"])
    assert ollama.requests[0].json == {
        "model": "phi3.5",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Bye"},
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": "10m",
        "options": {"num_ctx": 8192, "num_predict": 99, "temperature": 0.1, "stop": ["\n\n"]},
    }


async def test_a_call_can_ask_for_json_and_set_ollamas_options(ollama: OllamaServer) -> None:
    await model_at(ollama).ainvoke("hi", format="json", options={"seed": 7}, max_tokens=5, temperature=0)
    body = ollama.requests[0].json
    assert body["format"] == "json"
    assert body["options"] == {"num_ctx": 4096, "num_predict": 5, "temperature": 0, "seed": 7}


async def test_what_people_paste_after_the_address_is_taken_away(ollama: OllamaServer) -> None:
    for pasted in ("/", "/v1", "/v1/", "/api"):
        assert (await model_at(ollama, base_url=ollama.root + pasted).ainvoke("hi")).text


async def test_a_prompt_that_is_too_long_is_refused_and_not_cut(ollama: OllamaServer) -> None:
    with pytest.raises(PromptTooLong, match=r"too long for “phi3\.5”"):
        await model_at(ollama, context_tokens=64).ainvoke("word " * 100)
    assert ollama.cut_prompts == 0


async def test_a_missing_model_says_that_it_can_be_downloaded(ollama: OllamaServer) -> None:
    with pytest.raises(ModelNotFound, match="download it there"):
        await model_at(ollama, model="phi4").ainvoke("hi")


async def test_a_busy_server_is_asked_again(ollama: OllamaServer) -> None:
    ollama.script(refuse(503, BUSY), refuse(503, BUSY))
    assert await received(model_at(ollama)) == ("".join(ANSWER), None)
    assert len(ollama.requests) == 3


async def test_a_server_that_stays_busy_is_given_up(ollama: OllamaServer) -> None:
    ollama.script(*[refuse(503, BUSY)] * 3)
    with pytest.raises(ProviderBusy, match="is busy"):
        await model_at(ollama, attempts=3).ainvoke("hi")
    assert len(ollama.requests) == 3


async def test_nobody_listening_is_unreachable(closed_clients: None) -> None:
    (port,) = unused_ports(1)
    model = OllamaChat(model="phi3.5", base_url=f"http://127.0.0.1:{port}", allowed_hosts=("127.0.0.1",))
    with pytest.raises(ProviderUnreachable, match=f"Ollama at 127.0.0.1:{port} does not answer"):
        await model.ainvoke("hi")


async def test_a_stream_without_done_is_broken_and_keeps_what_came(ollama: OllamaServer) -> None:
    ollama.script(break_off("The ", "warranty "))
    text, error = await received(model_at(ollama))
    assert (text, type(error)) == ("The warranty ", StreamBroken)


async def test_a_lost_connection_is_broken_and_keeps_what_came(ollama: OllamaServer) -> None:
    ollama.script(cut("The ", "warranty "))
    text, error = await received(model_at(ollama))
    assert (text, type(error)) == ("The warranty ", StreamBroken)


async def test_done_without_a_reason_is_a_lost_runner(ollama: OllamaServer) -> None:
    ollama.script(lose_the_runner("The "))
    with pytest.raises(StreamBroken):
        await model_at(ollama).ainvoke("hi")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("an error was encountered while running the model: CUDA error: out of memory", StreamBroken),
        ('model "phi3.5" not found, try pulling it first', ModelNotFound),
        (BUSY, ProviderBusy),
        ("the input length exceeds the context length", PromptTooLong),
    ],
)
async def test_an_error_line_with_status_200_has_its_kind(
    ollama: OllamaServer, words: str, kind: type[ProviderError]
) -> None:
    ollama.script(break_off(error=words))
    text, error = await received(model_at(ollama))
    assert (text, type(error)) == ("", kind)


async def test_an_error_after_some_text_is_not_tried_again(ollama: OllamaServer) -> None:
    ollama.script(break_off("The ", error=BUSY))
    text, error = await received(model_at(ollama))
    assert (text, type(error)) == ("The ", ProviderBusy)
    assert len(ollama.requests) == 1


async def test_a_cut_by_the_token_limit_is_told(ollama: OllamaServer) -> None:
    ollama.script(say("The ", done_reason="length"))
    answer = await model_at(ollama).ainvoke("hi")
    assert answer.response_metadata["finish_reason"] == "length"


async def test_the_line_about_loading_is_not_the_end(ollama: OllamaServer) -> None:
    ollama.script(say("The ", "end", load_first=True))
    assert await received(model_at(ollama)) == ("The end", None)


async def test_silence_before_the_first_word_has_its_own_limit(ollama: OllamaServer) -> None:
    ollama.script(say("slow", pause_s=0.5))
    model = model_at(ollama, timeout_s=0.2, first_token_timeout_s=10)
    assert await received(model) == ("slow", None)

    ollama.script(fall_silent())
    text, error = await received(model_at(ollama, timeout_s=5, first_token_timeout_s=0.05))
    assert (text, type(error)) == ("", ProviderUnreachable)
    assert await eventually(lambda: ollama.requests[-1].disconnected)


async def test_silence_in_the_middle_is_noticed(ollama: OllamaServer) -> None:
    ollama.script(fall_silent("The "))
    text, error = await received(model_at(ollama, timeout_s=0.1))
    assert (text, type(error)) == ("The ", StreamBroken)
    assert error is not None
    assert "fell silent" in str(error)


async def test_the_first_words_are_passed_on_at_once(ollama: OllamaServer) -> None:
    ollama.script(fall_silent("The "))
    stream = cast("Any", model_at(ollama, gather_s=60).astream("hi"))
    async with asyncio.timeout(10), aclosing(stream):
        assert (await anext(stream)).text == "The "


async def test_what_comes_after_them_is_gathered(ollama: OllamaServer) -> None:
    ollama.script(say(*["word "] * 50, pause_s=0.002))
    async with asyncio.timeout(10):
        texts = [chunk.text async for chunk in model_at(ollama, gather_s=0.5).astream("hi")]
    assert "".join(texts) == "word " * 50
    assert len(texts) < 15


async def test_a_word_is_not_kept_back_while_the_model_thinks(ollama: OllamaServer) -> None:
    """Two words close together, then a long pause: both are there before it is over."""
    ollama.script(fall_silent("one ", "two "))
    text, error = await received(model_at(ollama, timeout_s=0.5, gather_s=0.02))
    assert (text, type(error)) == ("one two ", StreamBroken)


async def test_closing_the_stream_hangs_up(ollama: OllamaServer) -> None:
    ollama.script(fall_silent("The "))
    stream = cast("Any", model_at(ollama).astream("hi"))
    async with aclosing(stream):
        chunk: AIMessageChunk = await anext(stream)
        assert chunk.text == "The "
    assert await eventually(lambda: ollama.requests[0].disconnected)


async def test_cancelling_the_task_hangs_up_even_before_the_first_word(ollama: OllamaServer) -> None:
    ollama.script(fall_silent())
    asking = asyncio.create_task(model_at(ollama).ainvoke("hi"))
    assert await eventually(lambda: len(ollama.requests) == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await eventually(lambda: ollama.requests[0].disconnected)


async def test_a_finished_connection_is_used_again(ollama: OllamaServer) -> None:
    model = model_at(ollama)
    await model.ainvoke("hi")
    await model.ainvoke("hi")
    assert len({request.client for request in ollama.requests}) == 1


def test_the_command_line_can_ask_without_an_event_loop() -> None:
    with OllamaServer() as server:
        assert model_at(server).invoke("hi").text == "".join(ANSWER)


async def test_it_knows_whether_ollama_is_up(ollama: OllamaServer) -> None:
    (port,) = unused_ports(1)
    assert await is_up(ollama.root, allowed=[ollama.host])
    assert not await is_up(f"http://127.0.0.1:{port}", allowed=["127.0.0.1"])
    assert not await is_up(ollama.root, allowed=[])


async def test_it_lists_the_models_that_are_there(ollama: OllamaServer) -> None:
    ollama.models = ["qwen3:4b", "phi3.5:latest"]
    assert await list_models(ollama.root, allowed=[ollama.host]) == ["phi3.5:latest", "qwen3:4b"]


async def test_listing_asks_the_operator_first(ollama: OllamaServer) -> None:
    with pytest.raises(ProviderError, match="may not call"):
        await list_models(ollama.root, allowed=[])
    assert ollama.requests == []


async def test_pulling_tells_how_far_it_is(ollama: OllamaServer) -> None:
    steps = [step async for step in pull(ollama.root, "phi4", allowed=[ollama.host])]
    assert steps[0] == PullProgress("pulling manifest")
    assert PullProgress("pulling 3d1e4a1a7b5c", 1088089200, 2176178400) in steps
    assert steps[-1] == PullProgress("success")
    assert "phi4:latest" in await list_models(ollama.root, allowed=[ollama.host])


async def test_pulling_what_does_not_exist_says_so(ollama: OllamaServer) -> None:
    with pytest.raises(ProviderError, match="file does not exist"):
        [step async for step in pull(ollama.root, "missing-model", allowed=[ollama.host])]
