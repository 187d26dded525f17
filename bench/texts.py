"""Documents made on the spot: facts about imaginary machines, each with names and numbers of its own, so that a
question has one passage that answers it."""

from __future__ import annotations

import random
from dataclasses import dataclass

MAKERS = ("Arbor", "Belmont", "Corvid", "Dunmore", "Elara", "Fenwick", "Galleon", "Harrow", "Ibis", "Juniper")
KINDS = ("kettle", "printer", "boiler", "scanner", "lathe", "freezer", "projector", "pump", "router", "mixer")
PARTS = ("filter", "gasket", "battery", "drive belt", "sensor", "cartridge", "fuse", "nozzle", "bearing", "display")
DUTIES = (
    "The {part} of the {machine} is replaced every {months} months by the person in room {room}.",
    "Before the {part} is touched, the {machine} has to cool down for {minutes} minutes with its lid open.",
    "A new {part} for the {machine} costs {price} euros and is ordered under the number {number}.",
    "When the light beside the {part} blinks {blinks} times, the {machine} reports that its {part} is worn.",
    "The {machine} was delivered with a spare {part}, which lies on shelf {room} of the store.",
    "After {months} months without use, the {part} of the {machine} is cleaned with {minutes} millilitres of alcohol.",
    "The warranty of the {machine} covers its {part} for {months} months, and asks for the invoice number {number}.",
)


@dataclass(frozen=True, slots=True)
class Manual:
    name: str
    text: str
    questions: tuple[str, ...]


def manuals(count: int, *, chapters: int, seed: int) -> list[Manual]:
    """So many Markdown documents of about `chapters` chunks each. The same seed gives the same texts."""
    source = random.Random(seed)
    return [_manual(source, f"{seed}-{number}", chapters) for number in range(count)]


def _manual(source: random.Random, label: str, chapters: int) -> Manual:
    machine = f"{source.choice(MAKERS)} {source.choice(KINDS)} {source.randint(100, 9999)}"
    parts = [source.choice(PARTS) for _chapter in range(chapters)]
    blocks = [f"# Manual of the {machine}"]
    for number, part in enumerate(parts, 1):
        sentences = [_sentence(source, duty, machine, part) for duty in DUTIES for _twice in range(2)]
        source.shuffle(sentences)
        blocks.append(f"## {number}. The {part}\n\n{' '.join(sentences)}")
    questions = tuple(f"How many months does the warranty of the {machine} cover its {part}?" for part in set(parts))
    return Manual(f"manual-{label}.md", "\n\n".join(blocks), tuple(sorted(questions)))


def _sentence(source: random.Random, duty: str, machine: str, part: str) -> str:
    return duty.format(
        machine=machine,
        part=part,
        months=source.randint(2, 60),
        minutes=source.randint(5, 90),
        price=source.randint(10, 900),
        number=source.randint(10_000, 99_999),
        blinks=source.randint(2, 9),
        room=source.randint(1, 400),
    )
