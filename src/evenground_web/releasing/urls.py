"""Addresses of the release gate."""

from __future__ import annotations

from django.urls import path

from evenground_web.releasing import views

app_name = "releasing"
urlpatterns = [
    path("", views.show_candidates, name="candidates"),
    path("<slug:release_id>/", views.decide, name="candidate"),
]
