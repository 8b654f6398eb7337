"""The dates of a time series, and which figures of earlier dates have records to rest on."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from evenground.errors import WorkspaceError
from evenground.pipeline import build_release
from evenground.pipeline.periods import History, join_periods, keep_over_time, list_dates
from evenground.releases import Release, current_release
from evenground.workspace import Workspace, load_workspace
from tests.spec.specification import definitions, indicator

AS_AT = dt.date(2026, 3, 31)


def test_quarters_of_2021_to_2026_end_on_last_days_of_months_and_with_the_release() -> None:
    dates = list_dates(AS_AT, "2021..2026", "quarter")
    assert len(dates) == 21
    assert dates[0] == dt.date(2021, 3, 31)
    assert dates[1] == dt.date(2021, 6, 30)
    assert dates[-1] == AS_AT


def test_without_years_there_is_one_date() -> None:
    assert list_dates(AS_AT, None, "year") == (AS_AT,)


def test_years_before_the_release_leave_it_in() -> None:
    assert list_dates(AS_AT, "2023", "year") == (dt.date(2023, 3, 31), AS_AT)


def test_a_leap_day_steps_back_to_the_last_of_february() -> None:
    assert list_dates(dt.date(2024, 2, 29), "2023..2024", "year")[0] == dt.date(2023, 2, 28)


@pytest.mark.parametrize(
    ("years", "every", "told"),
    [
        ("twenty", "year", 'periods.years: is "twenty". Write the first and the last year: "2021..2026".'),
        ("2026..2021", "year", "Begin with the earlier year"),
        ("2027..2028", "year", "figures are as at 2026-03-31"),
        ("2021..2026", "quater", 'periods.every: is "quater". Did you mean "quarter"?'),
        ("1990..2026", "month", "The most is 120"),
    ],
)
def test_dates_that_cannot_be_made_are_explained(years: str, every: str, told: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        list_dates(AS_AT, years, every)
    assert told.lower() in str(caught.value).lower()


def records(code: str, months: list[tuple[int, int, int]]) -> pl.DataFrame:
    rows = [("local", code, dt.date(year, month, 1), count) for year, month, count in months]
    return pl.DataFrame(rows, schema=["code_system", "code", "month", "records"], orient="row")


def test_an_indicator_is_thin_where_its_window_holds_too_few_records() -> None:
    made = definitions(
        indicator("checked", {"feature": "check", "within_months": 24}),
        indicator("ill", {"feature": "illness"}),
    )
    by_month = pl.concat(
        [
            records("CHECK-1", [(2025, 6, 60), (2024, 6, 30), (2023, 6, 30), (2022, 6, 20)]),
            records("ILL", [(2025, 6, 10), (2024, 6, 9), (2023, 6, 8), (2022, 6, 7)]),
        ]
    )
    history = History(made, by_month, AS_AT)
    assert history.find_thin(dt.date(2025, 3, 31)) == {}
    assert history.find_thin(dt.date(2024, 3, 31)) == {"checked": "too few records up to then: Check"}
    assert set(history.find_thin(dt.date(2021, 3, 31))) == {"checked", "ill"}


def test_earlier_dates_keep_whole_areas_and_the_breakdowns_of_the_place() -> None:
    values = pl.DataFrame(
        {
            "area_type": ["place", "place", "place", "msoa", "msoa"],
            "cut": ["all", "local_quintile", "sex*age_band", "all", "sex"],
        }
    )
    assert keep_over_time(values).rows() == [("place", "all"), ("place", "local_quintile"), ("msoa", "all")]


def test_tables_without_earlier_dates_are_left_as_they_are() -> None:
    latest = {"values": pl.DataFrame({"indicator_id": ["b", "a"]})}
    assert join_periods([{}], latest)["values"]["indicator_id"].to_list() == ["b", "a"]


def test_a_build_with_years_holds_each_year_and_tells_which_figures_are_too_thin(wenbury: Workspace) -> None:
    release, report = build_release(wenbury, years="2023..2026", every="year")
    values = release.table("values").filter(pl.col("indicator_id") == "hypertension_prevalence")
    assert values["period"].unique().sort().to_list() == [
        "to 2023-03-31",
        "to 2024-03-31",
        "to 2025-03-31",
        "to 2026-03-31",
    ]
    # The invented records of screening are of the last round: three years ago there were too few of them.
    assert "bowel_screening" in report.thin["2023-03-31"]
    screened = release.table("values").filter(pl.col("indicator_id") == "bowel_screening")
    assert "to 2023-03-31" not in screened["period"].to_list()
    assert release.latest_values["period"].unique().to_list() == ["to 2026-03-31"]
    assert [stage.name for stage in report.stages].count("Count people and events at earlier dates") == 1
    slopes = release.table("inequality").filter(pl.col("indicator_id") == "hypertension_prevalence")
    assert slopes["period"].n_unique() == 4


def build_alone(workspace: Workspace, **how: str) -> Release:
    """A build that holds no earlier release beside its own, as the first build of a place does."""
    shutil.rmtree(workspace.releases)
    return build_release(workspace, **how)[0]


@pytest.fixture(scope="module")
def two_years(wenbury_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Release]:
    """A place built with the figures of two years; never written to by a test."""
    root = tmp_path_factory.mktemp("two_years") / "wenbury"
    shutil.copytree(wenbury_template, root)
    workspace = load_workspace(root)
    return workspace, build_alone(workspace, years="2025..2026", every="year")


def test_the_figures_of_the_latest_date_are_those_of_a_build_without_years(
    wenbury: Workspace, two_years: tuple[Workspace, Release]
) -> None:
    alone, several = current_release(wenbury.releases), two_years[1]
    assert several.latest_values.equals(alone.table("values"))
    assert several.table("rankings").equals(alone.table("rankings"))


KEYS = ["indicator_id", "period", "area_type", "area_code", "cut", "category"]


def hidden_for_others(workspace: Workspace, release: Release) -> pl.DataFrame:
    """The figures that a build hid for the sake of others: it depends on all that the release shows."""
    found = pl.read_parquet(workspace.secure / "reports" / f"{release.id}.secondary.parquet")
    return found.select(KEYS).unique()


def test_the_figures_of_an_earlier_date_are_those_of_a_build_as_at_that_date(
    wenbury: Workspace, two_years: tuple[Workspace, Release]
) -> None:
    together, several = two_years
    earlier = several.table("values").filter(pl.col("period") == "to 2025-03-31")
    place = wenbury.place.place.model_copy(update={"as_at": dt.date(2025, 3, 31)})
    then = Workspace(wenbury.root, wenbury.place.model_copy(update={"place": place}))
    alone = build_alone(then)
    assert earlier.height > 1000
    told = earlier["indicator_id"].unique().implode()
    kept = keep_over_time(alone.table("values")).filter(pl.col("indicator_id").is_in(told))
    assert earlier.height == kept.height
    hidden = pl.concat([hidden_for_others(together, several), hidden_for_others(then, alone)])
    one, other = (frame.join(hidden, on=KEYS, how="anti").sort(KEYS) for frame in (earlier, kept))
    assert one.height > 0.7 * earlier.height
    assert one.equals(other)
