"""What may leave the secure zone: named policies, and the counts they let through.

Every figure of a release that can be worked out from counts is worked out from counts that already went
through ``protect_counts``: a percentage cannot say more than its rounded numerator and denominator do.
"""

from evenground.disclosure.policies import Policy, load_policy, policy_names
from evenground.disclosure.protect import (
    protect_count,
    protect_counts,
    protect_figures,
    require_protected,
    round_modelled,
)

__all__ = [
    "Policy",
    "load_policy",
    "policy_names",
    "protect_count",
    "protect_counts",
    "protect_figures",
    "require_protected",
    "round_modelled",
]
