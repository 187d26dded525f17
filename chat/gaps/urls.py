"""Addresses of the knowledge gaps, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.gaps import views

GAP = "dashboard/gaps/<uuid:gap_id>/"

gap_urls = [
    path("ask-owner/", views.ask_owner, name="ask_owner"),
    path("dashboard/gaps/", views.gaps, name="dashboard_gaps"),
    path(f"{GAP}answer/", views.answer, name="dashboard_gap_answer"),
    path(f"{GAP}mark/", views.mark, name="dashboard_gap_mark"),
    path(f"{GAP}dismiss/", views.dismiss, name="dashboard_gap_dismiss"),
    path(f"{GAP}reopen/", views.reopen, name="dashboard_gap_reopen"),
]
