"""The sentences of an answer that state something, with what each of them cites; and the commands of its shell code.

Offsets are those of the Markdown as it is stored; the text is what a reader sees of it, without markup and citations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chat import literals
from chat.citations import CITATION
from chat.extractive import CLOSING, QUESTION_MARKS
from chat.sentences import Sentence, sentences

FEWEST_LETTERS = 12
"""Of a sentence that states something: "Yes." and "In short" do not."""

_PREFIX = re.compile(r"(?:\s|>|[-*+](?=\s)|#{1,6}(?=\s)|\d{1,3}[.)](?=\s))*")
_HEADING = re.compile(r"#{1,6}\s|(\*\*|__)[^*_]+(?<![.!…])\1:?$")
_RULE = re.compile(r"[\s|:=_*-]*")
_LABEL = re.compile(r"(\*\*|__)[^*_\n]+(?::\1|\1\s*[:–—-])|\|[^|\n]*\|")
"""What an item of a list or a row of a table is about: bold words with a colon behind them, or the first cell."""
_TABLE_HEAD = re.compile(r"^[^|\n]*\|[^\n]*(?=\n[ \t>]*\|?[ \t]*:?-[-:| \t]*$)", re.MULTILINE)
_LEADING = re.compile(r"(?:\s*\[\d{1,3}\])+")
_MARKUP = re.compile(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)|\\(?=[^\w\s])")
_TALK = re.compile(
    r"""
    ^(?:sure|certainly|of\ course|hello|hi|great\ question|you(?:'|’)re\ welcome|thank\ you|thanks)\b(?=\W)
    | \b(?:i\ hope\ this\ helps|let\ me\ know|feel\ free\ to|happy\ to\ help)\b
    | ^(?:natürlich|gerne|hallo|gern\ geschehen)\b | \bich\ hoffe,?\ (?:das|dies)\ hilft\b
    | ^(?:بالتأكيد|بالطبع|مرحبًا|مرحبا|أهلًا|شكرًا)\b(?=\W) | \b(?:آمل|أتمنى)\ أن
    | ^(?:naravno|svakako|zdravo|здраво|наравно|свакако)\b | \b(?:nadam\ se\ da|надам\ се\ да)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NOTHING_SAID = re.compile(
    r"""
    \b(?:passages?|documents?|sources?|text|context|information)\b.{0,40}
      \b(?:do(?:es)?\ not|don(?:'|’)t|doesn(?:'|’)t|no(?:t|thing)?)\b
    | \b(?:passagen?|dokumente?n?|quellen?|text)\b.{0,40}\b(?:nicht|keine?n?|nichts)\b
    | \b(?:dokument\w*|odlom\w*|izvor\w*|tekst\w*|документ\w*|одлом\w*|извор\w*|текст\w*)\b.{0,40}
      \b(?:ne|nema|nije|nisu|не|нема|није|нису)\b
    | \b(?:لا|لم|ليست?)\ (?:[تي]\w+\ )?(?:في\ )?(?:هذه\ |هذا\ )?
      (?:المقاطع|المقطع|المستندات|المستند|الوثائق|الوثيقة|المصادر|المصدر|النصوص?|معلومات)\b
    | \b(?:المقاطع|المستندات|الوثائق|المصادر|النص)\ (?:لا|لم|ليس)
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    start: int
    end: int
    cited: tuple[int, ...]
    literals: tuple[str, ...] = ()
    """What is to be typed as it stands."""
    is_code: bool = False
    """A line of a block of code, or what says no more than what to type: nothing but the literals is stated."""
    named: str = ""
    """The text as far as its capital letters tell names: a label has them whatever it says, and so has a cell."""


def statements(markdown: str) -> list[Statement]:
    """What `markdown` states, in order. Questions, headings, and what is said to be polite state nothing, and neither
    does what says that the documents are silent. Whoever is polite and cites a passage states something."""
    said = [
        statement if states else replace(statement, is_code=True)
        for sentence in _sentences(_without_code_and_heads(markdown))
        if (statement := _statement(sentence))
        and ((states := _states(sentence, statement)) or (statement.literals and not _asks(statement.text)))
    ]
    commands = [
        Statement(markdown[line.start : line.end], line.start, line.end, (), line.words, is_code=True)
        for line in literals.of_blocks(markdown)
    ]
    return sorted((*said, *commands), key=lambda each: each.start)


def _without_code_and_heads(markdown: str) -> str:
    """The same text with spaces for code and for the heads of tables, so that offsets stay."""
    for left_out in (literals.FENCE, _TABLE_HEAD):
        markdown = left_out.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), markdown)
    return markdown


def _sentences(text: str) -> Iterator[Sentence]:
    """Sentences, of which each has the citations that come right behind its full stop."""
    held: Sentence | None = None
    for sentence in sentences(text):
        leading = _LEADING.match(sentence.text)
        if held and leading and "\n" not in text[held.end : sentence.start]:
            end = sentence.start + leading.end()
            yield Sentence(text[held.start : end], held.start, end)
            rest = sentence.text[leading.end() :]
            start = end + len(rest) - len(rest.lstrip())
            held = Sentence(rest.strip(), start, sentence.end) if rest.strip() else None
            continue
        if held:
            yield held
        held = sentence
    if held:
        yield held


def _statement(sentence: Sentence) -> Statement:
    prefix = _PREFIX.match(sentence.text)
    start = prefix.end() if prefix else 0
    shown = sentence.text[start:]
    label = _LABEL.match(shown)
    about = label.end() if label else 0
    cited = tuple(dict.fromkeys(int(number) for number in CITATION.findall(shown)))
    return Statement(
        text=_plain(shown.replace("|", " ")),
        start=sentence.start + start,
        end=sentence.end,
        cited=cited,
        named=_plain((shown[:about].lower() + shown[about:]).replace("|", " : ")),
        literals=literals.of_spans(shown),
    )


def _plain(markdown: str) -> str:
    text = " ".join(_MARKUP.sub("", CITATION.sub(" ", markdown)).split())
    return re.sub(r"\s+(?=[.,;:!?])", "", text)


def _states(sentence: Sentence, statement: Statement) -> bool:
    text = statement.text
    if _HEADING.match(sentence.text) or _RULE.fullmatch(sentence.text) or _asks(text) or text.endswith(":"):
        return False
    letters = sum(character.isalnum() for character in text)
    figures = sum(character.isdigit() for character in text)
    if (letters == figures and not (figures and statement.cited)) or (letters < FEWEST_LETTERS and not figures):
        return False
    return (bool(statement.cited) or not _TALK.search(text)) and not _NOTHING_SAID.search(text)


def _asks(text: str) -> bool:
    return text.rstrip(CLOSING).endswith(QUESTION_MARKS)
