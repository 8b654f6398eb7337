"""What money buys: which interventions where, so that most of those who miss out are reached, fairly."""

from evenground.spending.communities import check_communities
from evenground.spending.evidence import flag_passed_over, say_passed_over, value_communities
from evenground.spending.loader import Offer, load_evidence, load_offer
from evenground.spending.planning import Spending, plan_spending
from evenground.spending.records import Effect, Evidence, Figure, Intervention, Role
from evenground.spending.weights import read_weights

__all__ = [
    "Effect",
    "Evidence",
    "Figure",
    "Intervention",
    "Offer",
    "Role",
    "Spending",
    "check_communities",
    "flag_passed_over",
    "load_evidence",
    "load_offer",
    "plan_spending",
    "read_weights",
    "say_passed_over",
    "value_communities",
]
