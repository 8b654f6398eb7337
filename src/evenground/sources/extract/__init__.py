"""A provider's extract, CSV or Parquet, to the contract: see docs/reference/extract.md."""

from evenground.sources.extract.inputs import open_extract
from evenground.sources.extract.options import ExtractOptions

__all__ = ["ExtractOptions", "open_extract"]
