from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.sources.synthetic.generate import generate_place
from evenground.sources.synthetic.margins import RECORDED_GROUPS, Margins
from evenground.sources.synthetic.model import load_model
from evenground.sources.synthetic.people import draw_people
from evenground.sources.synthetic.public_margins import (
    CENSUS_GROUPS_5,
    build_margins,
    load_census_margins,
    parse_age_groups,
)
from evenground.vocabulary import ETHNIC_GROUP_TO_5
from tests.support.rotherham import find_census_files, load_rotherham


@pytest.fixture
def tables() -> dict[str, Any]:
    """Two LSOAs of an invented district."""
    lsoas = ["E01999001", "E01999002"]
    shared = {
        "msoa_code": "E02999001",
        "msoa_name": "One",
        "ward_code": "E05999001",
        "ward_name": "Two",
        "ltla_code": "E08999001",
        "ltla_name": "Three",
    }
    areas = [
        {"lsoa_code": code, "lsoa_name": code, **shared, "imd_rank": rank, "imd_decile": 1}
        for code, rank in zip(lsoas, (10, 20), strict=True)
    ]
    return {
        "areas": pl.DataFrame(areas),
        "population": pl.DataFrame(
            {
                "lsoa_code": lsoas * 2,
                "age_from": [0, 0, 16, 16],
                "age_to": [15, 15, None, None],
                "population": [160, 80, 300, 500],
            }
        ),
        "single_years": pl.DataFrame({"age": range(91), "population": [100] * 91}),
        "sexes": pl.DataFrame({"age_from": [0, 16], "females": [40, 60], "males": [60, 40]}),
        "ethnic_groups": pl.DataFrame(
            {
                "lsoa_code": lsoas * 2,
                "ethnic_group_5": ["white", "white", "asian", "asian"],
                "population": [400, 570, 62, 9],
            }
        ),
        "detailed_groups": pl.DataFrame(
            {"ethnic_group": ["A", "C", "J", "H"], "population": [900, 100, 90, 10]}
        ),
    }


def test_each_age_group_keeps_its_count(tables: dict[str, Any]) -> None:
    margins = build_margins(tables.pop("areas"), **tables)
    assert margins.population.sum(axis=(1, 2)).tolist() == [460, 580]
    # Ages 0 to 14 are fifteen of the sixteen years of the first group.
    assert margins.population[0, :3].sum() == 150


def test_women_are_the_share_of_each_age_that_they_are_in_the_district(tables: dict[str, Any]) -> None:
    margins = build_margins(tables.pop("areas"), **tables)
    children, older = margins.population[:, :3].sum(axis=(0, 1)), margins.population[:, 4:].sum(axis=(0, 1))
    assert children[0] / children.sum() == pytest.approx(0.4, abs=0.02)
    assert older[0] / older.sum() == pytest.approx(0.6, abs=0.02)


def test_ethnic_groups_are_scaled_to_the_age_tables_total(tables: dict[str, Any]) -> None:
    margins = build_margins(tables.pop("areas"), **tables)
    asian = [at for at, code in enumerate(RECORDED_GROUPS) if ETHNIC_GROUP_TO_5[code] == "asian"]
    assert margins.ethnic_groups[:, asian].sum(axis=1).tolist() == [62, 9]
    assert margins.ethnic_groups.sum(axis=1).tolist() == [460, 580]


def test_a_detailed_group_keeps_its_share_of_the_district(tables: dict[str, Any]) -> None:
    margins = build_margins(tables.pop("areas"), **tables)
    by_code = dict(zip(RECORDED_GROUPS, margins.ethnic_groups.sum(axis=0).tolist(), strict=True))
    assert (by_code["J"], by_code["H"]) == (64, 7)
    assert (by_code["A"], by_code["C"]) == (872, 97)


def test_lsoas_of_two_editions_are_refused_not_dropped(tables: dict[str, Any]) -> None:
    tables["population"] = tables["population"].with_columns(
        pl.col("lsoa_code").replace({"E01999002": "E01007693"})
    )
    with pytest.raises(SourceError, match="lack 1 LSOAs of the areas and hold 1 others"):
        build_margins(tables.pop("areas"), **tables)


def test_an_age_group_in_other_words_is_named() -> None:
    frame = pl.DataFrame({"lsoa_code": ["E01"], "age_group": ["Pensioners"], "usual_residents": [1]})
    with pytest.raises(SourceError, match='"Pensioners" is not understood'):
        parse_age_groups(frame)


