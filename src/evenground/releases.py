"""The hinge: what a release holds, and how it is written, read and verified.

A release is an immutable folder named after the date of its data and the digest of its content::

    releases/
      current                          the id of the release that the site shows
      2026-03-31-1f3a9c0b72de/
        manifest.json                  place, policy, sources, definitions, tables with their SHA-256
        values.parquet                 every published figure
        inequality.parquet             slope index and gaps
        rankings.parquet               communities by how many miss out
        clusters.parquet               neighbours that share a gap, found from the rankings as they are shown
        areas.parquet                  names, parents, deprivation, rounded populations
        boundaries.parquet             geometries for maps
        indicators.json                the definitions in words
        profiles.json                  which indicators stand together, and why
        coverage.json                  what the build read and kept, under the policy
        agreements.json                the data-sharing agreements that the figures were made under
        linkages.json                  who was linked less often, under the policy

Nothing here depends on when or where a build ran: the same inputs, definitions and code give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from evenground.errors import ReleaseError
from evenground.vocabulary import Basis
from evenground.workspace import temporary_folder, write_atomically

SCHEMA_VERSION: Final = 4
MANIFEST: Final = "manifest.json"
CURRENT: Final = "current"

_FIGURES = [
    ("numerator", pa.int64()),
    ("denominator", pa.int64()),
    ("value", pa.float64()),
    ("lower_cl", pa.float64()),
    ("upper_cl", pa.float64()),
    ("confidence_level", pa.float64()),
    ("value_note", pa.string()),
]

TABLES: Final[Mapping[str, pa.Schema]] = {
    "values": pa.schema(
        [
            ("indicator_id", pa.string()),
            ("area_type", pa.string()),
            ("area_code", pa.string()),
            ("cut", pa.string()),
            ("category", pa.string()),
            ("period", pa.string()),
            *_FIGURES,
            ("comparison", pa.string()),
            ("basis", pa.string()),
            ("source", pa.string()),
            ("edition", pa.string()),
            ("limits", pa.string()),
        ]
    ),
    "inequality": pa.schema(
        [
            ("indicator_id", pa.string()),
            ("area_type", pa.string()),
            ("area_code", pa.string()),
            ("cut", pa.string()),
            ("edition", pa.string()),
            ("period", pa.string()),
            ("measure", pa.string()),
            ("value", pa.float64()),
            ("lower_cl", pa.float64()),
            ("upper_cl", pa.float64()),
            ("confidence_level", pa.float64()),
            ("value_note", pa.string()),
        ]
    ),
    "rankings": pa.schema(
        [
            ("service_id", pa.string()),
            ("community_type", pa.string()),
            ("rank", pa.int64()),
            ("area_type", pa.string()),
            ("area_code", pa.string()),
            ("ethnic_group", pa.string()),
            ("standard", pa.float64()),
            ("eligible", pa.int64()),
            ("reached", pa.int64()),
            ("value_note", pa.string()),
            ("estimated_uptake", pa.float64()),
            ("predicted_uptake", pa.float64()),
            ("expected_missing", pa.int64()),
            ("expected_missing_per_100", pa.float64()),
            ("lower_cl", pa.int64()),
            ("upper_cl", pa.int64()),
            ("confidence_level", pa.float64()),
            ("probability_top_10", pa.float64()),
            ("probability_below", pa.float64()),
            ("top_service_id", pa.string()),
        ]
    ),
    "clusters": pa.schema(
        [
            ("service_id", pa.string()),
            ("community_type", pa.string()),
            ("cluster", pa.int64()),
            ("area_type", pa.string()),
            ("ethnic_group", pa.string()),
            ("areas", pa.int64()),
            ("area_codes", pa.string()),
            ("eligible", pa.int64()),
            ("expected_missing", pa.int64()),
            ("relative_risk", pa.float64()),
            ("p_value", pa.float64()),
        ]
    ),
    "areas": pa.schema(
        [
            ("area_type", pa.string()),
            ("area_code", pa.string()),
            ("area_name", pa.string()),
            ("parent_area_code", pa.string()),
            ("imd_rank", pa.int32()),
            ("imd_decile", pa.int32()),
            ("imd_quintile", pa.int32()),
            ("local_quintile", pa.int32()),
            ("ward_code", pa.string()),
            ("ltla_code", pa.string()),
            ("icb_code", pa.string()),
            ("population", pa.int64()),
            ("population_note", pa.string()),
        ]
    ),
    "boundaries": pa.schema(
        [("area_type", pa.string()), ("area_code", pa.string()), ("geojson", pa.string())]
    ),
}
_MOST_KEPT: Final = 8
"""Indicators whose figures of every period are kept: of all of England's small areas, some 100 MB each."""

