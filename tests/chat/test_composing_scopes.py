"""What a question is searched in where its reader has chosen that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from chat import plans
from chat.composing.scopes import targets_found
from chat.errors import QuestionRefused
from chat.models import Turn
from chat.protocol.commands import MOST_DOCUMENTS, decode
from chat.selectors import turn_views
from chat.services import turn_retry, turn_start
from ingestion.domain import Scope
from ingestion.models import Document
from tenants.access import Access
from tests.factories import CollectionFactory, DocumentFactory


@pytest.fixture
def ready(as_alice: Access) -> Callable[..., Document]:
    def make(name: str, **fields: object) -> Document:
        fields = {"status": "ready", "searchable": True, "content": name.encode(), **fields}
        return DocumentFactory(tenant=as_alice.tenant, name=name, **fields)

    return make


def asked(access: Access, **chosen: Any) -> Turn:
    turn, _new = turn_start(access=access, turn_id=uuid4(), text="How long?", **chosen)
    return turn


def scope_of(turn: Turn) -> Scope:
    return plans.scope_of(turn.tenant, turn.collection_ids, turn.document_ids)


def names(access: Access, text: str) -> list[str]:
    return [each.name for each in targets_found(access=access, text=text)]


def test_what_is_ready_and_searched_is_offered(as_alice: Access, ready: Callable[..., Document]) -> None:
    contracts = CollectionFactory(tenant=as_alice.tenant, name="Ugovori o RADU")
    aside = CollectionFactory(tenant=as_alice.tenant, name="Radionica", searched=False)
    ready("pravilnik o radu.pdf", collection=contracts)
    ready("raditi.pdf", collection=aside)
    ready("rad u toku.pdf", status="running")
    ready("stari rad.pdf", status="superseded", searchable=False)
    assert names(as_alice, "rad") == ["Ugovori o RADU", "pravilnik o radu.pdf"]
    assert names(as_alice, "pravilnik RADU") == ["pravilnik o radu.pdf"]
    assert names(as_alice, "rad\0") == names(as_alice, "rad")


def test_nothing_of_another_organisation_is_offered(as_charlie: Access, ready: Callable[..., Document]) -> None:
    ready("secret.pdf")
    assert names(as_charlie, "") == []


def test_many_documents_leave_room_for_collections(as_alice: Access, ready: Callable[..., Document]) -> None:
    shelf = CollectionFactory(tenant=as_alice.tenant, name="papers")
    for number in range(12):
        ready(f"paper {number}.pdf", collection=shelf)
    assert "papers" not in names(as_alice, "paper")  # the only one is no choice
    CollectionFactory(tenant=as_alice.tenant, name="letters")
    assert names(as_alice, "paper")[0] == "papers"
    assert len(names(as_alice, "paper")) == 8


def test_a_question_is_searched_in_what_was_chosen_and_nothing_else(
    as_alice: Access, ready: Callable[..., Document]
) -> None:
    one, other, third = ready("one.pdf"), ready("other.pdf"), ready("third.pdf")
    both = asked(as_alice, collection_ids=[one.collection_id], document_ids=[other.pk])
    assert scope_of(both) == Scope(frozenset({one.collection_id}), frozenset({other.pk}))
    only = scope_of(asked(as_alice, document_ids=[other.pk]))
    assert only.sees(collection_id=other.collection_id, document_id=other.pk)
    assert not only.sees(collection_id=third.collection_id, document_id=third.pk)
    assert scope_of(asked(as_alice, document_ids=[])).is_empty
    assert scope_of(asked(as_alice)).is_everything


def test_a_document_stands_for_the_version_that_is_in_use(as_alice: Access, ready: Callable[..., Document]) -> None:
    old = ready("price.pdf", status="superseded", searchable=False)
    turn = asked(as_alice, document_ids=[old.pk])
    assert scope_of(turn).is_empty
    new = ready("price.pdf", series=old.series, version=2, collection=old.collection, content=b"new")
    assert scope_of(turn).document_ids == frozenset({new.pk})


def test_a_document_of_a_collection_that_is_set_aside_is_not_searched(
    as_alice: Access, ready: Callable[..., Document]
) -> None:
    aside = ready("aside.pdf", collection=CollectionFactory(tenant=as_alice.tenant, searched=False))
    assert scope_of(asked(as_alice, document_ids=[aside.pk])).is_empty


def test_ids_that_are_not_the_organisations_are_refused(
    as_alice: Access, as_charlie: Access, ready: Callable[..., Document]
) -> None:
    document = ready("secret.pdf")
    for chosen in ({"document_ids": [document.pk]}, {"collection_ids": [document.collection_id]}):
        with pytest.raises(QuestionRefused, match="not here any more"):
            asked(as_charlie, **chosen)
    with pytest.raises(QuestionRefused):
        asked(as_alice, document_ids=[document.pk, uuid4()])


def test_asking_again_keeps_what_is_left_of_the_choice(as_alice: Access, ready: Callable[..., Document]) -> None:
    kept, gone = ready("kept.pdf"), ready("gone.pdf")
    turn = asked(as_alice, document_ids=[gone.pk, kept.pk])
    Turn.objects.for_tenant(as_alice.tenant).update(status="completed")
    gone.delete()
    again, _new = turn_retry(access=as_alice, turn_id=uuid4(), retry_of=turn.pk)
    assert again.document_ids == [str(kept.pk)]
    Turn.objects.for_tenant(as_alice.tenant).update(status="completed")
    kept.delete()
    with pytest.raises(QuestionRefused, match="deleted"):
        turn_retry(access=as_alice, turn_id=uuid4(), retry_of=turn.pk)


def test_a_turn_shows_what_it_was_asked_of(
    as_alice: Access, ready: Callable[..., Document], alice_client: Client
) -> None:
    document, gone = ready("price list.pdf"), ready("gone.pdf")
    turn = asked(as_alice, collection_ids=[document.collection_id], document_ids=[document.pk, gone.pk])
    gone.delete()
    (view,) = turn_views(access=as_alice, turns=[turn])
    assert [each.name for each in view.scope] == [document.collection.name, "price list.pdf", ""]
    html = alice_client.get(reverse("chat:conversation", args=["acme", turn.conversation_id])).text
    assert "price list.pdf" in html
    assert "Deleted document" in html


def test_the_command_may_leave_documents_out_and_may_not_name_too_many() -> None:
    command = {"type": "ask", "turn_id": str(uuid4()), "text": "Why?"}
    assert decode.validate_python(command).document_ids is None  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="at most"):
        decode.validate_python({**command, "document_ids": [str(uuid4()) for _ in range(MOST_DOCUMENTS + 1)]})
