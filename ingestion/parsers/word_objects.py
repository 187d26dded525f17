"""What a Word document shows of other files: objects and pictures that it links to, and files that it holds.

A link is never followed; its address is what there is to read of it, in the place where the object would be. Files that
are inside the document become documents of their own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from ingestion.domain import Attachment
from ingestion.parsers.word_styles import W

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
OLE_OBJECT = "{urn:schemas-microsoft-com:office:office}OLEObject"
PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
OLD_PICTURE = "{urn:schemas-microsoft-com:vml}imagedata"
REFERENCES = {
    OLE_OBJECT: R + "id",
    PICTURE: R + "link",
    OLD_PICTURE: R + "href",
    W + "altChunk": R + "id",
    W + "subDoc": R + "id",
}
"""Element -> the attribute that names what it shows; a picture's other attributes name pictures inside the document."""
PICTURES = frozenset({PICTURE, OLD_PICTURE})
FORMULA = ("equation", "mathtype")
"""How the objects of formula editors are called, of which an old paper has hundreds: no file for anyone to read."""
BLOCK = W + "altChunk"
"""It stands where a paragraph would."""


def with_names(body: Any, part: Any) -> tuple[Attachment, ...]:
    """Write into `body` what each object is, as text in its place, and return the files that are inside the document.

    `part` is the one that `body` belongs to, and knows what its references mean.
    """
    attachments: dict[str, Attachment] = {}
    for element, relation in list(_references(body, part)):
        if relation.is_external:
            kind = "picture" if element.tag in PICTURES else "object"
            _write(element, f"[Linked {kind}: {relation.target_ref}]")
        elif element.tag not in PICTURES and not is_formula(element.get("ProgID", "")):
            name = PurePosixPath(relation.target_part.partname).name
            attachments[name] = Attachment(name, partial(io.BytesIO, relation.target_part.blob))
            _write(element, f"[Embedded file: {name}]")
    return tuple(attachments.values())


def is_formula(program: str) -> bool:
    """Of an object's `ProgID`, the name of what has made it."""
    return program.lower().startswith(FORMULA)


def _references(body: Any, part: Any) -> Iterator[tuple[Any, Any]]:
    for element in body.iter(*REFERENCES):
        relation = part.rels.get(element.get(REFERENCES[element.tag], ""))
        if relation is not None:
            yield element, relation


def _write(element: Any, text: str) -> None:
    if element.tag == BLOCK:
        block, element = element, element.makeelement(W + "p")
        block.addprevious(element)
    written = element.makeelement(W + "t")
    written.text = text
    element.append(written)
