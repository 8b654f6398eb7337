"""Who bears how much: shares that add up, people of whom nothing is known, and no more said than is sure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from evenground.releases import GroupInfo, Release
from evenground.reports.breakdowns import GroupName
from evenground.reports.burden import Load, draw_burden, find_loads, name_burden, say_burden
from evenground.vocabulary import Cut, ValueNote

SERVICE = "bowel_screening"


def by_name(release: Release, indicator_id: str, cut: str) -> dict[str, Load]:
    return {load.group.name: load for load in find_loads(release, indicator_id, cut)}


def load(name: str, ratio: float, spread: float, *, recorded: bool = True) -> Load:
    group = GroupName(name, name, recorded)
    shares = (0.1, 0.1 * ratio)
    return Load(group, ValueNote.PUBLISHED, 100, 20, *shares, ratio, ratio - spread, ratio + spread)


def test_the_burden_of_a_service_is_those_not_reached(release: Release) -> None:
    white = by_name(release, SERVICE, Cut.ETHNIC_GROUP_5)["White"]
    row = release.latest_values.filter(
        (pl.col("indicator_id") == SERVICE)
        & (pl.col("area_type") == "place")
        & (pl.col("category") == "white")
        & (pl.col("cut") == Cut.ETHNIC_GROUP_5)
    ).row(0, named=True)
    assert white.people == row["denominator"]
    assert white.burden == row["denominator"] - row["numerator"]


def test_the_burden_of_what_is_bad_is_those_who_have_it(release: Release) -> None:
    assert name_burden(release.indicators["copd_emergency_admissions"]) == "events"
    assert name_burden(release.indicators["hypertension_prevalence"]) == "cases"
    assert name_burden(release.indicators[SERVICE]) == "people not reached"


@pytest.mark.parametrize("cut", [Cut.ETHNIC_GROUP_5, Cut.LOCAL_QUINTILE, Cut.ETHNIC_GROUP])
def test_shares_add_up_to_all_but_for_rounding(release: Release, cut: Cut) -> None:
    loads = find_loads(release, SERVICE, cut)
    assert sum(one.share_of_people or 0 for one in loads) == pytest.approx(1, abs=0.03)
    assert sum(one.share_of_burden or 0 for one in loads) == pytest.approx(1, abs=0.05)


def test_the_ratio_is_the_one_share_over_the_other_within_its_interval(release: Release) -> None:
    for one in find_loads(release, SERVICE, Cut.LOCAL_QUINTILE):
        if one.ratio is not None:
            assert one.ratio == pytest.approx((one.share_of_burden or 0) / (one.share_of_people or 1))
            assert (one.lower or 0) <= one.ratio <= (one.upper or 0)


def test_people_whose_group_is_not_known_are_drawn_and_told(
    release: Release, look: Callable[[str], Any]
) -> None:
    figure = draw_burden(release, SERVICE, Cut.ETHNIC_GROUP_5)
    assert figure is not None
    assert "Missing from the record" in look(figure.svg).texts("labels")
    assert "The ethnic group is not known for" in figure.summary
    assert {"Not stated", "Not known", "Missing from the record"} <= {row[0] for row in figure.rows}


def test_a_group_that_is_withheld_has_a_word_in_every_cell(release: Release) -> None:
    figure = draw_burden(release, "smi_annual_health_check", Cut.ETHNIC_GROUP)
    assert figure is not None
    rows = {row[0]: row[1:] for row in figure.rows}
    hidden = [cells for cells in rows.values() if cells[0] == "suppressed"]
    assert hidden
    assert all(set(cells) == {"suppressed", "cannot be said"} for cells in hidden)


def test_only_what_chance_cannot_explain_is_more_than_a_share() -> None:
    loads = [load("A", 1.4, 0.2), load("B", 1.2, 0.3), load("C", 0.8, 0.1)]
    told = say_burden(loads, "people not reached", by_what="area")
    assert told.startswith("More than their share of people not reached: A (10.0% of everybody, 14.0%")
    assert "For 1 group the difference may be chance." in told
    assert "B (" not in told


def test_nobody_is_named_where_nobody_stands_out() -> None:
    told = say_burden([load("A", 1.1, 0.2)], "events", by_what="area")
    assert told.startswith("No group clearly has more than its share of events.")


def test_people_of_whom_nothing_is_known_are_never_ranked() -> None:
    told = say_burden(
        [load("A", 1.0, 0.2), load("Unknown", 2.0, 0.1, recorded=False)], "events", by_what="area"
    )
    assert "More than" not in told
    assert "The area is not known for 10.0% of everybody and 20.0% of events." in told


def test_nothing_is_drawn_where_the_counts_of_everybody_are_withheld(
    changed_release: Callable[..., Release],
) -> None:
    def hide(values: pl.DataFrame) -> pl.DataFrame:
        everybody = (pl.col("area_type") == "place") & (pl.col("cut") == "all")
        return values.with_columns(
            pl.when(everybody).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("numerator", "denominator")
        )

    assert draw_burden(changed_release(values=hide), SERVICE, Cut.LOCAL_QUINTILE) is None


def test_a_group_with_more_burden_than_people_by_rounding_has_limits_all_the_same(
    changed_release: Callable[..., Release],
) -> None:
    def swell(values: pl.DataFrame) -> pl.DataFrame:
        chosen = (pl.col("indicator_id") == "hypertension_prevalence") & (pl.col("category") == "asian")
        return values.with_columns(
            pl.when(chosen).then(pl.col("denominator") + 5).otherwise("numerator").alias("numerator")
        )

    asian = by_name(changed_release(values=swell), "hypertension_prevalence", Cut.ETHNIC_GROUP_5)["Asian"]
    assert asian.lower is not None
    assert asian.judgement == "more than its share"


def test_rates_have_limits_of_counts(release: Release) -> None:
    loads = find_loads(release, "copd_emergency_admissions", Cut.LOCAL_QUINTILE)
    most = loads[0]
    assert (most.lower or 0) < (most.ratio or 0) < (most.upper or 0)


def test_people_of_whom_no_record_tells_the_tenure_are_not_known(
    changed_release: Callable[..., Release],
) -> None:
    names = {"white": "social_rent", "asian": "owned", "missing": "tenure_not_recorded"}

    def by_tenure(values: pl.DataFrame) -> pl.DataFrame:
        by_group = values.filter(
            (pl.col("cut") == Cut.ETHNIC_GROUP_5) & pl.col("category").is_in(list(names))
        )
        renamed = by_group.with_columns(
            pl.lit(str(Cut.HOUSING_TENURE)).alias("cut"), pl.col("category").replace(names)
        )
        return pl.concat([values, renamed])

    groups = tuple(
        GroupInfo(cut="housing_tenure", id=name, name=name.capitalize(), words="") for name in names.values()
    )
    release = changed_release({"groups": groups}, values=by_tenure)
    known = {one.group.name: one.group.recorded for one in find_loads(release, SERVICE, Cut.HOUSING_TENURE)}
    assert known == {"Social_rent": True, "Owned": True, "Tenure_not_recorded": False}
    figure = draw_burden(release, SERVICE, Cut.HOUSING_TENURE)
    assert figure is not None
    assert "The housing tenure is not known for" in figure.summary
