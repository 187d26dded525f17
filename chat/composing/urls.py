"""Addresses of what helps to write a question, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.composing import views

composing_urls = [
    path("prompts/", views.prompts, name="prompts"),
    path("prompts/find/", views.prompts_found, name="prompts_found"),
    path("prompts/<uuid:prompt_id>/", views.prompt, name="prompt"),
    path("prompts/<uuid:prompt_id>/delete/", views.prompt_delete, name="prompt_delete"),
    path("turns/<uuid:turn_id>/next/", views.followups, name="followups"),
    path("scope/find/", views.targets_found, name="targets_found"),
]
