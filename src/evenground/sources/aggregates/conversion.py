"""Published figures by LSOAs of the other census edition, as figures of the place's own.

Counts of areas that merged add up. Of an area that was split nobody can tell how many of its count belong to
each part: the parts are shown with its value, which is then one of the area that they were in, and without
counts. What was redrawn otherwise is dropped.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from evenground.contract import TableReport
from evenground.sources.aggregates import words
from evenground.sources.aggregates.sift import FIGURE, Rules, say_rows
from evenground.sources.editions import Editions
from evenground.vocabulary import AreaType, ValueNote, ValueType

_SAME: Final = "same"
_WHOLE: Final = "whole"
_PART: Final = "part"
_REDRAWN: Final = "redrawn"
_LSOA: Final = str(AreaType.LSOA)
_GROUP: Final = [name for name in FIGURE if name != "area_code"]


def widen_areas(areas: pl.DataFrame, editions: Editions) -> pl.DataFrame:
    """The areas of the place, and the LSOAs of the other edition that any of its LSOAs was made from.

    Parameters
    ----------
    areas
        One row an area, with ``area_type`` and ``area_code``.
    editions
        The look-up.
    """
    own = areas.filter(pl.col("area_type") == _LSOA)["area_code"].implode()
    before = editions.pairs.filter(pl.col("fitted").is_in(own)).select(
        pl.lit(_LSOA).alias("area_type"), pl.col("word").alias("area_code")
    )
    return pl.concat([areas.select("area_type", "area_code"), before]).unique(maintain_order=True)


def convert_figures(
    kept: pl.DataFrame, editions: Editions, rules: Rules, areas: pl.DataFrame, report: TableReport
) -> pl.DataFrame:
    """Figures of the place's LSOAs from those of the other edition.

    Parameters
    ----------
    kept
        The rows that ``sift`` kept, with the areas of ``widen_areas``.
    editions
        The look-up.
    rules
        What the source asks for.
    areas
        The areas of the place.
    report
        The report of the table: rows that cannot be converted are taken out of those kept, by reason.
    """
    own = areas.filter(pl.col("area_type") == _LSOA)["area_code"].implode()
    fates = _find_fates(editions)
    is_lsoa = pl.col("types").list.contains(_LSOA)
    pairs = kept.filter(is_lsoa).join(fates, left_on="area_code", right_on="word", how="left")
    unchanged = pl.concat(
        [
            kept.filter(~is_lsoa),
            pairs.filter(pl.col("fate").fill_null(_SAME) == _SAME).select(kept.columns),
        ]
    )
    changed = pairs.filter(pl.col("fate") != _SAME)
    frames = [
        _add_up(changed.filter(pl.col("fate") == _WHOLE), fates, rules, report),
        _carry_over(changed.filter(pl.col("fate") == _PART), rules, report),
    ]
    _tell_dropped(changed.filter(pl.col("fate") == _REDRAWN), words.REDRAWN, report)
    mark = f"LSOA {editions.read}"
    marked = pl.when(pl.col("edition") == "").then(pl.lit(mark)).otherwise(pl.col("edition") + f"; {mark}")
    converted = pl.concat(frames).with_columns(
        pl.col("fitted").alias("area_code"), marked.alias("edition"), pl.lit("").alias("area_name")
    )
    converted = converted.filter(pl.col("area_code").is_in(own)).select(kept.columns)
    return pl.concat([unchanged, converted]).sort("row", "area_code")


def describe_figures(editions: Editions) -> dict[str, Any]:
    """What was converted, for the report and the manifest."""
    return {"lookup": editions.name, "from_edition": editions.read, "to_edition": editions.wanted}


def _find_fates(editions: Editions) -> pl.DataFrame:
    """Each pair of areas of the look-up, and what became of the first."""
    before, after = pl.len().over("word"), pl.len().over("fitted")
    pairs = editions.pairs.with_columns(before.alias("targets"), after.alias("origins"))
    redrawn = (
        pl.col("is_redrawn").any().over("word")
        | pl.col("is_redrawn").any().over("fitted")
        | ((pl.col("targets") > 1) & (pl.col("origins") > 1)).any().over("word")
        | ((pl.col("targets") > 1) & (pl.col("origins").max().over("word") > 1))
        | ((pl.col("origins") > 1) & (pl.col("targets").max().over("fitted") > 1))
    )
    fate = (
        pl.when(redrawn)
        .then(pl.lit(_REDRAWN))
        .when(pl.col("targets") > 1)
        .then(pl.lit(_PART))
        .when((pl.col("origins") > 1) | (pl.col("word") != pl.col("fitted")))
        .then(pl.lit(_WHOLE))
        .otherwise(pl.lit(_SAME))
    )
    return pairs.select("word", "fitted", fate.alias("fate"))


def _add_up(rows: pl.DataFrame, fates: pl.DataFrame, rules: Rules, report: TableReport) -> pl.DataFrame:
    """One figure for all the areas that became one, from their counts."""
    parts = fates.filter(pl.col("fate") == _WHOLE).group_by("fitted").agg(pl.len().alias("parts"))
    rows = rows.join(parts, on="fitted", how="left")
    key = ["fitted", *_GROUP]
    counted = pl.col("numerator").is_not_null() & pl.col("denominator").is_not_null()
    hidden = (pl.col("value_note") == ValueNote.SUPPRESSED).any().over(key)
    is_whole = pl.len().over(key) == pl.col("parts")
    addable = is_whole & (hidden | (counted.all().over(key) & ~_is_standardised(rules)))
    # One area that was only given another code keeps its figure as it stands.
    alone = pl.col("parts") == 1
    _tell_dropped(rows.filter(~(addable | alone)), words.NOT_ADDABLE, report)
    _tell_changed(rows.filter(addable & ~alone), words.ADDED_UP, report)
    summed = rows.filter(addable & ~alone).with_columns(
        *(
            pl.when(hidden).then(None).otherwise(pl.col(name).sum().over(key)).alias(name)
            for name in ("numerator", "denominator")
        ),
        *(pl.lit(None, pl.Float64).alias(name) for name in ("value", "lower_cl", "upper_cl")),
        pl.when(hidden)
        .then(pl.lit(str(ValueNote.SUPPRESSED)))
        .otherwise(pl.lit(str(ValueNote.PUBLISHED)))
        .alias("value_note"),
    )
    summed = summed.unique(key, keep="first", maintain_order=True)
    return pl.concat([rows.filter(alone), summed]).drop("parts")


def _carry_over(rows: pl.DataFrame, rules: Rules, report: TableReport) -> pl.DataFrame:
    """The value of an area that was split, for each of its parts."""
    if not rules.is_published:
        _tell_dropped(rows, words.SPLIT_UNPUBLISHED, report)
        return rows.clear()
    # A value that the counts alone give would be lost with them.
    share = pl.col("numerator") / pl.col("denominator") * pl.col("multiplier")
    shown = pl.col("value_note") == ValueNote.PUBLISHED
    lost = pl.col("value").is_null() & shown & ~_is_standardised(rules)
    rows = rows.with_columns(pl.when(lost).then(share).otherwise("value").alias("value"))
    _tell_changed(rows, words.CARRIED_OVER, report)
    return rows.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in ("numerator", "denominator")),
        pl.when(pl.col("value").is_null() & shown)
        .then(pl.lit(str(ValueNote.MISSING)))
        .otherwise("value_note")
        .alias("value_note"),
    )


def _is_standardised(rules: Rules) -> pl.Expr:
    names = [name for name, one in rules.indicators.items() if one.value_type is ValueType.DSR]
    return pl.col("indicator_id").is_in(names)


def _tell_dropped(rows: pl.DataFrame, reason: str, report: TableReport) -> None:
    numbers = sorted(rows["row"].unique().to_list())
    if numbers:
        report.kept -= len(numbers)
        report.dropped[reason] = report.dropped.get(reason, 0) + len(numbers)
        report.notes.append(f"{reason}: {say_rows(numbers)}")


def _tell_changed(rows: pl.DataFrame, change: str, report: TableReport) -> None:
    if rows.height:
        report.changed[change] = report.changed.get(change, 0) + rows["row"].n_unique()
