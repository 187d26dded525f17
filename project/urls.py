"""Every address of the server."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from project import api, views

TENANT = "t/<slug:slug>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("tenants.urls")),
    path("shared/", include("chat.sharing.public_urls")),
    path("api/v1/", api.urls),
    re_path("^api/", api.nothing_here, name="api_nothing_here"),
    path(TENANT, include("ingestion.urls")),
    path(TENANT, include("chat.urls")),
]
