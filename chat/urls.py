"""The chat's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat import branch_views, views
from chat.comparisons.urls import comparison_urls
from chat.composing.urls import composing_urls
from chat.conversations.urls import conversation_urls
from chat.dashboard.urls import dashboard_urls
from chat.folders.urls import folder_urls
from chat.gaps.urls import gap_urls
from chat.images.urls import image_urls
from chat.lines.urls import line_urls
from chat.quality.urls import quality_urls
from chat.settings_urls import settings_urls
from chat.sharing.urls import sharing_urls

app_name = "chat"

urlpatterns = [
    path("", views.home, name="home"),
    path("ask/", views.ask, name="ask"),
    path("c/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("turns/<uuid:turn_id>/", views.turn, name="turn"),
    path("turns/<uuid:turn_id>/again/", branch_views.again, name="turn_again"),
    path("turns/<uuid:turn_id>/edit/", branch_views.edit, name="turn_edit"),
    path("turns/<uuid:turn_id>/show/", branch_views.show, name="turn_show"),
    path("turns/<uuid:turn_id>/sources/<int:number>/", views.source, name="source"),
    path("turns/<uuid:turn_id>/sources/<int:number>/image/", views.source_image, name="source_image"),
    *conversation_urls,
    *comparison_urls,
    *composing_urls,
    *folder_urls,
    *image_urls,
    *sharing_urls,
    *settings_urls,
    *dashboard_urls,
    *quality_urls,
    *gap_urls,
    *line_urls,
]
