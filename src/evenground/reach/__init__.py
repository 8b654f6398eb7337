"""Who misses out: which communities stand to gain most, and how sure we are."""

from evenground.reach.known import KnownCounts
from evenground.reach.orders import ORDERS, order_communities
from evenground.reach.ranking import rank_communities
from evenground.reach.reasons import explain_gap
from evenground.reach.services import COVARIATES, NEVER_RANKED, Service

__all__ = [
    "COVARIATES",
    "NEVER_RANKED",
    "ORDERS",
    "KnownCounts",
    "Service",
    "explain_gap",
    "order_communities",
    "rank_communities",
]
