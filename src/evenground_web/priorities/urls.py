"""Addresses of the priorities."""

from __future__ import annotations

from django.urls import path

from evenground_web.priorities import views

app_name = "priorities"
urlpatterns = [
    path("", views.show_priorities, name="priorities"),
    path("table.csv", views.download_priorities, name="csv"),
]
