"""The life of a conversation after it was asked: named, pinned, archived, found again, taken along, deleted.

All of it is its reader's own. Every read begins with the tenant and the person, and what was deleted is gone from all
of them at once; its rows go some minutes later, so that deleting can be taken back.
"""
