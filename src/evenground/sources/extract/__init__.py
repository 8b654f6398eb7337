"""A provider's extract, CSV or Parquet, to the contract: see docs/reference/extract.md."""

from evenground.sources.extract.load import check_extract, load_extract
from evenground.sources.extract.options import ExtractOptions

__all__ = ["ExtractOptions", "check_extract", "load_extract"]
