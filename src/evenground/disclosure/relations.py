"""Which published groups add up to which: areas in areas, categories in everybody, pairs in their margins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from evenground.errors import DisclosureError
from evenground.vocabulary import (
    ETHNIC_GROUP_TO_5,
    EVERYONE,
    UNKNOWN_AREA,
    WHOLE_BY_RECORDS,
    AreaType,
    Cut,
)

GROUP: Final = ("area_type", "area_code", "cut", "category")
_PARTITIONS: Final = (
    Cut.SEX,
    Cut.AGE_BAND,
    Cut.ETHNIC_GROUP,
    Cut.ETHNIC_GROUP_5,
    Cut.IMD_QUINTILE,
    Cut.LOCAL_QUINTILE,
    *WHOLE_BY_RECORDS,
)
_NESTED: Final = (AreaType.WARD, AreaType.LTLA, AreaType.ICB)
_TO_PLACE: Final = (AreaType.MSOA, AreaType.WARD, AreaType.LTLA, AreaType.ICB, AreaType.PCN)


def list_relations(groups: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Every group that published parts add up to.

    Parameters
    ----------
    groups
        One row a published group: ``GROUP`` and its number, ``group``.
    areas
        The ``areas`` table of a release.

    Returns
    -------
    polars.DataFrame
        One row a part: ``kind`` (what is added up, in words), ``parent``, ``child`` (numbers of groups),
        and ``is_whole``: whether the parts are known to be all of it. Otherwise they may be fewer, as
        practices are where somebody has none.

    Raises
    ------
    DisclosureError
        Where an area lies within itself.
    """
    require_no_loop(areas)
    frames = [
        *_areas_in_areas(groups, areas),
        *_deprivation(groups, areas),
        *_categories(groups),
        *_pairs(groups),
    ]
    names = ("kind", "parent", "child", "is_whole")
    return pl.concat([frame.select(names) for frame in frames]).sort("kind", "parent", "child")


def require_no_loop(areas: pl.DataFrame) -> None:
    """Refuse areas that lie within themselves, by whatever way round.

    Raises
    ------
    DisclosureError
        Naming the first such areas.
    """
    key = pl.concat_str("area_type", "area_code", separator=" ")
    # A district may be the whole place, and carry its code.
    places = areas.filter(pl.col("area_type") == AreaType.PLACE)["area_code"].implode()
    step = areas.filter(
        pl.col("parent_area_code").is_not_null() & ~pl.col("parent_area_code").is_in(places)
    ).select(key.alias("area"), pl.col("area_code"), pl.col("parent_area_code").alias("above"))
    reached = step
    for _ in range(len(AreaType) + 1):
        back = reached.filter(pl.col("above") == pl.col("area_code"))
        if back.height:
            named = ", ".join(back["area"].unique().sort().head(3))
            raise DisclosureError(
                f"The areas lie within themselves, in a loop: {named}. Mend the areas file."
            )
        reached = (
            reached.join(step.select(above="area_code", higher="above"), on="above", how="inner")
            .select("area", "area_code", above="higher")
            .unique()
        )
        if reached.is_empty():
            return


def _areas_in_areas(groups: pl.DataFrame, areas: pl.DataFrame) -> Iterator[pl.DataFrame]:
    place = areas.filter(pl.col("area_type") == AreaType.PLACE)["area_code"]
    if place.is_empty():
        return
    own = areas.select(pl.lit("areas").alias("of"), "area_type", "area_code", "parent_area_code").drop_nulls()
    steps = [
        _step(own, AreaType.LSOA, AreaType.MSOA, pl.col("parent_area_code")),
        _step(own, AreaType.PRACTICE, AreaType.PCN, pl.col("parent_area_code")),
        *(
            _step(areas, AreaType.LSOA, above, pl.col(f"{above}_code"))
            for above in _NESTED
            if f"{above}_code" in areas.columns
        ),
    ]
    in_place = areas.filter(pl.col("area_type").is_in(_TO_PLACE))
    steps += [_step(in_place, kind, AreaType.PLACE, pl.lit(place[0])) for kind in _TO_PLACE]
    steps += [_unknown(below, above) for below, above in _UNKNOWN_IN]
    steps += [
        _unknown(kind, AreaType.PLACE, place[0], by=by)
        for kind, by in (
            (AreaType.MSOA,) * 2,
            (AreaType.WARD,) * 2,
            (AreaType.PCN,) * 2,
            (AreaType.LSOA, AreaType.LTLA),
            (AreaType.LSOA, AreaType.ICB),
        )
    ]
    step = pl.concat(steps)
    joined = groups.join(step, on=["area_type", "area_code"], how="inner")
    keys = {"parent_type": "area_type", "parent_code": "area_code", "cut": "cut", "category": "category"}
    yield _join_parents(
        joined, groups, keys, pl.col("kind"), is_whole=_known(pl.col("kind") == "lsoa in msoa")
    )


_UNKNOWN_IN: Final = (
    (AreaType.LSOA, AreaType.MSOA),
    (AreaType.LSOA, AreaType.WARD),
    (AreaType.PRACTICE, AreaType.PCN),
)


