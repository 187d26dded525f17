"""What could be asked next: what else the documents say that an answer cites.

No model makes these up. Each is a heading of a cited document, of a passage that the search for the answer has found or
else of one that follows what is cited, so that there is something to be found under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from chat.models import AnswerSettings, Source, Turn
from chat.refusal import language_of
from ingestion.models import Chunk
from ingestion.pipeline import HEADING_SEPARATOR
from tenants.access import Access

MOST = 3
FURTHER = 20
"""Passages behind a cited one that are looked at."""
SHORTEST, LONGEST = 4, 70
"""Characters of a heading that says something, and of one that a question can hold."""
NUMBERING = re.compile(r"^(?:(?:\d+|[IVXLC]+|[a-zA-Z])[.)]\s*)*(?:\d+(?:\.\d+)*\s+)?")
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Topic:
    document: str
    heading: str


def followups_of(*, access: Access, turn: Turn) -> list[str]:
    """Questions in the language of the turn's; none where there is nothing good, or the organisation wants none."""
    if turn.status != Turn.Status.COMPLETED or turn.refused or not _wanted(access):
        return []
    sources = list(Source.objects.for_tenant(access.tenant).filter(turn=turn, document__searchable=True))
    cited = [source for source in sources if source.cited]
    if not cited:
        return []
    found = [source.chunk_id for source in sources] + [UUID(each["chunk_id"]) for each in turn.trace.get("cut", ())]
    topics = _topics(access, [source.chunk_id for source in cited], found)
    used = {heading_of(source.heading).casefold() for source in cited}
    chosen = choose(turn.question, topics, used)
    with translation.override(_language(turn.question)):
        return [
            _("What does “%(document)s” say about “%(heading)s”?")
            % {"document": topic.document, "heading": topic.heading}
            for topic in chosen
        ]


def choose(question: str, topics: Iterable[Topic], used: set[str]) -> list[Topic]:
    """The first few that say something which neither the question nor a cited passage has said."""
    asked = set(WORD.findall(question.casefold()))
    chosen: list[Topic] = []
    known = set(used)
    for topic in topics:
        folded = topic.heading.casefold()
        is_new = folded not in known and not set(WORD.findall(folded)) <= asked
        if is_new and SHORTEST <= len(topic.heading) <= LONGEST and any(map(str.isalpha, topic.heading)):
            known.add(folded)
            chosen.append(topic)
    return chosen[:MOST]


def heading_of(path: str) -> str:
    """The innermost heading, without its number."""
    return NUMBERING.sub("", path.rpartition(HEADING_SEPARATOR)[2].strip()).strip(" .:")


def _topics(access: Access, cited: Sequence[UUID], found: Sequence[UUID]) -> list[Topic]:
    """Of passages of the cited documents: first those that were found, the nearest first, then those that follow what
    is cited."""
    chunks = Chunk.objects.for_tenant(access.tenant).filter(embedded=True, document__searchable=True)
    places = chunks.filter(pk__in=cited).values_list("document_id", "ordinal")
    near = Q(pk__in=[])
    for document_id, ordinal in places:
        of_document = Q(document_id=document_id)
        near |= of_document & (Q(pk__in=found) | Q(ordinal__gt=ordinal, ordinal__lte=ordinal + FURTHER))
    rank = {chunk_id: place for place, chunk_id in enumerate(found)}
    rows = (
        chunks.filter(near)
        .exclude(heading="")
        .values_list("pk", "ordinal", "heading", "document__name", "document__title")
    )
    ordered = sorted(rows, key=lambda row: (rank.get(row[0], len(rank)), row[1]))
    return [Topic(name, heading_of(heading)) for _pk, _ordinal, heading, name, title in ordered if heading != title]


def _wanted(access: Access) -> bool:
    chosen = AnswerSettings.objects.for_tenant(access.tenant).values_list("suggests", flat=True).first()
    return chosen is not False


def _language(question: str) -> str:
    """The interface's name of the question's language; the reader's own where the interface does not speak it."""
    code = {"sr-Cyrl": "sr", "sr-Latn": "sr-latn"}.get(language_of(question), language_of(question))
    return code if code in dict(settings.LANGUAGES) else translation.get_language()
