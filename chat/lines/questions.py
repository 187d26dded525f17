"""Questions made without a language model: of a passage as somebody asks who has not read it, and off every topic.

Somebody who asks has some of a sentence's words, not its rarest one, which is what they want to know, and puts them
into a question of their own words. So few of its words are taken, the rarest is left out, and a frame is put around.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from chat.lines.phrases import phrases
from chat.sentences import sentences

WORD = re.compile(r"[^\W_][\w'’-]*")
COMMON = 0.25
"""A word in more of the passages than this says nothing about any of them."""
FEWEST_WORDS, MOST_WORDS = 4, 6
"""Of a sentence in a question."""
SHORTEST_WORD = 3
"""Letters. Shorter ones are prepositions more often than not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A passage to make a question of."""

    text: str
    heading: str
    language: str
    """ISO 639-1, with the script where there are two (`sr-Latn`); empty where it is not known."""


def own_questions(samples: Sequence[Sample], chance: Random, *, wanted: int) -> Iterator[str]:
    """About as many as are wanted, of each sample one or, where there are few, of several of its sentences."""
    holders = Counter(word for sample in samples for word in set(_words(sample.text)))
    common = {word for word, count in holders.items() if count > max(2, COMMON * len(samples))}
    of_each = max(1, wanted // max(1, len(samples)))
    for sample in samples:
        said = [words for each in sentences(sample.text) if len(words := _telling(each.text, common)) > FEWEST_WORDS]
        for words in chance.sample(said, min(of_each, len(said))):
            yield _question(words, sample, holders, chance)


def _question(words: Sequence[str], sample: Sample, holders: Counter[str], chance: Random) -> str:
    rarest = min(words, key=lambda word: (holders[word.casefold()], -len(word)))
    rest = [word for word in words if word != rarest]
    count = min(len(rest), chance.randint(FEWEST_WORDS, MOST_WORDS))
    chosen = sorted(chance.sample(range(len(rest)), count))
    frame = chance.choice(phrases(sample.language).frames)
    return frame.format(" ".join(rest[number] for number in chosen))


def off_topic_questions(languages: Sequence[str]) -> Iterator[str]:
    """Questions of other matters in each of these languages, and the same with their words shuffled: where the
    documents happen to be of one of these matters, they are hardly of two at once."""
    for language in dict.fromkeys(languages):
        shipped = phrases(language).off_topic
        yield from shipped
        yield from (_crossed(one, other) for one, other in pairwise(shipped))


def _crossed(one: str, other: str) -> str:
    """The first half of a question with the second of another one."""
    left, right = one.split(), other.split()
    return " ".join([*left[: len(left) // 2], *right[len(right) // 2 :]])


def _telling(sentence: str, common: set[str]) -> list[str]:
    """Each word once, without those that stand everywhere."""
    found = {word.casefold(): word for word in WORD.findall(sentence) if len(word) >= SHORTEST_WORD}
    return [word for folded, word in found.items() if folded not in common]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text)]
