"""Who misses out: which communities stand to gain most, and how sure we are."""

from evenground.reach.clusters import AREAS_APART, Clusters, find_clusters
from evenground.reach.counted import rank_checked, rank_counts
from evenground.reach.counts import CheckedCounts, Columns, check_counts, read_numbers
from evenground.reach.known import KnownCounts, know_shown
from evenground.reach.options import Contacted, CountsOrder, Options, Shortfall, read_options
from evenground.reach.orders import ORDERS, RELEASE_SEED, order_communities
from evenground.reach.places import find_middles, read_middles
from evenground.reach.ranking import rank_communities
from evenground.reach.reasons import explain_gap
from evenground.reach.services import COVARIATES, NEVER_RANKED, Service
from evenground.reach.tables import flag_below, spend_contacts

__all__ = [
    "AREAS_APART",
    "COVARIATES",
    "NEVER_RANKED",
    "ORDERS",
    "RELEASE_SEED",
    "CheckedCounts",
    "Clusters",
    "Columns",
    "Contacted",
    "CountsOrder",
    "KnownCounts",
    "Options",
    "Service",
    "Shortfall",
    "check_counts",
    "explain_gap",
    "find_clusters",
    "find_middles",
    "flag_below",
    "know_shown",
    "order_communities",
    "rank_checked",
    "rank_communities",
    "rank_counts",
    "read_middles",
    "read_numbers",
    "read_options",
    "spend_contacts",
]
