"""Files inside a file become documents of their own, on behalf of whoever has uploaded it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from ingestion.domain import LeftOut
from ingestion.errors import UploadRefused
from ingestion.intake import Origin, take
from ingestion.models import Document
from ingestion.sentences import sentence as _
from ingestion.sentences import unpacked
from tenants.access import Access
from tenants.models import Role

MAX_DEPTH = 3
"""An attachment in a message in an archive is the third."""
MAX_ATTACHMENTS = 5_000
MAX_FAMILY = 20_000
"""Documents that one upload may become, with everything inside what is inside it: archives in archives multiply."""

Attached = tuple[str, str, str, Any]
"""Name, folder, the name of the unpacked file, and the sentence, packed, that says why there is none."""


def take_in(
    document: Document, attached: Iterable[Attached], directory: Path, *, check: Callable[[], None]
) -> list[LeftOut]:
    """Make documents of `attached`, which were unpacked into `directory`, and return what could not become one. They
    wait in the queue like any other."""
    access = Access(tenant=document.tenant, role=Role.MEMBER, user=document.uploaded_by)
    outer = _outer(document)
    too_deep = len(outer) >= MAX_DEPTH
    most = min(MAX_ATTACHMENTS, max(0, MAX_FAMILY - _family_size([document, *outer][-1])))
    left_out: list[LeftOut] = []
    waiting = iter(attached)
    for name, folder, key, problem in islice(waiting, most):
        check()
        try:
            if problem or too_deep:
                raise UploadRefused(
                    unpacked(problem)
                    or _("Files are unpacked %(limit)s levels deep, and this lies deeper.", limit=MAX_DEPTH)
                )
            with (directory / key).open("rb") as file:
                origin = Origin(folder=f"{_folder_of(document)}/{folder}", parent=document)
                take(access=access, collection=document.collection, file=file, name=name, origin=origin)
        except UploadRefused as error:
            left_out.append(LeftOut(name, error.message))
    if beyond := sum(1 for _ in waiting):
        more = _(
            "%(count)s more: %(limit)s files are taken at most, and %(all)s with those inside them.",
            count=beyond,
            limit=MAX_ATTACHMENTS,
            all=MAX_FAMILY,
        )
        left_out.append(LeftOut("…", more))
    return left_out


def _folder_of(document: Document) -> str:
    return f"{document.folder}/{document.name}" if document.folder else document.name


def _outer(document: Document) -> list[Document]:
    """The files that lie around this one, the outermost last."""
    outer: list[Document] = []
    while (parent := (outer[-1] if outer else document).parent) is not None and len(outer) < MAX_DEPTH:
        outer.append(parent)
    return outer


def _family_size(outermost: Document) -> int:
    """How many documents have come out of a file so far, at every depth."""
    documents = Document.objects.for_tenant(outermost.tenant_id)
    levels = ("__".join(["parent"] * depth) for depth in range(1, MAX_DEPTH + 1))
    return sum(documents.filter(**{level: outermost}).count() for level in levels)
