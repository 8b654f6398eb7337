"""An OMOP common data model, version 5.4, to the contract: see docs/reference/omop.md."""

from evenground.sources.omop.inputs import open_omop
from evenground.sources.omop.options import OmopOptions

__all__ = ["OmopOptions", "open_omop"]