DOCUMENTS: Final = ("indicators", "profiles", "groups", "coverage", "linkages", "agreements")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceRecord(_Frozen):
    """A source that a release was made from: its kind, and the digest of each file that was read.

    ``lsoa_edition`` and ``lsoa_lookup`` stand where its LSOAs were read as those of the other edition.
    """

    name: str
    kind: str
    sha256: dict[str, str]
    lsoa_edition: str = ""
    lsoa_lookup: str = ""


class FileRecord(_Frozen):
    """A file of a release."""

    name: str
    rows: int | None
    sha256: str


class Manifest(_Frozen):
    """What a release is, and what made it."""

    release_id: str
    schema_version: int
    place_code: str
    place_name: str
    synthetic: bool
    as_at: str
    population_base: str
    lsoa_edition: str
    imd_edition: str
    policy: str
    policy_words: tuple[str, ...]
    code_version: str
    definitions_sha256: str
    sources: tuple[SourceRecord, ...]
    records_sha256: str = ""
    files: tuple[FileRecord, ...]


class Target(_Frozen):
    """The level to reach, on the scale of the indicator's value, and who set it."""

    value: float
    source: str


class IndicatorInfo(_Frozen):
    """An indicator as a release tells it, in words: one entry of ``indicators.json``."""

    id: str
    name: str
    short_name: str
    topic: str
    description: str
    numerator: str
    denominator: str
    polarity: str
    value_type: str
    unit: str
    multiplier: float
    is_service: bool
    core20plus5: tuple[str, ...]
    target: Target | None
    source: str
    author: str
    checker: str
    review_date: str
    basis: str = Basis.COUNTED
    no_target: str = ""
    definition_sha256: str = ""


class ProfileSection(_Frozen):
    """A heading of a profile, a sentence about it, and its indicators."""

    name: str
    words: str
    indicators: tuple[str, ...]


class Profile(_Frozen):
    """A set of indicators that are read together: one entry of ``profiles.json``."""

    id: str
    name: str
    description: str
    sections: tuple[ProfileSection, ...]


class GroupInfo(_Frozen):
    """A PLUS group or segment that figures are cut by: one entry of ``groups.json``."""

    cut: str
    id: str
    name: str
    words: str


class AgreementFlow(_Frozen):
    """One flow of an agreement: who gives which data to whom."""

    source: str
    giver: str
    receiver: str
    what: str


class AgreementInfo(_Frozen):
    """A data-sharing agreement that a release was made under: one entry of ``agreements.json``.

    Dates are as written; whether one has passed depends on the day of reading. ``indicators`` are those that
    would no longer be made without it.
    """

    id: str
    title: str
    controllers: tuple[str, ...]
    processors: tuple[str, ...]
    flows: tuple[AgreementFlow, ...]
    purposes: tuple[str, ...]
    legal_basis: tuple[str, ...]
    opt_outs: tuple[str, ...]
    retention: str
    dpia: str
    signed: tuple[str, ...]
    start: str
    review: str
    end: str
    indicators: tuple[str, ...]


