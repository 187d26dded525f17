"""Every address of the server."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from project import views

TENANT = "t/<slug:slug>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("tenants.urls")),
    path(TENANT, include("ingestion.urls")),
    path(TENANT, include("chat.urls")),
]
