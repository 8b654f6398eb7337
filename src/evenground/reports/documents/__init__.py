"""Reports as files: one content, four formats."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Final

from evenground.errors import EvengroundError, InputError, suggest
from evenground.reports.documents.model import (
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
)

__all__ = [
    "FORMATS",
    "FORMAT_NAMES",
    "Block",
    "Bullets",
    "Document",
    "Paragraph",
    "Picture",
    "Section",
    "Table",
    "is_installed",
    "render_document",
    "require_format",
]

_MODULES: Final = {"docx": "word", "pptx": "slides", "pdf": "pdf", "html": "page"}
_NEEDS: Final = {"docx": "docx", "pptx": "pptx", "pdf": "typst"}

FORMATS: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
}
"""The formats by name, with their media types."""

FORMAT_NAMES: Final = {"docx": "Word", "pptx": "PowerPoint", "pdf": "PDF", "html": "HTML"}


def require_format(name: str) -> str:
    """The name of a format that can be written here.

    Raises
    ------
    InputError
        Where there is no such format.
    EvengroundError
        Where what writes it is not installed.
    """
    if name not in FORMATS:
        raise InputError(f'There is no format "{name}" for reports. {suggest(name, FORMATS)}')
    if not is_installed(name):
        raise EvengroundError(
            f"What writes {FORMAT_NAMES[name]} files is not installed. "
            "Install it with: pip install 'evenground[reports]'"
        )
    return name


def is_installed(name: str) -> bool:
    """Whether what writes a format is there; HTML needs nothing more."""
    module = _NEEDS.get(name)
    return module is None or importlib.util.find_spec(module) is not None


def render_document(document: Document, name: str) -> bytes:
    """A report as a file of one of ``FORMATS``.

    Parameters
    ----------
    document
        What it says.
    name
        The format.

    Returns
    -------
    bytes
        The same for the same document, whenever it is written.

    Raises
    ------
    InputError, EvengroundError
        As ``require_format`` says.
    """
    module = importlib.import_module(f"{__name__}.{_MODULES[require_format(name)]}")
    render: Callable[[Document], bytes] = module.render
    return render(document)
