"""What a candidate would change: figures that rose, fell, appeared or vanished, by indicator and area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from evenground.releases import Release
from evenground.vocabulary import EVERYONE, AreaType, Basis, Cut

CHANGES: Final = ("rose", "fell", "same", "appeared", "vanished")
_KEY: Final = (
    "indicator_id",
    "area_type",
    "area_code",
    "cut",
    "category",
    "basis",
    "source",
    "edition",
    "of",
)
_SMALLEST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Differences:
    """A release compared with an earlier one.

    Attributes
    ----------
    indicators
        One row an indicator: ``name``, ``unit``, the place's figure ``before`` and ``after`` (null where none
        is shown), and how many figures ``rose``, ``fell``, stayed the ``same``, ``appeared`` or ``vanished``.
    areas
        One row an area that figures are of: ``area_name`` and the same counts.
    facts
        What the two releases say of themselves that differs: the name of the fact, before and after.
    """

    indicators: pl.DataFrame
    areas: pl.DataFrame
    facts: tuple[tuple[str, str, str], ...]

    def total(self, change: str) -> int:
        """How many figures changed so."""
        return int(self.indicators[change].sum())


def compare_releases(before: Release | None, after: Release) -> Differences:
    """Compare every figure of the latest date of two releases.

    A figure that is suppressed, missing or not there counts as not shown: it may appear or vanish, but not
    rise or fall.

    Parameters
    ----------
    before
        The earlier release; without one, everything appears.
    after
        The release that may follow it.
    """
    old = _shown(before) if before is not None else _shown(after).clear()
    joined = old.join(_shown(after), on=_KEY, how="full", coalesce=True, suffix="_after")
    was, now = pl.col("value").is_not_null(), pl.col("value_after").is_not_null()
    step = pl.col("value_after") - pl.col("value")
    tiny = _SMALLEST * (1 + pl.col("value").abs())
    joined = joined.filter(was | now).with_columns(
        pl.when(was & ~now)
        .then(pl.lit("vanished"))
        .when(~was)
        .then(pl.lit("appeared"))
        .when(step > tiny)
        .then(pl.lit("rose"))
        .when(step < -tiny)
        .then(pl.lit("fell"))
        .otherwise(pl.lit("same"))
        .alias("change")
    )
    return Differences(
        _by_indicator(joined, before, after), _by_area(joined, before, after), tuple(_facts(before, after))
    )


def _shown(release: Release) -> pl.DataFrame:
    """The figures of the release's latest date; published ones are told apart by their period."""
    is_published = pl.col("basis") == Basis.PUBLISHED
    return (
        release.latest_values.with_columns(
            pl.when(is_published).then(pl.col("period")).otherwise(pl.lit("latest")).alias("of")
        )
        .select(*_KEY, "value")
        .unique(_KEY, keep="last", maintain_order=True)
    )


def _by_indicator(joined: pl.DataFrame, before: Release | None, after: Release) -> pl.DataFrame:
    infos = (before.indicators if before else {}) | after.indicators
    place = joined.filter(
        (pl.col("area_type") == AreaType.PLACE)
        & (pl.col("cut") == Cut.ALL)
        & (pl.col("category") == EVERYONE)
    )
    whole = place.group_by("indicator_id", maintain_order=True).agg(
        pl.col("value").last().alias("before"), pl.col("value_after").last().alias("after")
    )
    order = {name: number for number, name in enumerate(infos)}
    names = pl.DataFrame(
        [(name, info.short_name, info.unit) for name, info in infos.items()],
        schema=["indicator_id", "name", "unit"],
        orient="row",
        schema_overrides=dict.fromkeys(("indicator_id", "name", "unit"), pl.String),
    )
    return (
        _count(joined, "indicator_id")
        .join(names, on="indicator_id", how="left")
        .join(whole, on="indicator_id", how="left")
        .sort(pl.col("indicator_id").replace_strict(order, default=len(order), return_dtype=pl.Int64))
        .select("indicator_id", "name", "unit", "before", "after", *CHANGES)
    )


def _by_area(joined: pl.DataFrame, before: Release | None, after: Release) -> pl.DataFrame:
    names = (before.area_names if before else {}) | after.area_names
    areas = pl.DataFrame(
        [(*key, name) for key, name in names.items()],
        schema=dict.fromkeys(("area_type", "area_code", "area_name"), pl.String),
        orient="row",
    )
    return (
        _count(joined, "area_type", "area_code")
        .join(areas, on=["area_type", "area_code"], how="left")
        .with_columns(pl.col("area_name").fill_null(pl.col("area_code")))
        .sort("area_type", "area_name", "area_code")
        .select("area_type", "area_code", "area_name", *CHANGES)
    )


def _count(joined: pl.DataFrame, *by: str) -> pl.DataFrame:
    return joined.group_by(by).agg((pl.col("change") == change).sum().alias(change) for change in CHANGES)


def _facts(before: Release | None, after: Release) -> list[tuple[str, str, str]]:
    if before is None:
        return []
    named = {
        "figures as at": "as_at",
        "population": "population_base",
        "LSOA edition": "lsoa_edition",
        "IMD edition": "imd_edition",
        "disclosure policy": "policy",
        "code version": "code_version",
        "definitions": "definitions_sha256",
    }
    pairs = [
        (words, str(getattr(before.manifest, name))[:40], str(getattr(after.manifest, name))[:40])
        for words, name in named.items()
    ]
    sources = [", ".join(source.name for source in one.manifest.sources) for one in (before, after)]
    pairs.append(("sources", sources[0], sources[1]))
    agreements = [", ".join(one.id for one in release.agreements) or "none" for release in (before, after)]
    pairs.append(("agreements", agreements[0], agreements[1]))
    return [pair for pair in pairs if pair[1] != pair[2]]
