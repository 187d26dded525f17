"""The portal's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from ingestion import address_views, bulk_views, document_views, resumable_views, settings_views, views

app_name = "ingestion"

DOCUMENT = "documents/<uuid:document_id>/"

urlpatterns = [
    path("documents/", views.documents, name="documents"),
    path("documents/tally/", views.tally, name="tally"),
    path("documents/upload/", views.upload, name="upload"),
    path("documents/uploads/", resumable_views.uploads, name="pending_uploads"),
    path("documents/uploads/<uuid:upload_id>/", resumable_views.upload, name="pending_upload"),
    path("documents/address/", address_views.address_add, name="address_add"),
    path("documents/bulk/", bulk_views.bulk_action, name="bulk"),
    path("documents/settings/", settings_views.settings_page, name="settings"),
    path("documents/settings/languages/", settings_views.languages_update, name="languages_update"),
    path("documents/settings/model/", settings_views.model_choose, name="model_choose"),
    path("documents/settings/model/progress/", settings_views.progress, name="model_progress"),
    path("documents/settings/model/cancel/", settings_views.model_cancel, name="model_cancel"),
    path(DOCUMENT, document_views.document, name="document"),
    path(f"{DOCUMENT}compare/<uuid:other_id>/", document_views.compare, name="compare"),
    path(f"{DOCUMENT}restore/", document_views.restore, name="restore"),
    path(f"{DOCUMENT}delete-version/", document_views.delete_version, name="delete_version"),
    path(f"{DOCUMENT}retry/", views.retry, name="retry"),
    path(f"{DOCUMENT}reread/", views.reread, name="reread"),
    path(f"{DOCUMENT}cancel/", views.cancel, name="cancel"),
    path(f"{DOCUMENT}delete/", views.delete, name="delete"),
    path(f"{DOCUMENT}download/", views.download, name="download"),
    path("collections/", views.collection_create, name="collection_create"),
    path("collections/<uuid:collection_id>/", views.documents, name="collection"),
    path("collections/<uuid:collection_id>/tally/", views.tally, name="collection_tally"),
    path("collections/<uuid:collection_id>/settings/", views.collection_update, name="collection_update"),
]
