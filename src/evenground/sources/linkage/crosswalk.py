"""The crosswalk: which person of a source is which of the register, and what it was made from."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from evenground.errors import DefinitionError, Fault
from evenground.sources.linkage.definition import FOLDER, Linkage, load_linkage
from evenground.sources.staging.files import FileError, find_files, quote
from evenground.sources.staging.session import Session
from evenground.workspace import SourceSection

CROSSWALK_FILE: Final = "crosswalk.parquet"
_MADE_FROM: Final = "made_from"


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A crosswalk that is up to date, and the linkage that made it."""

    linkage: Linkage
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """What reports and releases call it."""
        return f"secure/{FOLDER}/{self.linkage.id}/{CROSSWALK_FILE}"


def folder_of(root: Path, linkage_id: str) -> Path:
    """The folder of the secure zone that a linkage writes to."""
    return root / "secure" / FOLDER / linkage_id


def digest_inputs(linkage: Linkage, sha256: Sequence[str]) -> str:
    """The digest of all that a crosswalk follows from: the definition, and both files."""
    described = linkage.model_dump(mode="json", by_alias=True)
    text = json.dumps({"definition": described, "files": list(sha256)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_crosswalk(session: Session, path: Path, made_from: str) -> None:
    """Write the links, with the pseudonyms of both sides, in the order of the source's."""
    session.run(f"""
        COPY (
            SELECT source.person AS source_id, register.person AS register_id, weight, probability
            FROM links
            JOIN source_people AS source ON source.unique_id = links.source_no
            JOIN register_people AS register ON register.unique_id = links.register_no
            ORDER BY source_id
        ) TO {quote(str(path))} (
            FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{_MADE_FROM}: '{made_from}'}})""")


def find_crosswalk(
    root: Path, linkage_id: str, sections: Sequence[SourceSection]
) -> tuple[Crosswalk | None, list[Fault]]:
    """The crosswalk of a linkage, or the faults: no such linkage, not made yet, or made from other inputs."""
    try:
        linkage = load_linkage(root, linkage_id, sections)
    except DefinitionError as error:
        return None, list(error.faults)
    path = folder_of(root, linkage_id) / CROSSWALK_FILE
    where, hint = f'The linkage "{linkage_id}"', f"Run 'evenground link {linkage_id}'."
    if not path.is_file():
        return None, [Fault(where, "has not been made.", hint)]
    made_from, content = read_made_from(path), path.read_bytes()
    if made_from is None:
        return None, [Fault(where, "has a crosswalk that cannot be read.", hint)]
    if made_from != _digest_now(linkage, root):
        what = "was made from other files, or by another definition."
        return None, [Fault(where, what, f"{hint.removesuffix('.')} again.")]
    return Crosswalk(linkage, path, hashlib.sha256(content).hexdigest()), []


def read_made_from(path: Path) -> str | None:
    """The digest that a crosswalk was written with; ``None`` where it cannot be read."""
    try:
        with duckdb.connect() as connection:
            rows: list[Any] = connection.execute(
                f"SELECT decode(value) FROM parquet_kv_metadata({quote(str(path))}) "
                f"WHERE decode(key) = '{_MADE_FROM}'"
            ).fetchall()
    except duckdb.Error:
        return None
    return str(rows[0][0]) if rows else None


def _digest_now(linkage: Linkage, root: Path) -> str | None:
    digests = []
    for side in (linkage.source, linkage.register_):
        try:
            (_, path), *more = find_files(side.path, root, "path")
        except FileError:
            return None
        if more:
            return None
        with path.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return digest_inputs(linkage, digests)
