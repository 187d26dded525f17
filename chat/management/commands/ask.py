"""`manage.py ask "question" --tenant SLUG`: an answer on the command line, made as the chat makes it."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import asdict, replace
from typing import Any

from django.core.management.base import CommandParser

from chat import plans
from chat.answering import answer
from chat.check_words import summary
from chat.domain import Answered, Checked, CitationFound, Passage, SourcesFound, TextDelta, Trace
from chat.llm.breaker import MemoryBreaker
from chat.llm.clients import close_clients
from chat.management.printed import Unescaped, passage_row
from chat.prompts import versions
from chat.question import Kit, Question
from tenants.access import Access
from tenants.command import TenantCommand


class Command(TenantCommand):
    help = "Ask a tenant's documents a question."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("question")
        parser.add_argument("--prompt", type=int, choices=versions("answer"), help="an older version of the prompt")

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        text = options["question"]
        kit = plans.kit_of(access.tenant, text, MemoryBreaker())
        kit = replace(kit, style=replace(kit.style, prompt_version=options["prompt"]))
        question = Question(text=text, history=(), scope=plans.scope_of(access.tenant))
        return asyncio.run(self._answer(question, kit, live=not options["json"]))

    async def _answer(self, question: Question, kit: Kit, *, live: bool) -> dict[str, Any]:
        trace, started, readable = Trace(), time.perf_counter(), Unescaped()
        written: list[str] = []
        drafted: list[str] = []
        cited: list[int] = []
        passages: tuple[Passage, ...] = ()
        end = Answered()
        checked: Checked | None = None
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
                                self._write(f"{readable.close()}\n\nDraft: ")
                            (drafted if draft else written).append(text)
                            if live:
                                self._write(readable.feed(text))
                        case CitationFound(number):
                            cited.append(number)
                        case Answered():
                            end = event
                        case Checked():
                            checked = event
            self._write(readable.close())
        finally:
            await close_clients()
        return {
            "question": question.text,
            "answer": "".join(written),
            "draft": "".join(drafted),
            "refused": end.refused,
            "citations": [
                {"number": passage.number, **passage_row(passage)} for passage in passages if passage.number in cited
            ],
            "checked": asdict(checked) if checked else None,
            "provider": end.provider,
            "model": end.model,
            "usage": asdict(end.usage),
            "notice": end.notice,
            "cut": end.cut,
            "timings_ms": {**trace.timings_ms, "first_word": first_word_ms, "total": _ms_since(started)},
        }

    def _write(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()

    def say(self, result: dict[str, Any]) -> None:
        self.stdout.write("\n")
        for each in result["citations"]:
            page = f", page {each['page']}" if each["page"] else ""
            self.stdout.write(f"[{each['number']}] {each['document']}{page}: {each['excerpt']}")
        if line := summary(Checked.of(result["checked"])):
            self.stdout.write(f"\n{line}")
        model = result["model"] or "no model"
        cut = "The answer was cut at the longest length that is set." if result["cut"] else ""
        said = " ".join(each for each in (result["notice"], cut) if each)
        self.stdout.write(f"\n{model}, {result['timings_ms']['total']:.0f} ms. {said}")


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
