"""The synthetic Place."""
