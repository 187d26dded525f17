"""The chat's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat import views
from chat.conversations.urls import conversation_urls
from chat.dashboard.urls import dashboard_urls
from chat.gaps.urls import gap_urls
from chat.images.urls import image_urls
from chat.lines.urls import line_urls
from chat.quality.urls import quality_urls
from chat.settings_urls import settings_urls

app_name = "chat"

urlpatterns = [
    path("", views.home, name="home"),
    path("ask/", views.ask, name="ask"),
    path("c/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("turns/<uuid:turn_id>/", views.turn, name="turn"),
    path("turns/<uuid:turn_id>/sources/<int:number>/", views.source, name="source"),
    path("turns/<uuid:turn_id>/sources/<int:number>/image/", views.source_image, name="source_image"),
    *conversation_urls,
    *image_urls,
    *settings_urls,
    *dashboard_urls,
    *quality_urls,
    *gap_urls,
    *line_urls,
]
