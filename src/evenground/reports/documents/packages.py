"""Office files whose bytes follow from their content alone.

They are ZIP archives. What writes them stamps each part with the time of writing, and so does what writes the
workbooks inside charts: here every stamp becomes the date of the figures.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Final

_STAMP: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
_CORE: Final = "docProps/core.xml"


def fix_dates(content: bytes, date: dt.date) -> bytes:
    """The same package with every time in it set to the start of a day, workbooks inside it too.

    Parameters
    ----------
    content
        A Word, PowerPoint or Excel file.
    date
        The day.

    Returns
    -------
    bytes
        Equal for equal parts, whenever they were written.
    """
    stamp = (date.year, date.month, date.day, 0, 0, 0)
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = old.read(name)
            if name.endswith(".xlsx"):
                part = fix_dates(part, date)
            elif name == _CORE:
                part = _STAMP.sub(rf"\g<1>{date:%Y-%m-%d}T00:00:00Z\g<2>".encode(), part)
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, part)
    return written.getvalue()
