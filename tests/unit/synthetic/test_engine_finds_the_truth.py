"""The whole way: extracts read by the loader and counted by the engine say what the truth file says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from evenground.engine import count
from evenground.geography import Geography, load_geography
from evenground.indicators import SHIPPED, Definitions, load_definitions
from evenground.sources import load_sources
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.vocabulary import UNRECORDED_ETHNIC_GROUPS
from evenground.workspace import Workspace, load_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return load_workspace(make_wenbury_workspace(tmp_path_factory.mktemp("wenbury"), size=12_000))


@pytest.fixture(scope="module")
def definitions(planted: pl.DataFrame) -> Definitions:
    """The indicators that the synthetic Place plans for; others count its records without a truth."""
    return load_definitions(SHIPPED).keep(set(planted["indicator_id"]))


@pytest.fixture(scope="module")
def geography(workspace: Workspace) -> Geography:
    data = workspace.root / "data"
    place = workspace.place
    return load_geography(
        data / "areas.csv",
        data / "practices.csv",
        place_code=place.place.code,
        place_name=place.place.name,
        imd_edition=place.areas.imd_edition,
    )


@pytest.fixture(scope="module")
def cells(
    workspace: Workspace,
    definitions: Definitions,
    geography: Geography,
    tmp_path_factory: pytest.TempPathFactory,
) -> pl.DataFrame:
    as_at = workspace.place.place.as_at
    (loaded,) = load_sources(
        workspace.place.sources,
        root=workspace.root,
        folder=tmp_path_factory.mktemp("secure"),
        as_at=as_at,
        lsoa_codes=set(geography.lsoas["lsoa_code"]),
        practice_codes=set(geography.practices["practice_code"]),
    )
    counted = count(
        definitions,
        persons=loaded.persons,
        events=loaded.events,
        lsoas=geography.lsoas,
        as_at=as_at,
        base="registered",
    )
    return counted.frame.join(
        geography.lsoas.select("lsoa_code", "msoa_code"), on="lsoa_code", how="left"
    ).filter(pl.col("msoa_code").is_not_null())


@pytest.fixture(scope="module")
def planted(workspace: Workspace) -> pl.DataFrame:
    path: Path = workspace.root / "data" / "truth.csv"
    truth = pl.read_csv(path, schema_overrides={"ethnic_group": pl.String})
    return truth.with_columns(pl.col("ethnic_group").fill_null(""))


# The definition counts each person for three years; the truth counts people.
YEARS = {"copd_emergency_admissions": 3}


def counts_in(frame: pl.DataFrame, indicator: str, keys: list[str]) -> set[tuple[object, ...]]:
    summed = frame.group_by(keys).agg(
        pl.col(f"{indicator}__denominator").sum() // YEARS.get(indicator, 1),
        pl.col(f"{indicator}__numerator").sum(),
    )
    return set(summed.filter(pl.col(f"{indicator}__denominator") > 0).iter_rows())


def counts_of(
    truth: pl.DataFrame, indicator: str, community: str, keys: list[str]
) -> set[tuple[object, ...]]:
    rows = truth.filter(
        (pl.col("indicator_id") == indicator)
        & (pl.col("community_type") == community)
        & (pl.col("eligible_recorded") > 0)
    )
    return set(rows.select(*keys, "eligible_recorded", "reached_recorded").iter_rows())


def test_every_indicator_of_the_truth_ships(definitions: Definitions, planted: pl.DataFrame) -> None:
    assert set(planted["indicator_id"]) == set(definitions.indicators)
    assert len(definitions.indicators) == 15


def test_the_engine_finds_the_truth_in_every_lsoa(
    definitions: Definitions, cells: pl.DataFrame, planted: pl.DataFrame
) -> None:
    for indicator in definitions.indicators:
        found = counts_in(cells, indicator, ["lsoa_code"])
        assert found == counts_of(planted, indicator, "lsoa", ["area_code"]), indicator


def test_the_engine_finds_the_truth_in_every_community(
    definitions: Definitions, cells: pl.DataFrame, planted: pl.DataFrame
) -> None:
    known = cells.filter(~pl.col("ethnic_group").is_in(list(UNRECORDED_ETHNIC_GROUPS)))
    for indicator in definitions.indicators:
        found = counts_in(known, indicator, ["msoa_code", "ethnic_group"])
        wanted = counts_of(planted, indicator, "msoa_ethnic_group", ["area_code", "ethnic_group"])
        assert found == wanted, indicator
