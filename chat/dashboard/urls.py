"""The dashboard's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.dashboard import views

dashboard_urls = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/audit/", views.audit, name="dashboard_audit"),
    path("dashboard/turns/<uuid:turn_id>/", views.turn, name="dashboard_turn"),
]