class CoverageRow(_Frozen):
    """One fact about what a build read: a count under the policy (``None`` where it is suppressed)."""

    source: str
    table: str
    what: str
    reason: str
    count: int | None
    value_note: str


class LinkageInfo(_Frozen):
    """How many people of one group a linkage found on the register: one entry of ``linkages.json``.

    ``persons`` are those of the source, ``linked`` those of them whom it found; each is under the policy, and
    ``linked`` is ``None`` where either is suppressed.
    """

    linkage: str
    source: str
    register_name: str
    group: str
    category: str
    persons: int | None
    linked: int | None
    value_note: str


@dataclass(frozen=True, slots=True)
class ReleaseContent:
    """All that goes into a release. Every figure is already under the disclosure policy."""

    place_code: str
    place_name: str
    synthetic: bool
    as_at: str
    population_base: str
    lsoa_edition: str
    imd_edition: str
    policy: str
    policy_words: tuple[str, ...]
    code_version: str
    definitions_sha256: str
    sources: tuple[SourceRecord, ...]
    tables: Mapping[str, pl.DataFrame]
    indicators: tuple[IndicatorInfo, ...]
    profiles: tuple[Profile, ...]
    coverage: tuple[CoverageRow, ...]
    groups: tuple[GroupInfo, ...] = ()
    agreements: tuple[AgreementInfo, ...] = ()
    linkages: tuple[LinkageInfo, ...] = ()
    records_sha256: str = ""


class Release:
    """A release on disk. Tables are read when first asked for and kept."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._tables: dict[str, pl.DataFrame] = {}
        self._figures: dict[str, pl.DataFrame] = {}

    @property
    def id(self) -> str:
        """The release's name: the date of its data and the start of its digest."""
        return self.manifest.release_id

    def table(self, name: str) -> pl.DataFrame:
        """One of ``TABLES`` as a data frame; treat it as read-only.

        Empty where the release is older than the table; nulls where it is older than a column.
        """
        if name not in self._tables:
            self._tables[name] = self.scan(name).collect()
        return self._tables[name]

    def scan(self, name: str) -> pl.LazyFrame:
        """One of ``TABLES`` to ask a part of: what is not asked for is not read.

        Columns are those of ``table``. Figures of all of England over some years take gigabytes as a whole.
        """
        if name in self._tables:
            return self._tables[name].lazy()
        # By way of the schema: an Arrow table, even an empty one, would load pandas for half a second.
        empty = pl.DataFrame(schema=pl.Schema(TABLES[name]))
        if not any(record.name == f"{name}.parquet" for record in self.manifest.files):
            return empty.lazy()
        # No glob: a folder may have any name.
        read = pl.scan_parquet(self.path / f"{name}.parquet", glob=False)
        held = read.collect_schema()
        return read.with_columns(
            pl.lit(None, kind).alias(key) for key, kind in empty.schema.items() if key not in held
        )

    def figures_of(self, indicator_id: str) -> pl.DataFrame:
        """The rows of ``values`` of one indicator, in their order; those of the last few asked for are kept.

        A release is written in the order of indicators, so that little else is read for it.
        """
        kept = self._figures.get(indicator_id)
        if kept is None:
            wanted = pl.col("indicator_id") == indicator_id
            kept = self.scan("values").filter(wanted).collect()
            while len(self._figures) >= _MOST_KEPT:
                self._figures.pop(next(iter(list(self._figures)), ""), None)
            self._figures[indicator_id] = kept
        return kept

    @cached_property
    def latest_values(self) -> pl.DataFrame:
        """``values`` without the figures of earlier dates that were counted for a time series.

        Published figures keep all their periods: publishers do not give every breakdown for the same one.
        """
        values = self.scan("values")
        is_published = pl.col("basis") == Basis.PUBLISHED
        latest = values.filter(~is_published).select(pl.col("period").max()).collect().item()
        wanted = is_published | pl.col("period").eq_missing(pl.lit(latest, pl.String))
        return values.filter(wanted).collect()

    @cached_property
    def indicators(self) -> dict[str, IndicatorInfo]:
        """The indicators by id, in the order of the definitions."""
        return {entry["id"]: IndicatorInfo.model_validate(entry) for entry in self._document("indicators")}

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """The profiles by id."""
        return {entry["id"]: Profile.model_validate(entry) for entry in self._document("profiles")}

    @cached_property
    def groups(self) -> dict[tuple[str, str], GroupInfo]:
        """The PLUS groups and segments by cut and id, in the order to show them in."""
        entries = (GroupInfo.model_validate(entry) for entry in self._document("groups"))
        return {(entry.cut, entry.id): entry for entry in entries}

    @cached_property
    def agreements(self) -> tuple[AgreementInfo, ...]:
        """The data-sharing agreements that the figures were made under."""
        return tuple(AgreementInfo.model_validate(entry) for entry in self._document("agreements"))

    @cached_property
    def coverage(self) -> tuple[CoverageRow, ...]:
        """What the build read, kept and dropped, under the policy."""
        return tuple(CoverageRow.model_validate(entry) for entry in self._document("coverage"))

    @cached_property
    def linkages(self) -> tuple[LinkageInfo, ...]:
        """Who was linked less often, by linkage and group, under the policy."""
        return tuple(LinkageInfo.model_validate(entry) for entry in self._document("linkages"))

    @cached_property
    def area_names(self) -> dict[tuple[str, str], str]:
        """Area names by type and code."""
        areas = self.table("areas")
        return {(t, c): n for t, c, n in areas.select("area_type", "area_code", "area_name").iter_rows()}

    def _document(self, name: str) -> Any:
        return json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))


