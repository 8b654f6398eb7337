"""What may leave the secure zone: named policies, the counts they let through, and the attack that tests it.

Every figure of a release that can be worked out from counts is worked out from counts that already went
through ``protect_counts``: a percentage cannot say more than its rounded numerator and denominator do. What
tables say together, ``audit`` works out as an attacker would, and ``choose_secondary`` hides what gives too
much away.
"""

from evenground.disclosure.attack import Audit, Finding, audit
from evenground.disclosure.coverage import choose_rows_to_hide
from evenground.disclosure.knowledge import IndicatorTold, Published
from evenground.disclosure.layers import choose_layers
from evenground.disclosure.policies import Policy, find_policy, load_policy, policy_names
from evenground.disclosure.protect import (
    find_dominated,
    protect_count,
    protect_counts,
    protect_figures,
    require_protected,
    round_modelled,
)
from evenground.disclosure.rankings import protect_ranking
from evenground.disclosure.secondary import choose_secondary
from evenground.disclosure.withhold import withhold_figures, withhold_populations

__all__ = [
    "Audit",
    "Finding",
    "IndicatorTold",
    "Policy",
    "Published",
    "audit",
    "choose_layers",
    "choose_rows_to_hide",
    "choose_secondary",
    "find_dominated",
    "find_policy",
    "load_policy",
    "policy_names",
    "protect_count",
    "protect_counts",
    "protect_figures",
    "protect_ranking",
    "require_protected",
    "round_modelled",
    "withhold_figures",
    "withhold_populations",
]
