"""The OpenAI `/v1/embeddings` protocol as the server speaks it, with three additions.

`input_type` chooses the model's prompt ("query" or "document"; without it a text is embedded as it stands), the header
`X-Lane` chooses the queue (without it queries go into the lane of that name and all else to the documents), and with
`words` each embedding has its words beside it (`ingestion.embedding.words`) in base64: of a query their numbers, of
anything else their signs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from ingestion.embedding.engine import InputType, Row
from ingestion.embedding.lanes import Lane
from ingestion.embedding.words import pack_numbers, pack_signs

MOST_TEXTS = 2048
"""A request; OpenAI's own limit."""
RETRY_AFTER_S = 1

Request = TypeVar("Request", bound=BaseModel)
Text = Annotated[str, Field(min_length=1)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class EmbeddingsRequest(BaseModel):
    """What else OpenAI knows, such as `user`, is ignored."""

    input: Annotated[list[Text], BeforeValidator(_as_list), Field(min_length=1, max_length=MOST_TEXTS)]
    """A single text is taken as a list of one."""
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    """base64 holds little-endian float32, which is a fifth of the work of printing and parsing numbers."""
    dimensions: int | None = None
    input_type: InputType | None = None
    words: bool = False


class RequestRefused(Exception):
    """An answer other than 200, in OpenAI's shape."""

    def __init__(self, status: int, message: str, *, code: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": None, "code": self.code}}


def parse_request(body: bytes) -> EmbeddingsRequest:
    return parsed(EmbeddingsRequest, body, hint=f"Send {{'input': a text or a list of up to {MOST_TEXTS} texts}}.")


def parsed(kind: type[Request], body: bytes, *, hint: str) -> Request:
    """Raise `RequestRefused`, which says what is wrong where, and the hint."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise RequestRefused(400, f"{place}: {first['msg']}. {hint}", code="invalid_request") from error


def lane_of(input_type: InputType | None) -> Lane:
    return Lane.QUERY if input_type is InputType.QUERY else Lane.DOCUMENTS


def parse_lane(header: str, *, default: Lane) -> Lane:
    if not header:
        return default
    try:
        return Lane(header)
    except ValueError:
        raise RequestRefused(400, f"X-Lane is {header}: use query or documents.", code="invalid_lane") from None


def embeddings_body(rows: Sequence[Row], request: EmbeddingsRequest, *, model: str, tokens: int) -> bytes:
    data = [{"object": "embedding", "index": index, **_item(row, request)} for index, row in enumerate(rows)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.dumps({"object": "list", "data": data, "model": model, "usage": usage}).encode()


def _item(row: Row, request: EmbeddingsRequest) -> dict[str, Any]:
    vector = np.ascontiguousarray(row.vector, "<f4")
    item: dict[str, Any] = {
        "embedding": _base64(vector.tobytes()) if request.encoding_format == "base64" else vector.tolist()
    }
    if row.words is not None:
        pack = pack_numbers if request.input_type is InputType.QUERY else pack_signs
        item["words"] = _base64(pack(row.words))
    return item


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
