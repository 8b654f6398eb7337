"""A release of a place without people, which shows published figures only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from evenground.gate import approve
from evenground.pipeline import build_release
from tests.support.aggregates import (
    deciles,
    fingertips_row,
    own_row,
    write_csv,
    write_definition,
    write_place,
)

PROFILE: Final = """\
id = "published"
name = "Published figures"
description = "What publishers say of us."
[[sections]]
name = "Tobacco"
words = "Smoking."
indicators = ["smoking_published", "other_published"]
"""
SOURCE: Final = """\
[[sources]]
name = "Fingertips"
kind = "fingertips"
path = "data/figures.csv"
indicators = { 91547 = "smoking_published", 1 = "other_published" }
comparators = ["E12000003"]
periods = "all"
"""
ADDRESSES: Final = [
    "/",
    "/profiles/",
    "/profiles/published/",
    "/profiles/published/?area=practice:Y00001",
    "/profiles/published/?area=ltla:X08000001",
    "/profiles/published/?pictures=other_published",
    "/profiles/published/smoking_published/",
    "/profiles/published/other_published/",
    "/profiles/published/other_published/?area=practice:Y00001",
    "/priorities/",
    "/about-the-data/",
]


def write_published_release(root: Path) -> Path:
    """Build the place under ``root`` and return the folder of its releases."""
    write_definition(root, "smoking_published")
    write_definition(root, "other_published", name="Vaping, as published", short_name="Vaping, published")
    profiles = root / "definitions" / "profiles"
    profiles.mkdir()
    (profiles / "published.toml").write_text(PROFILE)
    rows = [
        own_row(lower="", upper=""),
        own_row(period="2021/22", value="33", lower="32", upper="34"),
        fingertips_row(value="14.7", lower="14.6", upper="14.8"),
        fingertips_row(code="E12000003", name="<b>Yorkshire</b>", type="Region", period="2021/22"),
        own_row(id="1", value="*", lower="", upper="", count="*"),
        own_row(id="1", code="Y00001", type="GPs", name="High Street Surgery", value="", count=""),
        *deciles(period="2021/22"),
    ]
    write_csv(root / "data" / "figures.csv", rows)
    release, _ = build_release(write_place(root, SOURCE))
    approve(root / "releases", release.id, by="data steward")
    return root / "releases"
