"""The passages beside an answer: those of one document together."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from chat.selectors import SourceView, by_document

GUIDE, MANUAL = uuid4(), uuid4()


def source(number: int, document_id: UUID | None, name: str = "guide.txt") -> SourceView:
    return SourceView(
        number=number,
        document=name,
        page=None,
        last_page=None,
        heading="",
        excerpt=(),
        url=f"/{number}/",
        cited=True,
        document_id=document_id,
    )


def order(sources: Sequence[SourceView]) -> list[tuple[int, bool]]:
    return [(each.number, each.follows) for each in by_document(sources)]


def test_passages_of_a_document_stand_where_its_first_one_stood() -> None:
    sources = [source(1, GUIDE), source(2, MANUAL), source(3, GUIDE), source(4, MANUAL)]
    assert order(sources) == [(1, False), (3, True), (2, False), (4, True)]


def test_another_document_of_the_same_name_is_another_document() -> None:
    assert order([source(1, GUIDE), source(2, MANUAL)]) == [(1, False), (2, False)]


def test_deleted_documents_are_told_apart_by_their_names() -> None:
    sources = [source(1, None, "a.txt"), source(2, None, "b.txt"), source(3, None, "a.txt")]
    assert order(sources) == [(1, False), (3, True), (2, False)]