@pytest.fixture(scope="module")
def rotherham_files(shared: Path) -> dict[str, Path]:
    return find_census_files(shared)


@pytest.fixture(scope="module")
def rotherham(shared: Path) -> Margins:
    return load_rotherham(shared)


@pytest.mark.reference
def test_real_rotherham_has_its_people_and_areas(rotherham: Margins) -> None:
    assert rotherham.total == 265_777
    assert rotherham.areas.height == 170
    assert rotherham.areas["msoa_code"].n_unique() == 32
    assert rotherham.areas["ward_code"].n_unique() == 25
    assert (rotherham.areas["imd_decile"] == 1).sum() == 36


@pytest.mark.reference
def test_real_rotherham_keeps_every_published_age_group(
    rotherham: Margins, rotherham_files: dict[str, Path]
) -> None:
    published = pl.read_csv(rotherham_files["age_groups"]).join(
        rotherham.areas.select(lsoa21_code="lsoa_code"), on="lsoa21_code"
    )
    totals = published.group_by("lsoa21_code").agg(pl.col("usual_residents").sum()).sort("lsoa21_code")
    assert rotherham.population.sum(axis=(1, 2)).tolist() == totals["usual_residents"].to_list()
    # 25-34, 35-49 and 50-64 are whole five-year bands, so they can be compared LSOA by LSOA.
    for label, bands in (("25 to 34", slice(5, 7)), ("35 to 49", slice(7, 10)), ("50 to 64", slice(10, 13))):
        rows = published.filter(pl.col("age_group") == f"Aged {label} years").sort("lsoa21_code")
        assert rotherham.population[:, bands].sum(axis=(1, 2)).tolist() == rows["usual_residents"].to_list()


@pytest.mark.reference
def test_real_rotherham_meets_its_ethnic_groups_within_the_rounding(
    rotherham: Margins, rotherham_files: dict[str, Path]
) -> None:
    published = (
        pl.read_csv(rotherham_files["ethnic_groups"])
        .join(rotherham.areas.select(lsoa21_code="lsoa_code"), on="lsoa21_code")
        .with_columns(pl.col("ethnic_group").replace_strict(CENSUS_GROUPS_5))
    )
    for group in set(CENSUS_GROUPS_5.values()):
        wanted = published.filter(pl.col("ethnic_group") == group).sort("lsoa21_code")
        scale = rotherham.population.sum(axis=(1, 2)) / wanted["total_residents"].to_numpy()
        columns = [at for at, code in enumerate(RECORDED_GROUPS) if ETHNIC_GROUP_TO_5[code] == group]
        found = rotherham.ethnic_groups[:, columns].sum(axis=1)
        assert np.abs(found - wanted["n"].to_numpy() * scale).max() < 1
    pakistani = int(rotherham.ethnic_groups[:, RECORDED_GROUPS.index("J")].sum())
    assert pakistani == pytest.approx(10_001, rel=0.002)


@pytest.mark.reference
def test_people_of_real_rotherham_meet_its_margins_exactly(rotherham: Margins) -> None:
    people = draw_people(
        rotherham, rotherham.total, dt.date(2026, 3, 31), load_model().faults, np.random.default_rng(1)
    )
    here = people.take(np.flatnonzero(people.resident))
    assert len(here) == 265_777
    groups = np.zeros_like(rotherham.ethnic_groups)
    np.add.at(groups, (here.lsoa, here.ethnic_group), 1)
    assert (groups == rotherham.ethnic_groups).all()
    ages = np.zeros_like(rotherham.population)
    np.add.at(ages, (here.lsoa, np.minimum(here.age // 5, 18), 1 - here.female.astype(int)), 1)
    assert (ages == rotherham.population).all()


@pytest.mark.reference
def test_records_of_real_rotherham_can_be_made(rotherham: Margins, tmp_path: Path) -> None:
    place = generate_place(rotherham, tmp_path, size=3_000, seed=1, as_at=dt.date(2026, 3, 31))
    lsoas = set(pl.read_parquet(place.persons)["lsoa_code"]) - {""}
    assert lsoas <= set(rotherham.areas["lsoa_code"])
    assert len(place.gaps) == 12


@pytest.mark.reference
def test_a_wrong_district_code_is_told(rotherham_files: dict[str, Path]) -> None:
    with pytest.raises(SourceError, match="hold 0 of the 0 LSOAs of E08009999"):
        load_census_margins("E08009999", **rotherham_files)
