"""Public-health statistics: arrays in, arrays out; nothing is rounded, scaled, suppressed or clipped."""

from evenground.stats.comparison import compare_with_benchmark
from evenground.stats.estimates import REASONS, Estimate
from evenground.stats.intervals import (
    calculate_byars_interval,
    calculate_poisson_interval,
    calculate_standard_error,
    calculate_wilson_interval,
)
from evenground.stats.proportions_and_rates import calculate_crude_rate, calculate_proportion
from evenground.stats.slope_index import calculate_rii, calculate_sii
from evenground.stats.standardisation import EUROPEAN_STANDARD_POPULATION_2013, calculate_dsr

__all__ = [
    "EUROPEAN_STANDARD_POPULATION_2013",
    "REASONS",
    "Estimate",
    "calculate_byars_interval",
    "calculate_crude_rate",
    "calculate_dsr",
    "calculate_poisson_interval",
    "calculate_proportion",
    "calculate_rii",
    "calculate_sii",
    "calculate_standard_error",
    "calculate_wilson_interval",
    "compare_with_benchmark",
]
