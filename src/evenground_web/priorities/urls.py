"""Addresses of the priorities."""

from __future__ import annotations

from django.urls import path

from evenground_web.priorities import community_views, frozen_views, spending_views, views

app_name = "priorities"
urlpatterns = [
    path("", views.show_priorities, name="priorities"),
    path("table.csv", views.download_priorities, name="csv"),
    path("communities/<slug:kind>/<slug:code>/", community_views.show_community, name="community"),
    path("communities/<slug:kind>/<slug:code>/brief/", community_views.show_brief, name="brief"),
    path(
        "communities/<slug:kind>/<slug:code>/group/<slug:group>/",
        community_views.show_community,
        name="community",
    ),
    path(
        "communities/<slug:kind>/<slug:code>/group/<slug:group>/brief/",
        community_views.show_brief,
        name="brief",
    ),
    path("frozen/", frozen_views.list_frozen, name="frozen_list"),
    path("frozen/new/", frozen_views.freeze, name="freeze"),
    path("frozen/<int:record>/", frozen_views.show_frozen, name="frozen"),
    path("areas/", views.show_areas, name="areas"),
    path("spending/", spending_views.show_spending, name="spending"),
    path("spending/<str:table>.csv", spending_views.download_spending, name="spending_csv"),
    path("areas/table.csv", views.download_areas, name="areas_csv"),
    path("areas/picture.<str:kind>", views.download_areas_picture, name="areas_picture"),
]
