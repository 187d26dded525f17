"""The portal's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from ingestion import views

app_name = "ingestion"

urlpatterns = [
    path("documents/", views.documents, name="documents"),
    path("documents/upload/", views.upload, name="upload"),
    path("documents/<uuid:document_id>/retry/", views.retry, name="retry"),
    path("documents/<uuid:document_id>/cancel/", views.cancel, name="cancel"),
    path("documents/<uuid:document_id>/delete/", views.delete, name="delete"),
    path("documents/<uuid:document_id>/download/", views.download, name="download"),
    path("collections/", views.collection_create, name="collection_create"),
    path("collections/<uuid:collection_id>/", views.documents, name="collection"),
    path("collections/<uuid:collection_id>/settings/", views.collection_update, name="collection_update"),
]
