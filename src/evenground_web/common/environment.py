"""The template environment: NHS macros, our filters, addresses and figures in words."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import BaseLoader, ChainableUndefined, ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from evenground.reports.words import format_count, format_date, format_number, format_share
from evenground_web.common import words
from evenground_web.common.intervals import draw_interval


def make_environment(*, loader: BaseLoader, **options: Any) -> Environment:
    """Django calls this once, with the loader for our own folders."""
    with_nhs = ChoiceLoader([loader, PackageLoader("nhsuk_frontend_jinja")])
    # The NHS macros read parameters of parameters that are not there.
    options |= {"undefined": ChainableUndefined, "trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=with_nhs, **options)  # noqa: S701  (Django passes autoescape=True)
    environment.globals |= {
        "url": _url,
        "asset": asset,
        "draw_interval": draw_interval,
        "NOTE_MEANINGS": words.NOTE_MEANINGS,
    }
    environment.filters |= {
        "count": format_count,
        "number": format_number,
        "share": format_share,
        "dates_in_words": words.say_dates,
        "iso_date": words.format_iso_date,
        "date": format_date,
        "chance": words.say_chance,
        "category": words.name_category,
        "area_kind": words.name_area_kind,
        "slug": words.make_slug,
        "target": words.say_target,
        "inline_svg": inline_svg,
    }
    return environment


def asset(name: str) -> str:
    """The address of a static file, which changes when its content does."""
    return f"{static(name)}?v={_digest(name)}"


def inline_svg(svg: str) -> Markup:
    """Mark a figure of ``evenground.reports.charts`` as safe: it is written by us, its text escaped."""
    return Markup(svg)  # noqa: S704


@cache
def _digest(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        return "absent"
    with open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]


def _url(name: str, *parts: str, **query: object) -> str:
    """An address by its name, with a query of the parameters that are set; a list gives one for each."""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return reverse(name, args=parts) + (f"?{urlencode(given, doseq=True)}" if given else "")
