"""Sources: providers' tables, of whatever kind, to the contract."""

from evenground.sources.load import PSEUDONYMS_FILE, check_sources, load_sources, survey_sources

__all__ = ["PSEUDONYMS_FILE", "check_sources", "load_sources", "survey_sources"]
