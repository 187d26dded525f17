"""OpenAI's chat completions, strict about what is sent to it.

`python -m tests.contracts.openai_server --port 9000 --tokens-per-second 50 --tokens 400` is a fake upstream for load
tests, which costs next to no processor time (see `tests.contracts.wheel`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image

from chat.prompts import prompt
from tests.contracts.http import ContractServer, Reply, Request, Step
from tests.contracts.pictures import picture_at
from tests.contracts.wheel import run_load_server

EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
ANSWER = ("The ", "warranty ", "lasts ", "two ", "years ", "[1].")
KNOWN_ARGUMENTS = {
    "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "stream", "stream_options", "stop",
    "seed", "response_format", "top_p",
}  # fmt: skip
BLIND = "Invalid content type. image_url is only supported by certain models."
"""What a model without eyes is answered for."""
NO_PICTURE = "You uploaded an unsupported image. Please make sure your image is valid."
NVIDIA_GONE = {
    "type": "about:blank",
    "title": "Gone",
    "status": 410,
    "detail": "The model 'z-ai/glm4.7' has reached its end of life on 2026-05-14T00:00:00Z and is no longer available.",
}
CONTEXT_LENGTH = {
    "error": {
        "message": "This model's maximum context length is 4096 tokens. However, your messages have 9001 tokens.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}


class OpenAIServer(ContractServer):
    """`key` is the one key it accepts, in either header; an empty one lets everybody in. Models whose names speak of
    vision take pictures."""

    prefix = "/v1"

    def __init__(self, port: int = 0, *, key: str = "", models: tuple[str, ...] = ("phi-3.5-mini",)) -> None:
        super().__init__(port)
        self.key = key
        self.models = models
        self.titles: list[str] = []
        """What the next conversations shall be called. Titles are asked for beside the answers, so that they are no
        part of the script, and `title_requests` are not among the `requests`."""
        self.title_requests: list[Request] = []

    @property
    def base_url(self) -> str:
        return f"{self.root}{self.prefix}"

    async def handle(self, request: Request, reply: Reply) -> None:
        if self.key and self.key not in _keys(request):
            reply.send_json(401, openai_error("Incorrect API key provided: sk-***.", code="invalid_api_key"))
            return
        path = request.path.removeprefix(self.prefix)
        match request.method, path:
            case "GET", "/models":
                await (self.next_step() or self._models)(request, reply)
            case "POST", "/chat/completions":
                await self._completions(request, reply)
            case _:
                reply.send_json(404, openai_error(f"Invalid URL ({request.method} {request.path})"))

    async def _models(self, request: Request, reply: Reply) -> None:
        listed = [{"id": name, "object": "model", "created": 1686935002, "owned_by": "x"} for name in self.models]
        reply.send_json(200, {"object": "list", "data": listed})

    async def _completions(self, request: Request, reply: Reply) -> None:
        if complaint := self.complaint(request):
            status, body = complaint
            reply.send_json(status, body)
            return
        if is_for_title(request):
            await self._title(request, reply)
            return
        await (self.next_step() or say(*ANSWER))(request, reply)

    async def _title(self, request: Request, reply: Reply) -> None:
        self.requests.remove(request)
        self.title_requests.append(request)
        await say(self.titles.pop(0) if self.titles else "")(request, reply)

    def complaint(self, request: Request) -> tuple[int, Any] | None:
        """What is wrong with the request, in OpenAI's words."""
        try:
            body = request.json
        except ValueError:
            return 400, openai_error("We could not parse the JSON body of your request.")
        if unknown := body.keys() - KNOWN_ARGUMENTS:
            return 400, openai_error(f"Unrecognized request argument supplied: {min(unknown)}")
        if body.get("model") not in self.models:
            return 404, openai_error(f"The model `{body.get('model')}` does not exist.", code="model_not_found")
        if "stream_options" in body and not body.get("stream"):
            return 400, openai_error("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        messages = body.get("messages")
        if not messages or any(message["role"] not in {"system", "user", "assistant"} for message in messages):
            return 400, openai_error("Invalid 'messages'.")
        return next(filter(None, (self._content_complaint(body["model"], message) for message in messages)), None)

    def _content_complaint(self, model: str, message: dict[str, Any]) -> tuple[int, Any] | None:
        """Content is text, or a list of parts: https://platform.openai.com/docs/api-reference/chat/create"""
        if isinstance(message["content"], str):
            return None
        for part in message["content"]:
            match part:
                case {"type": "text", "text": str()}:
                    continue
                case {"type": "image_url", "image_url": {"url": url}} if message["role"] == "user":
                    if "vision" not in model:
                        return 400, openai_error(BLIND)
                    if picture_at(url) is None:
                        return 400, openai_error(NO_PICTURE, code="invalid_image_format")
                case _:
                    return 400, openai_error(f"Invalid value in 'messages[].content': {str(part)[:60]}")
        return None


def is_for_title(request: Request) -> bool:
    return str(request.json["messages"][-1]["content"]).startswith(prompt("title").human[:20])


def openai_error(message: str, *, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refuse(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Step:
    """`body` is JSON, or bytes of any kind."""

    async def step(request: Request, reply: Reply) -> None:
        if isinstance(body, bytes):
            reply.send(status, body, {"Content-Type": "text/html", **(headers or {})})
        else:
            reply.send_json(status, body, headers)

    return step


def say(
    *texts: str,
    finish_reason: str | None = "stop",
    done: bool = True,
    usage: bool = True,
    newline: str = "\n",
    comments: bool = False,
    first_token_s: float = 0.0,
    pause_s: float = 0.0,
) -> Step:
    """An answer in chunks. Without `finish_reason` and `done` it ends as a stream ends that a proxy has cut."""

    async def step(request: Request, reply: Reply) -> None:
        def write(value: Any) -> None:
            reply.write(event(value, newline))

        reply.start(200, EVENT_STREAM)
        write(delta(request, {"role": "assistant", "content": ""}))
        if comments:
            reply.write(f": keep-alive{newline}{newline}".encode())
        if first_token_s and not await reply.pause(first_token_s):
            return
        for text in texts:
            if pause_s and not await reply.pause(pause_s):
                return
            write(delta(request, {"content": text}))
            if comments:
                reply.write(f": keep-alive{newline}{newline}".encode())
        if finish_reason:
            write(delta(request, {}, finish_reason))
        if usage and request.json.get("stream_options", {}).get("include_usage"):
            write(envelope(request) | {"choices": [], "usage": counts(request, len(texts))})
        if done:
            reply.write(f"data: [DONE]{newline}{newline}".encode())
        reply.end()

    return step


def then_error(*texts: str, body: Any) -> Step:
    """An error in the middle of a stream, with the status 200."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, EVENT_STREAM)
        for text in texts:
            reply.write(event(delta(request, {"content": text})))
        reply.write(event(body))
        reply.end()

    return step


def cut(*texts: str) -> Step:
    """The connection is lost in the middle of an event."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, EVENT_STREAM)
        for text in texts:
            reply.write(event(delta(request, {"content": text})))
        reply.transport.write(b'80\r\ndata: {"id":"chatcm')
        reply.cut()

    return step


def fall_silent(*texts: str, keep_alive_s: float = 0.0, finish_reason: str | None = None) -> Step:
    """Say this much and keep the connection open, with comments every `keep_alive_s` where that is set."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, EVENT_STREAM)
        for text in texts:
            reply.write(event(delta(request, {"content": text})))
        if finish_reason:
            reply.write(event(delta(request, {}, finish_reason)))
        while await reply.pause(keep_alive_s or 60):
            reply.write(b": keep-alive\n\n")

    return step


def raw(*pieces: bytes) -> Step:
    """Exactly these bytes, each in a write of its own, as the body of a 200."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, EVENT_STREAM)
        for piece in pieces:
            reply.write(piece)
            await reply.pause(0.002)
        reply.end()

    return step


def flood(text: str) -> Step:
    """Never stop, whatever was asked for."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, EVENT_STREAM)
        data = event(delta(request, {"content": text}))
        while not reply.gone.is_set():
            reply.write(data)
            await reply.drained()
            await reply.pause(0)

    return step


def envelope(request: Request) -> dict[str, Any]:
    return {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": request.json["model"],
        "system_fingerprint": "fp_50cad350e4",
    }


def delta(request: Request, content: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": content, "logprobs": None, "finish_reason": finish_reason}
    return envelope(request) | {"choices": [choice], "usage": None}


def counts(request: Request, completion: int) -> dict[str, int]:
    prompt = sum(len(text_of(message).split()) for message in request.json["messages"])
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def text_of(message: dict[str, Any]) -> str:
    """The text of a message's content, whichever way that is written."""
    content = message["content"]
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


def pictures_in(message: dict[str, Any]) -> list[Image.Image]:
    """The pictures of a message, decoded."""
    content = message["content"]
    parts = [] if isinstance(content, str) else content
    found = (picture_at(part["image_url"]["url"]) for part in parts if part["type"] == "image_url")
    return [picture for picture in found if picture]


def event(value: Any, newline: str = "\n") -> bytes:
    return f"data: {json.dumps(value, separators=(',', ':'))}{newline}{newline}".encode()


def _keys(request: Request) -> set[str]:
    return {request.headers.get("authorization", "").removeprefix("Bearer "), request.headers.get("api-key", "")}


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake upstream that speaks OpenAI's protocol at a steady pace.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens-per-second", type=float, default=50.0)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--first-token-ms", type=float, default=50.0)
    arguments = parser.parse_args()
    run_load_server(
        arguments.port,
        tokens_per_second=arguments.tokens_per_second,
        tokens=arguments.tokens,
        first_token_s=arguments.first_token_ms / 1000,
    )


if __name__ == "__main__":
    main()
