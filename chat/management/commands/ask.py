"""`manage.py ask "question" --tenant SLUG`: an answer on the command line, made as the chat makes it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from chat import plans
from chat.answering import Kit, Question, answer
from chat.domain import Answered, CitationFound, Passage, SourcesFound, TextDelta, Trace
from chat.llm.breaker import MemoryBreaker
from chat.llm.clients import close_clients
from chat.selectors import excerpt
from tenants.access import Access
from tenants.command import TenantCommand


class Command(TenantCommand):
    help = "Ask a tenant's documents a question."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("question")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        text = options["question"]
        kit = plans.kit_of(access.tenant, text, MemoryBreaker())
        question = Question(text=text, history=(), scope=plans.scope_of(access.tenant, None))
        return asyncio.run(self._answer(question, kit, live=not options["json"]))

    async def _answer(self, question: Question, kit: Kit, *, live: bool) -> dict[str, Any]:
        trace, started = Trace(), time.perf_counter()
        written: list[str] = []
        drafted: list[str] = []
        cited: list[int] = []
        passages: tuple[Passage, ...] = ()
        end = Answered()
        first_word_ms: float | None = None
        try:
            async with aclosing(answer(question, kit, trace)) as events:
                async for event in events:
                    match event:
                        case SourcesFound(found):
                            passages = found
                        case TextDelta(text, draft):
                            first_word_ms = first_word_ms or _ms_since(started)
                            if live and draft and not drafted:
                                self.stdout.write("\n\nDraft: ", ending="")
                            (drafted if draft else written).append(text)
                            if live:
                                self.stdout.write(text, ending="")
                                self.stdout.flush()
                        case CitationFound(number):
                            cited.append(number)
                        case Answered():
                            end = event
        finally:
            await close_clients()
        return {
            "question": question.text,
            "answer": "".join(written),
            "draft": "".join(drafted),
            "refused": end.refused,
            "citations": [_citation(passage) for passage in passages if passage.number in cited],
            "provider": end.provider,
            "model": end.model,
            "usage": asdict(end.usage),
            "notice": end.notice,
            "timings_ms": {**trace.timings_ms, "first_word": first_word_ms, "total": _ms_since(started)},
        }

    def say(self, result: dict[str, Any]) -> None:
        self.stdout.write("\n")
        for each in result["citations"]:
            page = f", page {each['page']}" if each["page"] else ""
            self.stdout.write(f"[{each['number']}] {each['document']}{page}: {each['excerpt']}")
        model = result["model"] or "no model"
        self.stdout.write(f"\n{model}, {result['timings_ms']['total']:.0f} ms. {result['notice']}")


def _citation(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "document": passage.document_name,
        "document_id": str(passage.document_id),
        "chunk_id": str(passage.chunk_id),
        "page": passage.page,
        "heading": passage.heading,
        "start": passage.start,
        "end": passage.end,
        "excerpt": excerpt(passage.text),
    }


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
