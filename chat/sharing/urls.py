"""Addresses of sharing below `/t/<slug>/`; where links lead is `public_urls`."""

from __future__ import annotations

from django.urls import path

from chat.sharing import views

sharing_urls = [
    path("c/<uuid:conversation_id>/share/", views.share, name="conversation_share"),
    path("shared/", views.own, name="shares"),
    path("shared/<uuid:share_id>/withdraw/", views.withdraw, name="share_withdraw"),
    path("settings/sharing/", views.rules, name="settings_sharing"),
]
