"""Addresses of folders, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.folders import views

ONE = "folders/<uuid:folder_id>/"

folder_urls = [
    path("c/<uuid:conversation_id>/move/", views.move, name="conversation_move"),
    path("c/<uuid:conversation_id>/move/new/", views.move_to_new, name="conversation_move_to_new"),
    path(f"{ONE}rename/", views.rename, name="folder_rename"),
    path(f"{ONE}collapse/", views.collapse, name="folder_collapse"),
    path(f"{ONE}delete/", views.delete, name="folder_delete"),
]
