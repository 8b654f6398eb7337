"""A wide table, one row a person with flags and dates, to the contract: see docs/reference/wide.md."""

from evenground.sources.wide.inputs import open_wide
from evenground.sources.wide.options import WideOptions

__all__ = ["WideOptions", "open_wide"]
