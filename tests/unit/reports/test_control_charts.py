"""Control charts: from how many periods, by which rules, what is said, and what is not drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.control_chart_pictures import draw_control_chart
from evenground.reports.control_charts import Reason, find_control_chart, say_control_chart
from evenground.reports.subjects import place_of
from evenground.stats import calculate_xmr_chart

INDICATOR = "bowel_screening"
Change = Callable[..., Release]
STEADY = [60.0, 62, 61, 59, 63, 60, 62, 61, 60, 59, 62, 61, 60, 61]


def set_series(
    levels: Sequence[float | None], periods: Sequence[str] | None = None, indicator: str = INDICATOR
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Puts a series in the place of an indicator's own for the whole place; None is suppressed."""
    named = periods or [f"{2000 + number}/{1 + number:02}" for number in range(len(levels))]

    def change(values: pl.DataFrame) -> pl.DataFrame:
        is_own = (
            (pl.col("indicator_id") == indicator)
            & (pl.col("area_type") == "place")
            & (pl.col("cut") == "all")
        )
        pattern = values.filter(is_own).sort("period").tail(1).drop("period", "value", "value_note")
        rows = pl.DataFrame(
            {
                "period": list(named),
                "value": pl.Series(list(levels), dtype=pl.Float64),
                "value_note": ["suppressed" if level is None else "published" for level in levels],
            }
        ).join(pattern, how="cross")
        return pl.concat([values.filter(~is_own), rows.select(values.columns)])

    return change


def test_thirteen_periods_have_the_limits_of_an_xmr_chart(changed_release: Change) -> None:
    release = changed_release(values=set_series(STEADY))
    found = find_control_chart(release, INDICATOR, place_of(release))
    chart = calculate_xmr_chart(STEADY, polarity="higher_is_better")
    assert found.mean == pytest.approx(chart.mean[0])
    assert found.limits == pytest.approx((chart.lower_limit[0], chart.upper_limit[0]))


def test_a_steady_series_is_said_not_to_have_changed(changed_release: Change) -> None:
    release = changed_release(values=set_series(STEADY))
    told = say_control_chart(find_control_chart(release, INDICATOR, place_of(release)))
    assert "The latest, 61.0%, is within the usual variation: it tells of no change." in told
    assert "Whether it meets the target of 60.0% in a period is chance." in told


def test_a_latest_figure_beyond_a_limit_is_said_to_be_better_and_why(changed_release: Change) -> None:
    release = changed_release(values=set_series([*STEADY, 75.0]))
    found = find_control_chart(release, INDICATOR, place_of(release))
    assert "75.0%, is better than chance explains (beyond a limit)" in say_control_chart(found)
    figure = draw_control_chart(found)
    assert figure is not None
    assert figure.rows[0][-2:] == ("Stands out: better", "beyond a limit")


def test_lower_is_better_turns_the_words_round(changed_release: Change) -> None:
    release = changed_release(values=set_series([*STEADY, 75.0], indicator="copd_emergency_admissions"))
    told = say_control_chart(find_control_chart(release, "copd_emergency_admissions", place_of(release)))
    assert "is worse than chance explains" in told


def test_fewer_than_thirteen_periods_have_no_chart_and_are_pointed_to_the_line(release: Release) -> None:
    found = find_control_chart(release, INDICATOR, place_of(release))
    assert found.reason == Reason.TOO_FEW
    assert draw_control_chart(found) is None
    assert "at least 13 periods with a published figure, and there are 6" in say_control_chart(found)


def test_a_figure_kept_back_is_no_point_and_does_not_count_towards_thirteen(changed_release: Change) -> None:
    levels: list[float | None] = [*STEADY[:12], None]
    release = changed_release(values=set_series(levels))
    assert find_control_chart(release, INDICATOR, place_of(release)).reason == Reason.TOO_FEW


def test_a_gap_breaks_the_line_and_is_told(changed_release: Change, look: Callable[[str], Any]) -> None:
    levels: list[float | None] = [*STEADY[:6], None, *STEADY[6:]]
    release = changed_release(values=set_series(levels))
    found = find_control_chart(release, INDICATOR, place_of(release))
    figure = draw_control_chart(found)
    assert figure is not None
    assert "1 period without a published figure is passed over." in figure.summary
    assert len(look(figure.svg).layer("points")) == 14
    assert len(look(figure.svg).layer("line")) == 12


def test_pooled_years_overlap_and_have_no_chart(changed_release: Change) -> None:
    periods = [f"{2000 + number}-{(2 + number):02}" for number in range(len(STEADY))]
    release = changed_release(values=set_series(STEADY, periods))
    found = find_control_chart(release, INDICATOR, place_of(release))
    assert found.reason == Reason.OVERLAP
    assert "share years" in say_control_chart(found)


def test_limits_stay_within_what_a_share_can_be(changed_release: Change) -> None:
    levels = [98.0, 90, 99, 91, 99, 90, 98, 91, 99, 90, 99, 92, 99]
    release = changed_release(values=set_series(levels))
    found = find_control_chart(release, INDICATOR, place_of(release))
    assert found.limits is not None
    assert found.limits[1] == 100.0


def test_an_unknown_indicator_is_told(release: Release) -> None:
    with pytest.raises(InputError, match="no indicator"):
        find_control_chart(release, "nothing", place_of(release))
