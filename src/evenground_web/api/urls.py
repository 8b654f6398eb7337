"""Addresses for programs."""

from django.urls import path

from evenground_web.api.views import api

urlpatterns = [path("", api.urls)]
