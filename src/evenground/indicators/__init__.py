"""Definitions of indicators, features and profiles: the model, the loader and its checks."""

from evenground.indicators.cohorts import load_cohorts
from evenground.indicators.loader import SHIPPED, load_definitions
from evenground.indicators.model import (
    Cohort,
    Definitions,
    Feature,
    Indicator,
    Membership,
    Profile,
    ProfileSection,
    Source,
    Target,
    indicator_info,
)
from evenground.indicators.words import in_words

__all__ = [
    "SHIPPED",
    "Cohort",
    "Definitions",
    "Feature",
    "Indicator",
    "Membership",
    "Profile",
    "ProfileSection",
    "Source",
    "Target",
    "in_words",
    "indicator_info",
    "load_cohorts",
    "load_definitions",
]
