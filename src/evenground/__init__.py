"""Evenground: find the people prevention does not reach, and show whether the gap closed."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evenground.client import read_release

__version__ = version("evenground")
__all__ = ["__version__", "read_release"]


def __getattr__(name: str) -> Any:
    # Data frames take a second to import, and the command line's help must not.
    if name == "read_release":
        from evenground.client import read_release

        return read_release
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
