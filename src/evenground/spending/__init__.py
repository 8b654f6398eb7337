"""What money buys: which interventions where, so that most of those who miss out are reached, fairly."""

from evenground.spending.communities import check_communities
from evenground.spending.deliverability import describe_offer
from evenground.spending.evidence import flag_passed_over, say_passed_over, value_communities
from evenground.spending.loader import Offer, load_deliverability, load_evidence, load_offer
from evenground.spending.planning import Spending, plan_spending
from evenground.spending.records import Deliverability, Effect, Evidence, Figure, Intervention, Known, Role
from evenground.spending.valued import FIRST, WORTH, add_worth
from evenground.spending.weights import read_weights

__all__ = [
    "FIRST",
    "WORTH",
    "Deliverability",
    "Effect",
    "Evidence",
    "Figure",
    "Intervention",
    "Known",
    "Offer",
    "Role",
    "Spending",
    "add_worth",
    "check_communities",
    "describe_offer",
    "flag_passed_over",
    "load_deliverability",
    "load_evidence",
    "load_offer",
    "plan_spending",
    "read_weights",
    "say_passed_over",
    "value_communities",
]
