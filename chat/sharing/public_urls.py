"""Where links lead: outside of every organisation, since many of their readers belong to none."""

from __future__ import annotations

from django.urls import path

from chat.sharing import public_views

app_name = "sharing"

urlpatterns = [path("<str:token>/", public_views.shared, name="shared")]
