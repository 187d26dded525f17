"""Ollama's HTTP API (0.33) as far as the product uses it. `python -m tests.contracts.ollama_server --port 11434`"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.contracts.http import ContractServer, Reply, Request, Step
from tests.contracts.pictures import picture_of

NDJSON = {"Content-Type": "application/x-ndjson"}
ANSWER = ("The ", "warranty ", "lasts ", "two ", "years ", "[1].")
DEFAULT_NUM_CTX = 4096
CHARS_PER_TOKEN = 4
INTEGER_OPTIONS = {"num_ctx", "num_predict", "seed", "top_k"}
TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten it or raise the context "
    "length"
)
BUSY = "server busy, please try again.  maximum pending requests exceeded"
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "phi3",
    "families": ["phi3"],
    "parameter_size": "3.8B",
    "quantization_level": "Q4_0",
}


class OllamaServer(ContractServer):
    def __init__(
        self, port: int = 0, *, models: Sequence[str] = ("phi3.5:latest",), seeing: Sequence[str] = ()
    ) -> None:
        super().__init__(port)
        self.models = [*models, *seeing]
        self.seeing = list(seeing)
        """Those of the models that take pictures."""
        self.tells_capabilities = True
        """Servers before 0.6.4 do not."""
        self.cut_prompts = 0
        """How many prompts were cut in silence, because the client did not forbid it."""

    async def handle(self, request: Request, reply: Reply) -> None:
        match request.method, request.path:
            case "GET", "/":
                reply.send(200, b"Ollama is running", {"Content-Type": "text/plain; charset=utf-8"})
            case "GET", "/api/version":
                reply.send_json(200, {"version": "0.33.0"})
            case "GET", "/api/tags":
                reply.send_json(200, {"models": [_listed(name) for name in self.models]})
            case "POST", "/api/show":
                self._show(request, reply)
            case "POST", "/api/pull":
                await (self.next_step() or self._pull)(request, reply)
            case "POST", "/api/chat":
                await self._chat(request, reply)
            case _:
                reply.send(404, b"404 page not found", {"Content-Type": "text/plain"})

    def _show(self, request: Request, reply: Reply) -> None:
        name = request.json.get("model", "")
        if tagged(name) not in self.models:
            reply.send_json(404, {"error": f"model '{name}' not found"})
            return
        told = {"capabilities": ["completion", *(["vision"] if tagged(name) in self.seeing else [])]}
        shown = {"modelfile": "# Modelfile", "template": "{{ .Prompt }}", "details": DETAILS, "model_info": {}}
        reply.send_json(200, shown | (told if self.tells_capabilities else {}))

    async def _chat(self, request: Request, reply: Reply) -> None:
        try:
            refused = self._invalid(request.json)
        except ValueError as error:
            refused = 400, str(error)
        if refused:
            reply.send_json(refused[0], {"error": refused[1]})
            return
        if _is_too_long(request.json):
            self.cut_prompts += 1
        await (self.next_step() or say(*ANSWER))(request, reply)

    def _invalid(self, body: Any) -> tuple[int, str] | None:
        """What the real server checks before it runs the model."""
        if not body.get("model"):
            return 400, "model is required"
        if tagged(body["model"]) not in self.models:
            return 404, f'model "{body["model"]}" not found, try pulling it first'
        options = body.get("options", {})
        for name in INTEGER_OPTIONS & options.keys():
            if not isinstance(options[name], int):
                return 400, f'option "{name}" must be of type integer'
        if any(not isinstance(message.get("content"), str) for message in body["messages"]):
            return 400, "json: cannot unmarshal array into Go struct field ChatRequest.messages of type string"
        if _is_too_long(body) and body.get("truncate") is False:
            return 400, TOO_LONG
        return self._image_complaint(body)

    def _image_complaint(self, body: Any) -> tuple[int, str] | None:
        """`images` of a message are base64 without anything before it: docs/api.md in Ollama's repository."""
        images = [image for message in body["messages"] for image in message.get("images", [])]
        if images and tagged(body["model"]) not in self.seeing:
            return 400, "this model does not support image input"
        if any(picture_of(image) is None for image in images):
            return 400, "illegal base64 data at input byte 4"
        return None

    async def _pull(self, request: Request, reply: Reply) -> None:
        name = request.json["model"]
        reply.start(200, NDJSON)
        layer = {"status": "pulling 3d1e4a1a7b5c", "digest": "sha256:3d1e4a1a7b5c", "total": 2176178400}
        reply.write(_line({"status": "pulling manifest"}))
        if name.startswith("missing"):
            reply.write(_line({"error": "pull model manifest: file does not exist"}))
        else:
            for line in (
                layer,
                layer | {"completed": 1088089200},
                layer | {"completed": 2176178400},
                {"status": "verifying sha256 digest"},
                {"status": "writing manifest"},
                {"status": "success"},
            ):
                reply.write(_line(line))
            self.models.append(tagged(name))
        reply.end()


