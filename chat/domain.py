"""The values that the chat passes around. No framework is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from ingestion.domain import Scope, Vector


class Stage(StrEnum):
    SEARCHING = "searching"
    RANKING = "ranking"
    WRITING = "writing"
    CHECKING = "checking"


class ProviderKind(StrEnum):
    STARTER = "starter"
    OLLAMA = "ollama"
    GITHUB = "github"
    OPENAI = "openai"


class AnswerMode(StrEnum):
    AUTO = "auto"
    """Extractive with the starter model, generative with any other."""
    GENERATIVE = "generative"
    EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider as a tenant has set it up, with its key in the clear: it lives only as long as the call."""

    kind: ProviderKind
    model: str
    base_url: str
    api_key: str = field(default="", repr=False)
    temperature: float = 0.2
    max_tokens: int = 512
    """The longest answer, in tokens."""
    context_tokens: int = 4096
    """Prompt and answer together. Sent to Ollama as `num_ctx`, one value per model."""
    timeout_s: float = 120.0
    """The longest silence, in seconds, before the provider counts as unreachable."""
    sees: bool | None = None
    """Whether its model takes pictures, where the tenant has said so (`chat.llm.sight`)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of the conversation and what was answered."""

    question: str
    answer: str
    pictures: int = 0
    """How many came with it. They are told of and not sent again."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with the question, as it is put before a model."""

    data: bytes = field(repr=False)
    """Of a JPEG."""
    width: int
    height: int


class Candidate(NamedTuple):
    """A chunk on its way through the retrieval stages. Scores are None where that search did not find it:
    `dense` is a cosine similarity, `lexical` is BM25, `fused` their weighted sum in standard deviations.

    A tuple, because every question makes some hundreds of them.
    """

    chunk_id: UUID
    document_id: UUID
    dense: float | None = None
    lexical: float | None = None
    fused: float | None = None


Range = tuple[int, int]
"""Start and end, in characters."""
GAP = " […] "
"""Between stretches of a passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A candidate with its text: what a prompt is made of and what a citation points at.

    `start` and `end` are character offsets in the document's text; `page` counts from 1, and is where it begins.
    """

    number: int
    chunk_id: UUID
    document_id: UUID
    document_name: str
    text: str
    start: int
    end: int
    page: int | None = None
    heading: str = ""
    language: str = ""
    """Of the document, as ISO 639-1; empty where it is not known."""
    dense: float | None = None
    lexical: float | None = None
    fused: float | None = None
    last_page: int | None = None
    """Where it ends: `page` again, or a later one."""
    version: str = ""
    """The SHA-256 of the file that the text was read from."""
    collection_id: UUID | None = None
    kept: tuple[Range, ...] = ()
    """What of `text` is in the prompt, where that is not all of it."""
    deciding: tuple[Range, ...] = ()
    """The sentences of `text` that the question is most likely answered by."""
    near: tuple[float, ...] = ()
    """How near each sentence of `text` is to the question, in standard deviations among all that were found; empty
    where that is not known."""

    @property
    def excerpt(self) -> str:
        """The text as it is in the prompt."""
        return GAP.join(self.text[start:end] for start, end in self.kept) if self.kept else self.text


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the retrieval stages hand on. Each stage takes one and returns a new one."""

    question: str
    query: str
    """What is embedded: the question, with the one before it where there is one."""
    scope: Scope
    context: tuple[str, ...] = ()
    """The earlier questions of the conversation, the last one last."""
    seen: str = ""
    """What was recognised on the pictures that came with the question: text of nobody in particular."""
    wanted: int | None = None
    """How many passages are of use to whoever asked; None is as many as there may be."""
    urgent: bool = True
    """Whether somebody waits for it."""
    vector: Vector | None = None
    """The query's, where it has been computed already."""
    words: bytes = b""
    """The query's words, where the embedder tells them (`ingestion.domain.Embedded`)."""
    near_words: Mapping[UUID, Any] = field(default_factory=dict)
    """Of the best candidates: how near each word is to each of the query's, by how much that one counts, as a matrix of
    the query's words by the passage's. Empty again once it has been made use of."""
    dense: tuple[Candidate, ...] = ()
    lexical: tuple[Candidate, ...] = ()
    fused: tuple[Candidate, ...] = ()
    passages: tuple[Passage, ...] = ()
    cut: tuple[Passage, ...] = ()
    """Passages that were found but did not fit into the prompt."""
    elapsed_ms: Mapping[str, float] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Stages that could not do what they are for, with the reason; what they were handed stands."""


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How much of the model's context a question has taken with its answer, in tokens."""

    used: int
    size: int
    earlier: int
    """Questions that the conversation had before this one, …"""
    remembered: int
    """… and how many of them were sent along, the latest ones."""

    @classmethod
    def of(cls, trace: Mapping[str, Any], usage: Usage) -> ContextUse | None:
        """`trace` is as it is stored. None where no prompt was made for a model, or nobody knows how long it was."""
        size, used = trace.get("context_tokens"), usage.prompt_tokens or trace.get("counted_tokens")
        if not size or not used:
            return None
        used = min(size, used + (usage.completion_tokens or 0))
        return cls(used, size, trace.get("earlier", 0), trace.get("remembered", 0))


