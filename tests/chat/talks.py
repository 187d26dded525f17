"""Conversations for tests: `talk(as_alice, "How long?", answer="Two years [1].")`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from chat.branches import shown_branch
from chat.conversations.searching import folded_text
from chat.models import Conversation, Source, Turn
from tenants.access import Access


def talk(access: Access, question: str = "How long?", *, title: str = "Warranty", **fields: Any) -> Turn:
    """A turn that is over, in a conversation of its own."""
    conversation = Conversation.objects.create(tenant=access.tenant, user=access.user, title=title)
    return turn_in(conversation, question, **fields)


def turn_in(conversation: Conversation, question: str, **fields: Any) -> Turn:
    """One that follows the last of the shown branch, unless it is told a `parent_id`."""
    end = next(reversed(shown_branch(conversation)), None)
    values = {"status": Turn.Status.COMPLETED, "answer": "Two years [1].", "parent_id": end, **fields}
    return Turn.objects.create(
        id=uuid4(),
        tenant=conversation.tenant,
        conversation=conversation,
        question=question,
        folded=folded_text(question, values["answer"], values.get("draft", "")),
        **values,
    )


def source_of(turn: Turn, number: int = 1, **fields: Any) -> Source:
    values = {"document_name": "warranty.pdf", "text": "Two years.", "page": 3, "cited": True, **fields}
    end = len(values["text"])
    return Source.objects.create(
        tenant=turn.tenant, turn=turn, number=number, chunk_id=uuid4(), start=0, end=end, **values
    )
