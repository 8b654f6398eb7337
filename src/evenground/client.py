"""A release for a notebook: from a folder, or from a site, as Polars, pandas or Arrow tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import Request, urlopen

import polars as pl

from evenground.errors import InputError, ReleaseError, suggest
from evenground.releases import (
    MANIFEST,
    TABLES,
    IndicatorInfo,
    Manifest,
    Release,
    current_release,
    load_release,
    verify_release,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Filter = str | Sequence[str]

READABLE: Final = ("values", "inequality", "rankings", "clusters", "areas")
"""The tables that a site gives; a folder has the boundaries besides."""

_API: Final = "api/v1/"
_ROWS: Final = 10_000
_SECONDS: Final = 60


class PublishedRelease:
    """A release that somebody reads: what it is, its indicators in words, and its tables.

    Made by ``read_release``.
    """

    def __init__(
        self,
        manifest: Manifest,
        indicators: Mapping[str, IndicatorInfo],
        tables: Sequence[str],
        read: Callable[[str, Mapping[str, list[str]]], pl.DataFrame],
    ) -> None:
        self.manifest = manifest
        self.indicators = indicators
        self.tables = tuple(tables)
        self._read = read

    @property
    def id(self) -> str:
        """The release's name: the date of its data and the start of its digest."""
        return self.manifest.release_id

    def to_polars(self, table: str = "values", **filters: Filter) -> pl.DataFrame:
        """A table, or the rows of it that pass every filter.

        Parameters
        ----------
        table
            One of ``tables``.
        filters
            Columns of text with the value wanted, or several of which any will do.

        Raises
        ------
        InputError
            Where there is no such table or column, with the nearest name.
        """
        if table not in self.tables:
            raise InputError(f'There is no table "{table}" here. {suggest(table, self.tables)}')
        wanted = {
            name: [choice] if isinstance(choice, str) else list(choice) for name, choice in filters.items()
        }
        texts = [column.name for column in TABLES[table] if str(column.type) == "string"]
        for name in wanted:
            if name not in texts:
                raise InputError(f'{table} cannot be filtered by "{name}". {suggest(name, texts)}')
        return self._read(table, wanted)

    def to_arrow(self, table: str = "values", **filters: Filter) -> pa.Table:
        """As ``to_polars``, as an Arrow table."""
        return self.to_polars(table, **filters).to_arrow()

    def to_pandas(self, table: str = "values", **filters: Filter) -> pd.DataFrame:
        """As ``to_polars``, as a pandas data frame."""
        return self.to_polars(table, **filters).to_pandas()

    def __repr__(self) -> str:
        return f"<Release {self.id} of {self.manifest.place_name}: {', '.join(self.tables)}>"


def read_release(where: str | Path, *, verify: bool = False) -> PublishedRelease:
    """Open a release to read its figures.

    Parameters
    ----------
    where
        A workspace or a folder of releases (their current release), the folder of one release, or the address
        of a site (``https://...``), whose current release is read part by part as tables are asked for.
    verify
        Whether to check first that every file is as it was written; folders only.

    Raises
    ------
    ReleaseError
        Where there is no release, it cannot be read, or the site does not answer.
    """
    if isinstance(where, str) and urlsplit(where).scheme in ("http", "https"):
        return _read_site(where)
    release = _open_folder(Path(where))
    if verify:
        verify_release(release.path)

    def read(table: str, wanted: Mapping[str, list[str]]) -> pl.DataFrame:
        frame = release.table(table)
        return frame.filter(*(pl.col(name).is_in(values) for name, values in wanted.items()))

    return PublishedRelease(release.manifest, release.indicators, list(TABLES), read)


def _open_folder(folder: Path) -> Release:
    if (folder / MANIFEST).is_file():
        return load_release(folder)
    inside = folder / "releases"
    return current_release(inside if inside.is_dir() else folder)


def _read_site(address: str) -> PublishedRelease:
    root = urljoin(address if address.endswith("/") else f"{address}/", _API)
    manifest = Manifest.model_validate(_fetch(f"{root}release"))
    infos = [IndicatorInfo.model_validate(item) for item in _fetch(f"{root}indicators")["items"]]

    def read(table: str, wanted: Mapping[str, list[str]]) -> pl.DataFrame:
        return _read_parts(root, table, wanted, manifest.release_id)

    return PublishedRelease(manifest, {info.id: info for info in infos}, READABLE, read)


def _read_parts(root: str, table: str, wanted: Mapping[str, list[str]], release_id: str) -> pl.DataFrame:
    schema = pl.DataFrame(TABLES[table].empty_table()).schema
    asked = [(name, value) for name, values in wanted.items() for value in values]
    address: str | None = f"{root}{table}?{urlencode([*asked, ('limit', str(_ROWS))])}"
    frames = [pl.DataFrame(schema=schema)]
    while address:
        part = _fetch(address)
        if part["release_id"] != release_id:
            raise ReleaseError("The site has a new release since this one was opened. Open it again.")
        frames.append(pl.DataFrame(part["items"], schema=schema))
        address = urljoin(root, part["next"]) if part["next"] else None
    return pl.concat(frames)


def _fetch(address: str) -> Any:
    # Only http and https reach this: read_release takes anything else for a folder.
    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310
    site = urlsplit(address).netloc
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as error:
        raise _explain(error, site) from None
    except (URLError, TimeoutError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else "it is not JSON"
        raise ReleaseError(f"The site {site} does not give a release ({reason}).") from None


def _explain(error: HTTPError, site: str) -> ReleaseError | InputError:
    try:
        told = str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return ReleaseError(f"The site {site} does not give a release (answer {error.code}).")
    return InputError(told) if error.code == 422 else ReleaseError(told)
