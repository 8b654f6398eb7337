"""Addresses of home, profiles and the page about the data."""

from __future__ import annotations

from django.urls import path

from evenground_web.profiles import views

app_name = "profiles"
urlpatterns = [
    path("", views.show_home, name="home"),
    path("profiles/", views.show_profiles, name="profiles"),
    path("profiles/<slug:profile_id>/", views.show_profile, name="profile"),
    path("profiles/<slug:profile_id>/table.csv", views.download_profile, name="profile_csv"),
    path(
        "profiles/<slug:profile_id>/fingertips.csv",
        views.download_profile_fingertips,
        name="profile_fingertips",
    ),
    path("profiles/<slug:profile_id>/<slug:indicator_id>/", views.show_indicator, name="indicator"),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/figures.csv",
        views.download_indicator,
        name="indicator_csv",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/inequality/",
        views.show_inequality,
        name="inequality",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/fingertips.csv",
        views.download_indicator_fingertips,
        name="indicator_fingertips",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/pictures/<slug:picture_id>.<str:kind>",
        views.download_picture,
        name="picture",
    ),
    path("about-the-data/", views.show_about, name="about"),
    path("about-the-data/check/", views.verify, name="verify"),
    path("about-the-data/tables/<slug:name>.csv", views.download_table, name="table_csv"),
]
