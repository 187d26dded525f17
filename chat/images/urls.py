"""Addresses of the pictures in questions, all below `/t/<slug>/`."""

from __future__ import annotations

from django.urls import path

from chat.images import views

image_urls = [
    path("images/", views.upload, name="images"),
    path("images/<uuid:image_id>/", views.image, name="image"),
    path("images/<uuid:image_id>/remove/", views.remove, name="image_remove"),
]
