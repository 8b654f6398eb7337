"""From cells to every area and cut, largest tables last: each level adds up the one below it.

The cells are read twice: once to LSOA totals, from which LSOAs, wards, districts and the deprivation cuts
follow, and once to MSOAs by age, sex and ethnic group, from which every other cut follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from evenground.engine.cells import Cells, Progress, measure_columns
from evenground.geography import Geography
from evenground.vocabulary import (
    ETHNIC_GROUP_TO_5,
    EVERYONE,
    UNKNOWN_AREA,
    WHOLE_BY_RECORDS,
    AreaType,
    Cut,
)

KEYS: Final = ("area_type", "area_code", "cut", "category")
_PEOPLE_CUTS: Final = (Cut.SEX, Cut.AGE_BAND, Cut.ETHNIC_GROUP, Cut.ETHNIC_GROUP_5)
_AREA_CUTS: Final = (Cut.IMD_QUINTILE, Cut.LOCAL_QUINTILE)


def roll_up(cells: Cells, geography: Geography, *, progress: Progress | None = None) -> pl.DataFrame:
    """Add cells up to every area type and the cuts it is shown by.

    LSOAs, wards, districts, practices and PCNs have the figure for everybody; MSOAs also have sex, age
    band, ethnic group (16 and 5), PLUS groups and segments; the place has deprivation quintiles, national
    and local, and pairs of cuts besides. A pair's category is those of the two, joined by a star.
    People of unknown LSOA are in the place's total and in the area ``unknown`` of LSOA, MSOA and ward.

    Returns
    -------
    polars.DataFrame
        ``area_type``, ``area_code``, ``cut``, ``category``, ``population``, and two columns an indicator,
        sorted by the first four. A group without people has no row.
    """
    if progress:
        progress("Adding up to areas and groups")
    frames = _tables(cells, cells.measures, geography, ())
    return pl.concat(frames).sort(KEYS)


def roll_up_parts(parts: Iterable[Cells], geography: Geography) -> pl.DataFrame:
    """Add the cells of one bucket after the other up, as ``roll_up`` does those of all people at once.

    Parameters
    ----------
    parts
        As ``count_by_bucket`` gives them; each is let go of before the next is asked for.

    Returns
    -------
    polars.DataFrame
        As ``roll_up`` gives it.
    """
    frames = [roll_up(part, geography) for part in parts]
    return pl.concat(frames).group_by(KEYS).agg(pl.exclude(KEYS).sum()).sort(KEYS)


def roll_up_by_age(cells: Cells, geography: Geography, indicator_id: str) -> pl.DataFrame:
    """Add one indicator up as ``roll_up`` does, keeping age bands, for rates standardised by age.

    Returns
    -------
    polars.DataFrame
        ``area_type``, ``area_code``, ``cut``, ``category``, ``age_band``, ``population``, ``denominator``
        (person-years), ``numerator``. Age bands that the indicator counts nobody of, anywhere, are left out;
        so is the cut by age band itself.
    """
    measures = measure_columns([indicator_id])
    found = pl.concat(_tables(cells, measures, geography, ("age_band",)))
    place = found.filter(pl.col("area_type").eq("place") & pl.col("cut").eq("all"))
    counted = place.filter(pl.col(measures[1]) > 0)["age_band"].implode()
    short = {name: name.removeprefix(f"{indicator_id}__") for name in measures}
    return found.filter(pl.col("age_band").is_in(counted)).rename(short).sort(*KEYS, "age_band")


def _tables(
    cells: Cells, measures: Sequence[str], geography: Geography, keep: tuple[str, ...]
) -> Iterator[pl.DataFrame]:
    frame = cells.frame.select("lsoa_code", "age_band", "sex", "ethnic_group", *measures)
    practices = cells.practices.select("practice_code", "age_band", *measures)
    areas = geography.lsoas.select(
        "lsoa_code", "msoa_code", "ward_code", "ltla_code", "icb_code", *(str(cut) for cut in _AREA_CUTS)
    )
    unknown_msoa = pl.col("msoa_code").fill_null(UNKNOWN_AREA)
    adder = _Adder(tuple(measures), keep)
    lsoas = adder.add(frame, "lsoa_code").join(areas, on="lsoa_code", how="left")
    yield from _area_totals(adder, lsoas)
    people = frame.join(areas.select("lsoa_code", "msoa_code"), on="lsoa_code", how="left")
    msoas = adder.add(people.with_columns(unknown_msoa), "msoa_code", "age_band", "sex", "ethnic_group")
    yield from _people_cuts(adder, msoas, geography.place_code)
    for cut in _AREA_CUTS:
        category = pl.col(cut).cast(pl.String).fill_null(UNKNOWN_AREA)
        yield adder.table(lsoas, AreaType.PLACE, pl.lit(geography.place_code), cut, category)
    yield from _pairs(adder, frame.join(areas, on="lsoa_code", how="left"), geography.place_code)
    yield from _group_cuts(adder, cells.groups, areas, geography.place_code)
    yield from _practice_totals(adder, practices, geography)


class _Adder:
    """Adds the same columns up by whatever else is asked for."""

    def __init__(self, measures: tuple[str, ...], keep: tuple[str, ...]) -> None:
        self.measures = measures
        self.keep = keep

    def add(self, frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
        return frame.group_by(list(dict.fromkeys((*keys, *self.keep)))).agg(
            pl.col(self.measures).sum().cast(pl.Int64)
        )

    def table(
        self, frame: pl.DataFrame, area_type: AreaType, area: pl.Expr, cut: Cut, category: pl.Expr
    ) -> pl.DataFrame:
        """One area type by one cut, with the columns of the result."""
        named = frame.select(
            pl.lit(str(area_type)).alias("area_type"),
            area.alias("area_code"),
            pl.lit(str(cut)).alias("cut"),
            category.alias("category"),
            *self.keep,
            *self.measures,
        )
        return self.add(named, *KEYS)


def _area_totals(adder: _Adder, lsoas: pl.DataFrame) -> Iterator[pl.DataFrame]:
    everyone = pl.lit(EVERYONE)
    for area_type in (AreaType.LSOA, AreaType.WARD):
        area = pl.col(f"{area_type}_code").fill_null(UNKNOWN_AREA)
        yield adder.table(lsoas, area_type, area, Cut.ALL, everyone)
    for area_type in (AreaType.LTLA, AreaType.ICB):
        area = pl.col(f"{area_type}_code")
        yield adder.table(lsoas.filter(area.is_not_null()), area_type, area, Cut.ALL, everyone)


def _people_cuts(adder: _Adder, msoas: pl.DataFrame, place_code: str) -> Iterator[pl.DataFrame]:
    five = pl.col("ethnic_group").replace_strict(ETHNIC_GROUP_TO_5)
    categories = {Cut.ALL: pl.lit(EVERYONE), **{cut: pl.col(cut) for cut in _PEOPLE_CUTS}}
    categories[Cut.ETHNIC_GROUP_5] = five
    for cut, category in categories.items():
        if cut in adder.keep:
            continue
        by_msoa = adder.table(msoas, AreaType.MSOA, pl.col("msoa_code"), cut, category)
        yield by_msoa
        yield adder.table(by_msoa, AreaType.PLACE, pl.lit(place_code), cut, pl.col("category"))


def _pairs(adder: _Adder, people: pl.DataFrame, place_code: str) -> Iterator[pl.DataFrame]:
    """The place by two cuts at once."""
    parts = {
        **{cut: pl.col(cut) for cut in _PEOPLE_CUTS},
        Cut.ETHNIC_GROUP_5: pl.col("ethnic_group").replace_strict(ETHNIC_GROUP_TO_5),
        **{cut: pl.col(cut).cast(pl.String).fill_null(UNKNOWN_AREA) for cut in _AREA_CUTS},
    }
    keys = ("age_band", "sex", "ethnic_group", *_AREA_CUTS)
    shared = adder.add(people, *keys)
    for cut in Cut:
        if cut.pair and not set(cut.pair) & set(adder.keep):
            category = pl.concat_str([parts[one] for one in cut.pair], separator="*")
            yield adder.table(shared, AreaType.PLACE, pl.lit(place_code), cut, category)


def _group_cuts(
    adder: _Adder, groups: pl.DataFrame, areas: pl.DataFrame, place_code: str
) -> Iterator[pl.DataFrame]:
    if groups.is_empty():
        return
    located = groups.join(areas.select("lsoa_code", "msoa_code"), on="lsoa_code", how="left")
    msoas = located.with_columns(pl.col("msoa_code").fill_null(UNKNOWN_AREA))
    for cut in (Cut.PLUS_GROUP, *WHOLE_BY_RECORDS):
        own = msoas.filter(pl.col("cut") == cut)
        by_msoa = adder.table(own, AreaType.MSOA, pl.col("msoa_code"), cut, pl.col("category"))
        yield by_msoa
        yield adder.table(by_msoa, AreaType.PLACE, pl.lit(place_code), cut, pl.col("category"))


def _practice_totals(adder: _Adder, practices: pl.DataFrame, geography: Geography) -> Iterator[pl.DataFrame]:
    if geography.practices.is_empty():
        return
    look_up = geography.practices.select("practice_code", "pcn_code", known=pl.lit(value=True))
    found = adder.add(practices, "practice_code").join(look_up, on="practice_code", how="left")
    practice = pl.when("known").then("practice_code").otherwise(pl.lit(UNKNOWN_AREA))
    yield adder.table(found, AreaType.PRACTICE, practice, Cut.ALL, pl.lit(EVERYONE))
    pcn = pl.col("pcn_code").fill_null(UNKNOWN_AREA)
    yield adder.table(found, AreaType.PCN, pcn, Cut.ALL, pl.lit(EVERYONE))
