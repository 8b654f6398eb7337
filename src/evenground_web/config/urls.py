"""Every address of the site, one line a station."""

from __future__ import annotations

from django.urls import include, path

from evenground_web.common import views

urlpatterns = [
    path("", include("evenground_web.profiles.urls")),
    path("priorities/", include("evenground_web.priorities.urls")),
    path("search/", include("evenground_web.search.urls")),
    path("api/v1/", include("evenground_web.api.urls")),
    path("agreements/", include("evenground_web.agreements.urls")),
    path("releases/", include("evenground_web.releasing.urls")),
    path("uploads/", include("evenground_web.uploads.urls")),
    path("account/", include("evenground_web.accounts.urls")),
    path("accessibility/", views.show_accessibility, name="accessibility"),
    path("robots.txt", views.show_robots, name="robots"),
]

handler400 = "evenground_web.common.views.show_bad_request"
handler403 = "evenground_web.common.views.show_forbidden"
handler404 = "evenground_web.common.views.show_not_found"
handler500 = "evenground_web.common.views.show_error"
