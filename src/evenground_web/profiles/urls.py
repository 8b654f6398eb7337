"""Addresses of home, profiles and the page about the data."""

from __future__ import annotations

from django.urls import path

from evenground_web.profiles import (
    area_views,
    group_views,
    overview_views,
    report_views,
    variation_views,
    views,
)

app_name = "profiles"
urlpatterns = [
    path("", views.show_home, name="home"),
    path("profiles/<slug:profile_id>/overview/", overview_views.show_overview, name="overview"),
    path(
        "profiles/<slug:profile_id>/overview/table.csv",
        overview_views.download_overview,
        name="overview_csv",
    ),
    path("areas/<slug:area_type>/<str:area_code>/", area_views.show_area, name="area"),
    path("areas/<slug:area_type>/<str:area_code>/table.csv", area_views.download_area, name="area_csv"),
    path("groups/<str:cut>/<str:category>/", group_views.show_group, name="group"),
    path("groups/<str:cut>/<str:category>/table.csv", group_views.download_group, name="group_csv"),
    path("groups/<str:cut>/<str:category>/areas.csv", group_views.download_where, name="group_where_csv"),
    path(
        "areas/<slug:area_type>/<str:area_code>/report.<str:kind>",
        report_views.download_area_report,
        name="area_report",
    ),
    path("compare/", area_views.show_compare, name="compare"),
    path("compare/figures.csv", area_views.download_compare, name="compare_csv"),
    path("profiles/", views.show_profiles, name="profiles"),
    path("profiles/statement.<str:kind>", report_views.download_statement, name="statement"),
    path("profiles/<slug:profile_id>/", views.show_profile, name="profile"),
    path("profiles/<slug:profile_id>/table.csv", views.download_profile, name="profile_csv"),
    path(
        "profiles/<slug:profile_id>/report.<str:kind>",
        report_views.download_profile_report,
        name="profile_report",
    ),
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
        "profiles/<slug:profile_id>/<slug:indicator_id>/funnel/", variation_views.show_funnel, name="funnel"
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/funnel/table.csv",
        variation_views.download_funnel,
        name="funnel_csv",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/funnel/picture.<str:kind>",
        variation_views.download_funnel_picture,
        name="funnel_picture",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/control-chart/",
        variation_views.show_control_chart,
        name="control_chart",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/control-chart/table.csv",
        variation_views.download_control_chart,
        name="control_chart_csv",
    ),
    path(
        "profiles/<slug:profile_id>/<slug:indicator_id>/control-chart/picture.<str:kind>",
        variation_views.download_control_chart_picture,
        name="control_chart_picture",
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
