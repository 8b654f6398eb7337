"""Addresses of the data-sharing agreements."""

from __future__ import annotations

from django.urls import path

from evenground_web.agreements import views

app_name = "agreements"
urlpatterns = [path("", views.show_agreements, name="agreements")]
