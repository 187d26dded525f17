"""Addresses of the life of a conversation, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.conversations import page_views, views

ONE = "c/<uuid:conversation_id>/"

conversation_urls = [
    path(f"{ONE}rename/", views.rename, name="conversation_rename"),
    path(f"{ONE}pin/", views.pin, name="conversation_pin"),
    path(f"{ONE}unpin/", views.unpin, name="conversation_unpin"),
    path(f"{ONE}archive/", views.archive, name="conversation_archive"),
    path(f"{ONE}unarchive/", views.unarchive, name="conversation_unarchive"),
    path(f"{ONE}delete/", views.delete, name="conversation_delete"),
    path(f"{ONE}restore/", views.restore, name="conversation_restore"),
    path(f"{ONE}export.md", page_views.export_markdown, name="conversation_export_markdown"),
    path(f"{ONE}export.json", page_views.export_json, name="conversation_export_json"),
    path(f"{ONE}print/", page_views.printed, name="conversation_print"),
    path("turns/<uuid:turn_id>/answer.md", page_views.answer_markdown, name="answer_markdown"),
    path("archived/", page_views.archived, name="archived"),
    path("archived/import/", page_views.import_json, name="conversation_import"),
    path("search/", page_views.search, name="search"),
]