@dataclass(frozen=True, slots=True)
class StageStarted:
    stage: Stage


@dataclass(frozen=True, slots=True)
class SourcesFound:
    passages: tuple[Passage, ...]
    omitted: int
    """How many more were found and left out: for lack of room, or because the tenant wants no more passages."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str
    draft: bool = False
    """The model's own words below an extractive answer."""


@dataclass(frozen=True, slots=True)
class CitationFound:
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is whole."""

    provider: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    refused: bool = False
    notice: str = ""
    cut: bool = False
    """It ends because it has become as long as it may be."""
    from_pictures: bool = False
    """It is about the pictures that came with the question, and no passage bears it out."""


class Verdict(StrEnum):
    """What a check has found about a sentence, where that is not simply that its source says so."""

    NUMBER = "number"
    """A number of it is not in what it cites."""
    DATE = "date"
    NAME = "name"
    LITERAL = "literal"
    """A command, option, file name or setting of it is not in what it cites."""
    UNSAID = "unsaid"
    """Nothing in what it cites says this."""
    ELSEWHERE = "elsewhere"
    """Not what it cites says this, but another passage."""
    UNCITED = "uncited"
    """It cites nothing, and one of the passages says it: no fault of the sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`start` and `end` are characters of the answer's Markdown, or of the draft's."""

    start: int
    end: int
    verdict: Verdict
    draft: bool = False
    detail: str = ""
    """The number, date, name or literal that was looked for."""
    cited: tuple[int, ...] = ()
    found_in: int | None = None
    """The passage that does say it."""

    @property
    def is_fault(self) -> bool:
        return self.verdict is not Verdict.UNCITED


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer has been compared with its passages, `sentences` of it; the findings are in reading order."""

    sentences: int
    findings: tuple[Finding, ...] = ()

    @property
    def faults(self) -> int:
        return sum(finding.is_fault for finding in self.findings)

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Checked | None:
        """What `asdict` has made of one, as it comes out of JSON."""
        if not data:
            return None
        return cls(data["sentences"], tuple(_finding(each) for each in data["findings"]))


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(**{**data, "verdict": Verdict(data["verdict"]), "cited": tuple(data["cited"])})


AnswerEvent = StageStarted | SourcesFound | TextDelta | CitationFound | Answered | Checked


@dataclass(frozen=True, slots=True)
class AnswerStyle:
    """How a tenant wants its answers made."""

    extractive: bool
    draft: bool = True
    """Whether a model adds its own words below an extractive answer."""
    passages: int = 6
    """Most passages in a prompt."""
    instructions: str = ""
    languages: tuple[str, ...] = ()
    max_tokens: int = 512
    context_tokens: int = 4096
    prompt: str = "answer"
    """Which of `chat.prompts` it is written with."""
    prompt_version: int | None = None
    """Of that prompt; None is the newest."""


@dataclass(slots=True)
class Trace:
    """What an answer was made of, for the dashboard: filled in while it is made, kept even when it breaks."""

    query: str = ""
    candidates: list[dict[str, Any]] = field(default_factory=list)
    cut: list[dict[str, Any]] = field(default_factory=list)
    prompt: list[dict[str, str]] = field(default_factory=list)
    prompt_version: str = ""
    """Name and version, as `chat.prompts` labels them."""
    counted_tokens: int | None = None
    """Of the prompt, before it was sent."""
    room_tokens: int | None = None
    """The context without the longest answer."""
    context_tokens: int | None = None
    """Of the model, where the prompt was made for one."""
    earlier: int = 0
    """Questions that the conversation had before this one, …"""
    remembered: int = 0
    """… and how many of them were sent along, the latest ones."""
    picture_tokens: int = 0
    """Reckoned for the pictures, beside what was counted."""
    tokenizer: str = ""
    """The model whose own tokenizer has counted; empty where it was an estimate."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Stages of the retrieval that could not do what they are for, with the reason."""
    providers: list[dict[str, str]] = field(default_factory=list)
