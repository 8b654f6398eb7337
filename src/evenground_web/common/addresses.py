"""Where things of a release are shown, for stations that lead to one another."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from evenground.releases import Release


def address_area(release: Release, area_type: str, area_code: str, cut: str = "") -> str:
    """Where an area is shown, for everyone or for one group of people."""
    if not cut and (area_type, area_code) in release.area_names:
        return reverse("profiles:area", args=[area_type, area_code])
    return address_profile(release, area=f"{area_type}:{area_code}", cut=cut)


def address_profile(release: Release, **choices: str) -> str:
    """The first profile, with what is chosen there; the list of profiles where there is none."""
    profile = next(iter(release.profiles), None)
    if profile is None:
        return reverse("profiles:profiles")
    chosen = {name: value for name, value in choices.items() if value}
    return reverse("profiles:profile", args=[profile]) + (f"?{urlencode(chosen)}" if chosen else "")
