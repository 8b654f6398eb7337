"""Aggregates: figures that somebody else worked out, by area and group, checked row by row."""

from evenground.sources.aggregates.load import (
    Aggregate,
    AggregateReport,
    check_aggregates,
    load_aggregates,
    split_sections,
)

__all__ = ["Aggregate", "AggregateReport", "check_aggregates", "load_aggregates", "split_sections"]
