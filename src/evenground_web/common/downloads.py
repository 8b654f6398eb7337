"""Tables as CSV files and workbooks that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import xlsxwriter
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

_WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH: Final = 18
_MOST_ROWS: Final = 1_048_576
"""Of a sheet, the header among them."""

_TOO_LONG: Final = "The table has more rows than a sheet of a workbook holds. Take the CSV file."
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


def table_response(
    request: HttpRequest, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """A download as CSV, or as a workbook where the address asks for one (``?file=xlsx``)."""
    if request.GET.get("file") == "xlsx":
        return xlsx_response(f"{name}.xlsx", columns, rows)
    return csv_response(f"{name}.csv", columns, rows)


def xlsx_response(filename: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download as a workbook of one sheet: a header that stays in sight and can be filtered by.

    Text stays text, whatever it begins with: nothing in it is a formula or a link.
    """
    content = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as workbook:
        sheet = workbook.add_worksheet("Figures")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, _WIDTH)
        sheet.write_row(0, 0, columns, workbook.add_format({"bold": True}))
        number = 0
        for number, row in enumerate(rows, start=1):
            if number >= _MOST_ROWS:
                raise BadRequest(_TOO_LONG)
            sheet.write_row(number, 0, ["" if cell is None else cell for cell in row])
        sheet.autofilter(0, 0, number, len(columns) - 1)
    response = HttpResponse(content.getvalue(), content_type=_WORKBOOK)
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
