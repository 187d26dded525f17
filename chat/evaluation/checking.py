"""Whether a check marks the sentences that their passages do not bear out, and leaves those alone that they do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from uuid import uuid4

from chat import checking
from chat.domain import Passage
from chat.evaluation.pairs import Pair
from chat.question import Kit

LANGUAGE = "en"
"""Of all the sets that tell answers."""


@dataclass(frozen=True, slots=True)
class Checking:
    """`precision` and `recall` are those of marking what is not supported."""

    pairs: int
    precision: float
    recall: float
    left_alone: float
    """Share of the supported that were not marked."""
    marked: Mapping[str, float]
    """Kind of pair -> share of it that was marked."""


async def is_marked(pair: Pair, kit: Kit) -> bool:
    """Whether the sentence is marked when it cites these passages."""
    passages = [_passage(number, text) for number, text in enumerate(pair.passages, 1)]
    citing = f"{pair.statement} {''.join(f'[{passage.number}]' for passage in passages)}"
    checked = await checking.check(citing, passages, language=LANGUAGE, embed=kit.embed, closeness=kit.closeness)
    return checked.faults > 0


def measured(marked: Iterable[tuple[Pair, bool]]) -> Checking:
    """The pairs have both kinds among them."""
    told = list(marked)
    right = sum(is_so and not pair.supported for pair, is_so in told)
    wrong = sum(is_so and pair.supported for pair, is_so in told)
    supported = sum(pair.supported for pair, _is_so in told)
    by_kind: defaultdict[str, list[bool]] = defaultdict(list)
    for pair, is_so in told:
        by_kind[pair.kind].append(is_so)
    return Checking(
        pairs=len(told),
        precision=right / (right + wrong) if right else 0.0,
        recall=right / (len(told) - supported),
        left_alone=1 - wrong / supported,
        marked={kind: fmean(each) for kind, each in sorted(by_kind.items())},
    )


def _passage(number: int, text: str) -> Passage:
    return Passage(
        number=number,
        chunk_id=uuid4(),
        document_id=uuid4(),
        document_name="",
        text=text,
        start=0,
        end=len(text),
        language=LANGUAGE,
    )