def refuse(status: int, error: str) -> Step:
    async def step(request: Request, reply: Reply) -> None:
        reply.send_json(status, {"error": error})

    return step


def say(*texts: str, done_reason: str = "stop", pause_s: float = 0.0, load_first: bool = False) -> Step:
    """A whole answer; `pause_s` comes before each text, as tokens take time."""

    async def step(request: Request, reply: Reply) -> None:
        begun = time.monotonic_ns()
        reply.start(200, NDJSON)
        if load_first:
            reply.write(_said(request, "", done=True, done_reason="load"))
        for text in texts:
            if pause_s and not await reply.pause(pause_s):
                return
            reply.write(_said(request, text))
        reply.write(
            _said(
                request,
                "",
                done=True,
                done_reason=done_reason,
                total_duration=time.monotonic_ns() - begun,
                load_duration=5_119_000,
                prompt_eval_count=_prompt_tokens(request.json),
                prompt_eval_duration=130_079_000,
                eval_count=len(texts),
                eval_duration=42_598_000,
            )
        )
        reply.end()

    return step


def fall_silent(*texts: str) -> Step:
    """Say this much, and then nothing, with the connection open."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, NDJSON)
        for text in texts:
            reply.write(_said(request, text))
        await reply.gone.wait()

    return step


def break_off(*texts: str, error: str = "") -> Step:
    """Say this much, then an error line with the status 200, as the real one does, and end without `done`."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, NDJSON)
        for text in texts:
            reply.write(_said(request, text))
        if error:
            reply.write(_line({"error": error}))
        reply.end()

    return step


def lose_the_runner(*texts: str) -> Step:
    """`done` without a reason: the server lost the process that ran the model."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, NDJSON)
        for text in texts:
            reply.write(_said(request, text))
        reply.write(_said(request, "", done=True))
        reply.end()

    return step


def cut(*texts: str) -> Step:
    """Say this much, and lose the connection in the middle of a chunk."""

    async def step(request: Request, reply: Reply) -> None:
        reply.start(200, NDJSON)
        for text in texts:
            reply.write(_said(request, text))
        reply.transport.write(b"80\r\n" + _said(request, "half a li")[:40])
        reply.cut()

    return step


def tagged(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


def _said(request: Request, text: str, *, done: bool = False, **rest: Any) -> bytes:
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
    message = {"role": "assistant", "content": text}
    return _line({"model": request.json["model"], "created_at": created, "message": message, "done": done, **rest})


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _prompt_tokens(body: Any) -> int:
    return sum(len(message["content"]) for message in body["messages"]) // CHARS_PER_TOKEN


def _is_too_long(body: Any) -> bool:
    return bool(_prompt_tokens(body) > body.get("options", {}).get("num_ctx", DEFAULT_NUM_CTX))


def _listed(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-11-01T10:00:00.123456789+01:00",
        "size": 2176178843,
        "digest": "61819fb370a3c1a9be6694869331e5f85f867a079e9271d66cb223acb81d04ba",
        "details": DETAILS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Ollama, which always says the same.")
    parser.add_argument("--port", type=int, default=0)
    OllamaServer(parser.parse_args().port).serve()


if __name__ == "__main__":
    main()
