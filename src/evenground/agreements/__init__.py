"""Data-sharing agreements: reviewed data that says who may use what, for what, and until when."""

from evenground.agreements.loader import load_agreements
from evenground.agreements.model import SOON, Agreement, Standing
from evenground.agreements.permits import Permit, Standings, find_dark, weigh_agreements

__all__ = [
    "SOON",
    "Agreement",
    "Permit",
    "Standing",
    "Standings",
    "find_dark",
    "load_agreements",
    "weigh_agreements",
]
