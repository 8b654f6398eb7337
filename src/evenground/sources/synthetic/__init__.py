"""The synthetic Place: invented people and coded events from any place's margins.

SECURE by nature, harmless by content: what :func:`generate_place` writes looks like a provider's person-level
extracts, and no person in it is real.
"""

from evenground.sources.synthetic.generate import GeneratedPlace, generate_place
from evenground.sources.synthetic.margins import Margins, load_margins
from evenground.sources.synthetic.wenbury_workspace import make_wenbury_workspace

__all__ = ["GeneratedPlace", "Margins", "generate_place", "load_margins", "make_wenbury_workspace"]
