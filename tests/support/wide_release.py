"""A release of as many indicators and small areas as is asked, for pages that must stay readable."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from evenground.releases import TABLES, Profile, ProfileSection, Release
from evenground.stats import calculate_proportion, compare_with_benchmark
from tests.support.release_factory import PERIOD, PLACE, PLACE_NAME, SPECS, write_sample_release

WIDE: Final = "wide"
"""The id of its one profile."""

_LEVEL: Final = 60.0


def write_wide_release(folder: Path, *, indicators: int = 60, areas: int = 170, periods: int = 1) -> Release:
    """Write it under ``folder``, make it current and return it; one figure in 17 is suppressed.

    Figures stand in the order of a build's: by indicator, area and period.
    """
    infos = tuple(
        SPECS[0].info.model_copy(update={"id": f"indicator_{n:03}", "name": f"Indicator {n:03}"})
        for n in range(indicators)
    )
    ids = [info.id for info in infos]
    sections = tuple(
        ProfileSection(name=f"Part {start // 10 + 1}", words="", indicators=tuple(ids[start : start + 10]))
        for start in range(0, indicators, 10)
    )
    profile = Profile(id=WIDE, name="Wide profile", description="As many as there are.", sections=sections)
    codes = [f"X1{n:07}" for n in range(areas)]
    tables = {name: pl.DataFrame(pl.from_arrow(schema.empty_table())) for name, schema in TABLES.items()}
    latest = pl.concat([_make_figures(ids, codes), _make_places(ids)])
    years = [f"{2025 - ago}-04-01 to {2026 - ago}-03-31" for ago in range(periods)]
    figures = pl.concat([latest.with_columns(pl.lit(year).alias("period")) for year in years])
    if periods > 1:
        figures = figures.sort("indicator_id", "area_type", "area_code", "period")
    tables["values"] = _fill(tables["values"], figures)
    tables["areas"] = _fill(tables["areas"], _make_areas(codes))
    return write_sample_release(
        folder, tables=tables, indicators=infos, profiles=(profile,), groups=(), agreements=(), linkages=()
    )


def _fill(empty: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([empty, rows], how="diagonal").select(empty.columns)


def _make_figures(ids: list[str], codes: list[str]) -> pl.DataFrame:
    place = np.arange(len(ids) * len(codes))
    denominator = 200.0 + 5 * (place % 60)
    numerator = np.round(denominator * (0.45 + 0.3 * ((place * 7919) % 101) / 100))
    share = calculate_proportion(numerator, denominator, multiplier=100.0)
    hidden = pl.Series(place % 17 == 3)
    figures = pl.DataFrame(
        {
            "indicator_id": np.repeat(ids, len(codes)),
            "area_code": np.tile(codes, len(ids)),
            "numerator": numerator.astype(np.int64),
            "denominator": denominator.astype(np.int64),
            "value": share.value,
            "lower_cl": share.lower_cl,
            "upper_cl": share.upper_cl,
            "comparison": compare_with_benchmark(
                share.lower_cl, share.upper_cl, _LEVEL, polarity="higher_is_better"
            ),
        }
    )
    numbers = ["numerator", "denominator", "value", "lower_cl", "upper_cl"]
    return _label(figures, "lsoa").with_columns(
        *(pl.when(~hidden).then(pl.col(name)).alias(name) for name in numbers),
        pl.when(hidden).then(pl.lit("suppressed")).otherwise(pl.lit("published")).alias("value_note"),
        pl.when(hidden).then(pl.lit("not_compared")).otherwise(pl.col("comparison")).alias("comparison"),
    )


def _make_places(ids: list[str]) -> pl.DataFrame:
    figures = pl.DataFrame({"indicator_id": ids}).with_columns(
        pl.lit(PLACE).alias("area_code"),
        pl.lit(30_000, pl.Int64).alias("numerator"),
        pl.lit(50_000, pl.Int64).alias("denominator"),
        pl.lit(_LEVEL).alias("value"),
        pl.lit(_LEVEL - 0.4).alias("lower_cl"),
        pl.lit(_LEVEL + 0.4).alias("upper_cl"),
        pl.lit("not_compared").alias("comparison"),
    )
    return _label(figures, "place").with_columns(pl.lit("published").alias("value_note"))


def _label(figures: pl.DataFrame, area_type: str) -> pl.DataFrame:
    texts = {"area_type": area_type, "cut": "all", "category": "all", "period": PERIOD, "basis": "counted"}
    blank = dict.fromkeys(("source", "edition", "limits"), "")
    return figures.with_columns(
        *(pl.lit(text).alias(name) for name, text in (texts | blank).items()),
        pl.lit(0.95).alias("confidence_level"),
    )


def _make_areas(codes: list[str]) -> pl.DataFrame:
    names = [f"Small area {n + 1:05}" for n in range(len(codes))]
    return pl.DataFrame(
        {
            "area_type": ["place", *["lsoa"] * len(codes)],
            "area_code": [PLACE, *codes],
            "area_name": [PLACE_NAME, *names],
            "parent_area_code": [None, *[PLACE] * len(codes)],
            "population": [1_500 * len(codes), *[1_500] * len(codes)],
            "population_note": ["published"] * (len(codes) + 1),
        },
        schema_overrides={"population": pl.Int64},
    )
