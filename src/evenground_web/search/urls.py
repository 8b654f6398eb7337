"""The address of the search."""

from __future__ import annotations

from django.urls import path

from evenground_web.search import views

app_name = "search"
urlpatterns = [path("", views.show_search, name="search")]
