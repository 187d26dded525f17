"""XML from a stranger: nothing is fetched, no entity is put in, and a document that declares any is refused."""

from __future__ import annotations

from typing import Any

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import sentence as _


def parse_xml(data: bytes) -> Any:
    """Return the root element. It is at most 256 elements deep: `huge_tree` stays off.

    A document type alone is harmless, and old programs write one; entities are what attacks are made of.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(data, parser)
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(iter(declared.iterentities()), None) is not None:
        raise DocumentUnreadable(
            _(
                "This file declares XML entities, which such files never do and attacks need. "
                "Open it in the program that made it, save it again and upload the new copy."
            )
        )
    return root
