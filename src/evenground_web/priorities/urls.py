"""Addresses of the priorities."""

from __future__ import annotations

from django.urls import path

from evenground_web.priorities import spending_views, views

app_name = "priorities"
urlpatterns = [
    path("", views.show_priorities, name="priorities"),
    path("table.csv", views.download_priorities, name="csv"),
    path("areas/", views.show_areas, name="areas"),
    path("spending/", spending_views.show_spending, name="spending"),
    path("spending/<str:table>.csv", spending_views.download_spending, name="spending_csv"),
    path("areas/table.csv", views.download_areas, name="areas_csv"),
    path("areas/picture.<str:kind>", views.download_areas_picture, name="areas_picture"),
]
