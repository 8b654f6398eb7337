"""Two organisations' people put together where they share no identifier: see docs/reference/linkage.md."""

from evenground.sources.linkage.crosswalk import Crosswalk, find_crosswalk
from evenground.sources.linkage.definition import Linkage, check_linkages, load_linkage
from evenground.sources.linkage.link import Linked, link_sources
from evenground.sources.linkage.rates import Rate
from evenground.sources.linkage.told import LinkageRates, load_rates

__all__ = [
    "Crosswalk",
    "Linkage",
    "LinkageRates",
    "Linked",
    "Rate",
    "check_linkages",
    "find_crosswalk",
    "link_sources",
    "load_linkage",
    "load_rates",
]
