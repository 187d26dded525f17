"""What programs send and get. Fields are only ever added within version 1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from ninja import Field, Query, Schema
from pydantic import ConfigDict

from ingestion.models import Document, DocumentEvent

Item = TypeVar("Item")

PAGE_LIMIT = 50
PAGE_LIMIT_MOST = 200


class CollectionNew(Schema):
    model_config = ConfigDict(extra="forbid")

    name: str


class CollectionOut(Schema):
    id: UUID
    name: str
    searched: Annotated[bool, Field(description="Answers are looked for in it.")]
    documents: Annotated[int, Field(alias="document_count")] = 0
    created_at: datetime


class CollectionOfDocument(Schema):
    id: UUID
    name: str


class Failure(Schema):
    code: Annotated[str, Field(description="Stable; for programs.")]
    message: Annotated[str, Field(description="A sentence for people, in the language of Accept-Language.")]
    retryable: Annotated[bool, Field(description="The same request may succeed later.")]


class ErrorOut(Schema):
    error: Failure


class LeftOut(Schema):
    name: str
    message: str


class DocumentOut(Schema):
    id: UUID
    name: str
    folder: str
    title: str
    version: Annotated[int, Field(description="Files of one name in one folder are versions of each other.")]
    parent_id: Annotated[UUID | None, Field(description="The archive or message that it came in.")]
    source_url: str
    collection: CollectionOfDocument
    media_type: str
    size: Annotated[int, Field(description="Bytes of the original.")]
    sha256: str
    status: Document.Status
    stage: Annotated[Document.Stage, Field(description="The step that is under way, or was the last.")]
    done: Annotated[int, Field(description="How much of the stage is behind it: pages while reading, then passages.")]
    total: Annotated[int, Field(description="0 where it is not known.")]
    seconds_left: Annotated[int | None, Field(description="Until the end of the stage, at the speed so far.")]
    searchable: Annotated[bool, Field(description="Answers may use what of it has been embedded.")]
    error: Failure | None
    left_out: Annotated[
        list[LeftOut], Field(description="Files inside it that are no documents, and pages that could not be read.")
    ]
    pages: Annotated[int | None, Field(alias="page_count")]
    characters: Annotated[int, Field(alias="char_count")]
    passages: Annotated[int, Field(alias="chunk_count")]
    language: str
    created_at: datetime
    updated_at: datetime
    ready_at: datetime | None

    @staticmethod
    def resolve_error(document: Document) -> dict[str, Any] | None:
        if not document.error_code:
            return None
        return {
            "code": document.error_code,
            "message": document.error_message,
            "retryable": document.error_retryable,
        }


class DocumentTaken(Schema):
    duplicate: Annotated[bool, Field(description="The same file was in the collection already; this is its document.")]
    document: DocumentOut


class FileRefused(Failure):
    name: str


class UploadOut(Schema):
    documents: list[DocumentTaken]
    errors: list[FileRefused]


class SectionOut(Schema):
    ordinal: int
    page: int | None
    heading: Annotated[list[str], Field(description="From the outermost to the innermost.")]
    start: Annotated[int, Field(description="Offset of the first character in the whole text.")]
    text: str


class PassageOut(Schema):
    id: UUID
    ordinal: int
    page: int | None
    last_page: int | None
    heading: str
    start: int
    end: int
    text: str


class PageWanted(Schema):
    page: Annotated[int, Field(ge=1, description="The first one is 1. A page after the last one is empty.")] = 1
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT_MOST, description="Items on a page.")] = PAGE_LIMIT


Wanted = Annotated[PageWanted, Query()]


class AddressNew(Schema):
    model_config = ConfigDict(extra="forbid")

    url: str
    collection: Annotated[str, Field(description="Its id or its name; without it, the oldest one.")] = ""


class LineOut(Schema):
    kind: Literal["same", "removed", "added", "gap"]
    text: str
    count: Annotated[int, Field(description="Of a gap: so many unchanged lines are left out.")]


class ComparisonOut(Schema):
    older: DocumentOut
    newer: DocumentOut
    added: Annotated[int, Field(description="Lines.")]
    removed: Annotated[int, Field(description="Lines.")]
    more: Annotated[int, Field(description="So many of both are not among the lines.")]
    lines: list[LineOut]


class EventOut(Schema):
    at: datetime
    kind: DocumentEvent.Kind
    actor_name: Annotated[str, Field(description="Empty where the server did it by itself.")]
    detail: str


class Page(Schema, Generic[Item]):
    items: list[Item]
    total: Annotated[int, Field(description="Items on all pages.")]
    page: int
    pages: int


def page_of(rows: QuerySet[Any], wanted: PageWanted) -> dict[str, Any]:
    """What a `Page` is made from."""
    paginator = Paginator(rows, wanted.limit)
    within = wanted.page <= paginator.num_pages
    return {
        "items": paginator.page(wanted.page).object_list if within else [],
        "total": paginator.count,
        "page": wanted.page,
        "pages": paginator.num_pages,
    }
