"""Tables as CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpResponse

_STARTS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_response(filename: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download with one header line, in UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([make_cell_safe(column) for column in columns])
    writer.writerows([make_cell_safe(cell) for cell in row] for row in rows)
    response = HttpResponse(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def make_cell_safe(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: such text gets an apostrophe before it.

    >>> make_cell_safe("=1+1"), make_cell_safe(-1.5), make_cell_safe(None)
    ("'=1+1", -1.5, '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS_FORMULA):
        return f"'{cell}"
    return cell
