"""Simulated places of several kinds whose truth is known, to hold a ranking against."""

from benchmarks.places.scores import (
    BY,
    CONTACTS,
    Order,
    found_share,
    order_deprived,
    order_raw,
    score_ranking,
)
from benchmarks.places.simulate import HELD_OUT, KINDS, Kind, Place, simulate_place

__all__ = [
    "BY",
    "CONTACTS",
    "HELD_OUT",
    "KINDS",
    "Kind",
    "Order",
    "Place",
    "found_share",
    "order_deprived",
    "order_raw",
    "score_ranking",
    "simulate_place",
]
