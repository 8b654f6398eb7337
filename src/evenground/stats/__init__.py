"""Public-health statistics: arrays in, arrays out; nothing is rounded, scaled, suppressed or clipped."""

from evenground.stats.comparison import compare_with_benchmark
from evenground.stats.concentration import (
    calculate_concentration_index,
    calculate_survey_concentration_index,
)
from evenground.stats.control_charts import (
    XmrChart,
    calculate_xmr_chart,
)
from evenground.stats.deprivation_line import (
    DeprivationLine,
    calculate_relative_rank,
    fit_deprivation_line,
)
from evenground.stats.disproportionality import (
    calculate_between_group_standard_deviation,
    calculate_between_group_variance,
    calculate_coefficient_of_variation,
    calculate_index_of_disparity,
    calculate_mean_difference_from_best,
    calculate_mean_difference_from_mean,
    calculate_mean_difference_from_reference,
    calculate_mean_log_deviation,
    calculate_theil_index,
)
from evenground.stats.estimates import (
    REASONS,
    Estimate,
)
from evenground.stats.funnel import (
    FunnelCurves,
    FunnelLimits,
    FunnelPoints,
    FunnelSignificance,
    assign_funnel_significance,
    calculate_effective_population,
    calculate_funnel_baseline,
    calculate_funnel_curves,
    calculate_funnel_grid,
    calculate_funnel_limits,
    calculate_funnel_points,
)
from evenground.stats.inequality import (
    calculate_difference,
    calculate_population_attributable_fraction,
    calculate_population_attributable_risk,
    calculate_ratio,
    calculate_relative_inequity,
)
from evenground.stats.intervals import (
    calculate_byars_interval,
    calculate_exact_poisson_interval,
    calculate_poisson_interval,
    calculate_standard_error,
    calculate_wilson_interval,
)
from evenground.stats.life_expectancy import (
    LifeTable,
    calculate_healthy_life_expectancy,
    calculate_life_expectancy,
    calculate_life_table,
)
from evenground.stats.means import calculate_mean
from evenground.stats.proportions_and_rates import (
    calculate_crude_rate,
    calculate_proportion,
)
from evenground.stats.quantiles import (
    Quantiles,
    assign_quantiles,
)
from evenground.stats.slope_index import (
    SlopeIndices,
    calculate_rii,
    calculate_sii,
    calculate_slope_indices,
)
from evenground.stats.slope_regression import (
    calculate_relative_index_by_regression,
    calculate_slope_index_by_regression,
    calculate_survey_relative_index,
    calculate_survey_slope_index,
)
from evenground.stats.standardisation import (
    EUROPEAN_STANDARD_POPULATION_2013,
    calculate_dsr,
    calculate_expected_events,
    calculate_indirectly_standardised_rate,
    calculate_indirectly_standardised_ratio,
)
from evenground.stats.trend import (
    RecentTrend,
    assess_recent_trend,
    assess_recent_trend_of_proportion,
)
from evenground.stats.workforce import (
    calculate_disparity_ratio,
    calculate_relative_likelihood,
    judge_relative_likelihood,
)

__all__ = [
    "EUROPEAN_STANDARD_POPULATION_2013",
    "REASONS",
    "DeprivationLine",
    "Estimate",
    "FunnelCurves",
    "FunnelLimits",
    "FunnelPoints",
    "FunnelSignificance",
    "LifeTable",
    "Quantiles",
    "RecentTrend",
    "SlopeIndices",
    "XmrChart",
    "assess_recent_trend",
    "assess_recent_trend_of_proportion",
    "assign_funnel_significance",
    "assign_quantiles",
    "calculate_between_group_standard_deviation",
    "calculate_between_group_variance",
    "calculate_byars_interval",
    "calculate_coefficient_of_variation",
    "calculate_concentration_index",
    "calculate_crude_rate",
    "calculate_difference",
    "calculate_disparity_ratio",
    "calculate_dsr",
    "calculate_effective_population",
    "calculate_exact_poisson_interval",
    "calculate_expected_events",
    "calculate_funnel_baseline",
    "calculate_funnel_curves",
    "calculate_funnel_grid",
    "calculate_funnel_limits",
    "calculate_funnel_points",
    "calculate_healthy_life_expectancy",
    "calculate_index_of_disparity",
    "calculate_indirectly_standardised_rate",
    "calculate_indirectly_standardised_ratio",
    "calculate_life_expectancy",
    "calculate_life_table",
    "calculate_mean",
    "calculate_mean_difference_from_best",
    "calculate_mean_difference_from_mean",
    "calculate_mean_difference_from_reference",
    "calculate_mean_log_deviation",
    "calculate_poisson_interval",
    "calculate_population_attributable_fraction",
    "calculate_population_attributable_risk",
    "calculate_proportion",
    "calculate_ratio",
    "calculate_relative_index_by_regression",
    "calculate_relative_inequity",
    "calculate_relative_likelihood",
    "calculate_relative_rank",
    "calculate_rii",
    "calculate_sii",
    "calculate_slope_index_by_regression",
    "calculate_slope_indices",
    "calculate_standard_error",
    "calculate_survey_concentration_index",
    "calculate_survey_relative_index",
    "calculate_survey_slope_index",
    "calculate_theil_index",
    "calculate_wilson_interval",
    "calculate_xmr_chart",
    "compare_with_benchmark",
    "fit_deprivation_line",
    "judge_relative_likelihood",
]
