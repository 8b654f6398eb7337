"""Sources: providers' tables, of whatever kind, to the contract."""

from evenground.sources.load import check_sources, load_sources, survey_sources

__all__ = ["check_sources", "load_sources", "survey_sources"]
