from __future__ import annotations

from django.urls import path

from tenants import api_key_views, invitation_views, views

app_name = "tenants"

urlpatterns = [
    path("t/<slug:slug>/members/", views.members, name="members"),
    path("t/<slug:slug>/members/invite/", views.invite, name="invite"),
    path("t/<slug:slug>/members/<int:pk>/change/", views.member_change, name="member_change"),
    path("t/<slug:slug>/members/<int:pk>/remove/", views.member_remove, name="member_remove"),
    path("t/<slug:slug>/leave/", views.leave, name="leave"),
    path("t/<slug:slug>/invitations/<uuid:pk>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
    path("t/<slug:slug>/api-keys/", api_key_views.api_keys, name="api_keys"),
    path("t/<slug:slug>/api-keys/create/", api_key_views.api_key_create, name="api_key_create"),
    path("t/<slug:slug>/api-keys/<uuid:key_id>/revoke/", api_key_views.api_key_revoke, name="api_key_revoke"),
    path("invitations/<str:token>/", invitation_views.invitation, name="invitation"),
]
