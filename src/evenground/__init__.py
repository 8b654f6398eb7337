"""Evenground: find the people prevention does not reach, and show whether the gap closed."""

from importlib.metadata import version

__version__ = version("evenground")