def _step(areas: pl.DataFrame, below: AreaType, above: AreaType, parent: pl.Expr) -> pl.DataFrame:
    return (
        areas.filter(pl.col("area_type") == below)
        .select(
            "area_type",
            "area_code",
            pl.lit(str(above)).alias("parent_type"),
            parent.alias("parent_code"),
            pl.lit(f"{below} in {above}").alias("kind"),
        )
        .drop_nulls()
    )


def _unknown(
    below: AreaType, above: AreaType, code: str = UNKNOWN_AREA, by: AreaType | None = None
) -> pl.DataFrame:
    names = {
        "area_type": str(below),
        "area_code": UNKNOWN_AREA,
        "parent_type": str(above),
        "parent_code": code,
        "kind": f"{by or below} in {above}",
    }
    return pl.DataFrame({name: [value] for name, value in names.items()})


def _deprivation(groups: pl.DataFrame, areas: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """LSOAs add up to the fifths of the place that they lie in."""
    lsoas = groups.filter((pl.col("area_type") == AreaType.LSOA) & (pl.col("cut") == Cut.ALL)).join(
        areas.filter(pl.col("area_type") == AreaType.LSOA).select(
            "area_code", str(Cut.IMD_QUINTILE), str(Cut.LOCAL_QUINTILE)
        ),
        on="area_code",
        how="left",
    )
    place = groups.filter(pl.col("area_type") == AreaType.PLACE)
    for cut in (Cut.IMD_QUINTILE, Cut.LOCAL_QUINTILE):
        parts = lsoas.with_columns(
            pl.lit(str(AreaType.PLACE)).alias("parent_type"),
            pl.lit(str(cut)).alias("parent_cut"),
            pl.col(cut).cast(pl.String).fill_null(UNKNOWN_AREA).alias("parent_category"),
        )
        keys = {"parent_type": "area_type", "parent_cut": "cut", "parent_category": "category"}
        yield _join_parents(parts, place, keys, pl.lit(f"lsoa in {cut}"), is_whole=pl.lit(value=True))


def _categories(groups: pl.DataFrame) -> Iterator[pl.DataFrame]:
    keys = {
        "area_type": "area_type",
        "area_code": "area_code",
        "parent_cut": "cut",
        "parent_category": "category",
    }
    everyone = (pl.lit(str(Cut.ALL)).alias("parent_cut"), pl.lit(EVERYONE).alias("parent_category"))
    parts = groups.filter(pl.col("cut").is_in(_PARTITIONS)).with_columns(*everyone)
    kind = pl.concat_str("cut", pl.lit(" in all"))
    yield _join_parents(parts, groups, keys, kind, is_whole=_known(~pl.col("cut").is_in(WHOLE_BY_RECORDS)))
    plus = groups.filter(pl.col("cut") == Cut.PLUS_GROUP).with_columns(*everyone)
    # People may be in several: each is a part by itself, and never the whole.
    named = pl.concat_str(pl.lit("plus_group "), "category", pl.lit(" in all"))
    yield _join_parents(plus, groups, keys, named, is_whole=pl.lit(value=False))
    sixteen = groups.filter(pl.col("cut") == Cut.ETHNIC_GROUP).with_columns(
        pl.lit(str(Cut.ETHNIC_GROUP_5)).alias("parent_cut"),
        pl.col("category").replace(ETHNIC_GROUP_TO_5).alias("parent_category"),
    )
    kind = pl.lit("ethnic_group in ethnic_group_5")
    yield _join_parents(sixteen, groups, keys, kind, is_whole=pl.lit(value=True))


def _pairs(groups: pl.DataFrame) -> Iterator[pl.DataFrame]:
    keys = {
        "area_type": "area_type",
        "area_code": "area_code",
        "parent_cut": "cut",
        "parent_category": "category",
    }
    pairs = groups.filter(pl.col("cut").str.contains("*", literal=True))
    for side in (0, 1):
        of_one = pl.col("category").str.split("*").list.get(side, null_on_oob=True)
        parts = pairs.with_columns(
            pl.col("cut").str.split("*").list.get(side).alias("parent_cut"), of_one.alias("parent_category")
        )
        kind = pl.concat_str("cut", pl.lit(" in "), "parent_cut")
        yield _join_parents(parts, groups, keys, kind, is_whole=pl.lit(value=True))


def _known(is_whole: pl.Expr) -> pl.Expr:
    return pl.when(is_whole).then(statement=True).otherwise(None)


def _join_parents(
    parts: pl.DataFrame, groups: pl.DataFrame, keys: dict[str, str], kind: pl.Expr, *, is_whole: pl.Expr
) -> pl.DataFrame:
    parents = groups.select(*keys.values(), pl.col("group").alias("parent"))
    named = parts.with_columns(kind.alias("kind"), is_whole.alias("is_whole"))
    joined = named.join(parents, left_on=list(keys), right_on=list(keys.values()), how="inner")
    return joined.select("kind", "parent", pl.col("group").alias("child"), "is_whole")
