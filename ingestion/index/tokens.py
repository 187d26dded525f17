"""Text becomes the terms that the lexical index holds, for documents and questions alike.

A term is a word in lower case, stemmed by the language of its document and folded to plain Latin letters where its
script has a Latin counterpart: `Štampača`, `štampača` and `штампача` are one term, and so is `stampaca`. Scripts that
put no spaces between words become overlapping pairs of characters. Both databases store what this module returns and
tokenise nothing themselves, which is why they rank alike.

Whoever changes what a term is has to rebuild the index: `manage.py reindex`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator

import Stemmer

from ingestion.index.stopwords import QUESTION_WORDS

TERM_MAX_CHARS = 64
"""Longer "words" are encoded data. PostgreSQL refuses lexemes above 2,046 bytes."""

STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "es": "spanish", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
    # One algorithm for what detectors cannot tell apart reliably. Slovenian has none of its own, and the neighbours'
    # does it good all the same (nDCG@10 0.63 -> 0.72 on the GNOME manual).
    "sr": "serbian", "hr": "serbian", "bs": "serbian", "sh": "serbian", "sl": "serbian",
}  # fmt: skip
"""ISO 639-1 code of a document -> Snowball algorithm. Words of other languages are taken as they are."""

ACCENTS_COUNT = frozenset({"vi"})
"""Languages that are typed with all their accents, and whose words would be confused without them."""

SPACELESS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)


def _marks() -> str:
    """The combining marks outside of `SPACELESS`, as the inside of a character class: Hindi is written with them."""
    spaceless = re.compile(f"[{SPACELESS}]")
    every = (chr(code) for code in range(0x300, 0x10000))
    return "".join(char for char in every if unicodedata.category(char)[0] == "M" and not spaceless.match(char))


MARKS = _marks()
TOKEN = re.compile(rf"(?P<spaceless>[{SPACELESS}]+)|(?:[^\W_{SPACELESS}]|[{MARKS}])+")

INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF),  # soft hyphen, zero width, direction marks
        *(0x0640, 0x0670, *range(0x064B, 0x0660), *range(0x0591, 0x05C8)),  # Arabic and Hebrew vowel points
    ]
)
LATIN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "z", "з": "z", "и": "i", "к": "k", "л": "l",
        "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c",
        "ч": "c", "ш": "s",
        "ђ": "d", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz", "ѓ": "g", "ќ": "k", "ѕ": "dz",
        "ё": "e", "й": "j", "щ": "sc", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "ju", "я": "ja",
        "є": "e", "і": "i", "ї": "i", "ґ": "g", "ў": "u",
        # Latin letters that Unicode does not take for a letter with an accent. The Serbian stemmer has turned a `dj`
        # that stands for đ into d by now, so that đ has to become d for all its spellings to meet.
        "đ": "d", "ð": "d", "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ı": "i",
    }
)  # fmt: skip

_local = threading.local()


def terms(text: str, language: str) -> list[str]:
    """Return the terms of `text` in their order. `language` is an ISO 639-1 code, with or without a script or region
    after it, or empty where it is not known."""
    return [term for token, spaceless in _tokens(text) for term in _terms_of(token, language, spaceless=spaceless)]


def query_terms(text: str, languages: Iterable[str]) -> list[tuple[str, ...]]:
    """Return for each distinct word of a question the terms that it may be indexed as: one for each way in which the
    stemmers of `languages`, those of the documents, see it. A question is too short to tell its own language.

    Question words are left out, unless there is nothing else.
    """
    codes = sorted({_base(language) for language in languages}) or [""]
    skipped = frozenset().union(*(QUESTION_WORDS.get(code, frozenset()) for code in codes))
    tokens = list(dict.fromkeys(_tokens(text)))
    told = [token for token in tokens if token[0] not in skipped] or tokens
    words: dict[tuple[str, ...], None] = {}
    for token, spaceless in told:
        if spaceless:
            words.update(dict.fromkeys((pair,) for pair in _pairs(token)))
        else:
            variants = {term for code in codes for term in _terms_of(token, code, spaceless=False)}
            words[tuple(sorted(variants))] = None
    return [variants for variants in words if variants]


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each word, and whether it is of a script without spaces."""
    normal = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).lower()
    for match in TOKEN.finditer(normal):
        yield match[0], match["spaceless"] is not None


def _terms_of(token: str, language: str, *, spaceless: bool) -> list[str]:
    if spaceless:
        return _pairs(token)
    code = _base(language)
    stem = _stem(token[:TERM_MAX_CHARS], code)
    term = stem if code in ACCENTS_COUNT else _fold(stem)
    return [term] if term else []


def _base(language: str) -> str:
    """sr-Latn -> sr"""
    return language.partition("-")[0].lower()


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _stem(word: str, code: str) -> str:
    algorithm = STEMMERS.get(code)
    if algorithm is None:
        return word
    # A stemmer keeps the word it works on in itself: one for each thread.
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm)
    return str(stemmers[algorithm].stemWord(word))


def _fold(word: str) -> str:
    """Latin letters without their accents; Cyrillic becomes Latin."""
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word.translate(LATIN))
    return unicodedata.normalize("NFC", "".join(part for part in parts if not "\u0300" <= part <= "\u036f"))
