"""The quality lab's addresses, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.quality import golden_views, rating_views, run_views

quality_urls = [
    path("turns/<uuid:turn_id>/rating/", rating_views.rate, name="turn_rate"),
    path("dashboard/quality/", run_views.lab, name="dashboard_quality"),
    path("dashboard/quality/new/", run_views.start, name="dashboard_quality_start"),
    path("dashboard/quality/compare/", run_views.compare, name="dashboard_quality_compare"),
    path("dashboard/quality/runs/<uuid:run_id>/", run_views.run, name="dashboard_quality_run"),
    path("dashboard/quality/runs/<uuid:run_id>/cancel/", run_views.cancel, name="dashboard_quality_cancel"),
    path("dashboard/quality/runs/<uuid:run_id>/delete/", run_views.delete, name="dashboard_quality_delete"),
    path("dashboard/quality/runs/<uuid:run_id>/baseline/", run_views.baseline, name="dashboard_quality_baseline"),
    path("dashboard/quality/questions/", golden_views.collections, name="dashboard_golden"),
    path(
        "dashboard/quality/questions/<uuid:collection_id>/",
        golden_views.questions,
        name="dashboard_golden_questions",
    ),
    path(
        "dashboard/quality/questions/<uuid:collection_id>/import/",
        golden_views.import_csv,
        name="dashboard_golden_import",
    ),
    path(
        "dashboard/quality/questions/<uuid:collection_id>/export/",
        golden_views.export_csv,
        name="dashboard_golden_export",
    ),
    path("dashboard/quality/golden/<uuid:golden_id>/", golden_views.edit, name="dashboard_golden_edit"),
    path("dashboard/quality/golden/<uuid:golden_id>/delete/", golden_views.delete, name="dashboard_golden_delete"),
    path("dashboard/quality/rated/", rating_views.rated, name="dashboard_rated"),
    path("dashboard/quality/rated/<int:rating_id>/take/", rating_views.take, name="dashboard_rated_take"),
]
