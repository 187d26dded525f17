"""Addresses of the page “When to refuse”, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.lines import views

LINE = "settings/refusing/<uuid:collection_id>/"

line_urls = [
    path("settings/refusing/", views.lines, name="settings_lines"),
    path(LINE, views.line_choose, name="settings_line_choose"),
    path(f"{LINE}fit/", views.line_fit, name="settings_line_fit"),
]