def write_release(folder: Path, content: ReleaseContent) -> Release:
    """Write a release under ``folder``, whole or not at all, and return it.

    The folder is filled under a temporary name and renamed when complete. A release that is already there,
    byte for byte, is left as it is. It does not become current: see ``set_current``.

    Raises
    ------
    ReleaseError
        Where a table lacks a column or holds one that the schema does not know.
    DiskFullError
        Where there is no disk left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder, ".writing") as temporary:
        files = [_write_table(temporary, name, content.tables) for name in TABLES]
        files += [_write_document(temporary, name, getattr(content, name)) for name in DOCUMENTS]
        facts = {name: getattr(content, name) for name in Manifest.model_fields if hasattr(content, name)}
        facts |= {"schema_version": SCHEMA_VERSION, "files": tuple(files)}
        release_id = f"{content.as_at}-{_digest_facts(facts)[:12]}"
        manifest = Manifest(release_id=release_id, **facts)
        (temporary / MANIFEST).write_bytes(_json_bytes(manifest.model_dump(mode="json")))
        target = folder / release_id
        if not target.exists():
            temporary.chmod(0o755)
            temporary.rename(target)
        return verify_release(target)


def load_release(path: Path) -> Release:
    """Open the release in the folder ``path``.

    Raises
    ------
    ReleaseError
        Where there is no manifest, it cannot be read, or it is of a schema this version does not read.
    """
    manifest_file = path / MANIFEST
    if not manifest_file.is_file():
        raise ReleaseError(f"{path} is not a release: it holds no {MANIFEST}. Run 'evenground release list'.")
    again = "Build the release again."
    try:
        raw = json.loads(manifest_file.read_bytes())
        version = raw["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{manifest_file} cannot be read as a manifest. {again}") from error
    # Before its fields: another version's manifest has others, and that is not damage.
    if version != SCHEMA_VERSION:
        raise ReleaseError(
            f"Release {path.name} has schema {version}; this version reads schema {SCHEMA_VERSION}. {again}"
        )
    try:
        manifest = Manifest.model_validate(raw, strict=False)
    except ValueError as error:
        raise ReleaseError(f"{manifest_file} cannot be read as a manifest. {again}") from error
    return Release(path, manifest)


def verify_release(path: Path) -> Release:
    """Open a release after checking that every file is what the manifest says, and that nothing was added.

    Raises
    ------
    ReleaseError
        Naming each file that is missing, altered or not in the manifest.
    """
    release = load_release(path)
    manifest = release.manifest
    problems = [problem for record in manifest.files if (problem := _check_file(path, record))]
    expected = {record.name for record in manifest.files} | {MANIFEST}
    problems += [
        f"{file.name} is not in the manifest" for file in sorted(path.iterdir()) if file.name not in expected
    ]
    facts = manifest.model_dump()
    facts.pop("release_id")
    if manifest.release_id != f"{manifest.as_at}-{_digest_facts(facts)[:12]}":
        problems.append(f"{MANIFEST} was altered: its content does not give its id")
    if path.name != manifest.release_id:
        problems.append(f"the folder is named {path.name}, not {manifest.release_id}")
    if problems:
        raise ReleaseError(f"Release {manifest.release_id} is not as it was written: {'; '.join(problems)}.")
    return release


def list_releases(folder: Path) -> list[Release]:
    """Every release in ``folder`` that this version can read, newest data first; see ``list_unreadable``."""
    return [found for found in _open_all(folder) if isinstance(found, Release)]


def list_unreadable(folder: Path) -> list[str]:
    """Why each of the other folders of releases cannot be read: altered, damaged or of another schema."""
    return [str(found) for found in _open_all(folder) if isinstance(found, ReleaseError)]


def _open_all(folder: Path) -> Iterator[Release | ReleaseError]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), reverse=True):
        if (path / MANIFEST).is_file() and not path.name.startswith("."):
            try:
                yield load_release(path)
            except ReleaseError as error:
                yield error


def current_release(folder: Path) -> Release:
    """The release that the site shows.

    Raises
    ------
    ReleaseError
        Where nothing has been released yet, or the pointer names a release that is gone.
    """
    pointer = folder / CURRENT
    if not pointer.is_file():
        raise ReleaseError(f"There is no release in {folder} yet. Run 'evenground build'.")
    return load_release(folder / pointer.read_text(encoding="utf-8").strip())


def set_current(folder: Path, release_id: str) -> None:
    """Make a verified release the one that the site shows."""
    verify_release(folder / release_id)
    write_atomically(folder / CURRENT, f"{release_id}\n".encode())


def _check_file(path: Path, record: FileRecord) -> str:
    file = path / record.name
    if not file.is_file():
        return f"{record.name} is missing"
    return "" if _digest(file.read_bytes()) == record.sha256 else f"{record.name} was altered"


def _write_table(folder: Path, name: str, tables: Mapping[str, pl.DataFrame]) -> FileRecord:
    schema = TABLES[name]
    frame = tables[name]
    wrong = set(frame.columns) ^ set(schema.names)
    if wrong:
        raise ReleaseError(
            f"The table {name} of a release has the wrong columns: {', '.join(sorted(wrong))}."
        )
    table = frame.select(schema.names).to_arrow().cast(schema)
    file = folder / f"{name}.parquet"
    pq.write_table(table, file, compression="zstd", row_group_size=1 << 20)
    return FileRecord(name=file.name, rows=table.num_rows, sha256=_digest(file.read_bytes()))


def _write_document(folder: Path, name: str, entries: tuple[BaseModel, ...]) -> FileRecord:
    content = _json_bytes([entry.model_dump(mode="json") for entry in entries])
    file = folder / f"{name}.json"
    file.write_bytes(content)
    return FileRecord(name=file.name, rows=len(entries), sha256=_digest(content))


def _digest_facts(facts: Mapping[str, Any]) -> str:
    plain = {key: _plain(value) for key, value in facts.items()}
    return _digest(_json_bytes(plain))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _json_bytes(content: Any) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
