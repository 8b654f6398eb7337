"""The statistics on data frames: Polars or pandas in, the same kind out.

Each function has the name of the one in ``evenground.stats`` that it calls. It takes the names of columns
and gives figures in the columns ``value``, ``lower_cl``, ``upper_cl``, ``confidence_level`` and
``value_note`` (why there is no value), one row a group (``by``) and confidence level.
"""

from evenground.stats.frames.comparison import (
    assign_funnel_significance,
    assign_quantiles,
    calculate_relative_likelihood,
    compare_with_benchmark,
)
from evenground.stats.frames.inequality import MEASURES, calculate_inequality, calculate_slope_indices
from evenground.stats.frames.life import calculate_healthy_life_expectancy, calculate_life_expectancy
from evenground.stats.frames.rates import (
    calculate_crude_rate,
    calculate_dsr,
    calculate_indirectly_standardised_rate,
    calculate_indirectly_standardised_ratio,
    calculate_mean,
    calculate_proportion,
)
from evenground.stats.frames.time import assess_recent_trend, calculate_xmr_chart

__all__ = [
    "MEASURES",
    "assess_recent_trend",
    "assign_funnel_significance",
    "assign_quantiles",
    "calculate_crude_rate",
    "calculate_dsr",
    "calculate_healthy_life_expectancy",
    "calculate_indirectly_standardised_rate",
    "calculate_indirectly_standardised_ratio",
    "calculate_inequality",
    "calculate_life_expectancy",
    "calculate_mean",
    "calculate_proportion",
    "calculate_relative_likelihood",
    "calculate_slope_indices",
    "calculate_xmr_chart",
    "compare_with_benchmark",
]
