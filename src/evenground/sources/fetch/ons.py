"""The Open Geography portal of the Office for National Statistics: look-ups and boundaries, in pages."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from evenground.errors import Fault, SourceError
from evenground.sources.fetch.addresses import ONS, with_query
from evenground.sources.fetch.jobs import FetchOptions, fetch_file
from evenground.sources.fetch.kept import Fetched, Record
from evenground.sources.fetch.paging import Page, load_pages
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.tables import check_columns, no_rows, refuse_web_page
from evenground.sources.fetch.transport import Answer, Asker, Refused

KNOWN_SERVICES: Final = {
    "LSOA11_LSOA21_LAD22_EW_LU_v5": "what became of each LSOA of 2011 in 2021",
    "LSOA21_WD25_LAD25_EW_LU_v2": "LSOAs of 2021 to wards and local authorities of 2025",
    "LSOA21_WD24_LAD24_EW_LU": "LSOAs of 2021 to wards and local authorities of 2024",
    "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V5": "boundaries of LSOAs of 2021",
}
"""Services that a place needs, and what each holds. The publisher gives new versions new names."""

_MOST_SHOWN: Final = 200
_MOST_IDENTIFIERS: Final = 50_000_000
_OPENING: Final = b'{"type":"FeatureCollection","features":[\n'
_CLOSING: Final = b"\n]}\n"


def fetch_ons(
    path: Path,
    service: str,
    *,
    where: str = "1=1",
    layer: int = 0,
    geometry: bool = False,
    rename: Mapping[str, str] | None = None,
    options: FetchOptions | None = None,
) -> Fetched:
    """Fetch a table, or boundaries, of the Open Geography portal.

    Parameters
    ----------
    path
        Where the file is put: CSV, or GeoJSON in degrees (WGS 84) with ``geometry``.
    service
        The service's name, such as one of ``KNOWN_SERVICES``.
    where
        Which rows, as the service writes conditions: ``LAD22CD='E08000018'``.
    layer
        The layer's number.
    geometry
        Boundaries as well.
    rename
        New names of columns by old ones.
    options
        How to fetch.

    Raises
    ------
    SourceError
        Where it does not come.
    """
    options = options or FetchOptions()
    if not re.fullmatch(r"[\w()-]+", service, flags=re.ASCII):
        fix = 'It stands in the address of the data between "services/" and "/FeatureServer".'
        raise SourceError("Nothing was asked for.", [Fault(service, "is not the name of a service.", fix)])
    base = f"{options.base(ONS)}/{service}/FeatureServer/{layer}/query"
    pages = _Pages(base, where or "1=1", geometry, dict(rename or {}))
    options.tell(service)
    # What was renamed is another file of the same question, so it is part of what is kept as its address.
    named = "".join(f"#{old}={new}" for old, new in sorted(pages.rename.items()))
    try:
        return fetch_file(path, f"{with_query(base, pages.query)}{named}", service, options, pages.load)
    except Refused as refused:
        raise SourceError(
            "The table of the Open Geography portal was not fetched.", [refused.fault]
        ) from None


@dataclass(frozen=True, slots=True)
class _Pages:
    base: str
    where: str
    geometry: bool
    rename: Mapping[str, str] = field(default_factory=dict)
    order: str = ""

    @property
    def query(self) -> list[tuple[str, str]]:
        shape = [("returnGeometry", "true"), ("outSR", "4326"), ("f", "geojson")]
        plain = [("returnGeometry", "false"), ("f", "json")]
        return [("where", self.where), ("outFields", "*"), *(shape if self.geometry else plain)]

    def address_of(self, offset: int) -> str:
        paging = [("orderByFields", self.order), ("resultOffset", str(offset))]
        return with_query(self.base, [*self.query, *paging])

    def load(self, asker: Asker, part: Part, known: Record | None) -> State | None:
        # The identifiers say how many rows there are, and give an order in which pages do not overlap.
        asked = [("where", self.where), ("returnIdsOnly", "true"), ("f", "json")]
        answer, body = asker.read(with_query(self.base, asked), most=_MOST_IDENTIFIERS)
        told = _read_json(answer, body)
        order, found = told.get("objectIdFieldName"), told.get("objectIds", "")
        if not (isinstance(order, str) and (found is None or isinstance(found, list))):
            raise _not_ours(answer)
        if not found:
            raise no_rows(
                answer.where, f"Check the condition {self.where!r}: its column, and the code in it."
            )
        pages = replace(self, order=order)
        closing = _CLOSING if self.geometry else b""
        return load_pages(
            asker, part, known, pages.address_of, pages.read, expected=len(found), closing=closing
        )

    def read(self, answer: Answer, body: bytes, state: State) -> Page:
        told = _read_json(answer, body)
        features = told.get("features")
        if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
            raise _not_ours(answer)
        expected = state.expected or 0
        rows = state.rows + len(features)
        if not features or rows > expected:
            what = f"says that there are {expected:,} rows, and sends {rows:,}."
            raise Refused(Fault(answer.where, what, "It may just have changed: run the same command again."))
        make = self._make_shapes if self.geometry else self._make_rows
        header, content = make(answer, told, features, state)
        return Page(content, len(features), header, is_last=rows == expected, expected=expected)

    def _make_rows(
        self, answer: Answer, told: Mapping[str, Any], features: Sequence[Mapping[str, Any]], state: State
    ) -> tuple[tuple[str, ...], bytes]:
        fields = told.get("fields") or []
        try:
            header = tuple(str(one["name"]) for one in fields)
            rows = [[_as_text(one["attributes"][name]) for name in header] for one in features]
        except (TypeError, KeyError):
            raise _not_ours(answer) from None
        if not header:
            raise _not_ours(answer)
        if state.rows and header != state.header:
            fault = Fault(
                answer.where, "sends a page with other columns than the first.", "Run the command again."
            )
            raise Refused(fault)
        check_columns(header, self.rename, answer.where)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not state.rows:
            writer.writerow([self.rename.get(name, name) for name in header])
        writer.writerows(rows)
        return header, text.getvalue().encode()

    def _make_shapes(
        self, answer: Answer, _told: Mapping[str, Any], features: Sequence[Mapping[str, Any]], state: State
    ) -> tuple[tuple[str, ...], bytes]:
        lines = []
        for one in features:
            properties, shape = one.get("properties"), one.get("geometry")
            if not isinstance(properties, dict) or not isinstance(shape, dict):
                raise _not_ours(answer)
            check_columns(properties, self.rename, answer.where)
            named = {self.rename.get(name, name): value for name, value in properties.items()}
            feature = {"type": "Feature", "properties": named, "geometry": shape}
            lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
        before = b",\n" if state.rows else _OPENING
        return (), before + ",\n".join(lines).encode()


def _read_json(answer: Answer, body: bytes) -> Mapping[str, Any]:
    """The object that came. Such a server tells its errors in one, with the status of success."""
    refuse_web_page(answer, body[:64])
    try:
        told = json.loads(body)
    except ValueError:
        raise _not_ours(answer) from None
    if not isinstance(told, dict):
        raise _not_ours(answer)
    error = told.get("error")
    if isinstance(error, dict):
        details = error.get("details")
        said = [error.get("message"), *(details if isinstance(details, list) else [])]
        words = " ".join(dict.fromkeys(str(one) for one in said if one))
        printable = "".join(letter if letter.isprintable() else " " for letter in words)[:_MOST_SHOWN]
        fix = "Check the service's name (it may have a new version), the condition and its columns."
        raise Refused(Fault(answer.where, f'answers with an error: "{printable}".', fix))
    return told


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _not_ours(answer: Answer) -> Refused:
    fix = "Check the service's name and --layer; with --geometry it must have boundaries."
    return Refused(Fault(answer.where, "sends something that is not a table of features.", fix))
