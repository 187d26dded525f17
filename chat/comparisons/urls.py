"""A comparison's address, below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.comparisons import views

comparison_urls = [path("turns/<uuid:turn_id>/comparison/", views.comparison, name="turn_comparison")]
