"""Published figures, look-ups and boundaries, asked for where their publishers offer them.

Nothing personal is asked for, and nothing about the person who asks is sent.
"""

from evenground.sources.fetch.fingertips import fetch_fingertips
from evenground.sources.fetch.jobs import FetchOptions
from evenground.sources.fetch.kept import Fetched
from evenground.sources.fetch.nomis import fetch_nomis
from evenground.sources.fetch.ons import KNOWN_SERVICES, fetch_ons

__all__ = ["KNOWN_SERVICES", "FetchOptions", "Fetched", "fetch_fingertips", "fetch_nomis", "fetch_ons"]
