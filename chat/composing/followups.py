"""What could be asked next: what else the documents say that an answer cites.

No model makes these up. Each is a heading of a cited document: over a passage that the search for the answer has found,
or else over what follows the cited one. So there is something to be found under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from chat.models import AnswerSettings, Source, Turn
from chat.refusal import language_of
from ingestion.models import Chunk, DocumentSection
from ingestion.pipeline import HEADING_SEPARATOR
from tenants.access import Access

MOST = 3
REACH = 20_000
"""Characters from the beginning of a cited passage on, in which further headings are looked for."""
SHORTEST, LONGEST = 4, 70
"""Characters of a heading that says something, and of one that a question can hold."""
NUMBERING = re.compile(r"^(?:(?:\d+|[IVXLC]+|[a-zA-Z])[.)]\s*)*(?:\d+(?:\.\d+)*\s+)?")
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Topic:
    document: str
    heading: str


@dataclass(frozen=True, slots=True)
class Section:
    document_id: UUID
    start: int
    topic: Topic


def followups_of(*, access: Access, turn: Turn) -> list[str]:
    """Questions in the language of the turn's; none where there is nothing good, or the organisation wants none."""
    if turn.status != Turn.Status.COMPLETED or turn.refused or not _wanted(access):
        return []
    sources = list(Source.objects.for_tenant(access.tenant).filter(turn=turn, document__searchable=True))
    cited = [source for source in sources if source.cited]
    if not cited:
        return []
    sections = _sections_from(access, cited)
    found = [source.chunk_id for source in sources] + [UUID(each["chunk_id"]) for each in turn.trace.get("cut", ())]
    topics = [*_of_passages(access, cited, found), *(section.topic for section in sections)]
    chosen = choose(turn.question, topics, {each.casefold() for each in _used(cited, sections)})
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


def heading_of(heading: str) -> str:
    """Without its number."""
    return NUMBERING.sub("", heading.strip()).strip(" .:")


def _innermost(path: str) -> str:
    return heading_of(path.rpartition(HEADING_SEPARATOR)[2])


def _of_passages(access: Access, cited: Sequence[Source], found: Sequence[UUID]) -> list[Topic]:
    """Where the other passages of the cited documents are from that were found, the nearest first."""
    rank = {chunk_id: place for place, chunk_id in enumerate(found)}
    chunks = Chunk.objects.for_tenant(access.tenant).filter(
        pk__in=set(found) - {source.chunk_id for source in cited},
        document__in={source.document_id for source in cited},
    )
    rows = sorted(chunks.values_list("pk", "document__name", "heading"), key=lambda row: rank[row[0]])
    return [Topic(name, _innermost(heading)) for _pk, name, heading in rows]


def _sections_from(access: Access, cited: Sequence[Source]) -> list[Section]:
    """What begins in a cited passage or not far behind it."""
    near = Q(pk__in=[])
    for source in cited:
        near |= Q(document_id=source.document_id, start__gt=source.start, start__lt=source.start + REACH)
    rows = DocumentSection.objects.for_tenant(access.tenant).filter(near).order_by("document_id", "start")
    return [
        Section(document_id, start, Topic(name, heading_of(path[-1])))
        for document_id, start, path, name in rows.values_list("document_id", "start", "heading", "document__name")
        if path
    ]


def _used(cited: Sequence[Source], sections: Sequence[Section]) -> Iterator[str]:
    """The headings over what the question is answered by."""
    for source in cited:
        inside = [section for section in sections if section.document_id == source.document_id]
        for start, _end in source.deciding or [(0, 0)]:
            before = [section for section in inside if section.start <= source.start + start]
            yield before[-1].topic.heading if before else _innermost(source.heading)


def _wanted(access: Access) -> bool:
    chosen = AnswerSettings.objects.for_tenant(access.tenant).values_list("suggests", flat=True).first()
    return chosen is not False


def _language(question: str) -> str:
    """The interface's name of the question's language; the reader's own where the interface does not speak it."""
    code = {"sr-Cyrl": "sr", "sr-Latn": "sr-latn"}.get(language_of(question), language_of(question))
    return code if code in dict(settings.LANGUAGES) else translation.get_language()
