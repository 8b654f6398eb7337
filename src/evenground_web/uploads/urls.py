"""Addresses of uploads."""

from __future__ import annotations

from django.urls import path

from evenground_web.uploads import views

app_name = "uploads"
urlpatterns = [
    path("", views.show_uploads, name="uploads"),
    path("take-out/", views.take_out, name="take_out"),
    path("put-back/<slug:aside_id>/", views.put_back, name="put_back"),
    path("<slug:upload_id>/", views.decide, name="upload"),
    path("<slug:upload_id>/rows.csv", views.download_rows, name="rows"),
]
