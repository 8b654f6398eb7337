"""Addresses of the accounts."""

from __future__ import annotations

from django.urls import path

from evenground_web.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.show_account, name="account"),
    path("log-in/", views.LogIn.as_view(), name="log_in"),
    path("log-out/", views.LogOut.as_view(), name="log_out"),
    path("password/", views.change_password, name="password"),
]
