"""The settings page's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat import provider_views, settings_views

settings_urls = [
    path("settings/", settings_views.settings_page, name="settings"),
    path("settings/providers/", settings_views.provider_add, name="provider_add"),
    path("settings/providers/<uuid:provider_id>/", settings_views.provider_edit, name="provider_edit"),
    path("settings/providers/<uuid:provider_id>/delete/", settings_views.provider_delete, name="provider_delete"),
    path("settings/providers/<uuid:provider_id>/move/", settings_views.provider_move, name="provider_move"),
    path("settings/providers/<uuid:provider_id>/test/", provider_views.provider_test, name="provider_test"),
    path("settings/providers/<uuid:provider_id>/models/", provider_views.provider_models, name="provider_models"),
    path("settings/providers/<uuid:provider_id>/pull/", provider_views.provider_pull, name="provider_pull"),
]
